/**
 * The README's main job. First two small models show what reading both sides is worth, on text whose probabilities are
 * known; then a BERT learns a language from nothing, on this machine, and fills blanks.
 */
import { platform } from "#platform";
import { openCorpus } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { DemoScreen } from "./demo-screen.ts";
import { type DemoLanguageName, languages } from "./languages.ts";
import { type LearningResult, LearningRun } from "./learning-run.ts";
import { type OneSideOrTwoResult, runOneSideOrTwo } from "./one-side-or-two.ts";
import { lengths } from "./recipe.ts";

export interface DemoOptions {
  /** A run of under a minute in all. */
  readonly quick?: boolean;
  /** What the second part learns; `en`. */
  readonly language?: DemoLanguageName;
  /** The folder that is left; an earlier demo's is replaced. */
  readonly output?: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How commands are called, for the lines to try next. */
  readonly command?: string;
}

export interface DemoResult extends LearningResult {
  readonly oneSideOrTwo: OneSideOrTwoResult;
  readonly output: string;
}

/** Returns undefined when the signal ended it. Throws before anything long when text or folder cannot be used. */
export async function runDemo(options: DemoOptions, screen: DemoScreen): Promise<DemoResult | undefined> {
  const startedMs = platform.now();
  const { quick = false, language = "en", output = "cloze-demo", threads, signal, command = "npx cloze" } = options;
  const kind = quick ? "quick" : "full";
  await refuseForeignFolder(output);
  await openCorpus(languages[language].corpus);
  screen.line("Two experiments with language models, on this machine, with no network and no Python.");
  screen.line(`${lengths[kind].announcement} Ctrl-C stops it at any time.`);
  screen.line("");
  const oneSideOrTwo = await runOneSideOrTwo({ quick, signal }, screen);
  if (oneSideOrTwo === undefined) return stopped(screen);
  screen.line("");
  const learning = { language: languages[language], kind, output, threads, signal } as const;
  const learned = await new LearningRun(learning, screen).run();
  if (learned === undefined) return stopped(screen);
  const folder = /^[./~]|^[A-Za-z]:/.test(output) ? output : `./${output}`;
  const seconds = Math.round((platform.now() - startedMs) / 1000);
  screen.line("");
  screen.line(
    `The model is in ${folder}, in the published format that Python opens too. All took ${seconds} s. Try next:`,
  );
  screen.line(`  ${command} run fill-mask --model ${folder} --input "${languages[language].invitation}"`);
  screen.line(`  ${command} pretrain --corpus your.txt --output my-bert`);
  screen.line(`  ${command} inspect ${folder}`);
  return { ...learned, oneSideOrTwo, output };
}

function stopped(screen: DemoScreen): undefined {
  screen.line("Stopped. Run the demo again to begin anew.");
  return undefined;
}

/** A folder that is not a run's is somebody's own. */
async function refuseForeignFolder(output: string): Promise<void> {
  const stat = await platform.stat(output, "configuration");
  if (stat === undefined) return;
  const isRun = (await platform.stat(platform.join(output, "run.json"), "configuration")) !== undefined;
  const isEmpty = stat.kind === "folder" && (await platform.list(output, "configuration")).length === 0;
  if (isRun || isEmpty) return;
  throw new ConfigurationError(`${output} is there already and is not from an earlier demo`, {
    file: output,
    field: "output",
    hint: "name another folder by --output",
  });
}
