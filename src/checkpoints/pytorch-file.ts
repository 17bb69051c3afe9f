/**
 * `pytorch_model.bin`: the ZIP archive that `torch.save` writes (since version 1.6), with a pickle that describes the
 * tensors and one entry of raw bytes for each storage. Tensors only; everything else is refused, and nothing is run.
 */
import { CheckpointError } from "../errors.ts";
import { type FileBytes, openBytes } from "./file-bytes.ts";
import { PickledCall, PickledGlobal, PickledReference, type PickledValue, parsePickle } from "./pickle.ts";
import { type TensorInfo, type TensorType, tensorBytes } from "./safetensors-header.ts";
import {
  elementCount,
  float32Target,
  readFloat32Tensor,
  readTensor,
  type TensorData,
  tensorNamed,
  type Weights,
} from "./weights.ts";
import { readZipDirectory, type ZipEntry, zipDataOffset } from "./zip-archive.ts";

const storageTypes: Readonly<Record<string, TensorType>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** More description than any model needs. */
const longestPickleBytes = 1 << 28;

interface StoredTensor extends TensorInfo {
  readonly storage: ZipEntry;
  /** In elements of the storage. */
  readonly start: number;
  readonly strides: readonly number[];
  /** Elements of the storage from the first to the last that the tensor uses. */
  readonly span: number;
}

function unsound(file: string, field: string, expected: string): CheckpointError {
  return new CheckpointError(`${file} holds something else than tensors, or is damaged.`, {
    file,
    field: field.slice(0, 80),
    expected,
    hint: "Convert the weights to safetensors in Python, where you trust the file.",
  });
}

function isSizes(value: PickledValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

/** The archive, opened: entries below the one folder that `torch.save` makes. */
class Archive {
  readonly source: FileBytes;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  readonly #root: string;

  constructor(source: FileBytes, entries: ReadonlyMap<string, ZipEntry>) {
    this.source = source;
    this.#entries = entries;
    const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
    if (pickle === undefined) throw unsound(source.file, "data.pkl", "an archive of torch.save");
    this.#root = pickle.slice(0, -"data.pkl".length);
  }

  entry(name: string): ZipEntry | undefined {
    return this.#entries.get(this.#root + name);
  }

  async bytes(name: string, longest: number): Promise<Uint8Array> {
    const entry = this.entry(name);
    if (!entry || entry.bytes > longest) throw unsound(this.source.file, name, `at most ${longest} bytes`);
    const bytes = new Uint8Array(entry.bytes);
    await this.source.readInto(await zipDataOffset(this.source, entry), bytes);
    return bytes;
  }
}

/** `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)`, perhaps wrapped as a parameter. */
function storedTensor(name: string, value: PickledValue, archive: Archive): StoredTensor {
  const { file } = archive.source;
  if (!(value instanceof PickledCall)) throw unsound(file, name, "a tensor");
  if (value.callee.name === "torch._utils._rebuild_parameter" && value.arguments[0] instanceof PickledCall) {
    return storedTensor(name, value.arguments[0], archive);
  }
  const [reference, start, shape, strides] = value.arguments;
  if (value.callee.name !== "torch._utils._rebuild_tensor_v2" || !(reference instanceof PickledReference)) {
    throw unsound(file, name, "a tensor");
  }
  const [tag, type, key] = Array.isArray(reference.id) ? reference.id : [];
  const dtype = type instanceof PickledGlobal ? storageTypes[type.name] : undefined;
  const storage = typeof key === "string" ? archive.entry(`data/${key}`) : undefined;
  if (tag !== "storage" || dtype === undefined || !storage) throw unsound(file, name, "a storage of a known type");
  if (!isSizes([start ?? null]) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
    throw unsound(file, name, "offset, shape and strides");
  }
  const count = elementCount(shape);
  const span = count === 0 ? 0 : shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 1);
  const valueBytes = tensorBytes(dtype, [1])!;
  const first = start as number;
  // Values that stand for several elements at once would let a small file fill the memory.
  if (!(span >= count && (first + span) * valueBytes <= storage.bytes)) {
    throw unsound(file, name, `values within the ${storage.bytes} bytes of the storage`);
  }
  return { dtype, shape, storage, start: first, strides, span };
}

/** Whether the tensor lies in its storage as it does in a safetensors file. */
function isRowMajor({ shape, strides }: StoredTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The values of a tensor that is not row-major, such as a transposed one, put in order. `span` begins at its first value. */
function gather<T extends TensorData | Float32Array>(span: T, { shape, strides }: StoredTensor, into: T): T {
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < into.length; to++) {
    into[to] = span[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return into;
}

function stateDictionary(root: PickledValue, archive: Archive): Map<string, StoredTensor> {
  const ordered = root instanceof PickledCall && root.callee.name === "collections.OrderedDict";
  const members = ordered ? root.members : root;
  if (!(members instanceof Map)) throw unsound(archive.source.file, "data.pkl", "a dictionary of tensors");
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of members as ReadonlyMap<PickledValue, PickledValue>) {
    if (typeof name !== "string") throw unsound(archive.source.file, String(name), "a name");
    tensors.set(name, storedTensor(name, value, archive));
  }
  return tensors;
}

async function requireArchive(source: FileBytes): Promise<void> {
  const start = new Uint8Array(Math.min(2, source.size));
  await source.readInto(0, start);
  if (start[0] === 0x50 && start[1] === 0x4b) return;
  throw new CheckpointError(`${source.file} is not an archive of PyTorch 1.6 or later.`, {
    file: source.file,
    expected: "a ZIP archive",
    hint: "Load it in Python and save it again, best as safetensors.",
  });
}

/**
 * Opens a `pytorch_model.bin`; tensors are read when asked for.
 *
 * @param file a path, or what to call the bytes in messages.
 * @param bytes the whole file, if it is in memory already.
 * @throws CheckpointError for whatever is wrong with the file.
 */
export async function openPytorchFile(file: string, bytes?: Uint8Array): Promise<Weights> {
  const source = await openBytes(file, bytes);
  await requireArchive(source);
  const archive = new Archive(source, await readZipDirectory(source));
  if (archive.entry("byteorder")) {
    const order = new TextDecoder().decode(await archive.bytes("byteorder", 16));
    if (order !== "little") throw unsound(file, "byteorder", "little");
  }
  const tensors = stateDictionary(parsePickle(await archive.bytes("data.pkl", longestPickleBytes), file), archive);

  const locate = async ({ storage, start, dtype }: StoredTensor): Promise<number> =>
    (await zipDataOffset(source, storage)) + start * tensorBytes(dtype, [1])!;
  return {
    file,
    tensors,
    async read(name) {
      const tensor = tensorNamed(tensors, name, file);
      const position = await locate(tensor);
      if (isRowMajor(tensor)) return readTensor(name, tensor, position, source);
      const span = await readTensor(name, { dtype: tensor.dtype, shape: [tensor.span] }, position, source);
      return gather(span, tensor, span.slice(0, elementCount(tensor.shape)));
    },
    async readFloat32(name, into) {
      const tensor = tensorNamed(tensors, name, file);
      const position = await locate(tensor);
      if (isRowMajor(tensor)) return readFloat32Tensor(name, tensor, position, source, into);
      const target = float32Target(name, tensor, file, into);
      const span = await readFloat32Tensor(name, { dtype: tensor.dtype, shape: [tensor.span] }, position, source);
      return gather(span, tensor, target);
    },
  };
}
