/** `cloze verify`: parity with reference values. */
import { ClozeError } from "../errors.ts";
import { type VerificationReport, type VerificationResult, verificationKinds, verify } from "../verification/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { optionalNumber, severalChoices } from "./options.ts";
import { harmless } from "./output.ts";
import { columnsText } from "./quantities.ts";

export const verifyCommand = defineCommand({
  arguments: [
    {
      name: "<paths...>",
      about: "Reference folders or files, or ids on the hub",
      isPublished: true,
    },
  ],
  options: {
    only: severalChoices("KINDS", "Check only these, separated by commas", verificationKinds),
    tolerance: optionalNumber(
      "Allowed share of the largest reference value, for large models",
      "2e-5 for outputs, 5e-5 for gradients, 1e-4 for losses of a curve",
      { minimum: 0 },
    ),
    ...engineOptions,
  },
  examples: ["cloze verify ./reference", "cloze verify references/* --only outputs,gradients --json"],
  async run({ arguments: paths, values }, context) {
    const { output } = context;
    let checked = 0;
    let failed = 0;
    let badReports = 0;
    let unreadable: ClozeError | undefined;
    for (const path of paths) {
      let report: VerificationReport;
      try {
        report = await verify(path, {
          ...values,
          onResult: (result) => showProgress(result, ++checked, context),
          onWarning: (text) => output.warn(text),
        });
      } catch (error) {
        // The other paths are still worth knowing.
        if (!(error instanceof ClozeError)) throw error;
        unreadable ??= error;
        const line = { path, ok: false, checked: 0, failed: 0, error };
        await output.result(line, () => `${output.colors.red("✗")} ${path}: ${harmless(error.message)}\n`);
        continue;
      }
      failed += report.failed;
      if (!report.ok) badReports += 1;
      await showReport(report, context);
    }
    if (unreadable !== undefined) throw unreadable;
    if (badReports === 0) return;
    const message = failed > 0 ? `${failed} of ${checked} checks failed.` : "Nothing was checked.";
    throw new ClozeError("parity", message, {
      expected: "the values of the reference",
      hint: failed > 0 ? "The results above name each value." : "Widen --only, or name folders that hold such values.",
    });
  },
});

function showProgress({ path }: VerificationResult, done: number, { progress }: CommandContext): void {
  progress.report({ stage: "checking", done, total: undefined, unit: "values", note: path });
}

async function showReport(report: VerificationReport, { output }: CommandContext): Promise<void> {
  const { results, ...summary } = report;
  if (output.isJson) {
    const lines = [...results, summary].map((line) => `${JSON.stringify(line)}\n`);
    await output.write(lines.join(""));
    return;
  }
  const { colors } = output;
  const mark = (ok: boolean): string => (ok ? colors.green("✓") : colors.red("✗"));
  const rows = verificationKinds.flatMap((kind) => {
    const own = results.filter((result) => result.kind === kind);
    if (own.length === 0) return [];
    const bad = own.filter(({ ok }) => !ok).length;
    const worst = Math.max(...own.map(({ maxRelativeError }) => maxRelativeError).filter(Number.isFinite), 0);
    return [[kind, `${own.length - bad} of ${own.length} hold`, `largest relative error ${worst.toExponential(1)}`]];
  });
  const failures = results.filter(({ ok }) => !ok).map(failureLine);
  const nothing = report.checked === 0 ? "  nothing was checked\n" : "";
  await output.write(`${mark(report.ok)} ${report.path}\n${columnsText(rows, "  ")}${nothing}${failures.join("")}`);
}

function failureLine({ kind, name, maxAbsoluteError, maxRelativeError, reason }: VerificationResult): string {
  const numbers = Number.isNaN(maxAbsoluteError)
    ? ""
    : `absolute error ${maxAbsoluteError.toExponential(1)}, relative ${maxRelativeError.toExponential(1)}`;
  const why = [reason ?? "", numbers].filter((part) => part !== "").join("; ");
  return `    ✗ ${kind} ${harmless(name)}: ${harmless(why)}\n`;
}
