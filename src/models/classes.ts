/** Every concrete class by its published name, for programs that name one. */
export * from "./bert.ts";
export * from "./gpt2.ts";
