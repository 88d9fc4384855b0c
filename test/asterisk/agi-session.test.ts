import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HungUp } from '../../src/domain/call';
import { AgiSession } from '../../src/asterisk/agi-session';
import { callerNumberOf, queryOf, scriptOf, type AgiEnvironment } from '../../src/asterisk/agi-environment';
import { clock } from '../../src/clock';
import { fakeClock } from '../support/fake-clock';
import { closing, ENVIRONMENT, peer, playTranscript } from '../support/agi-transcript';
import { until } from '../support/until';

const OPEN_MS = 5000;
const WITHIN_MS = 4000;

interface Listening {
  readonly port: number;
  /** What came of the one connection. */
  readonly outcome: Promise<unknown>;
}

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** Takes one connection, opens a session on it and lets `use` have it. */
async function listen(
  use: (session: AgiSession, environment: AgiEnvironment) => Promise<unknown>,
  time = clock,
  met: (socket: Socket) => void = () => undefined,
): Promise<Listening> {
  const server = createServer();
  const outcome = (async () => {
    const [socket] = (await once(server, 'connection')) as [Socket];
    met(socket);
    const session = new AgiSession(socket, { clock: time, random: randomBytes });
    try {
      return await use(session, await session.open(OPEN_MS));
    } finally {
      session.close();
    }
  })();
  outcome.catch(() => undefined); // each test looks
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return { port: (server.address() as AddressInfo).port, outcome };
}

const noop = (session: AgiSession) => session.command('NOOP', [], WITHIN_MS);

describe('a session', () => {
  it('D1: reads values with colons, and an IPv6 address, as they are', async () => {
    const { port, outcome } = await listen((_session, environment) =>
      Promise.resolve({
        name: environment.get('agi_calleridname'),
        request: environment.get('agi_request'),
        query: queryOf(environment),
        script: scriptOf(environment),
        number: callerNumberOf(environment),
      }),
    );
    await playTranscript(port, '');
    expect(await outcome).toEqual({
      name: 'Bob: "sales"',
      request: 'agi://127.0.0.1:4573/test?[2001:db8::1]:5060',
      query: '[2001:db8::1]:5060',
      script: 'test',
      number: '49301234567',
    });
  });

  it('D2: lets a second command wait for the first', async () => {
    const { port, outcome } = await listen(async (session) => {
      const replies = await Promise.all(['A', 'B', 'C'].map((name) => session.command(name, [], WITHIN_MS)));
      return replies.map(({ result }) => result);
    });
    await playTranscript(port, '> A\n< 200 result=1\n> B\n< 200 result=2\n> C\n< 200 result=3');
    expect(await outcome).toEqual(['1', '2', '3']);
  });

  it('D3: hears of a refusal, one line or many, and goes on', async () => {
    const refused: string[] = [];
    const { port, outcome } = await listen(async (session) => {
      for (let turn = 0; turn < 3; turn++) await noop(session).catch((error: unknown) => refused.push(String(error)));
      return (await noop(session)).result;
    });
    await playTranscript(
      port,
      `> NOOP
       < 510 Invalid or unknown command
       > NOOP
       < 520-Invalid command syntax.  Proper usage follows:
       < Usage: NOOP
       < 200 result=7
       < 	Does nothing.
       < 520 End of proper usage.
       > NOOP
       < 520 Invalid command syntax.  Proper usage not available.
       > NOOP
       < 200 result=0`,
    );
    expect(await outcome).toBe('0');
    expect(refused.map((each) => each.split('\n')[0])).toEqual([
      'AppError: Asterisk refused "NOOP" (510)',
      'AppError: Asterisk refused "NOOP" (520)',
      'AppError: Asterisk refused "NOOP" (520)',
    ]);
  });

  for (const [name, ending] of [
    ['D4: HANGUP and the end', '< HANGUP\n! end'],
    ['D5: the end without a reply', '! end'],
    ['a broken connection', '! reset'],
  ] as const) {
    it(`${name} settles the command that waits, and every later one (D6)`, async () => {
      const { port, outcome } = await listen(async (session) => {
        const failures = [];
        for (let turn = 0; turn < 3; turn++) failures.push(await noop(session).catch((error: unknown) => error));
        failures.push(await session.leave('X', 'y'));
        return failures;
      });
      await playTranscript(port, `> NOOP\n${ending}`);
      expect(await outcome).toEqual([new HungUp(), new HungUp(), new HungUp(), false]);
    });
  }

  it('sends nothing that still waited when the caller left, and leaves its results all the same', async () => {
    const { port, outcome } = await listen(async (session) => {
      const gone = await Promise.all([1, 2, 3].map(() => noop(session).catch((error: unknown) => error)));
      return [...gone, await session.leave('X', 'y')];
    });
    await playTranscript(port, '> NOOP\n< HANGUP\n< 200 result=1\n> SET VARIABLE "X" "y"\n< 200 result=1');
    expect(await outcome).toEqual([new HungUp(), new HungUp(), new HungUp(), true]);
  });

  it('D7, D8: understands the same, wherever the bytes are cut', async () => {
    const length = `${ENVIRONMENT.join('\n')}\n\n`.length;
    for (let cut = 1; cut <= length; cut++) {
      const { port, outcome } = await listen(async (session, environment) => {
        const { result, endpos } = await session.command('STREAM FILE', ['a'], WITHIN_MS);
        const { note } = await session.command('GET DATA', [''], WITHIN_MS);
        return [environment.size, result, endpos, note, await noop(session).catch((error: unknown) => error)];
      });
      await playTranscript(
        port,
        `> STREAM FILE "a"
         < 200 result=49 endpos=8000
         > GET DATA ""
         < 200 result=12 (timeout)
         > NOOP
         < 200 result=-1
         < HANGUP`,
        { cut },
      );
      expect([cut, await outcome]).toEqual([cut, [ENVIRONMENT.length, '49', 8000, 'timeout', new HungUp()]]);
    }
  });

  it('D8: finds out that the caller left right behind the environment, where a HANGUP may be forged', async () => {
    const { port, outcome } = await listen((session) => noop(session));
    await playTranscript(port, '< HANGUP\n> NOOP\n< 511 Command Not Permitted on a dead channel');
    await expect(outcome).rejects.toBeInstanceOf(HungUp);
  });

  it('D14: may be used long after Asterisk has described the call', async () => {
    const { port, outcome } = await listen(async (session) => {
      await clock.sleep(50);
      return (await noop(session)).result;
    });
    await playTranscript(port, '> NOOP\n< 200 result=1');
    expect(await outcome).toBe('1');
  });

  it('D15: gives up a peer that says nothing', async () => {
    const time = fakeClock();
    const { port, outcome } = await listen(noop, time);
    const socket = await peer(port);
    const closed = closing(socket);
    await until(() => time.sleepers === 1, 'it waits');
    await time.advance(OPEN_MS);
    await expect(outcome).rejects.toThrow('said nothing about the call within 5000 ms');
    await closed;
  });

  it('D15: gives up a command that is not answered, and the connection with it', async () => {
    const time = fakeClock();
    const { port, outcome } = await listen(noop, time);
    const played = playTranscript(port, '> NOOP\n~ 4000', { pass: (ms) => time.advance(ms) });
    await expect(outcome).rejects.toThrow('did not answer "NOOP" within 4000 ms');
    await played;
  });

  it('D16: ends megabytes without a line break early, and without a standstill', async () => {
    for (const opening of ['', `${ENVIRONMENT.join('\n')}\n\n`]) {
      const { port, outcome } = await listen(noop);
      const socket = await peer(port);
      const closed = closing(socket);
      const since = performance.now();
      socket.write(opening + (opening === '' ? 'agi_request: ' : ''));
      for (let sent = 0; sent < 64 && !socket.destroyed; sent++) socket.write(Buffer.alloc(1024 * 1024, 65));
      await expect(outcome).rejects.toThrow('a line of more than 65536 bytes came');
      await closed;
      expect(performance.now() - since).toBeLessThan(2000);
    }
  });

  it('closes the connection of a peer that fails and reads nothing more, though words to it are waiting', async () => {
    const time = fakeClock();
    let own: Socket | undefined;
    const { port, outcome } = await listen(noop, time, (socket) => {
      own = socket;
      const stuck = () => undefined; // as when the peer takes no more: what is written stays
      Object.assign(socket, { _write: stuck, _writev: stuck });
    });
    const socket = await peer(port);
    socket.write(`${ENVIRONMENT.join('\n')}\n\n`);
    await until(() => (own?.writableLength ?? 0) > 0, 'a command waits');
    await time.advance(WITHIN_MS * 2);
    await expect(outcome).rejects.toThrow('within');
    expect(own?.destroyed).toBe(true);
    socket.destroy();
  });

  it('D16: ends an environment without end', async () => {
    const { port, outcome } = await listen(noop);
    const socket = await peer(port);
    socket.write('agi_request: x\n'.repeat(10_000));
    await expect(outcome).rejects.toThrow('an environment of more than 65536 bytes');
  });

  it('ends a peer that chatters without being asked', async () => {
    const { port, outcome } = await listen((session) =>
      session.command('NOOP', [], WITHIN_MS).then(() => noop(session)),
    );
    await playTranscript(port, `> NOOP\n${'< chatter\n'.repeat(3100)}`);
    await expect(outcome).rejects.toThrow('lines came that answer nothing');
  });

  it('does not take for its answer what came before the command', async () => {
    const { port, outcome } = await listen((session) => noop(session));
    await playTranscript(port, '< 200 result=9\n> NOOP\n< 200 result=1');
    expect(await outcome).toMatchObject({ result: '1' });
  });

  it('waits neither for the reply nor for ever to say goodbye when the caller has gone', async () => {
    const time = fakeClock();
    const { port, outcome } = await listen(async (session) => {
      const failure = await session.command('STREAM FILE', ['a'], 120_000).catch((error: unknown) => error);
      return [failure, await session.leave('TOLLGATE_RESULT', 'hungup')];
    }, time);
    await playTranscript(port, '> STREAM FILE "a"\n< HANGUP\n~ 1000', { pass: (ms) => time.advance(ms) });
    expect(await outcome).toEqual([new HungUp(), false]);
  });

  it('D20: prints nothing', async () => {
    const printed = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const { port, outcome } = await listen(noop);
    await playTranscript(port, '> NOOP\n< 200 result=4711');
    await outcome;
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  it('D21: takes no harm from a value with a line break in it', async () => {
    const { port, outcome } = await listen(async (session) => [await noop(session), await noop(session)]);
    await playTranscript(port, '> NOOP\n< 200 result=1 (first\n< HANGUP second)\n> NOOP\n< 200 result=2');
    expect(await outcome).toMatchObject([{ result: '1' }, { result: '2' }]);
  });

  it('D10: refuses a command with a line break and sends nothing of it', async () => {
    const { port, outcome } = await listen(async (session) => {
      await expect(session.command('STREAM FILE', ['a\nEXEC System "x"'], WITHIN_MS)).rejects.toThrow(RangeError);
      await expect(session.command('STREAM FILE', ['a'.repeat(9000)], WITHIN_MS)).rejects.toThrow(RangeError);
      return (await noop(session)).result;
    });
    await playTranscript(port, '> NOOP\n< 200 result=1');
    expect(await outcome).toBe('1');
  });

  for (const garbage of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\n\n', '\x16\x03\x01\x02\x00\n', 'EHLO x\n']) {
    it(`closes on ${JSON.stringify(garbage)}`, async () => {
      const { port, outcome } = await listen(noop);
      const socket = await peer(port);
      const closed = closing(socket);
      socket.write(garbage);
      await expect(outcome).rejects.toThrow('came where Asterisk describes a call');
      await closed;
    });
  }
});
