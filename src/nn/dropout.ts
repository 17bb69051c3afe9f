/** Dropout: Srivastava et al. 2014. Off unless a training graph is traced. */
import { addDropoutSite, applyMask, isTraining, type SymbolicTensor } from "../graph/index.ts";
import { keepThreshold, keptScale } from "../runtime/kernels/dropout.ts";
import { Module } from "./module.ts";

export class Dropout extends Module {
  /** Probability of dropping an element; 0 from `turnOff` on. */
  probability: number;

  constructor(probability: number) {
    super();
    this.probability = probability;
  }

  /** Drops nothing any more: a frozen encoder reads a text in the same way each time. */
  turnOff(): void {
    this.probability = 0;
  }

  /** x → x with dropped elements 0 and the others scaled by 1/(1 − probability). */
  forward(x: SymbolicTensor): SymbolicTensor {
    if (!isTraining() || this.probability === 0) return x;
    const scale = keptScale(keepThreshold(this.probability));
    return applyMask(x, addDropoutSite(x.shape, this.probability), { scale });
  }
}
