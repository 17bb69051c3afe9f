/**
 * Python's pickle, as far as a file of tensors needs it (the opcodes of Python's `pickletools`, protocols 2 to 5). Nothing
 * is imported and nothing is run: a global is only a name, a call only a note of what would be called with what. Whoever
 * reads the result decides which calls mean something; all others are refused there.
 */
import { CheckpointError } from "../errors.ts";

/** A class or function that the pickle names: "torch._utils._rebuild_tensor_v2". */
export class PickledGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A call that Python would make; never made here. */
export class PickledCall {
  readonly callee: PickledGlobal;
  readonly arguments: readonly PickledValue[];
  #members: Map<PickledValue, PickledValue> | undefined;

  constructor(callee: PickledGlobal, args: readonly PickledValue[]) {
    this.callee = callee;
    this.arguments = args;
  }

  /** What is filled in after the call: the members of an OrderedDict. */
  get members(): Map<PickledValue, PickledValue> {
    this.#members ??= new Map();
    return this.#members;
  }
}

/** Something kept outside of the pickle, by its description. */
export class PickledReference {
  readonly id: PickledValue;

  constructor(id: PickledValue) {
    this.id = id;
  }
}

/** Tuples and lists are arrays. */
export type PickledValue =
  | null
  | boolean
  | number
  | string
  | readonly PickledValue[]
  | ReadonlyMap<PickledValue, PickledValue>
  | PickledGlobal
  | PickledCall
  | PickledReference;

/** Values that a pickle may make or remember: this many, and one for so many bytes. A tensor needs about twenty in 200. */
const SPARE_VALUES = 100_000;
const BYTES_PER_VALUE = 12;
/** Dictionaries take more; a file of tensors has a few. */
const SPARE_DICTIONARIES = 10_000;

const mark = Symbol("mark");
type StackValue = PickledValue | typeof mark;

class PickleMachine {
  readonly #file: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: StackValue[] = [];
  readonly #memo = new Map<number, PickledValue>();
  #at = 0;
  #values = 0;
  #dictionaries = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#file = file;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickledValue {
    while (true) {
      const code = this.#byte();
      if (code === 0x2e) return this.#pop();
      const operation = operations[code];
      if (!operation) {
        const shown = `0x${code.toString(16).padStart(2, "0")}`;
        throw this.error("an operation that data need", `${shown} at byte ${this.#at - 1}`);
      }
      operation(this);
    }
  }

  error(expected: string, received: string): CheckpointError {
    return new CheckpointError(`${this.#file} holds something else than tensors, or is damaged.`, {
      file: this.#file,
      expected,
      received,
      hint: "Convert the weights to safetensors in Python, where you trust the file.",
    });
  }

  /** Moves over `count` bytes and gives where they began. */
  #skip(count: number): number {
    const start = this.#at;
    if (count < 0 || start + count > this.#bytes.length) throw this.error(`${count} more bytes`, "the end");
    this.#at += count;
    return start;
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)]!;
  }

  uint(size: 1 | 2 | 4): number {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A little-endian integer of `size` bytes, in two's complement. */
  long(size: number): number {
    if (size > 8) throw this.error("integers of at most 8 bytes", `${size} bytes`);
    const at = this.#skip(size);
    let value = 0n;
    for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.#bytes[at + index]!);
    return Number(BigInt.asIntN(8 * size, value));
  }

  text(size: number): string {
    const at = this.#skip(size);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + size));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.error("a line", "the end");
    const text = this.text(end - this.#at);
    this.#skip(1);
    return text;
  }

  skip(size: number): void {
    this.#skip(size);
  }

  push(value: StackValue): void {
    if (value === mark || (typeof value === "object" && value !== null)) this.#count();
    this.#stack.push(value);
  }

  /** Bounds the memory by the file's size. */
  #count(): void {
    const most = SPARE_VALUES + this.#bytes.length / BYTES_PER_VALUE;
    if (++this.#values > most) throw this.error(`at most ${Math.floor(most)} values`, "more");
  }

  pushDictionary(): void {
    if (++this.#dictionaries > SPARE_DICTIONARIES) {
      throw this.error(`at most ${SPARE_DICTIONARIES} dictionaries`, "more");
    }
    this.push(new Map());
  }

  #pop(): PickledValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.error("a value", "none");
    return value;
  }

  pop(count: number): PickledValue[] {
    const start = this.#stack.length - count;
    if (start < 0 || this.#stack.indexOf(mark, start) >= 0) throw this.error(`${count} values`, "fewer");
    return this.#stack.splice(start) as PickledValue[];
  }

  popToMark(): PickledValue[] {
    const start = this.#stack.lastIndexOf(mark);
    if (start < 0) throw this.error("a mark", "none");
    return this.#stack.splice(start).slice(1) as PickledValue[];
  }

  store(index: number): void {
    const [value] = this.pop(1);
    this.push(value!);
    this.#count();
    this.#memo.set(index, value!);
  }

  memoize(): void {
    this.store(this.#memo.size);
  }

  load(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.error("a value that was stored", `number ${index}`);
    this.push(value);
  }

  setItems(items: readonly PickledValue[]): void {
    const [target] = this.pop(1);
    const members = target instanceof PickledCall ? target.members : target;
    if (!(members instanceof Map) || items.length % 2 !== 0) throw this.error("a dictionary", "something else");
    for (let index = 0; index < items.length; index += 2) members.set(items[index]!, items[index + 1]!);
    this.push(target!);
  }

  append(items: readonly PickledValue[]): void {
    const [target] = this.pop(1);
    if (!Array.isArray(target)) throw this.error("a list", "something else");
    for (const item of items) target.push(item);
    this.push(target);
  }

  call(): void {
    const [callee, args] = this.pop(2);
    if (!(callee instanceof PickledGlobal) || !Array.isArray(args)) throw this.error("a call", "something else");
    this.push(new PickledCall(callee, args));
  }

  stackGlobal(): void {
    const [module, name] = this.pop(2);
    if (typeof module !== "string" || typeof name !== "string") throw this.error("a name", "something else");
    this.push(new PickledGlobal(`${module}.${name}`));
  }

  /** Attributes of an object, such as the version notes of a state dictionary: dropped. */
  build(): void {
    const [target] = this.pop(2);
    this.push(target!);
  }
}

/** What each opcode does. Names in comments are those of `pickletools`. */
const operations: Readonly<Record<number, (machine: PickleMachine) => void>> = {
  128: (machine) => machine.skip(1), // PROTO
  149: (machine) => machine.skip(8), // FRAME
  40: (machine) => machine.push(mark), // MARK
  78: (machine) => machine.push(null), // NONE
  136: (machine) => machine.push(true), // NEWTRUE
  137: (machine) => machine.push(false), // NEWFALSE
  75: (machine) => machine.push(machine.uint(1)), // BININT1
  77: (machine) => machine.push(machine.uint(2)), // BININT2
  74: (machine) => machine.push(machine.int32()), // BININT
  138: (machine) => machine.push(machine.long(machine.uint(1))), // LONG1
  71: (machine) => machine.push(machine.float64()), // BINFLOAT
  140: (machine) => machine.push(machine.text(machine.uint(1))), // SHORT_BINUNICODE
  88: (machine) => machine.push(machine.text(machine.uint(4))), // BINUNICODE
  125: (machine) => machine.pushDictionary(), // EMPTY_DICT
  93: (machine) => machine.push([]), // EMPTY_LIST
  41: (machine) => machine.push([]), // EMPTY_TUPLE
  133: (machine) => machine.push(machine.pop(1)), // TUPLE1
  134: (machine) => machine.push(machine.pop(2)), // TUPLE2
  135: (machine) => machine.push(machine.pop(3)), // TUPLE3
  116: (machine) => machine.push(machine.popToMark()), // TUPLE
  113: (machine) => machine.store(machine.uint(1)), // BINPUT
  114: (machine) => machine.store(machine.uint(4)), // LONG_BINPUT
  148: (machine) => machine.memoize(), // MEMOIZE
  104: (machine) => machine.load(machine.uint(1)), // BINGET
  106: (machine) => machine.load(machine.uint(4)), // LONG_BINGET
  115: (machine) => machine.setItems(machine.pop(2)), // SETITEM
  117: (machine) => machine.setItems(machine.popToMark()), // SETITEMS
  97: (machine) => machine.append(machine.pop(1)), // APPEND
  101: (machine) => machine.append(machine.popToMark()), // APPENDS
  99: (machine) => machine.push(new PickledGlobal(`${machine.line()}.${machine.line()}`)), // GLOBAL
  147: (machine) => machine.stackGlobal(), // STACK_GLOBAL
  82: (machine) => machine.call(), // REDUCE
  98: (machine) => machine.build(), // BUILD
  81: (machine) => machine.push(new PickledReference(machine.pop(1)[0]!)), // BINPERSID
};

/**
 * Reads a pickle without running anything.
 *
 * @throws CheckpointError for an operation that no file of tensors needs, or a damaged file.
 */
export function parsePickle(bytes: Uint8Array, file: string): PickledValue {
  return new PickleMachine(bytes, file).run();
}
