import { once } from 'node:events';
import type { Call } from '../../src/domain/call';
import { CallTooLong } from '../../src/domain/call';
import { AppError } from '../../src/errors';
import { fakeClock } from '../support/fake-clock';
import { closing, ENVIRONMENT, peer, playTranscript } from '../support/agi-transcript';
import { serve, type Served } from '../support/agi-served';
import { until } from '../support/until';

const done = () => Promise.resolve({ TOLLGATE_RESULT: 'opened', COUNTRY: 'D"E' });
const LEAVES = (result: string) => `> SET VARIABLE "TOLLGATE_RESULT" "${result}"\n< 200 result=1`;
const lengthOf = (lines: readonly string[]) => Buffer.byteLength(`${lines.join('\n')}\n\n`);
const described = `${ENVIRONMENT.join('\n')}\n\n`;

let servers: Served[] = [];
const served: typeof serve = async (...args) => {
  const server = await serve(...args);
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop(0)));
  servers = [];
});

describe('the AGI server', () => {
  it('leaves on the channel what the script resolves to', async () => {
    const server = await served(done);
    await playTranscript(server.port, `${LEAVES('opened')}\n> SET VARIABLE "COUNTRY" "D\\"E"\n< 200 result=1`);
  });

  it('gives a script what stands behind its name, a variable, the caller and the channel', async () => {
    const seen: unknown[] = [];
    const server = await served(async (call, { query, variable }) => {
      seen.push(call.callerNumber, call.channel, query, await variable('A'), await variable('B'));
      return {};
    });
    await playTranscript(
      server.port,
      '> GET VARIABLE "A"\n< 200 result=1 (192.0.2.1:5060)\n> GET VARIABLE "B"\n< 200 result=0',
    );
    const caller = ['49301234567', 'PJSIP/carrier-00000001'];
    expect(seen).toEqual([...caller, '[2001:db8::1]:5060', '192.0.2.1:5060', undefined]);
  });

  for (const [shown, number] of [
    ['unknown', undefined],
    ['alice', undefined],
    ['alice1', undefined],
    ['', undefined],
    ['+49 (30) 12-34.5', '493012345'],
    ['9'.repeat(40), '9'.repeat(32)],
  ] as const) {
    it(`takes "${shown}" for the number ${number ?? 'of nobody'}`, async () => {
      let seen: string | undefined = 'nothing';
      const server = await served((call) => Promise.resolve((seen = call.callerNumber)).then(() => ({})));
      await playTranscript(server.port, '', { environment: [...ENVIRONMENT.slice(0, 5), `agi_callerid: ${shown}`] });
      expect(seen).toBe(number);
    });
  }

  it('knows no script by a name that every object has', async () => {
    const server = await served(done);
    for (const name of ['constructor', '__proto__', '', 'other']) {
      const environment = [`agi_network_script: ${name}`, ...ENVIRONMENT];
      await playTranscript(server.port, LEAVES('error'), { environment });
    }
    expect(server.log.join()).toContain('the dialplan asks for \\"constructor\\"');
  });

  /** Asterisk escapes nothing of what callers write: number, name, dialled number. */
  const SMUGGLED: readonly (readonly [string, readonly string[]])[] = [
    ['a script and what stands behind it', ['agi_network_script: other?198.51.100.9', 'agi_request: agi://x/other?y']],
    ['the end of the description', ['']],
    ['an end, and replies', ['', ...Array.from({ length: 5 }, () => '200 result=1 (198.51.100.9)')]],
    ['an end, and a hang-up', ['', 'HANGUP']],
    ['an end, and refusals', ['', '520-Usage:', '511 dead', '510 Invalid', '200 result=-1']],
    ['a whole description', [...ENVIRONMENT, '', '200 result=1 (198.51.100.9)', ...ENVIRONMENT, '']],
    ['more line breaks than names can hold', Array.from({ length: 1300 }, () => '')],
  ];
  for (const [what, lines] of SMUGGLED) {
    it(`is told the truth though the caller's name smuggles in ${what}, wherever the bytes are cut`, async () => {
      const server = await served(async (call, { query, variable }) => {
        const told = [query, await variable('A'), call.channel].join();
        return { TOLLGATE_RESULT: `${told},${String(await call.ask(['a'], { most: 1 }))}` };
      });
      const at = ENVIRONMENT.findIndex((line) => line.startsWith('agi_callerid:'));
      const environment = [...ENVIRONMENT.slice(0, at), 'agi_callerid: 1', ...lines, ...ENVIRONMENT.slice(at + 1)];
      const transcript = `> GET VARIABLE "A"
        < 200 result=1 (192.0.2.1)
        > ANSWER
        < 200 result=0
        > SET VARIABLE "TIMEOUT(absolute)" "270"
        < 200 result=1
        > STREAM FILE "en/a" "0123456789*#" "0"
        < 200 result=53 endpos=1
        ${LEAVES('[2001:db8::1]:5060,192.0.2.1,PJSIP/carrier-00000001,5')}`;
      const [first, last] = [lengthOf(environment.slice(0, at)), lengthOf(environment)];
      // One after another: only so is the second piece surely sent when the first one has been answered.
      for (let cut = first; cut < Math.min(last, first + 400); cut++)
        await playTranscript(server.port, transcript, { environment, cut });
    });
  }

  it('leaves its answer first of all on the channel, though a name forges the replies to it', async () => {
    const server = await served(() => Promise.resolve({ STRANGER: 'true' }));
    const environment = [...ENVIRONMENT, '', 'HANGUP', '200 result=1', '511 dead', ...ENVIRONMENT];
    for (let cut = lengthOf(ENVIRONMENT); cut < lengthOf(environment); cut++)
      await playTranscript(server.port, '> SET VARIABLE "STRANGER" "true"\n< 200 result=1', { environment, cut });
  });

  const bug = new Error('a bug');
  const failures: [string, (call: Call) => Promise<never>, string, string][] = [
    [
      'D22: a script that throws at once',
      () => {
        throw bug;
      },
      'error',
      'Error: a bug\\n    at',
    ],
    ['D23: a script that rejects', () => Promise.reject(bug), 'error', 'Error: a bug\\n    at'],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a library may do it
    ['a script that rejects with no error', () => Promise.reject('text'), 'error', 'text'],
    [
      'a fault of the world',
      () => Promise.reject(new AppError('STORE_FAILED', 'disk full', 'make room')),
      'error',
      'disk full',
    ],
    ['a call that is too long', () => Promise.reject(new CallTooLong()), 'unchanged', 'call ended'],
  ];
  for (const [name, script, result, logged] of failures) {
    it(`${name} ends that call and nothing else`, async () => {
      const server = await served((call) => script(call));
      await playTranscript(server.port, LEAVES(result));
      await playTranscript(server.port, LEAVES(result));
      expect(server.log[0]).toContain(logged);
    });
  }

  it('D24: survives connections that break at any moment', async () => {
    const server = await served(done);
    for (const said of ['', 'agi_request: x\n', described]) {
      for (let turn = 0; turn < 20; turn++) {
        const socket = await peer(server.port);
        socket.write(said);
        socket.resetAndDestroy();
      }
    }
    await playTranscript(server.port, `${LEAVES('opened')}\n> SET VARIABLE "COUNTRY" "D\\"E"\n< 200 result=1`);
  });

  it('survives a peer that closes its half at once and reads on', async () => {
    const server = await served(done);
    const socket = await peer(server.port);
    const closed = closing(socket);
    socket.end(described);
    await closed;
    await until(() => server.log.some((line) => line.startsWith('call ended')), 'the call ends');
  });

  it('D19: closes the connection when the script has ended, though the peer would keep it', async () => {
    const server = await served(() => Promise.resolve({}));
    const socket = await peer(server.port);
    socket.write(described);
    await closing(socket);
  });

  it('D15: gives up peers that say nothing in time', async () => {
    const clock = fakeClock();
    const server = await served(done, { clock, environmentMs: 3000 });
    const sockets = await Promise.all(Array.from({ length: 5 }, () => peer(server.port)));
    const closed = Promise.all(sockets.map((socket) => closing(socket)));
    await until(() => clock.sleepers === 5, 'all are waited for');
    await clock.advance(3000);
    await closed;
    expect(server.log[0]).toContain('said nothing about the call within 3000 ms');
  });

  it('turns away whom it has no room for, and has room again afterwards', async () => {
    let up = 0;
    const wait = (call: Call) => {
      up++;
      return call.ask(['welcome'], { most: 1 }).then(() => ({}));
    };
    const server = await served(wait, { mostCalls: 2 });
    const held = [await peer(server.port), await peer(server.port)];
    for (const socket of held) socket.write(described);
    await until(() => up === 2, 'both are in');
    const extra = await Promise.all(Array.from({ length: 20 }, () => peer(server.port)));
    await Promise.all(extra.map((socket) => closing(socket)));
    expect(server.log).toEqual(Array.from({ length: 20 }, () => 'agi full {"calls":2}'));
    for (const socket of held) socket.destroy();
    await until(() => server.log.length === 22, 'both are gone');
    (await peer(server.port)).write(described);
    await until(() => up === 3, 'a third is in');
  });

  it('keeps no call out for hundreds that say nothing: the oldest of them goes', async () => {
    const server = await served(done, { mostCalls: 1 });
    const silent = await Promise.all(Array.from({ length: 200 }, () => peer(server.port)));
    const [first, second] = silent;
    let gone = 0;
    for (const socket of silent) socket.on('close', () => gone++);
    await playTranscript(server.port, `${LEAVES('opened')}\n> SET VARIABLE "COUNTRY" "D\\"E"\n< 200 result=1`);
    expect([first?.destroyed, second?.destroyed]).toEqual([true, false]);
    expect(gone).toBe(1);
  });

  it('D18: listens on loopback alone, and turns away whom it does not know', async () => {
    const server = await served(done, { host: '::', allow: ['192.0.2.1'] });
    const socket = await peer(server.port);
    await closing(socket);
    expect(server.log).toEqual(['agi refused {"peer":"127.0.0.1"}']);
  });

  it('D17: says which port it has, and when it cannot have it', async () => {
    const server = await served(done);
    expect(server.port).toBeGreaterThan(1023);
    await expect(serve(done, { port: server.port })).rejects.toMatchObject({ code: 'AGI_FAILED' });
  });
});

describe('stopping the AGI server', () => {
  it('lets a call that is up end, and takes no other', async () => {
    let finish: () => void = () => undefined;
    const server = await serve(() => new Promise((resolve) => (finish = () => resolve({ TOLLGATE_RESULT: 'opened' }))));
    const played = playTranscript(server.port, LEAVES('opened'));
    const before = finish;
    await until(() => finish !== before, 'the call is up');
    const stopped = server.stop(60_000);
    await expect(peer(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    finish();
    await played;
    await stopped;
  });

  it('cuts off one that goes on for too long', async () => {
    const server = await serve((call) => call.ask(['welcome'], { most: 1 }).then(() => ({})));
    const socket = await peer(server.port);
    const closed = closing(socket);
    socket.write(described);
    await once(socket, 'data');
    await server.stop(20);
    await closed;
    expect(server.log).toEqual([expect.stringContaining('"hungup"')]);
  });

  it('is soon done when there is none', async () => {
    const since = performance.now();
    await (await serve(done)).stop(60_000);
    expect(performance.now() - since).toBeLessThan(20_000);
  });
});
