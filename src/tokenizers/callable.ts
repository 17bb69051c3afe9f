/** Base of objects that can be called like functions: a call goes to their `invoke`. */
export abstract class Callable<Parameters extends unknown[], Result> {
  constructor() {
    const callable = (...parameters: Parameters): Result =>
      (callable as unknown as Callable<Parameters, Result>).invoke(...parameters);
    // A function's own properties would hide the getters of the class.
    Reflect.deleteProperty(callable, "length");
    Reflect.deleteProperty(callable, "name");
    // biome-ignore lint/correctness/noConstructorReturn: an object becomes callable only by being a function from the start.
    return Object.setPrototypeOf(callable, new.target.prototype);
  }

  protected abstract invoke(...parameters: Parameters): Result;
}
