/**
 * A part of a model: it owns parameters and other modules as plain properties, and its `forward` is ordinary TypeScript
 * over symbolic tensors.
 */
import { Parameter, withScope } from "../graph/index.ts";

export abstract class Module {
  /** The parameters below this module with their property paths, each once, in the order of declaration. */
  *namedParameters(prefix = "", seen: Set<Parameter> = new Set()): Generator<[path: string, parameter: Parameter]> {
    for (const [path, member] of membersOf(this, prefix)) {
      if (member instanceof Module) yield* member.namedParameters(path, seen);
      else if (!seen.has(member)) {
        seen.add(member);
        yield [path, member];
      }
    }
  }

  /** Every path to every parameter: tied ones come under each of their paths. */
  *parameterPaths(prefix = ""): Generator<[path: string, parameter: Parameter]> {
    for (const [path, member] of membersOf(this, prefix)) {
      if (member instanceof Module) yield* member.parameterPaths(path);
      else yield [path, member];
    }
  }

  /** The modules below this one with their property paths. */
  *namedModules(prefix = ""): Generator<[path: string, module: Module]> {
    for (const [path, member] of membersOf(this, prefix)) {
      if (!(member instanceof Module)) continue;
      yield [path, member];
      yield* member.namedModules(path);
    }
  }
}

/** Parameters and modules among a module's own properties, those in arrays included. */
function* membersOf(module: Module, prefix: string): Generator<[path: string, member: Module | Parameter]> {
  for (const [name, value] of Object.entries(module)) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const items: [string, unknown][] = Array.isArray(value)
      ? value.map((item, index) => [`${path}.${index}`, item])
      : [[path, value]];
    for (const [itemPath, item] of items) {
      if (item instanceof Module || item instanceof Parameter) yield [itemPath, item];
    }
  }
}

/**
 * Lets every module below `root` announce itself while its `forward` is traced, so that shape errors and profiles name
 * the place. Called once when a model is assembled.
 */
export function announceScopes(root: Module): void {
  for (const [path, module] of root.namedModules()) {
    const { forward } = module as unknown as { forward?: (...args: unknown[]) => unknown };
    if (typeof forward !== "function") continue;
    const announced = (...args: unknown[]): unknown => withScope(path, () => forward.apply(module, args));
    Object.defineProperty(module, "forward", { value: announced, enumerable: false });
  }
}
