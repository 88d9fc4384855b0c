import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { listeningPorts, type ProcFiles } from '../../src/asterisk/listening';
import { readSocketTable } from '../../src/asterisk/listening-sockets';

const SETTINGS = { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 }, binds: [] } as const;
const table = (name: string) => readFileSync(join(__dirname, 'proc', name), 'utf8');

/** A /proc of samples: path -> text, list or the error's code. Absent: ENOENT. */
function procWith(files: Readonly<Record<string, string | readonly string[]>>): ProcFiles {
  const all: Readonly<Record<string, string | readonly string[]>> = {
    '/proc/net/udp': table('udp'),
    '/proc/net/udp6': table('udp6'),
    '/proc/net/tcp': table('tcp'),
    '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    '/proc': ['1', '101', 'net', 'self'],
    '/proc/1/status': 'Name:\tsystemd\nUid:\t0\t0\t0\t0\n',
    '/proc/101/status': 'Name:\tasterisk\nUid:\t101\t101\t101\t101\n',
    ...files,
  };
  const look = (path: string) => {
    const found = all[path];
    if (found === undefined || found === 'EACCES')
      return Promise.reject(Object.assign(new Error(path), { code: found ?? 'ENOENT' }));
    return Promise.resolve(found);
  };
  return { read: look, list: look, link: look } as ProcFiles;
}
/** Asterisk's own: all of the samples' sockets but the web server's (30001) and another user's (22031). */
const INODES = [
  ...table('udp').matchAll(/ (2\d{4}) /g),
  ...table('udp6').matchAll(/ (2\d{4}) /g),
  ...table('tcp').matchAll(/ (2\d{4}) /g),
]
  .map(([, inode]) => inode ?? '')
  .filter((inode) => inode !== '22031');
const VISIBLE = {
  '/proc/101/fd': [...INODES.keys(), 'gone'].map(String),
  ...Object.fromEntries(INODES.map((inode, fd) => [`/proc/101/fd/${fd}`, `socket:[${inode}]`])),
};
const port = (protocol: 'udp' | 'tcp', number: number) => ({ protocol, first: number, last: number });
const shown = async (proc: ProcFiles, settings: Parameters<typeof listeningPorts>[1] = SETTINGS) => {
  const { sip, iax } = await listeningPorts(proc, settings);
  const text = (ports: typeof sip) =>
    ports.map(({ protocol, first, last }) => `${protocol}/${first}${last === first ? '' : `-${last}`}`);
  return { sip: text(sip), iax: text(iax) };
};

it('finds every port on which the process itself waits, but media, T.38, AMI, ephemeral and loopback ones', async () => {
  expect(await shown(procWith(VISIBLE))).toEqual({
    sip: ['udp/5060', 'tcp/5060', 'udp/5066', 'udp/5160', 'udp/7000', 'tcp/8088'],
    iax: ['udp/4569'],
  });
});

describe("when the process's files are not ours to see", () => {
  const HIDDEN = { '/proc/101/fd': 'EACCES' };

  it("finds every UDP port of its user but media's and such, and of TCP the known ones: a web server may be the same user", async () => {
    expect(await shown(procWith(HIDDEN))).toEqual({
      sip: ['udp/5060', 'tcp/5060', 'udp/5066', 'udp/5160', 'udp/7000', 'tcp/8088'],
      iax: ['udp/4569'],
    });
  });

  it('finds the known ports alone where it runs as root, as much else does', async () => {
    const root = { '/proc/101/status': 'Name:\tasterisk\nUid:\t0\t0\t0\t0\n' };
    const line = ' 0: 00000000:1B58 00000000:0000 07 0:0 0:0 0 0 0 1 2 0 0';
    expect(await shown(procWith({ ...HIDDEN, ...root, '/proc/net/udp': `${table('udp')}${line}\n` }))).toEqual({
      sip: ['udp/5063'],
      iax: [],
    });
  });

  it("finds those of its transports that it listens on, among the kernel's own ports and the web server's too", async () => {
    const binds = [port('tcp', 80), port('udp', 48729), port('udp', 4520), port('tcp', 7061), port('udp', 5063)];
    expect((await shown(procWith(HIDDEN), { ...SETTINGS, binds })).sip).toEqual([
      ...['tcp/80', 'udp/4520', 'udp/5060', 'tcp/5060', 'udp/5066', 'udp/5160', 'udp/7000', 'tcp/8088', 'udp/48729'],
    ]);
  });
});

it('follows the settings', async () => {
  const moved = { ...SETTINGS, iaxPort: 7000, rtp: { protocol: 'udp', first: 12000, last: 13000 } } as const;
  expect(await shown(procWith(VISIBLE), moved)).toMatchObject({ iax: ['udp/7000'] });
  expect(
    (await shown(procWith(VISIBLE), { ...SETTINGS, rtp: { protocol: 'udp', first: 20000, last: 30000 } })).sip,
  ).toContain('udp/12345');
});

it('finds nothing when no Asterisk runs, or it ends while we look', async () => {
  expect(await shown(procWith({ '/proc': ['1'] }))).toEqual({ sip: [], iax: [] });
  expect(await shown(procWith({ '/proc/101/status': '' }))).toEqual({ sip: [], iax: [] });
});

it('goes by the user when one of two Asterisks cannot be seen', async () => {
  const second = { '/proc': ['101', '102'], '/proc/102/status': 'Name:\tasterisk\nUid:\t0\t0\t0\t0\n' };
  expect((await shown(procWith({ ...VISIBLE, ...second }))).sip).toContain('udp/5063');
});

it('does without IPv6', async () => {
  const { '/proc/net/udp6': _, ...rest } = { '/proc/net/udp6': '', ...VISIBLE };
  expect(_).toBe('');
  expect((await shown(procWith({ ...rest, '/proc/net/udp6': 'EACCES' }))).sip).toContain('udp/5060');
});

it('does not hide an error that it does not know', async () => {
  const broken: ProcFiles = {
    ...procWith(VISIBLE),
    list: () => Promise.reject(Object.assign(new Error('x'), { code: 'EIO' })),
  };
  await expect(listeningPorts(broken, SETTINGS)).rejects.toThrow('x');
});

it('reads the addresses of a big-endian machine', () => {
  const line = (address: string) => ` 0: ${address}:13C4 00000000:0000 07 0:0 0:0 0 101 0 1 2 0 0`;
  expect(readSocketTable('udp', line('7F000001'), 'BE')).toEqual([]);
  expect(readSocketTable('udp', line('0100007F'), 'LE')).toEqual([]);
  expect(readSocketTable('udp', line('0100007F'), 'BE')).toEqual([
    { protocol: 'udp', port: 5060, uid: 101, inode: '1' },
  ]);
});

it('reads any table without complaint', () => {
  const parts = fc.constantFrom(' ', '\n', ':', '0A', '07', '00000000', 'FFFFFFFF', '13C4', '101', 'x');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts, { maxLength: 80 }).map((some) => some.join('')),
      ),
      (text) => {
        for (const { port, uid } of readSocketTable('tcp', text)) {
          expect(port).toBeLessThan(65_536);
          expect(Number.isSafeInteger(uid)).toBe(true);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
