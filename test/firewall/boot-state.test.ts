import type { Elements } from '../../src/domain/firewall';
import { openBootState } from '../../src/firewall/boot-state';
import { fakeClock } from '../support/fake-clock';
import { PBX } from '../support/firewall-host';
import { memorySaved } from '../support/memory-saved';
import { net } from '../support/net';

const START = new Date('2026-11-22T13:05:00Z');
const AT = START.getTime() / 1000;
const HOUR = 3_600_000;
const inMs = (ms: number) => new Date(START.getTime() + ms);
const only = (set: string, ...members: [string, Date | 'forever'][]): Elements =>
  new Map([[set, new Map(members.map(([text, until]) => [net(text), until]))]]);

function boot(mostLines?: number) {
  const [saved, clock, logged] = [memorySaved(), fakeClock(START), [] as string[]];
  const log = (event: string) => void logged.push(event);
  const state = openBootState({ saved, clock, log, mostMembers: 3, ...(mostLines !== undefined && { mostLines }) });
  const lines = (which: RegExp) => (saved.text() ?? '').split('\n').filter((line) => which.test(line));
  const change = (set: string, text: string, until: Date | 'forever' | undefined) =>
    state.write(state.remember([{ set, network: net(text), until }]).lines);
  return { ...{ saved, clock, logged, state, lines, change } };
}

describe('what a reboot brings back', () => {
  it('is sets, rules of both families, absolute ends, and nothing of what "was"', async () => {
    const { state, saved, lines } = boot();
    const elements = new Map([
      ...only('sip', ['192.0.2.1', inMs(HOUR + 999)], ['2001:db8::/64', 'forever']),
      ...only('was', ['192.0.2.1', inMs(HOUR)]),
    ]);
    await state.keep({ ...PBX, mode: 'guard', trusted: [{ network: net('10.0.0.0/8'), device: 'eth1' }] }, elements);
    expect(saved.text()?.split('\n')[0]).toBe('tollgate-boot 1');
    expect(lines(/^(add|at|head) /)).toEqual([
      `head ${lines(/^(create|[46]) /).length}`,
      `at ${AT}`,
      `add tg-sip4 192.0.2.1 ${AT + 3600}`,
      'add tg-trust4 10.0.0.0/8,eth1',
      'add tg-sip6 2001:db8::/64',
    ]);
    expect(lines(/^create tg-was[46] /)).toHaveLength(2);
    expect(lines(/^[46] -A TOLLGATE -g TOLLGATE-GUARD$/)).toHaveLength(2);
  });

  it('is the mode before a trial', async () => {
    const { state, lines } = boot();
    await state.keep({ ...PBX, trial: { mode: 'guard', until: inMs(60_000) } }, new Map());
    expect(lines(/GUARD|trial/)).toEqual([]);
    expect(lines(/^4 -A TOLLGATE -g TOLLGATE-WATCH$/)).toHaveLength(1);
  });

  it('is no more blocks than fit, those that end last', async () => {
    const { state, lines } = boot();
    const block = (i: number): [string, Date | 'forever'] => [`192.0.2.${i}`, i === 4 ? 'forever' : inMs(HOUR * i)];
    await state.keep(PBX, only('block', block(1), block(4), block(2), block(3)));
    expect(lines(/^add/).map((line) => line.split(' ')[2])).toEqual(['192.0.2.4', '192.0.2.2', '192.0.2.3']);
  });

  it('is everything in two halves, which is all that the kernel takes', async () => {
    const { state, lines, change } = boot();
    await state.keep(PBX, only('all', ['0.0.0.0/0', 'forever']));
    await change('all', '::/0', inMs(HOUR));
    expect(lines(/^add/)).toEqual([
      'add tg-all4 0.0.0.0/1',
      'add tg-all4 128.0.0.0/1',
      `add tg-all6 ::/1 ${AT + 3600}`,
      `add tg-all6 8000::/1 ${AT + 3600}`,
    ]);
  });

  it('has each change behind it, with its time, and no line for what "was"', async () => {
    const { state, saved, clock, change } = boot();
    await state.keep(PBX, new Map());
    const base = saved.text() ?? '';
    await clock.advance(5000);
    await change('sip', '192.0.2.1', inMs(HOUR));
    await change('sip', '192.0.2.1', undefined);
    await change('was', '192.0.2.1', inMs(HOUR));
    await change('rtp', '192.0.2.1', inMs(1000)); // over already
    expect(saved.text()?.slice(base.length)).toBe(
      [`at ${AT + 5}`, `add tg-sip4 192.0.2.1 ${AT + 3600}`, `at ${AT + 5}`, 'del tg-sip4 192.0.2.1']
        .concat(`at ${AT + 5}`, 'del tg-rtp4 192.0.2.1', '')
        .join('\n'),
    );
  });

  it('gets only the time when it is applied again unchanged, and is written anew when anything differs', async () => {
    const { state, saved, clock, lines } = boot();
    const elements = () => only('sip', ['192.0.2.1', inMs(HOUR)]);
    await state.keep(PBX, elements());
    await clock.advance(60_000);
    await state.keep(PBX, elements());
    expect([saved.bases(), lines(/^at/)]).toEqual([1, [`at ${AT}`, `at ${AT + 60}`]]);
    await state.keep(PBX, only('sip', ['192.0.2.1', inMs(HOUR + 1000)]));
    await state.keep(PBX, only('sip', ['192.0.2.2', inMs(HOUR + 1000)]));
    await state.keep(PBX, new Map());
    await state.keep({ ...PBX, mode: 'guard' }, new Map());
    expect(saved.bases()).toBe(5);
  });

  it('is folded into a new base when it has grown, without what is over', async () => {
    const { state, saved, clock, change, lines } = boot(20);
    await state.keep(PBX, new Map());
    for (let i = 0; i < 11; i++) {
      await change('sip', `192.0.2.${i % 2}`, inMs(i % 2 ? 2 * HOUR : HOUR));
      if (i === 9) await clock.advance(HOUR);
      await state.fold();
    }
    expect(saved.bases()).toBe(2);
    expect(lines(/^(at|add|del)/)).toEqual([`at ${AT + 3600}`, `add tg-sip4 192.0.2.1 ${AT + 7200}`]);
  });

  it('is not folded when there is no room, and loses nothing', async () => {
    const { state, saved, change, lines, logged } = boot(1);
    await state.keep(PBX, new Map());
    await change('sip', '192.0.2.1', 'forever');
    saved.fill(true);
    await state.fold();
    saved.fill(false);
    await change('sip', '192.0.2.2', 'forever');
    expect(logged).toEqual(['boot state not folded']);
    expect(lines(/^add/)).toEqual(['add tg-sip4 192.0.2.1', 'add tg-sip4 192.0.2.2']);
  });

  it('says when it cannot be written; what could not be is in the next base', async () => {
    const { state, saved, change, lines } = boot();
    await state.keep(PBX, only('sip', ['192.0.2.1', 'forever'], ['192.0.2.9', 'forever']));
    saved.fill(true);
    await expect(change('sip', '192.0.2.1', undefined)).rejects.toMatchObject({ code: 'FIREWALL_FAILED' });
    const opening = state.remember([{ set: 'sip', network: net('192.0.2.2'), until: 'forever' }]);
    await expect(state.write(opening.lines)).rejects.toThrow('no space left');
    opening.undo();
    saved.fill(false);
    await change('sip', '192.0.2.3', 'forever');
    expect(saved.bases()).toBe(2);
    expect(lines(/^(add|del)/)).toEqual(['add tg-sip4 192.0.2.9', 'add tg-sip4 192.0.2.3']);
  });

  it('is whole again after somebody took it away', async () => {
    const { state, saved, change, lines } = boot();
    await state.keep(PBX, only('sip', ['192.0.2.1', 'forever']));
    await saved.remove();
    await change('sip', '192.0.2.2', 'forever');
    expect(lines(/^add/)).toEqual(['add tg-sip4 192.0.2.1', 'add tg-sip4 192.0.2.2']);
  });

  it('a command that has applied nothing adds lines, and says when there is nothing to add to', async () => {
    const { saved, change } = boot();
    await expect(change('sip', '192.0.2.1', 'forever')).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      hint: expect.stringContaining('tollgate firewall apply') as string,
    });
    expect(saved.text()).toBeUndefined();
  });
});
