/** The vectors nearest to one, exactly: every one of them is looked at. */
import { DataError } from "../errors.ts";
import type { Similarity } from "./sentence-modules.ts";

/** A vector that was found: its place among all, from 0, and how near it is. */
export interface FoundVector {
  readonly place: number;
  readonly score: number;
}

/** Vectors of one width, searched one by one. Products are summed in double precision, in order. */
export class ExactSearch {
  readonly similarity: Similarity;
  /** Features of a vector; 0 before the first one. */
  #width = 0;
  /** [capacity, width], of which `#count` rows are filled. */
  #vectors: Float32Array = new Float32Array(0);
  #lengths: number[] = [];

  constructor(similarity: Similarity) {
    this.similarity = similarity;
  }

  get count(): number {
    return this.#lengths.length;
  }

  get width(): number {
    return this.#width;
  }

  /** All vectors, [count, width]; not a copy. */
  get vectors(): Float32Array {
    return this.#vectors.subarray(0, this.count * this.#width);
  }

  /**
   * A search over vectors [count, width] that are there already, which are kept, not copied. Throws a DataError for what is
   * no finite number.
   */
  static over(vectors: Float32Array, width: number, similarity: Similarity): ExactSearch {
    const search = new ExactSearch(similarity);
    search.#width = width;
    search.#vectors = vectors;
    for (let start = 0; start < vectors.length; start += width) {
      const vector = vectors.subarray(start, start + width);
      search.#check(vector);
      search.#lengths.push(Math.sqrt(dot(vector, vector, 0)));
    }
    return search;
  }

  /** Adds a vector behind the others. Throws a DataError for another width, or what is no finite number. */
  add(vector: ArrayLike<number>): void {
    if (this.count === 0) this.#width = vector.length;
    this.#check(vector);
    const start = this.count * this.#width;
    if (start + this.#width > this.#vectors.length) {
      const larger = new Float32Array(Math.max(this.#vectors.length * 2, this.#width * 64));
      larger.set(this.vectors);
      this.#vectors = larger;
    }
    this.#vectors.set(vector, start);
    const stored = this.#vectors.subarray(start, start + this.#width);
    this.#lengths.push(Math.sqrt(dot(stored, stored, 0)));
  }

  /**
   * The `topK` vectors nearest to this one, the nearest first; of equal ones that which was added first. A cosine with a
   * vector of zeros is 0.
   */
  nearest(vector: ArrayLike<number>, topK: number): FoundVector[] {
    if (this.count === 0) return [];
    this.#check(vector);
    return largest(this.#scores(Float32Array.from(vector)), topK);
  }

  #scores(vector: Float32Array): Float64Array {
    const scores = new Float64Array(this.count);
    this.#products(vector, scores);
    if (this.similarity === "dot") return scores;
    const length = Math.sqrt(dot(vector, vector, 0));
    for (let place = 0; place < scores.length; place++) {
      const product = length * (this.#lengths[place] as number);
      scores[place] = product === 0 ? 0 : (scores[place] as number) / product;
    }
    return scores;
  }

  /** Four vectors at a time: their sums do not wait for each other, and each is still summed in order. */
  #products(vector: Float32Array, products: Float64Array): void {
    const [vectors, width] = [this.#vectors, this.#width];
    let place = 0;
    for (; place + 4 <= products.length; place += 4) {
      const start = place * width;
      let [first, second, third, fourth] = [0, 0, 0, 0];
      for (let at = 0; at < width; at++) {
        const value = vector[at] as number;
        first += value * (vectors[start + at] as number);
        second += value * (vectors[start + width + at] as number);
        third += value * (vectors[start + 2 * width + at] as number);
        fourth += value * (vectors[start + 3 * width + at] as number);
      }
      products.set([first, second, third, fourth], place);
    }
    for (; place < products.length; place++) products[place] = dot(vector, vectors, place * width);
  }

  #check(vector: ArrayLike<number>): void {
    if (vector.length !== this.#width || vector.length === 0) {
      throw new DataError(`A vector of ${vector.length} features does not go with the others.`, {
        field: "vector",
        expected: this.#width === 0 ? "at least one feature" : `${this.#width} features`,
        received: String(vector.length),
        hint: "Take vectors of the same encoder and pooling.",
      });
    }
    for (let at = 0; at < vector.length; at++) {
      if (Number.isFinite(vector[at])) continue;
      throw new DataError("A vector holds what is no number.", {
        field: `vector[${at}]`,
        expected: "a finite number",
        received: String(vector[at]),
      });
    }
  }
}

/** a · the vector that begins at `start` of b. */
function dot(a: Float32Array, b: Float32Array, start: number): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[start + at] as number);
  return sum;
}

/** The places of the largest scores, the largest first, and of equal ones the first. */
function largest(scores: Float64Array, topK: number): FoundVector[] {
  const best: FoundVector[] = [];
  // Where most are wanted, sorting all is less work than putting each in its place.
  if (topK > scores.length / 8) {
    const all = Array.from(scores, (score, place) => ({ place, score }));
    return all.sort((a, b) => b.score - a.score || a.place - b.place).slice(0, topK);
  }
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] as number;
    if (best.length === topK && score <= (best[topK - 1] as FoundVector).score) continue;
    let [low, high] = [0, best.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((best[middle] as FoundVector).score >= score) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, { place, score });
    if (best.length > topK) best.pop();
  }
  return best;
}
