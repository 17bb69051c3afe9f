/**
 * ONNX models as protobuf bytes. Only the messages that the lowering needs; field numbers are those of onnx.proto3
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */
import protobuf from "protobufjs/minimal.js";

type Writer = protobuf.Writer;

/** TensorProto.DataType. */
export const onnxTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;
export type OnnxType = keyof typeof onnxTypes;

/** An integer list unless `float` or `text` says otherwise. */
export type OnnxAttribute =
  | number
  | readonly number[]
  | { readonly float: number }
  | { readonly text: string }
  | { readonly graph: OnnxGraph };

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly domain?: string;
  readonly name?: string;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: OnnxType;
  /** A text is a symbolic dimension. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxInitializer {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  /** Little-endian elements, or where they lie outside of the model. */
  readonly bytes: Uint8Array | ExternalBytes;
}

/** A stretch of a file beside the model, or of bytes that the runtime is given under that name. */
export interface ExternalBytes {
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: readonly OnnxInitializer[];
}

const attributeType = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
/** TensorProto.DataLocation.EXTERNAL. */
const externalLocation = 1;
const irVersion = 8;
export const operatorSets: Readonly<Record<string, number>> = { "": 17, "com.microsoft": 1 };

const tag = (field: number, wireType: 0 | 2 | 5): number => (field << 3) | wireType;

function embed(writer: Writer, field: number, write: (inner: Writer) => void): void {
  writer.uint32(tag(field, 2)).fork();
  write(writer);
  writer.ldelim();
}

function writeAttribute(writer: Writer, name: string, value: OnnxAttribute): void {
  writer.uint32(tag(1, 2)).string(name);
  if (typeof value === "number") {
    writer.uint32(tag(3, 0)).int64(value).uint32(tag(20, 0)).int32(attributeType.int);
  } else if ("float" in value) {
    writer.uint32(tag(2, 5)).float(value.float).uint32(tag(20, 0)).int32(attributeType.float);
  } else if ("text" in value) {
    writer.uint32(tag(4, 2)).string(value.text).uint32(tag(20, 0)).int32(attributeType.string);
  } else if ("graph" in value) {
    embed(writer, 6, (inner) => writeGraph(inner, value.graph));
    writer.uint32(tag(20, 0)).int32(attributeType.graph);
  } else {
    for (const item of value) writer.uint32(tag(8, 0)).int64(item);
    writer.uint32(tag(20, 0)).int32(attributeType.ints);
  }
}

function writeNode(writer: Writer, node: OnnxNode): void {
  for (const input of node.inputs) writer.uint32(tag(1, 2)).string(input);
  for (const output of node.outputs) writer.uint32(tag(2, 2)).string(output);
  if (node.name !== undefined) writer.uint32(tag(3, 2)).string(node.name);
  writer.uint32(tag(4, 2)).string(node.type);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    embed(writer, 5, (inner) => writeAttribute(inner, name, value));
  }
  if (node.domain !== undefined) writer.uint32(tag(7, 2)).string(node.domain);
}

function writeValueInfo(writer: Writer, value: OnnxValueInfo): void {
  writer.uint32(tag(1, 2)).string(value.name);
  embed(writer, 2, (type) =>
    embed(type, 1, (tensor) => {
      tensor.uint32(tag(1, 0)).int32(onnxTypes[value.type]);
      embed(tensor, 2, (shape) => {
        for (const dim of value.dims) {
          embed(shape, 1, (dimension) => {
            if (typeof dim === "string") dimension.uint32(tag(2, 2)).string(dim);
            else dimension.uint32(tag(1, 0)).int64(dim);
          });
        }
      });
    }),
  );
}

function writeInitializer(writer: Writer, tensor: OnnxInitializer): void {
  for (const dim of tensor.dims) writer.uint32(tag(1, 0)).int64(dim);
  writer.uint32(tag(2, 0)).int32(onnxTypes[tensor.type]);
  writer.uint32(tag(8, 2)).string(tensor.name);
  const { bytes } = tensor;
  if (bytes instanceof Uint8Array) {
    writer.uint32(tag(9, 2)).bytes(bytes);
    return;
  }
  for (const [key, value] of Object.entries(bytes)) {
    embed(writer, 13, (entry) => entry.uint32(tag(1, 2)).string(key).uint32(tag(2, 2)).string(String(value)));
  }
  writer.uint32(tag(14, 0)).int32(externalLocation);
}

function writeGraph(writer: Writer, graph: OnnxGraph): void {
  for (const node of graph.nodes) embed(writer, 1, (inner) => writeNode(inner, node));
  writer.uint32(tag(2, 2)).string(graph.name);
  for (const tensor of graph.initializers) embed(writer, 5, (inner) => writeInitializer(inner, tensor));
  for (const input of graph.inputs) embed(writer, 11, (inner) => writeValueInfo(inner, input));
  for (const output of graph.outputs) embed(writer, 12, (inner) => writeValueInfo(inner, output));
}

/** A ModelProto with the operator sets of `operatorSets`. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(tag(1, 0)).int64(irVersion);
  writer.uint32(tag(2, 2)).string("cloze");
  embed(writer, 7, (inner) => writeGraph(inner, graph));
  for (const [domain, version] of Object.entries(operatorSets)) {
    embed(writer, 8, (inner) => {
      if (domain !== "") inner.uint32(tag(1, 2)).string(domain);
      inner.uint32(tag(2, 0)).int64(version);
    });
  }
  return writer.finish();
}
