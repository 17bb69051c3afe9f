/** ZIP archives as PyTorch writes them, and unlike it. */

export interface ZipOptions {
  /** Write sizes and offsets as ZIP64 does. */
  wide?: boolean;
  method?: number;
  comment?: string;
}

/** A ZIP archive of stored entries, by the book. */
export function zip(
  entries: Record<string, Uint8Array>,
  { wide = false, method = 0, comment = "" }: ZipOptions = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const add = (part: Buffer): void => {
    parts.push(part);
    offset += part.length;
  };
  for (const [name, data] of Object.entries(entries)) {
    const start = offset;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(3, 28);
    add(Buffer.concat([local, Buffer.from(name), Buffer.alloc(3), data]));
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    for (const [at, value] of [
      [20, data.length],
      [24, data.length],
      [42, start],
    ] as const) {
      entry.writeUInt32LE(wide ? 0xffffffff : value, at);
    }
    entry.writeUInt16LE(name.length, 28);
    const extra = Buffer.alloc(wide ? 33 : 0);
    if (wide) {
      extra.writeUInt16LE(0x5555, 0);
      extra.writeUInt16LE(1, 2);
      extra.writeUInt16LE(1, 5);
      extra.writeUInt16LE(24, 7);
      extra.writeBigUInt64LE(BigInt(data.length), 9);
      extra.writeBigUInt64LE(BigInt(data.length), 17);
      extra.writeBigUInt64LE(BigInt(start), 25);
    }
    entry.writeUInt16LE(extra.length, 30);
    directory.push(entry, Buffer.from(name), extra);
  }
  const central = Buffer.concat(directory);
  const at = offset;
  add(central);
  if (wide) {
    const record = Buffer.alloc(76);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(BigInt(central.length), 40);
    record.writeBigUInt64LE(BigInt(at), 48);
    record.writeUInt32LE(0x07064b50, 56);
    record.writeBigUInt64LE(BigInt(offset), 64);
    add(record);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(wide ? 0xffffffff : central.length, 12);
  end.writeUInt32LE(wide ? 0xffffffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  add(Buffer.concat([end, Buffer.from(comment)]));
  return Buffer.concat(parts);
}
