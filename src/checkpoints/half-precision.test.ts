import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToHalf } from "./half-precision.ts";
import { openSafetensors } from "./safetensors.ts";

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../test/golden/checkpoints/${name}.safetensors`, import.meta.url));

/** Bits, so that -0 and 0 differ. */
const bits = (values: ArrayBufferView): Uint32Array => new Uint32Array(values.buffer.slice(0) as ArrayBuffer);

describe.each([
  ["float16", "F16", float16ToFloat32],
  ["bfloat16", "BF16", bfloat16ToFloat32],
] as const)("%s", (name, format, widen) => {
  it("narrows and widens as PyTorch does", async () => {
    const half = await openSafetensors(golden("half"));
    const widened = await (await openSafetensors(golden("half-widened"))).readFloat32(name);
    const values = await half.readFloat32("values");
    const halves = new Uint16Array(values.length);
    const overflowed = float32ToHalf(values, halves, format);
    const back = new Float32Array(values.length);
    widen(halves, back);
    expect(bits(back)).toEqual(bits(widened));
    expect(bits(await half.readFloat32(name))).toEqual(bits(widened));
    const became = values.filter((value, index) => Number.isFinite(value) && !Number.isFinite(widened[index]!));
    expect(overflowed).toBe(became.length);
    expect(overflowed).toBeGreaterThan(0);
  });

  it("keeps each of its values", () => {
    const all = Uint16Array.from({ length: 1 << 16 }, (_, half) => half);
    const floats = new Float32Array(all.length);
    widen(all, floats);
    const again = new Uint16Array(all.length);
    expect(float32ToHalf(floats, again, format)).toBe(0);
    const lost = all.filter((half, index) => half !== again[index] && !Number.isNaN(floats[index]));
    expect([...lost]).toEqual([]);
    expect(floats.filter(Number.isNaN).length).toBe(format === "F16" ? 2 * 1023 : 2 * 127);
    expect(
      again.every(
        (half, index) => !Number.isNaN(floats[index]) || (half & 0x7fff) > (format === "F16" ? 0x7c00 : 0x7f80),
      ),
    ).toBe(true);
  });
});
