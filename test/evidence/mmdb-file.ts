/** The smallest writer of MaxMind DB files (format 2.0): every address has the same record, given as raw data octets. */
export function mmdb(record: Buffer, metadata: Record<string, unknown> = {}): Buffer {
  const tree = Buffer.alloc(6);
  const nodeCount = 1;
  tree.writeUIntBE(nodeCount + 16, 0, 3);
  tree.writeUIntBE(nodeCount + 16, 3, 3);
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    record,
    Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'),
    encode({
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: 1_764_000_000,
      database_type: 'Test',
      description: { en: 'test' },
      ip_version: 4,
      languages: ['en'],
      node_count: nodeCount,
      record_size: 24,
      ...metadata,
    }),
  ]);
}

/** A value in the data section's encoding. */
export function encode(value: unknown): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (typeof value === 'bigint') {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    return Buffer.concat([control(9, 8), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ]);
}

/** The control octets of a type and size. */
export function control(type: number, size: number): Buffer {
  const first = type > 7 ? 0 : type << 5;
  const extended = type > 7 ? [type - 7] : [];
  if (size < 29) return Buffer.from([first | size, ...extended]);
  if (size < 285) return Buffer.from([first | 29, ...extended, size - 29]);
  if (size < 65_821) return Buffer.from([first | 30, ...extended, (size - 285) >> 8, (size - 285) & 255]);
  const rest = size - 65_821;
  return Buffer.from([first | 31, ...extended, (rest >> 16) & 255, (rest >> 8) & 255, rest & 255]);
}

/** A pointer into the data section. */
export function pointer(to: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = (1 << 5) | (3 << 3);
  bytes.writeUInt32BE(to, 1);
  return bytes;
}
