/** A list of unsigned 32-bit integers that grows without boxing: plans and shards of millions of entries are built in it. */
export class GrowableUint32Array {
  #values: Uint32Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 1024) {
    this.#values = new Uint32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#reserve(this.#length + 1);
    this.#values[this.#length++] = value;
  }

  pushAll(values: ArrayLike<number>): void {
    const needed = this.#length + values.length;
    if (needed > this.#values.length) this.#reserve(needed);
    this.#values.set(values, this.#length);
    this.#length = needed;
  }

  /** A copy of exactly the values so far. */
  toUint32Array(): Uint32Array<ArrayBuffer> {
    return this.#values.slice(0, this.#length);
  }

  toUint16Array(): Uint16Array<ArrayBuffer> {
    return Uint16Array.from(this.#values.subarray(0, this.#length));
  }

  toInt32Array(): Int32Array<ArrayBuffer> {
    return Int32Array.from(this.#values.subarray(0, this.#length));
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(needed: number): void {
    const larger = new Uint32Array(Math.max(needed, this.#values.length * 2));
    larger.set(this.#values.subarray(0, this.#length));
    this.#values = larger;
  }
}
