/** What DNS is asked and what its answers mean: a table in memory and a real name server tell the same. */
import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { join } from 'node:path';
import type { LookUp, Resolve } from '../../src/domain/names';
import { makeHost, type Host } from '../../src/lab/host';
import { startNameServer, type RunningNameServer } from '../../src/lab/name-server';
import { NSD, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { fakeNames, type FakeRecords } from '../support/fake-names';
import type { Question } from '../live/programs/look-up';

const ZONE = 'example.com';
const TRUNK: FakeRecords = { A: ['198.51.100.1'] };
const RECORDS: Readonly<Record<string, FakeRecords>> = {
  office: { A: ['192.0.2.8', '192.0.2.7'], AAAA: ['2001:db8::7'], ttlSeconds: 77 },
  four: { A: ['192.0.2.7'], ttlSeconds: 30 },
  six: { AAAA: ['2001:DB8:0::7'] },
  empty: {},
  many: { A: Array.from({ length: 100 }, (_, i) => `192.0.2.${i + 1}`) },
  trunk: TRUNK,
  '_sip._udp.trunk': { SRV: ['one.trunk.example.com', 'two.trunk.example.com'] },
  '_sips._tcp.trunk': { SRV: ['two.trunk.example.com', 'gone.trunk.example.com'] },
  'one.trunk': { A: ['198.51.100.2'], ttlSeconds: 30 },
  'two.trunk': { AAAA: ['2001:db8::2'] },
  '_sip._udp.bare': { SRV: ['one.trunk.example.com'] },
  '_sip._udp.lost': { SRV: ['gone.trunk.example.com'] },
  loop: { A: ['198.51.100.4'] },
  '_sip._udp.loop': { SRV: ['loop.example.com'] },
};

function telling(resolve: Resolve): void {
  const plain = (name: string) => resolve(`${name}.${ZONE}`, 'itself');
  const servicesOf = (name: string) => resolve(`${name}.${ZONE}`, 'services');

  it.each<[string, string, LookUp]>([
    [
      'addresses of both families, sorted, with their time to live',
      'office',
      { kind: 'found', addresses: ['192.0.2.7', '192.0.2.8', '2001:db8::7'] as never, ttlSeconds: 77, settled: [4, 6] },
    ],
    [
      'that there is no IPv6',
      'four',
      { kind: 'found', addresses: ['192.0.2.7'] as never, ttlSeconds: 30, settled: [4, 6] },
    ],
    [
      'that there is no IPv4',
      'six',
      { kind: 'found', addresses: ['2001:db8::7'] as never, ttlSeconds: 60, settled: [4, 6] },
    ],
    ['that a name has no address', 'empty', { kind: 'empty' }],
    ['that there is no such name', 'nobody', { kind: 'missing' }],
  ])('tells %s', async (_, name, answer) => expect(await plain(name)).toEqual(answer));

  it('tells at most 64 addresses', async () => {
    const answer = await plain('many');
    expect(answer.kind === 'found' && answer.addresses.length).toBe(64);
  });

  it('follows SRV records of every kind to their targets, and lives as long as the shortest', async () => {
    expect(await servicesOf('trunk')).toEqual({
      ...{ kind: 'found', settled: [4, 6], ttlSeconds: 30 },
      addresses: ['198.51.100.2', '2001:db8::2'],
    });
    expect(await plain('trunk')).toMatchObject({ addresses: ['198.51.100.1'] });
    expect(await servicesOf('bare')).toMatchObject({ addresses: ['198.51.100.2'] });
    expect(await plain('bare')).toEqual({ kind: 'empty' });
  });

  it('tells that no SRV record leads anywhere', async () => {
    expect(await servicesOf('office')).toEqual({ kind: 'missing' });
    expect(await servicesOf('lost')).toEqual({ kind: 'missing' });
    expect(await servicesOf('loop')).toEqual({ kind: 'missing' });
  });
}

describe('a table in memory', () => {
  const below = Object.entries(RECORDS).map(([name, records]) => [`${name}.${ZONE}`, records] as const);
  const names = fakeNames(Object.fromEntries([[ZONE, {}], ...below]));
  telling(names.resolve);

  it('fails when it is told to', async () => {
    names.fail('out of order');
    expect(await names.resolve(`office.${ZONE}`, 'itself')).toEqual({ kind: 'failed', why: 'out of order' });
  });
});

describeAsRoot('real name servers', () => {
  let host: Host;
  let server: RunningNameServer;
  const asking: Asking[] = [];
  beforeAll(async () => {
    host = await makeHost('names');
    for (const [address, length] of [
      ['192.0.2.53', 24],
      ['192.0.2.54', 24],
      ['2001:db8::53', 64],
    ] as const) {
      await host.run('ip', ['address', 'add', `${address}/${length}`, 'dev', 'lo', ...nodad(address)]);
    }
    server = await startNameServer(host, await tree(NSD, { progress: () => undefined }), ZONE);
    await server.publish(zoneOf(RECORDS));
  });
  afterAll(async () => {
    for (const each of asking) each.child.kill();
    await server.close();
    host.close();
  });
  const ask = (...servers: readonly string[]): Resolve => {
    const one = startAsking(host, servers);
    asking.push(one);
    return one.resolve;
  };

  describe('by IPv4', () => telling((name, side) => (v4 ??= ask('192.0.2.53'))(name, side)));
  let v4: Resolve | undefined;

  it('answer over IPv6 too, and on a port of their own', async () => {
    expect(await ask('[2001:db8::53]:53')(`four.${ZONE}`, 'itself')).toMatchObject({ kind: 'found' });
  });

  it('are all asked at once: the first address wins, however many are out of order', async () => {
    const resolve = ask('192.0.2.99', '192.0.2.54:5353', '192.0.2.53');
    expect(await resolve(`office.${ZONE}`, 'itself')).toMatchObject({ kind: 'found', settled: [4, 6] });
  });

  it('that fail are named with their reason', async () => {
    expect(await ask('192.0.2.53:5353')(`office.${ZONE}`, 'itself')).toEqual({
      kind: 'failed',
      why: '192.0.2.53:5353 is not there',
    });
    await server.publish(undefined);
    expect(await ask('192.0.2.53')(`office.${ZONE}`, 'itself')).toMatchObject({
      why: expect.stringContaining('SERVFAIL') as string,
    });
    await server.silence(true);
    expect(await ask('192.0.2.53')(`office.${ZONE}`, 'itself')).toMatchObject({
      why: '192.0.2.53 did not answer in time',
    });
    await server.silence(false);
  });
});

const nodad = (address: string): string[] => (address.includes(':') ? ['nodad'] : []);

/** `IN` is said, or a name server takes `SRV` for one. */
function zoneOf(records: Readonly<Record<string, FakeRecords>>): string[] {
  return Object.entries(records).flatMap(([name, { A = [], AAAA = [], SRV = [], ttlSeconds = 60 }]) => [
    ...A.map((address) => `${name} ${ttlSeconds} IN A ${address}`),
    ...AAAA.map((address) => `${name} ${ttlSeconds} IN AAAA ${address}`),
    ...SRV.map((target) => `${name} ${ttlSeconds} IN SRV 0 0 5060 ${target}.`),
    ...(A.length + AAAA.length + SRV.length === 0 ? [`${name} 60 IN TXT "no address"`] : []),
  ]);
}

interface Asking {
  readonly child: ChildProcess;
  readonly resolve: Resolve;
}

/** Our resolver in a process on that host. */
function startAsking(host: Host, servers: readonly string[]): Asking {
  const program = ['-r', join(__dirname, '../support/typescript.js'), join(__dirname, '../live/programs/look-up.ts')];
  const settings = JSON.stringify({ servers, timeoutMs: 900 });
  const child = host.spawn(process.execPath, [...program, settings], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers: Interface | undefined = child.stdout ? createInterface(child.stdout) : undefined;
  const waiting: ((answer: LookUp) => void)[] = [];
  answers?.on('line', (line) => waiting.shift()?.(JSON.parse(line) as LookUp));
  const resolve: Resolve = (name, side) =>
    new Promise((answer) => {
      waiting.push(answer);
      child.stdin?.write(`${JSON.stringify({ name, side } satisfies Question)}\n`);
    });
  return { child, resolve };
}
