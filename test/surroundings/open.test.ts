import { AppError } from '../../src/errors';
import { run } from '../../src/run';
import { openSurroundings } from '../../src/surroundings/open';
import { fakeClock } from '../support/fake-clock';

describe('how this machine is connected', () => {
  const clock = fakeClock();
  let gateway = '192.0.2.1';
  const surroundings = openSurroundings({
    run: (_file, args) =>
      Promise.resolve(args.join(' ') === '-j route' ? `[{"dst":"default","gateway":"${gateway}","dev":"eth0"}]` : ''),
    read: () => Promise.resolve(undefined),
    ...{ clock, log: () => undefined },
  });
  const seen = async (mostMs?: number) => (await surroundings.links(mostMs)).routes.map((route) => route.gateway);

  it('is looked at anew unless what was seen lately will do', async () => {
    expect(await seen(60_000)).toEqual(['192.0.2.1']);
    gateway = '192.0.2.2';
    await clock.advance(59_000);
    expect(await seen(60_000)).toEqual(['192.0.2.1']);
    await clock.advance(1_000);
    expect(await seen(60_000)).toEqual(['192.0.2.2']);
    gateway = '192.0.2.3';
    expect(await seen()).toEqual(['192.0.2.3']);
    expect(await seen(60_000)).toEqual(['192.0.2.3']);
  });
});

it('tells which tools told nothing, why, and what to install', async () => {
  const surroundings = openSurroundings({
    run: (file, args) => {
      if (file === 'conntrack') return Promise.reject(new AppError('COMMAND_FAILED', 'conntrack may not', 'x'));
      return ['ss', 'ip'].includes(file) ? run(`${file}-that-is-not-there`, args) : Promise.resolve('');
    },
    read: () => Promise.resolve(undefined),
    ...{ clock: fakeClock(), log: () => undefined },
  });
  expect((await surroundings.look()).unseen).toEqual([
    { tool: 'ip', why: 'it is missing: apt install iproute2' },
    { tool: 'conntrack', why: 'conntrack may not' },
    { tool: 'ss', why: 'it is missing: apt install iproute2' },
  ]);
});
