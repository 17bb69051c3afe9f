/** Every concrete class by its published name, for programs that name one. */
export * from "./albert.ts";
export * from "./bert.ts";
export * from "./distilbert.ts";
export * from "./gpt2.ts";
export * from "./openai-gpt.ts";
export * from "./roberta.ts";
