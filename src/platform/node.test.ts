import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CheckpointError,
  ConfigurationError,
  DataError,
  DeviceError,
  ResourceError,
  TokenizerError,
} from "../errors.ts";
import { gunzip } from "./gzip.ts";
import { platform } from "./node.ts";
import { platform as web } from "./web.ts";

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-platform-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of chunks) bytes.push(...chunk);
  return bytes;
}

describe("reading", () => {
  it("reads a file whole, as text, by range and in chunks", async () => {
    writeFileSync(at("a"), "\uFEFFgrün 中");
    expect(await platform.readText(at("a"), "data")).toBe("grün 中");
    const whole = [...(await platform.readFile(at("a"), "data"))];
    expect(whole).toEqual([...readFileSync(at("a"))]);
    const part = new Uint8Array(4);
    await platform.readInto(at("a"), "data", 3, part);
    expect([...part]).toEqual(whole.slice(3, 7));
    expect(await collect(platform.readChunks(at("a"), "data", { chunkBytes: 3, start: 1 }))).toEqual(whole.slice(1));
  });

  it("reads into shared memory beyond one buffer", async () => {
    const bytes = new Uint8Array(2_500_000).map((_, index) => index * 7);
    writeFileSync(at("a"), bytes);
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
    const into = new Uint8Array(memory.buffer, 5, bytes.length - 1);
    await platform.readInto(at("a"), "data", 1, into);
    expect(Buffer.from(into).equals(Buffer.from(bytes.subarray(1)))).toBe(true);
  });

  it.each([
    ["configuration", ConfigurationError],
    ["checkpoint", CheckpointError],
    ["tokenizer", TokenizerError],
    ["data", DataError],
  ] as const)("gives the error of a %s file, naming it", async (kind, type) => {
    const failure = await platform.readFile(at("absent"), kind).catch((error) => error);
    expect(failure).toBeInstanceOf(type);
    expect(failure).toMatchObject({ file: at("absent"), message: `${at("absent")} does not exist.` });
    await expect(platform.readText(folder, kind)).rejects.toThrow("is a folder, not a file");
    await expect(platform.readInto(at("absent"), kind, 0, new Uint8Array(1))).rejects.toBeInstanceOf(type);
    await expect(collect(platform.readChunks(at("absent"), kind))).rejects.toBeInstanceOf(type);
    await expect(platform.list(at("absent"), kind)).rejects.toBeInstanceOf(type);
    await expect(platform.sha256(at("absent"), kind)).rejects.toBeInstanceOf(type);
    await expect(platform.readFile("a\0b", kind)).rejects.toBeInstanceOf(type);
  });

  it("refuses bytes that are not UTF-8 and files that end too early", async () => {
    writeFileSync(at("a"), new Uint8Array([0x61, 0xff]));
    await expect(platform.readText(at("a"), "data")).rejects.toThrow(DataError);
    const early = platform.readInto(at("a"), "checkpoint", 1, new Uint8Array(2));
    await expect(early).rejects.toMatchObject({
      kind: "checkpoint",
      expected: "at least 3 bytes",
      received: "2 bytes",
    });
  });

  it("lists in code unit order and follows links", async () => {
    for (const name of ["b", "B", "a"]) writeFileSync(at(name), "x");
    await platform.makeFolder(at("deep", "er"));
    symlinkSync(at("a"), at("link"));
    symlinkSync(at("nowhere"), at("lost"));
    expect(await platform.list(folder, "data")).toEqual([
      { name: "B", kind: "file" },
      { name: "a", kind: "file" },
      { name: "b", kind: "file" },
      { name: "deep", kind: "folder" },
      { name: "link", kind: "file" },
      { name: "lost", kind: "other" },
    ]);
    expect(await platform.stat(at("a"), "data")).toMatchObject({ kind: "file", sizeBytes: 1 });
    expect(await platform.stat(at("a", "below"), "data")).toBeUndefined();
    expect(await platform.stat(at("lost"), "data")).toBeUndefined();
  });

  it("hashes (FIPS 180-4 example)", async () => {
    writeFileSync(at("a"), "abc");
    const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(await platform.sha256(at("a"), "data")).toBe(expected);
  });
});

describe("gunzip", () => {
  it("unpacks, and refuses broken or too large input", async () => {
    const text = "one two three ".repeat(10_000);
    const packed = new Uint8Array(gzipSync(text));
    expect(new TextDecoder().decode(await gunzip(packed, "x.gz", "data"))).toBe(text);
    await expect(gunzip(packed.slice(0, -9), "x.gz", "data")).rejects.toMatchObject({ kind: "data", file: "x.gz" });
    await expect(gunzip(new Uint8Array([1, 2, 3]), "x.gz", "tokenizer")).rejects.toBeInstanceOf(TokenizerError);
    await expect(gunzip(packed, "x.gz", "data", 1000)).rejects.toBeInstanceOf(ResourceError);
  });
});

describe("writing a file atomically", () => {
  it("writes text, bytes, and streams, and makes the folder", async () => {
    await platform.writeFileAtomically(at("new", "a"), "text");
    expect(readFileSync(at("new", "a"), "utf8")).toBe("text");
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(9);
    await platform.writeFileAtomically(at("new", "a"), [new Uint8Array([1, 2]), shared]);
    expect([...readFileSync(at("new", "a"))]).toEqual([1, 2, 9, 9, 9]);
    expect(readdirSync(at("new"))).toEqual(["a"]);
  });

  it("keeps the old content and leaves nothing aside when the content fails", async () => {
    writeFileSync(at("a"), "old");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw systemError("ENOSPC");
    }
    const failure = await platform.writeFileAtomically(at("a"), failing()).catch((error) => error);
    expect(failure).toBeInstanceOf(ResourceError);
    expect(failure).toMatchObject({ file: at("a"), message: `${at("a")} cannot be written: the disk is full.` });
    expect(readFileSync(at("a"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  it("gives a configuration error for a place that cannot be written", async () => {
    writeFileSync(at("file"), "");
    await expect(platform.writeFileAtomically(at("file", "a"), "x")).rejects.toMatchObject({ kind: "configuration" });
    await expect(platform.makeFolder(at("file"))).rejects.toBeInstanceOf(ConfigurationError);
    await platform.makeFolder(at("full"));
    writeFileSync(at("full", "a"), "");
    await expect(platform.writeFileAtomically(at("full"), "x")).rejects.toBeInstanceOf(ConfigurationError);
    expect(readdirSync(folder).sort()).toEqual(["file", "full"]);
  });

  it.skipIf(process.getuid?.() === 0)("names a folder without permission", async () => {
    chmodSync(folder, 0o500);
    await expect(platform.writeFileAtomically(at("a"), "x")).rejects.toBeInstanceOf(ConfigurationError);
    chmodSync(folder, 0o700);
  });
});

describe("writing a folder atomically", () => {
  const fill = (text: string) => async (inside: string) => {
    await platform.makeFolder(join(inside, "sub"));
    writeFileSync(join(inside, "sub", "a"), text);
  };

  it("shows all or nothing", async () => {
    await platform.writeFolderAtomically(at("step-1"), fill("one"));
    expect(readFileSync(at("step-1", "sub", "a"), "utf8")).toBe("one");
    const broken = platform.writeFolderAtomically(at("step-2"), async (inside) => {
      await fill("two")(inside);
      expect(existsSync(at("step-2"))).toBe(false);
      await platform.readFile(join(inside, "absent"), "checkpoint");
    });
    // The folder aside is gone: the error names the one that was asked for.
    await expect(broken).rejects.toMatchObject({
      kind: "checkpoint",
      file: at("step-2", "absent"),
      message: `${at("step-2", "absent")} does not exist.`,
    });
    const full = platform.writeFolderAtomically(at("step-2"), async () => {
      throw systemError("ENOSPC");
    });
    await expect(full).rejects.toBeInstanceOf(ResourceError);
    expect(readdirSync(folder)).toEqual(["step-1"]);
  });

  it("refuses an existing folder unless told to replace it", async () => {
    await platform.writeFolderAtomically(at("a"), fill("one"));
    await expect(platform.writeFolderAtomically(at("a"), fill("two"))).rejects.toBeInstanceOf(ConfigurationError);
    expect(readFileSync(at("a", "sub", "a"), "utf8")).toBe("one");
    await platform.writeFolderAtomically(at("a"), fill("two"), { replace: true });
    expect(readFileSync(at("a", "sub", "a"), "utf8")).toBe("two");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  it("removes what dead processes left, and nothing else", async () => {
    const dead = 2 ** 22 + 1; // Above the largest process number of Linux.
    for (const name of [`a.tmp-${dead}-1-xyz`, `b.tmp-${process.pid}-1-xyz`, "c.tmp", "d"]) writeFileSync(at(name), "");
    expect(await platform.removeLeftovers(folder)).toEqual([`a.tmp-${dead}-1-xyz`]);
    expect(readdirSync(folder).sort()).toEqual([`b.tmp-${process.pid}-1-xyz`, "c.tmp", "d"]);
  });
});

describe("logs", () => {
  it("appends at once, goes on from an existing log, and cuts an unfinished line", async () => {
    const log = await platform.openLog(at("new", "metrics.jsonl"));
    log.append("one\n");
    log.append("two\n");
    expect(readFileSync(log.path, "utf8")).toBe("one\ntwo\n");
    await log.flush();
    await log.close();
    writeFileSync(log.path, `one\n${"x".repeat(200_000)}`);
    const again = await platform.openLog(log.path);
    again.append("three\n");
    await again.close();
    expect(readFileSync(log.path, "utf8")).toBe("one\nthree\n");
  });

  it("empties a log that holds no whole line", async () => {
    writeFileSync(at("log"), "unfinished");
    await (await platform.openLog(at("log"))).close();
    expect(readFileSync(at("log"), "utf8")).toBe("");
  });
});

describe("the machine", () => {
  it("tells what there is", async () => {
    expect(platform.processorCount()).toBeGreaterThan(0);
    const memory = platform.processMemory()!;
    expect(memory.residentBytes).toBeGreaterThan(1e6);
    // The peak is counted in kibibytes by the system: a unit mistaken would be off by 1024.
    expect(memory.peakBytes / memory.residentBytes).toBeGreaterThan(0.5);
    expect(memory.peakBytes / memory.residentBytes).toBeLessThan(100);
    expect(platform.memoryLimitBytes()).toBeGreaterThan(memory.residentBytes);
    expect(await platform.freeDiskBytes(folder)).toBeGreaterThan(0);
    expect(await platform.freeDiskBytes(at("absent"))).toBeUndefined();
    expect(platform.environment("PATH")).toBe(process.env.PATH);
    expect(platform.resolve("~/x")).toBe(join(platform.environment("HOME") ?? "", "x"));
  });

  it("finds installed packages", async () => {
    const found = await platform.packageFolder("vitest");
    expect(JSON.parse(readFileSync(join(found!, "package.json"), "utf8")).name).toBe("vitest");
    expect(await platform.packageFolder("no-such-package-anywhere")).toBeUndefined();
  });

  it("links", async () => {
    writeFileSync(at("a"), "x");
    await platform.linkOrCopy(at("a"), at("b"));
    expect(readFileSync(at("b"), "utf8")).toBe("x");
    await expect(platform.linkOrCopy(at("a"), at("b"))).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe("the web platform", () => {
  it("has the same members", () => {
    expect(Object.keys(web).sort()).toEqual(Object.keys(platform).sort());
  });

  it("says what a browser cannot do", async () => {
    await expect(web.writeFileAtomically("a", "x")).rejects.toBeInstanceOf(DeviceError);
    await expect(web.list("a", "data")).rejects.toThrow("A browser cannot list a folder.");
  });

  it("joins addresses", () => {
    expect(web.join("https://host/models/", "../other", "./a.json")).toBe("https://host/other/a.json");
    expect(web.join("https://host", "..", "..", "a")).toBe("https://host/a");
    expect(web.join("a", "..", "..", "b")).toBe("../b");
    expect(web.join("", ".")).toBe(".");
    expect(web.baseName("https://host/models/a.json")).toBe("a.json");
    expect(web.folderName("https://host/models/a.json")).toBe("https://host/models");
  });

  it("reads through fetch, with and without ranges", async () => {
    const bytes = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);
    const original = globalThis.fetch;
    let ranges = true;
    globalThis.fetch = (async (url: string, init: RequestInit = {}) => {
      if (url !== "/a") return new Response(null, { status: url === "/busy" ? 503 : 404 });
      if (init.method === "HEAD") {
        const sized = { "content-length": "8", "last-modified": "Thu, 01 Jan 1970 00:00:01 GMT" };
        return new Response(null, { headers: ranges ? sized : { "content-encoding": "gzip", "content-length": "3" } });
      }
      const range = /bytes=(\d+)-(\d*)/.exec(new Headers(init.headers).get("range") ?? "");
      if (!range || !ranges) return new Response(bytes);
      return new Response(bytes.slice(Number(range[1]), range[2] ? Number(range[2]) + 1 : undefined), { status: 206 });
    }) as typeof fetch;
    try {
      for (ranges of [true, false]) {
        const into = new Uint8Array(3);
        await web.readInto("/a", "checkpoint", 2, into);
        expect([...into]).toEqual([2, 3, 4]);
        expect(await collect(web.readChunks("/a", "data", { start: 6 }))).toEqual([6, 7]);
        const stat = { kind: "file", sizeBytes: 8, modifiedMs: ranges ? 1000 : 0 };
        expect(await web.stat("/a", "data")).toEqual(stat);
        await expect(web.readInto("/a", "checkpoint", 6, into)).rejects.toBeInstanceOf(CheckpointError);
      }
      await expect(web.readFile("/absent", "tokenizer")).rejects.toBeInstanceOf(TokenizerError);
      await expect(web.readFile("/busy", "tokenizer")).rejects.toBeInstanceOf(ResourceError);
      expect(await web.stat("/absent", "data")).toBeUndefined();
    } finally {
      globalThis.fetch = original;
    }
  });
});
