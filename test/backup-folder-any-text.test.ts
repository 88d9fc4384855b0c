/** Whatever is kept, however often, and whatever lies there instead: it is read as it was saved, or said to be damaged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { backupFolder } from '../src/backup-folder';
import type { NewBackup } from '../src/domain/backup';
import type { Network } from '../src/domain/network';
import { anyText, around } from './support/any-text';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tollgate-backups-'))));
afterEach(() => rmSync(folder, { recursive: true }));
let logged: string[];
const open = (name: string, keep = 50) => {
  logged = [];
  return backupFolder({ folder: join(folder, name), keep, owner: () => undefined, log: (event) => logged.push(event) });
};

const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
const until = fc.oneof(date, fc.constant('forever' as const));
const mode = fc.constantFrom('watch' as const, 'guard' as const, 'secure' as const);
const ports = fc.array(
  fc.record({ protocol: fc.constantFrom('udp' as const, 'tcp' as const), first: fc.nat(65535), last: fc.nat(65535) }),
);
const network = fc.constantFrom('192.168.1.0/24' as Network, '2001:db8::/32' as Network);
const trusted = fc.array(fc.record({ network, device: anyText }));
const backup: fc.Arbitrary<NewBackup> = fc.record({
  at: date,
  why: anyText,
  state: fc.record(
    {
      mode: fc.option(mode, { nil: undefined }),
      trial: fc.option(
        fc.record({ mode, until: date, connections: fc.array(anyText) }, { requiredKeys: ['mode', 'until'] }),
        { nil: undefined },
      ),
      listening: fc.option(fc.record({ sip: ports, iax: ports }), { nil: undefined }),
      links: fc.record({ trusted, dhcpDevices: fc.array(anyText) }),
    },
    { requiredKeys: ['mode', 'trial', 'listening'] },
  ),
  open: fc.array(fc.record({ id: fc.nat(), until })),
  kernel: fc.record({ iptables: anyText, ip6tables: anyText, ipset: anyText }),
});

it('what is saved is read as it was', async () => {
  const backups = open('kept');
  await fc.assert(
    fc.asyncProperty(backup, async (saved) => {
      const id = await backups.save(saved);
      expect(await backups.read(id)).toEqual({ id, ...saved });
    }),
    { numRuns: 100 },
  );
});

it('the newest are kept, also when many are of one second, and listed newest first', async () => {
  let runs = 0;
  const seconds = fc.array(fc.nat(2), { maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), seconds, async (keep, times) => {
      const backups = open(`${++runs}`, keep);
      let expected: { at: number; why: string }[] = [];
      for (const [n, second] of times.entries()) {
        const state = { mode: 'watch', trial: undefined, listening: undefined } as const;
        const at = new Date(second * 1000);
        await backups.save({ at, why: `${n}`, state, open: [], kernel: { iptables: '', ip6tables: '', ipset: '' } });
        const older = [...expected].slice(0, keep - 1);
        expected = [{ at: second, why: `${n}` }, ...older].sort((a, b) => b.at - a.at);
        expect((await backups.list()).map(({ why }) => why)).toEqual(expected.map(({ why }) => why));
      }
    }),
    { numRuns: 100 },
  );
});

const WHOLE = JSON.stringify({
  id: '20261122-130500',
  at: '2026-11-22T13:05:00.000Z',
  why: 'Before: Mode guard.',
  state: { mode: 'watch', trial: { mode: 'guard', until: '2026-11-22T13:06:00.000Z', connections: ['a'] } },
  open: [
    { id: 7, until: 'forever' },
    { id: 8, until: '2026-11-22T20:00:00.000Z' },
  ],
  kernel: { iptables: '*filter\n', ip6tables: '', ipset: '' },
});
const NEARLY = [
  WHOLE,
  WHOLE.replace('2026-11-22T20:00', 'soon'),
  WHOLE.replace('2026-11-22T13:06', '2026-13-22T13:06'),
  WHOLE.replace(':7,', ':"7",'),
  WHOLE.replace('"watch"', '"shut"'),
];
const json = fc.oneof(
  around(WHOLE, 'null', '5', '[]', '{"at":"x"}', '"until":"soon"', '"id":"7"', '-', '__proto__'),
  fc.json(),
);
const file: fc.Arbitrary<Uint8Array> = fc.oneof(
  json.map((text) => gzipSync(text)),
  json.map((text) => gzipSync(text).subarray(0, -9)),
  fc.uint8Array(),
);

it('what is no backup is said to be damaged, and hides no other', async () => {
  const backups = open('damaged');
  const id = '20261122-130600';
  await backups.save({ ...(JSON.parse(WHOLE) as NewBackup), at: new Date(0) });
  await fc.assert(
    fc.asyncProperty(file, async (bytes) => {
      writeFileSync(join(folder, `damaged/${id}.json.gz`), bytes);
      const read = await backups.read(id).catch((error: unknown) => {
        expect(error).toMatchObject({
          code: 'FIREWALL_FAILED',
          hint: expect.stringContaining('backup list') as string,
        });
        return undefined;
      });
      logged.length = 0;
      const listed = await backups.list();
      expect(listed.map((each) => each.id)).toEqual([...(read ? [id] : []), '19700101-000000']);
      expect(logged).toEqual(read ? [] : ['backup damaged']);
      if (!read) return;
      expect(typeof read.why).toBe('string');
      expect([undefined, 'watch', 'guard', 'secure']).toContain(read.state.mode);
      for (const end of [read.at, read.state.trial?.until ?? read.at, ...read.open.map((each) => each.until)])
        expect(end === 'forever' || Number.isFinite(end.getTime())).toBe(true);
      for (const each of read.open) expect(Number.isSafeInteger(each.id)).toBe(true);
    }),
    { numRuns: 500, examples: NEARLY.map((text): [Uint8Array] => [gzipSync(text)]) },
  );
});

it('no name leads to another file', async () => {
  const backups = open('named');
  await fc.assert(
    fc.asyncProperty(around('20261122-130500', '../named/20261122-130500', '20261122-130500-2\n'), async (id) => {
      expect(await backups.read(id)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
