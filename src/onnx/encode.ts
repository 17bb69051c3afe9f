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
/** Versions of the sets of operators that a model takes from, by domain. */
export type OperatorSets = Readonly<Record<string, number>>;
/** Those of the ONNX standard, which every runtime has. */
export const standardOperatorSets: OperatorSets = { "": 17 };
/** With ONNX Runtime's own. */
export const operatorSets: OperatorSets = { ...standardOperatorSets, "com.microsoft": 1 };

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

/** All of a tensor but the elements themselves, if they are in the model. */
function writeInitializerHead(writer: Writer, { dims, type, name, bytes }: OnnxInitializer): void {
  for (const dim of dims) writer.uint32(tag(1, 0)).int64(dim);
  writer.uint32(tag(2, 0)).int32(onnxTypes[type]);
  writer.uint32(tag(8, 2)).string(name);
  if (bytes instanceof Uint8Array) return;
  for (const [key, value] of Object.entries(bytes)) {
    embed(writer, 13, (entry) => entry.uint32(tag(1, 2)).string(key).uint32(tag(2, 2)).string(String(value)));
  }
  writer.uint32(tag(14, 0)).int32(externalLocation);
}

/** Elements stand last, so that large ones need not be copied. */
const elementsTag = tag(9, 2);

function writeInitializer(writer: Writer, tensor: OnnxInitializer): void {
  writeInitializerHead(writer, tensor);
  if (tensor.bytes instanceof Uint8Array) writer.uint32(elementsTag).bytes(tensor.bytes);
}

function writePorts(writer: Writer, { inputs, outputs }: OnnxGraph): void {
  for (const input of inputs) embed(writer, 11, (inner) => writeValueInfo(inner, input));
  for (const output of outputs) embed(writer, 12, (inner) => writeValueInfo(inner, output));
}

function writeNodes(writer: Writer, { nodes, name }: OnnxGraph): void {
  for (const node of nodes) embed(writer, 1, (inner) => writeNode(inner, node));
  writer.uint32(tag(2, 2)).string(name);
}

function writeGraph(writer: Writer, graph: OnnxGraph): void {
  writeNodes(writer, graph);
  for (const tensor of graph.initializers) embed(writer, 5, (inner) => writeInitializer(inner, tensor));
  writePorts(writer, graph);
}

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create();
  write(writer);
  return writer.finish();
}

const lengthOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** A tensor as a field of a graph; its elements are the caller's array, not a copy. */
function initializerPieces(tensor: OnnxInitializer): Uint8Array[] {
  const { bytes } = tensor;
  const elements = bytes instanceof Uint8Array ? [bytes] : [];
  const head = written((writer) => {
    writeInitializerHead(writer, tensor);
    for (const { length } of elements) writer.uint32(elementsTag).uint32(length);
  });
  const field = written((writer) => writer.uint32(tag(5, 2)).uint32(head.length + lengthOf(elements)));
  return [field, head, ...elements];
}

/** A ModelProto in pieces, to be written one after the other: large weights are not copied together. */
export function modelPieces(graph: OnnxGraph, sets: OperatorSets = operatorSets): Uint8Array[] {
  const inner = [
    written((writer) => writeNodes(writer, graph)),
    ...graph.initializers.flatMap(initializerPieces),
    written((writer) => writePorts(writer, graph)),
  ];
  const start = written((writer) => {
    writer.uint32(tag(1, 0)).int64(irVersion);
    writer.uint32(tag(2, 2)).string("cloze");
    writer.uint32(tag(7, 2)).uint32(lengthOf(inner));
  });
  const end = written((writer) => {
    for (const [domain, version] of Object.entries(sets)) {
      embed(writer, 8, (set) => {
        if (domain !== "") set.uint32(tag(1, 2)).string(domain);
        set.uint32(tag(2, 0)).int64(version);
      });
    }
  });
  return [start, ...inner, end];
}

/** A ModelProto. */
export function encodeModel(graph: OnnxGraph, sets?: OperatorSets): Uint8Array {
  const pieces = modelPieces(graph, sets);
  const model = new Uint8Array(lengthOf(pieces));
  let offset = 0;
  for (const piece of pieces) {
    model.set(piece, offset);
    offset += piece.length;
  }
  return model;
}
