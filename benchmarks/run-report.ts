/** What a timed process says, one JSON object a line; its parent takes the times. */
export function reportFirst(): void {
  process.stdout.write(`${JSON.stringify({ event: "first" })}\n`);
}

/** `value` is the loss or a checksum of the output, which the sides must agree on. */
export function reportDone(value: number): void {
  const { user, system } = process.cpuUsage();
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(
    `${JSON.stringify({ event: "done", value, userMs: user / 1000, systemMs: system / 1000, peakMiB })}\n`,
  );
}
