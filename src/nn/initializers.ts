/** How parameters start. */
import type { Initializer } from "../graph/index.ts";

/** Normal with mean 0. */
export const normal =
  (standardDeviation: number): Initializer =>
  (random, values) =>
    random.fillNormal(values, 0, standardDeviation);

export const zeros: Initializer = (_, values) => {
  values.fill(0);
};

export const ones: Initializer = (_, values) => {
  values.fill(1);
};
