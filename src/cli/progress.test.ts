import { describe, expect, it } from "vitest";
import { createProgress } from "./progress.ts";
import { amountText, bytesText, columnsText, durationText, numberText } from "./quantities.ts";
import type { OutputStream } from "./terminal.ts";

/** A stream that keeps what is written to it, and a clock that the test moves. */
function display(isTerminal: boolean, isShown = true) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const write = (text: string): boolean => written.push(text) > 0;
  const stream: OutputStream = {
    isTerminal,
    stream: { write, isTTY: isTerminal, columns: 120 } as unknown as NodeJS.WriteStream,
    write: async (text) => void write(text),
  };
  return { progress: createProgress({ stream, isShown, now: () => clock.ms }), written, clock };
}

const stage = (done: number, note?: string) => ({ stage: "counting", done, total: 1000, unit: "lines", note });

describe("progress without a terminal", () => {
  it("says nothing of what is over within two seconds", () => {
    const { progress, written, clock } = display(false);
    for (clock.ms = 0; clock.ms < 1900; clock.ms += 100) progress.report(stage(clock.ms / 2));
    progress.finish();
    expect(written).toEqual([]);
  });

  it("prints a line now and then, with rate and time left, and one at the end", () => {
    const { progress, written, clock } = display(false);
    for (clock.ms = 0; clock.ms <= 10_000; clock.ms += 100) progress.report(stage(clock.ms / 20, "loss 3"));
    progress.finish();
    expect(written).toEqual([
      "counting: 10%, 100 of 1,000 lines, 50 lines/s, 18 s left, loss 3\n",
      "counting: 25%, 250 of 1,000 lines, 50 lines/s, 15 s left, loss 3\n",
      "counting: 50%, 500 of 1,000 lines, 50 lines/s, 10 s left, loss 3\n",
      "counting: 500 lines in 10 s, loss 3\n",
    ]);
  });

  it("begins anew with another stage, and does without a total", () => {
    const { progress, written, clock } = display(false);
    progress.report(stage(0));
    clock.ms = 2500;
    progress.report(stage(10));
    progress.report({ stage: "reading", done: 0, total: undefined, unit: "bytes" });
    clock.ms = 5000;
    progress.report({ stage: "reading", done: 5_000_000, total: undefined, unit: "bytes" });
    progress.finish();
    expect(written).toEqual([
      "counting: 1%, 10 of 1,000 lines, 4.0 lines/s, 4 min 8 s left\n",
      "counting: 10 lines in 2.5 s\n",
      "reading: 5.0 MB, 2.0 MB/s\n",
      "reading: 5.0 MB in 2.5 s\n",
    ]);
  });

  it("is silent when it is not to be shown", () => {
    const { progress, written, clock } = display(true, false);
    progress.report(stage(0));
    clock.ms = 60_000;
    progress.report(stage(900));
    progress.aside(() => written.push("aside"));
    progress.finish();
    expect(written).toEqual(["aside"]);
  });
});

describe("progress on a terminal", () => {
  it("draws one line over and over, gets out of the way, and leaves a line at the end", () => {
    const { progress, written, clock } = display(true);
    progress.report(stage(0));
    expect(written).toEqual([]);
    clock.ms = 1000;
    progress.report(stage(500));
    const drawn = written.join("");
    expect(drawn).toContain("counting [==========----------] 50%, 500 of 1,000 lines, 500 lines/s, 1.0 s left");
    expect(drawn).not.toContain("\n");
    written.length = 0;
    progress.aside(() => written.push("a warning\n"));
    expect(written.join("")).toMatch(/a warning\n$/);
    clock.ms = 2000;
    written.length = 0;
    progress.report(stage(900));
    expect(written.join("")).toContain("90%");
    progress.finish();
    expect(written.at(-1)).toBe("counting: 900 lines in 2.0 s\n");
  });
});

describe("quantities", () => {
  it("are short", () => {
    expect([0, 999, 1000, 4_600_000, 25_400_000_000].map(bytesText)).toEqual([
      ...["0 bytes", "999 bytes", "1.0 kB", "4.6 MB", "25 GB"],
    ]);
    expect([0.4, 31, 4600, 59_700, 60_000, 200_000, 3_600_000, 7_500_000].map(durationText)).toEqual([
      ...["0.4 ms", "31 ms", "4.6 s", "1 min", "1 min", "3 min 20 s", "1 h", "2 h 5 min"],
    ]);
    expect([0, 0.42, 4.2, 42, 4200].map(numberText)).toEqual(["0", "0.42", "4.2", "42", "4,200"]);
    expect(amountText(12_345, "lines")).toBe("12,345 lines");
    expect(
      columnsText(
        [
          ["a", "b"],
          ["long", ""],
        ],
        " ",
      ),
    ).toBe(" a     b\n long\n");
  });
});
