/** Names of classes: those of a model's configuration, or those that training examples bring. */
import { DataError } from "../errors.ts";
import type { PreTrainedConfig } from "../models/index.ts";
import { ignoredLabel } from "../nn/index.ts";
import { atLine } from "./example-lines.ts";

/**
 * `id2label` and `label2id` for the classes that occur: the model's own where it knows them all, else the names in order,
 * integers by their value. Throws a DataError when there are fewer than two.
 */
export function namedClasses(
  labels: Iterable<string>,
  { id2label }: Pick<PreTrainedConfig, "id2label">,
): { readonly id2label: Readonly<Record<number, string>>; readonly label2id: Readonly<Record<string, number>> } {
  const found = [...new Set(labels)];
  const known = Object.entries(id2label).map(([id, name]) => [name, Number(id)] as const);
  const names = new Map(known);
  if (found.length > 0 && found.every((name) => names.has(name)))
    return { id2label, label2id: Object.fromEntries(known) };
  if (found.length < 2) {
    throw new DataError("All examples are of one class, so there is nothing to tell apart.", {
      field: "label",
      expected: "at least two classes",
      received: found[0] ?? "no label",
      hint: "Add examples of another class, or say by --problem-type regression that labels are numbers.",
    });
  }
  const sorted = found.every((name) => /^-?\d+$/.test(name))
    ? found.sort((a, b) => Number(a) - Number(b))
    : found.sort((a, b) => (a < b ? -1 : 1));
  return {
    id2label: Object.fromEntries(sorted.map((name, id) => [id, name])),
    label2id: Object.fromEntries(sorted.map((name, id) => [name, id])),
  };
}

/** Reads labels as a model knows them. */
export class ClassNames {
  /** By number. */
  readonly names: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  constructor({ id2label, numLabels }: Pick<PreTrainedConfig, "id2label" | "numLabels">) {
    this.names = Array.from({ length: numLabels }, (_, id) => id2label[id] ?? `LABEL_${id}`);
    this.#ids = new Map(this.names.map((name, id) => [name, id]));
  }

  /** The number of a class. A model whose classes have no names of their own takes their numbers. */
  idOf(label: string): number {
    const id = this.#find(label);
    if (id === undefined) throw this.#unknownLabel(label);
    return id;
  }

  /** The number of a class, or −100, which losses pass over, for a label that the model was not trained on. */
  idOrIgnored(label: string): number {
    return this.#find(label) ?? ignoredLabel;
  }

  /** The model's name for a label, or the label itself: 1 may be called LABEL_1 there. */
  nameOf(label: string): string {
    return this.names[this.#find(label) ?? -1] ?? label;
  }

  /** Of all labels those that the model was not trained on, each once. */
  unknown(labels: Iterable<string>): string[] {
    return [...new Set(labels)].filter((label) => this.#find(label) === undefined).sort();
  }

  /**
   * Data that a model has not seen may hold a rare label that it has not seen either; but labels of which it knows hardly
   * any are those of another task. Throws a DataError with the line of the first unknown label if more than half of the
   * examples have one.
   */
  requireMostKnown(examples: readonly LabelledLine[]): void {
    const strange = examples.filter(({ labels }) => labels.some((label) => this.#find(label) === undefined));
    const [first] = strange;
    if (first === undefined || 2 * strange.length <= examples.length) return;
    atLine(first.line, () => first.labels.map((label) => this.idOf(label)));
  }

  #find(label: string): number | undefined {
    return this.#ids.get(label) ?? this.#ids.get(`LABEL_${label}`);
  }

  #unknownLabel(label: string): DataError {
    const shown = this.names.length > 12 ? `${this.names.slice(0, 12).join(", ")}, …` : this.names.join(", ");
    return new DataError("There is a label that the model does not know.", {
      field: "label",
      expected: `one of ${shown}`,
      received: label,
      hint: "Correct the label, or train on a file in which every class occurs.",
    });
  }
}

/** The labels of an example. */
export interface LabelledLine {
  readonly line: number;
  readonly labels: readonly string[];
}

/** What an evaluation says of labels that the model was not trained on: nothing where there are none. */
export function unknownLabels(
  classes: ClassNames,
  labels: Iterable<string>,
): { readonly unknownLabels?: readonly string[] } {
  const names = classes.unknown(labels);
  return names.length === 0 ? {} : { unknownLabels: names };
}

/** n / (C · n_c) for each of C classes, as scikit-learn's "balanced": https://scikit-learn.org. A class without examples has 0. */
export function balancedWeights(
  labels: readonly string[],
  config: Pick<PreTrainedConfig, "id2label" | "numLabels">,
): number[] {
  const classes = new ClassNames(config);
  const counts = new Float64Array(classes.names.length);
  for (const label of labels) {
    const id = classes.idOf(label);
    counts[id] = (counts[id] as number) + 1;
  }
  return Array.from(counts, (count) => (count === 0 ? 0 : labels.length / (counts.length * count)));
}
