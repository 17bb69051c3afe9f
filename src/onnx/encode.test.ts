import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { encodeModel, modelPieces, type OnnxGraph, onnxTypes, operatorSets, standardOperatorSets } from "./encode.ts";

/** The messages that are written, with the field numbers of the ONNX specification (onnx.proto3, IR version 8). */
const schema = `
  syntax = "proto3";
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; GraphProto g = 6;
    repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
  }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5; string domain = 7;
  }
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message TensorShapeProto {
    message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
    repeated Dimension dim = 1;
  }
  message TypeProto {
    message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
    oneof value { Tensor tensor_type = 1; }
  }
`;

function decode(graph: OnnxGraph): Record<string, unknown> {
  const model = protobuf.parse(schema, { keepCase: true }).root.lookupType("ModelProto");
  return model.toObject(model.decode(encodeModel(graph)), { longs: Number, bytes: String, arrays: true });
}

const empty: OnnxGraph = { name: "g", nodes: [], inputs: [], outputs: [], initializers: [] };

describe("encodeModel", () => {
  it("writes the versions that the operators are those of", () => {
    expect(decode(empty)).toMatchObject({
      ir_version: 8,
      producer_name: "cloze",
      opset_import: [{ version: operatorSets[""] }, { domain: "com.microsoft", version: 1 }],
      graph: { name: "g" },
    });
  });

  it("writes nodes with attributes of every kind", () => {
    const inner: OnnxGraph = { ...empty, name: "body", nodes: [{ type: "Neg", inputs: ["a"], outputs: ["b"] }] };
    const attributes = {
      axis: -1,
      perm: [0, 2, -1],
      none: [],
      alpha: { float: 0.125 },
      reduction: { text: "add" },
      body: { graph: inner },
    };
    const node = {
      type: "Fused",
      inputs: ["x", "", "y"],
      outputs: ["z"],
      name: "layer/Fused",
      domain: "d",
      attributes,
    };
    expect(decode({ ...empty, nodes: [node] })).toMatchObject({
      graph: {
        node: [
          {
            op_type: "Fused",
            input: ["x", "", "y"],
            output: ["z"],
            name: "layer/Fused",
            domain: "d",
            attribute: [
              { name: "axis", i: -1, type: 2 },
              { name: "perm", ints: [0, 2, -1], type: 7 },
              { name: "none", ints: [], type: 7 },
              { name: "alpha", f: 0.125, type: 1 },
              { name: "reduction", s: protobuf.util.base64.encode(new TextEncoder().encode("add"), 0, 3), type: 3 },
              { name: "body", g: { name: "body", node: [{ op_type: "Neg", input: ["a"], output: ["b"] }] }, type: 5 },
            ],
          },
        ],
      },
    });
  });

  it("writes inputs and outputs with fixed and named dimensions", () => {
    const graph: OnnxGraph = {
      ...empty,
      inputs: [{ name: "x", type: "int64", dims: ["B", 0, 7] }],
      outputs: [{ name: "loss", type: "float32", dims: [] }],
    };
    const decoded = decode(graph) as { graph: Record<string, unknown[]> };
    expect(decoded.graph.input).toEqual([
      {
        name: "x",
        type: {
          tensor_type: {
            elem_type: onnxTypes.int64,
            shape: { dim: [{ dim_param: "B" }, { dim_value: 0 }, { dim_value: 7 }] },
          },
        },
      },
    ]);
    // A scalar has a shape without dimensions; without a shape its rank would be unknown.
    expect(decoded.graph.output).toEqual([
      { name: "loss", type: { tensor_type: { elem_type: onnxTypes.float32, shape: { dim: [] } } } },
    ]);
  });

  it("writes constants by their bytes", () => {
    const bytes = Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 192);
    const graph: OnnxGraph = { ...empty, initializers: [{ name: "c", type: "float32", dims: [2], bytes }] };
    expect(decode(graph)).toMatchObject({
      graph: {
        initializer: [{ name: "c", data_type: 1, dims: [2], raw_data: protobuf.util.base64.encode(bytes, 0, 8) }],
      },
    });
  });

  it("takes operators of the standard alone when asked", () => {
    const model = protobuf.parse(schema, { keepCase: true }).root.lookupType("ModelProto");
    const bytes = encodeModel(empty, standardOperatorSets);
    expect(model.toObject(model.decode(bytes), { longs: Number })).toMatchObject({ opset_import: [{ version: 17 }] });
  });

  it("gives the caller's own elements as pieces, so that they are not copied", () => {
    const bytes = new Uint8Array(1000).fill(7);
    const weight = { name: "w", type: "uint8", dims: [1000], bytes } as const;
    const graph = { ...empty, initializers: [weight, { ...weight, name: "v" }] };
    expect(modelPieces(graph).filter((piece) => piece === bytes)).toHaveLength(2);
    expect(Buffer.concat(modelPieces(graph)).equals(encodeModel(graph))).toBe(true);
  });
});
