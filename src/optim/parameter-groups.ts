/** Which parameters are stepped with which settings, and how neighbours in the flat buffers are stepped together. */
import { ConfigurationError } from "../errors.ts";
import { REGION_ALIGNMENT_BYTES } from "../runtime/memory.ts";

/** A trained tensor's place in the flat buffers of parameters and gradients. */
export interface OptimizedParameter {
  /** As checkpoints name it. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Elements before it in the flat buffers: a multiple of 16, and no other parameter begins before the next multiple. */
  readonly offset: number;
}

/**
 * Parameters with settings in common. Those that take no gradient belong to no group: they are neither stepped nor
 * decayed. Parameters of one group that lie side by side are stepped in one go, so lay the decayed ones out together.
 */
export interface ParameterGroup {
  readonly parameters: readonly OptimizedParameter[];
  /** Overrides the optimizer's own weight decay. */
  readonly weightDecay?: number;
  /** Multiplies the learning rate of every step; 1 by default. */
  readonly learningRateScale?: number;
}

/** Elements from `offset` on that are stepped together: parameters and the padding between them, which stays zero. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
  readonly parameters: readonly OptimizedParameter[];
  readonly weightDecay: number;
  readonly learningRateScale: number;
}

/** What every parameter's offset is a multiple of, in elements. */
const OFFSET_ALIGNMENT = REGION_ALIGNMENT_BYTES / Float32Array.BYTES_PER_ELEMENT;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function alignedEnd(parameter: OptimizedParameter): number {
  const end = parameter.offset + elementCount(parameter.shape);
  return Math.ceil(end / OFFSET_ALIGNMENT) * OFFSET_ALIGNMENT;
}

/**
 * The stretches of the groups in the order of the buffers; `total` is the buffers' length. With `joined` false every
 * parameter is a stretch of its own.
 */
export function stretchesOf(
  groups: readonly ParameterGroup[],
  options: { total: number; weightDecay: number; joined: boolean },
): Stretch[] {
  const settings = groups.flatMap((group) => {
    const weightDecay = nonNegative("weightDecay", group.weightDecay ?? options.weightDecay);
    const learningRateScale = nonNegative("learningRateScale", group.learningRateScale ?? 1);
    return group.parameters.map((parameter) => ({ parameter, weightDecay, learningRateScale }));
  });
  settings.sort((a, b) => a.parameter.offset - b.parameter.offset);
  checkPlaces(
    settings.map(({ parameter }) => parameter),
    options.total,
  );
  const stretches: Stretch[] = [];
  for (const { parameter, weightDecay, learningRateScale } of settings) {
    const last = stretches.at(-1);
    const previous = last?.parameters.at(-1);
    const continues =
      options.joined &&
      last !== undefined &&
      previous !== undefined &&
      alignedEnd(previous) === parameter.offset &&
      last.weightDecay === weightDecay &&
      last.learningRateScale === learningRateScale;
    const offset = continues ? last.offset : parameter.offset;
    const parameters = continues ? [...last.parameters, parameter] : [parameter];
    const length = parameter.offset + elementCount(parameter.shape) - offset;
    if (continues) stretches.pop();
    stretches.push({ offset, length, parameters, weightDecay, learningRateScale });
  }
  return stretches;
}

/** Refuses places that overlap, are not aligned or lie outside the buffers, and names that occur twice. */
function checkPlaces(sorted: readonly OptimizedParameter[], total: number): void {
  const names = new Set<string>();
  let free = 0;
  for (const parameter of sorted) {
    const { name, offset } = parameter;
    if (names.has(name)) throw new ConfigurationError(`the parameter "${name}" is given to the optimizer twice`);
    names.add(name);
    if (!Number.isSafeInteger(offset) || offset % OFFSET_ALIGNMENT !== 0 || offset < free) {
      throw new ConfigurationError(`the parameter "${name}" is not well placed in the flat buffers`, {
        field: "offset",
        expected: `a multiple of ${OFFSET_ALIGNMENT}, ${free} or more`,
        received: String(offset),
      });
    }
    free = alignedEnd(parameter);
    const end = offset + elementCount(parameter.shape);
    if (end > total) {
      throw new ConfigurationError(`the parameter "${name}" does not lie within the flat buffers`, {
        expected: `an end of at most ${total} elements`,
        received: String(end),
      });
    }
  }
}

/** The value, if it is a finite number of at least 0. */
export function nonNegative(field: string, value: number): number {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
    throw new ConfigurationError(`${field} must be a finite number of at least 0`, { field, received: String(value) });
  }
  return value;
}

/** The value, if it is in [0, 1): a decay rate of a moving average. */
export function decayRate(field: string, value: number): number {
  if (!(value >= 0 && value < 1)) {
    throw new ConfigurationError(`${field} must be in [0, 1)`, { field, received: String(value) });
  }
  return value;
}
