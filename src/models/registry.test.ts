/** What every architecture must have; it iterates the registry, so that a newcomer cannot be missed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import * as classes from "./classes.ts";
import { type AnyModel, AutoConfig, findClass, loadArchitecture, modelTasks, modelTypes } from "./index.ts";

describe.each(modelTypes)("%s", (modelType) => {
  it("has classes under their own names, exported by classes.ts", async () => {
    const { classes: own, configuration } = await loadArchitecture(modelType);
    expect(configuration.modelType).toBe(modelType);
    for (const [name, modelClass] of Object.entries(own)) {
      expect(modelClass.name).toBe(name);
      expect(modelClass.configuration).toBe(configuration);
      expect((classes as Record<string, unknown>)[name]).toBe(modelClass);
      expect((await findClass(name))?.modelClass).toBe(modelClass);
    }
  });

  it("has a base model, a model to pretrain, and only classes of its own for tasks", async () => {
    const { classes: own, tasks } = await loadArchitecture(modelType);
    expect(tasks.base).toBeDefined();
    expect(tasks.preTraining).toBeDefined();
    for (const task of Object.keys(tasks)) expect(modelTasks).toContain(task);
    for (const modelClass of Object.values(tasks)) expect(Object.values(own)).toContain(modelClass);
  });

  it("has presets that make a model", async () => {
    const { presets, configuration, sizes } = await loadArchitecture(modelType);
    expect(Object.keys(presets)).toContain("tiny");
    for (const [name, preset] of Object.entries(presets)) {
      const { layers, width, heads } = sizes(configuration.create(preset as object));
      expect(width % heads, name).toBe(0);
      expect(layers, name).toBeGreaterThan(0);
    }
  });

  it("names every parameter once, and initializes all to finite values", async () => {
    const { presets, pretraining, classes: own, configuration } = await loadArchitecture(modelType);
    const wanted = {
      vocabSize: 50,
      maximumLength: 8,
      padTokenId: 0,
      bosTokenId: 2,
      eosTokenId: 1,
      dropout: 0,
      isCausal: false,
    };
    const config = configuration.create({ ...presets.tiny, ...pretraining.settings(wanted) } as object);
    for (const modelClass of Object.values(own)) {
      const model: AnyModel = new modelClass(config).initialize(new Random(1), { threads: 1 });
      expect(model.parameters.size).toBe(model.store.parameters.length);
      for (const [name, parameter] of model.parameters) {
        expect(name).not.toBe("");
        expect(model.store.view(parameter).every(Number.isFinite), name).toBe(true);
      }
      const again: AnyModel = new modelClass(config).initialize(new Random(1), { threads: 1 });
      const { values } = again.store;
      expect(model.store.values.every((value, index) => value === values[index])).toBe(true);
    }
  });
});

describe("the registry", () => {
  it("names the nearest architecture for one that is not known", async () => {
    await expect(loadArchitecture("bret")).rejects.toMatchObject({
      kind: "configuration",
      hint: "Did you mean bert?",
    });
    await expect(loadArchitecture("toString")).rejects.toMatchObject({ kind: "configuration" });
    expect(await findClass("NoSuchModel")).toBeUndefined();
    await expect(AutoConfig.forModel("bert", { hiddenSise: 8 })).rejects.toMatchObject({ field: "hiddenSise" });
  });

  it("loads no model before one is asked for", () => {
    const lazy = [...readFileSync(here("registry.ts"), "utf8").matchAll(/import\("\.\/(.+?)"\)/g)].map(
      ([, file]) => file,
    );
    expect(lazy.length).toBe(modelTypes.length);
    const loaded = loadedBy("index.ts");
    expect(loaded).toContain("auto.ts");
    for (const file of lazy) expect(loaded).not.toContain(file);
    for (const file of lazy) expect(loadedBy("classes.ts")).toContain(file);
  });
});

const here = (file: string): string => fileURLToPath(new URL(`./${file}`, import.meta.url));

/** The files of this folder that are loaded together with one. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(here(file), "utf8");
  for (const [, type, next] of text.matchAll(/^(?:import|export)( type)? [^;]*?from "\.\/(.+?)";/gm)) {
    if (type === undefined) loadedBy(next as string, seen);
  }
  return seen;
}
