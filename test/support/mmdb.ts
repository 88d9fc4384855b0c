/** Writes a small MaxMind database, as the format's own description has it: records of 24 bits, an IPv6 tree. */

export type Prefix = readonly [bits: string, country: string];

/** `bits`: an address's first bits as text of 0 and 1, of an IPv6 tree (IPv4 lies below 96 zeros). */
export function mmdb(prefixes: readonly Prefix[], type = 'GeoLite2-Country', epoch = 1_760_000_000): Buffer {
  type Node = [number | string | undefined, number | string | undefined];
  const nodes: Node[] = [[undefined, undefined]];
  for (const [bits, country] of prefixes) {
    let at = 0;
    Array.from(bits).forEach((bit, depth) => {
      const node = nodes[at];
      if (!node) throw new Error('no such node');
      const side = bit === '1' ? 1 : 0;
      if (depth === bits.length - 1) node[side] = country;
      else {
        const next = node[side];
        at = typeof next === 'number' ? next : nodes.push([undefined, undefined]) - 1;
        node[side] = at;
      }
    });
  }
  const countries = [...new Set(prefixes.map(([, country]) => country))];
  const records = countries.map((code) => map({ country: map({ iso_code: string(code) }) }));
  const offsets = countries.map((_, i) => records.slice(0, i).reduce((sum, record) => sum + record.length, 0));
  const pointer = (side: number | string | undefined) => {
    if (side === undefined) return nodes.length;
    return typeof side === 'number' ? side : nodes.length + 16 + (offsets[countries.indexOf(side)] ?? 0);
  };
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach(([left, right], i) => {
    tree.writeUIntBE(pointer(left), 6 * i, 3);
    tree.writeUIntBE(pointer(right), 6 * i + 3, 3);
  });
  const metadata = map({
    node_count: uint(6, nodes.length),
    record_size: uint(5, 24),
    ip_version: uint(5, 6),
    database_type: string(type),
    languages: Buffer.from([0x00, 0x04]),
    binary_format_major_version: uint(5, 2),
    binary_format_minor_version: uint(5, 0),
    build_epoch: Buffer.concat([Buffer.from([0x04, 0x02]), be(epoch)]),
    description: map({}),
  });
  const marker = Buffer.concat([Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(16), ...records, marker, metadata]);
}

/** The first bits of an IPv4 network, where it lies in an IPv6 tree. */
export function bits4(address: string, length: number): string {
  const bits = address.split('.').map((byte) => Number(byte).toString(2).padStart(8, '0')); // prettier-ignore
  return '0'.repeat(96) + bits.join('').slice(0, length);
}

function string(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x40 | text.length]), Buffer.from(text)]);
}

function map(pairs: Readonly<Record<string, Buffer>>): Buffer {
  const all = Object.entries(pairs);
  return Buffer.concat([Buffer.from([0xe0 | all.length]), ...all.flatMap(([key, value]) => [string(key), value])]);
}

/** Type 5: 16 bits, 6: 32 bits. */
function uint(type: 5 | 6, value: number): Buffer {
  return type === 5 ? Buffer.from([0xa2, value >> 8, value & 255]) : Buffer.concat([Buffer.from([0xc4]), be(value)]);
}

function be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
