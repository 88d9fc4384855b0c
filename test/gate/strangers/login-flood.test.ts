/** More attempts than Asterisk tells of in a bad minute, by its manager interface on a real socket. */
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { openPhones } from '../../../src/asterisk/phones';
import { clock } from '../../../src/clock';
import { playTranscript } from '../../support/agi-transcript';
import { serve } from '../../support/agi-served';
import { amiPeer } from '../../support/ami-peer';
import { heldBytes } from '../../support/heap';
import { memoryFirewall } from '../../support/memory-firewall';
import { testGate } from '../../support/test-gate';
import { until } from '../../support/until';

const EVENTS = 20_000;
/** Ten addresses over TCP, each 2,000 tries, and between them forged UDP packets in the names of thousands. */
const event = (i: number) =>
  i % 2 === 0
    ? `Event: ChallengeResponseFailed\nService: PJSIP\nAccountID: ${700 + (i % 300)}\nRemoteAddress: IPV4/TCP/198.51.100.${(i / 2) % 10}/5060\n\n`
    : `Event: InvalidAccountID\nService: PJSIP\nAccountID: ${i}\nRemoteAddress: IPV4/UDP/10.0.${(i >> 8) & 255}.${i & 255}/5060\n\n`;
const MOST_BYTES = 64 * 1024 * 1024;
/** Nobody hears it. */
const PAUSE_MS = 1500;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('none is lost, each attacker is blocked once, and calls are answered meanwhile', async () => {
  const gate = await testGate(memoryFirewall);
  closing.push(() => gate.close());
  await gate.operations.init({ by: 'root' });
  const agi = await serve(() => Promise.resolve({ TOLLGATE_RESULT: 'opened' }));
  closing.push(() => agi.stop(0));
  const asterisk = await amiPeer();
  closing.push(() => asterisk.close());
  const unused = () => Promise.reject(new Error('not asked'));
  const phones = openPhones({
    ami: { host: '127.0.0.1', port: asterisk.port, user: 'tollgate', secret: 'p' },
    listening: { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 } },
    proc: { read: unused, list: unused, link: unused },
    ...{ clock, random: randomBytes, log: () => undefined },
  });
  closing.push(() => phones.stop());
  let heard = 0;
  phones.onLogin((login) => {
    heard++;
    gate.login(login);
  });
  phones.start();
  await until(() => phones.state.state !== 'down', 'the login');

  const before = heldBytes();
  const pauses: number[] = [];
  const calls = (async () => {
    while (heard < EVENTS) {
      const began = performance.now();
      await playTranscript(agi.port, '> SET VARIABLE "TOLLGATE_RESULT" "opened"\n< 200 result=1');
      pauses.push(performance.now() - began);
    }
  })();
  for (let i = 0; i < EVENTS; i += 500) {
    asterisk.send(Array.from({ length: 500 }, (_, n) => event(i + n)).join(''));
    await turn();
  }
  await until(() => heard === EVENTS, 'the last event', 30_000);
  await calls;
  await gate.settled();

  expect(heldBytes() - before).toBeLessThan(MOST_BYTES);
  expect(Math.max(...pauses)).toBeLessThan(PAUSE_MS);
  expect(pauses.length).toBeGreaterThan(3);
  expect(await gate.parts.firewall.members('block')).toHaveLength(10);
  expect(await gate.parts.store.triedSince(new Date(0))).toHaveLength(150); // each account and address once
});
