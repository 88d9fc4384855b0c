import { randomBytes } from 'node:crypto';
import { BROKEN_EVENTS, UNREAD_EVENTS } from '../../src/asterisk/ami-filter';
import { field, type Frame } from '../../src/asterisk/ami-frame';
import { keepLink, type AmiLink, type LinkState } from '../../src/asterisk/ami-link';
import type { Patience } from '../../src/asterisk/ami-settings';
import { clock as realClock } from '../../src/clock';
import type { Clock, Random } from '../../src/ports';
import { amiPeer, BOOTED, commands, OK, type AmiPeer, type Answers } from '../support/ami-peer';
import { fakeClock } from '../support/fake-clock';
import { until } from '../support/until';

let peer: AmiPeer;
let link: AmiLink;
let states: LinkState[];
let events: Frame[];
const REFUSED = 'Response: Error\nActionID: ID\nMessage: Authentication failed\n\n';

async function meet(
  answers: Answers = () => undefined,
  patience: Partial<Patience> = {},
  clock: Clock = realClock,
  random: Random = randomBytes,
): Promise<void> {
  peer = await amiPeer(answers);
  [states, events] = [[], []];
  const settings = { host: '127.0.0.1', port: peer.port, user: 'tollgate', secret: 'p', patience };
  const listeners = {
    onEvent: (event: Frame) => events.push(event),
    onState: (state: LinkState) => states.push(state),
  };
  link = keepLink(settings, { clock, random }, listeners);
  link.start();
}
const ready = () => until(() => link.state.kind === 'ready', 'ready');
const reason = () => (link.state.kind === 'down' ? link.state.reason.what : undefined);

afterEach(async () => {
  await link.stop();
  await peer.close();
});

it('A1: asks for the events that it needs, because the login cannot', async () => {
  await meet();
  await ready();
  expect(peer.named('Events')).toMatchObject([{ Eventmask: 'security,system' }]);
});

it('believes no event before Asterisk keeps broken ones away', async () => {
  const forged = 'Event: SuccessfulAuth\nService: PJSIP\n\n';
  await meet((a) =>
    a['Action'] === 'login' ? OK + BOOTED + forged : a['Action'] === 'Filter' ? forged + OK : undefined,
  );
  await ready();
  expect(peer.named('Filter')).toMatchObject([
    { Operation: 'Add', Filter: BROKEN_EVENTS },
    { Operation: 'Add', Filter: UNREAD_EVENTS },
  ]);
  expect(events).toEqual([]);
  peer.send('Event: SuccessfulAuth\nService: SIP\n\n');
  await until(() => events.length === 1, 'a true one');
  expect(events.map((event) => field(event, 'service'))).toEqual(['SIP']);
});

it('is down when Asterisk does not understand what it is to keep away, and goes on for a user who may not ask', async () => {
  let why = 'Filter format is bad';
  await meet((a) => (a['Action'] === 'Filter' ? `Response: Error\nActionID: ID\nMessage: ${why}\n\n` : undefined), {
    retryMs: 10,
  });
  await until(() => reason()?.includes('Asterisk refused Filter: Filter format is bad') === true, 'the reason');
  why = 'Permission denied';
  await ready();
});

it('is ready only when Asterisk has fully booted, and knows then what its user may do', async () => {
  await meet((a) =>
    a['Action'] === 'login' ? OK : a['Action'] === 'ListCommands' ? commands('Status', 'Ping') : undefined,
  );
  await until(() => peer.named('Events').length === 1, 'logged in');
  expect(link.state.kind).toBe('down');
  expect(peer.named('ListCommands')).toEqual([]);
  peer.send(BOOTED);
  await ready();
  expect(link.state.kind === 'ready' && link.state.abilities.has('status') && !link.state.abilities.has('hangup')).toBe(
    true,
  );
});

it('says so when Asterisk never boots', async () => {
  await meet((a) => (a['Action'] === 'login' ? OK : undefined), { bootMs: 30 });
  await until(() => reason()?.includes('has not fully booted') === true, 'the reason');
});

it('A5, A7: is back by itself, without a word on the console, and its listener goes on', async () => {
  const said = jest.spyOn(console, 'log');
  await meet(undefined, { retryMs: 10 });
  await ready();
  peer.cut();
  await until(() => states.length === 3 && link.state.kind === 'ready', 'ready again');
  expect(states.map(({ kind }) => kind)).toEqual(['ready', 'down', 'ready']);
  peer.send('Event: SuccessfulAuth\nService: PJSIP\n\n');
  await until(() => events.some((event) => field(event, 'event') === 'SuccessfulAuth'), 'the event');
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
});

it('A6: stopped while it waits, it stays stopped', async () => {
  const clock = fakeClock();
  await meet(undefined, {}, clock);
  await ready();
  peer.cut();
  await until(() => link.state.kind === 'down', 'down');
  await link.stop();
  await clock.advance(3_600_000);
  expect(peer.connections).toBe(1);
});

it('waits longer after each failure, and begins anew after a good time', async () => {
  const clock = fakeClock();
  let silent = true;
  const answers: Answers = (a) => (silent && a['Action'] === 'Events' ? '' : undefined);
  await meet(answers, { retryMs: 1_000, longestRetryMs: 4_000 }, clock);
  for (const [tries, waits] of [1_000, 2_000, 4_000, 4_000].entries()) {
    await until(() => peer.named('Events').length === tries + 1, `try ${tries + 1}`);
    peer.cut();
    await until(() => states.length === tries + 1, 'down');
    await clock.advance(waits / 2 - 1); // never sooner than half
    expect(peer.connections).toBe(tries + 1);
    silent = tries < 3;
    await clock.advance(waits / 2 + 1); // never later than all of it
  }
  await ready();
  await clock.advance(10_000);
  peer.cut();
  await until(() => link.state.kind === 'down', 'down');
  await clock.advance(1_000);
  await until(() => peer.connections === 6, 'the next');
});

it('A8: a refused login is not tried again for half a minute, then ever more rarely', async () => {
  const clock = fakeClock();
  // The shortest waits: the clock stands still while the real socket is refused.
  await meet(
    () => REFUSED,
    { refusedRetryMs: 60_000 },
    clock,
    (bytes) => Buffer.alloc(bytes),
  );
  await until(() => reason()?.includes('Authentication failed') === true, 'the refusal');
  await clock.advance(29_999);
  expect(peer.connections).toBe(1);
  await clock.advance(1);
  await until(() => states.length === 2, 'the second refusal');
  await clock.advance(59_999);
  expect(peer.connections).toBe(2);
  await clock.advance(1);
  await until(() => peer.connections === 3, 'the third');
});

it('A16: a half-open connection is noticed by a ping and left', async () => {
  await meet((a) => (a['Action'] === 'Ping' ? '' : undefined), { pingMs: 10, actionMs: 30, retryMs: 10 });
  await until(() => reason()?.includes('did not answer to Ping') === true, 'the lost ping');
  await until(() => peer.connections > 1, 'a new connection');
});

it('A14: what a cut left of a message is forgotten with its connection', async () => {
  await meet(undefined, { retryMs: 10 });
  await ready();
  peer.send('Event: Half\nAction');
  peer.cut();
  await until(() => states.length === 3 && link.state.kind === 'ready', 'ready again');
});
