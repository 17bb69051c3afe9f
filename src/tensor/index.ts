export { type NestedNumbers, Tensor, type TensorLike } from "./tensor.ts";
