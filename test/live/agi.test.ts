import '../support/patience';
import { randomBytes } from 'node:crypto';
import { clock } from '../../src/clock';
import { CallTooLong, type Call } from '../../src/domain/call';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import { makeHost, type Host } from '../../src/lab/host';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { startAgiServer, type AgiRequest } from '../../src/asterisk/agi-server';
import type { CallEvent } from '../../src/asterisk/agi-call';
import { CALL_SETTINGS, type CallSettings } from '../../src/asterisk/call-settings';
import { bridgeAgi } from '../support/agi-bridge';
import { describeAsRoot } from '../support/as-root';
import { until } from '../support/until';

const PORT = 4573;
/** `caller` is the telephone: it answers, waits, presses its keys and stays on the line or hangs up. */
const EXTENSIONS = `
[ivr]
exten => s,1,Answer()
 same => n,Set(PASSED=a: "b" (c))
 same => n,AGI(agi://127.0.0.1:${PORT}/test?[2001:db8::1]:5060,an argument)
 same => n,Hangup()
exten => h,1,Set(GLOBAL(LEFT)=\${AGISTATUS} \${TOLLGATE_RESULT})
[caller]
exten => stays,1,Answer()
 same => n,Wait(\${FIRST})
 same => n,SendDTMF(\${KEYS},\${GAP},\${TONE})
 same => n,Wait(120)
exten => leaves,1,Answer()
 same => n,Wait(\${FIRST})
 same => n,SendDTMF(\${KEYS},\${GAP},\${TONE})
 same => n,Hangup()
`;

interface Caller {
  /** `w`: half a second's pause. */
  readonly keys?: string;
  /** Seconds before the first key. */
  readonly after?: number;
  readonly toneMs?: number;
  readonly gapMs?: number;
  readonly then?: 'stays' | 'leaves';
  readonly settings?: Partial<CallSettings>;
}

describeAsRoot('a call through a real Asterisk', () => {
  let host: Host;
  let asterisk: RunningAsterisk;
  let unbridge: () => void;
  let agiPort = 0;
  let events: (CallEvent & { readonly at: number })[] = [];
  let logged: string[] = [];

  beforeAll(async () => {
    host = await makeHost('pbx');
    const folder = await tree(ASTERISK_22, { progress: () => undefined });
    asterisk = await startAsterisk(host, { tree: folder, config: { 'extensions.conf': EXTENSIONS } });
    unbridge = await bridgeAgi(host, PORT, () => agiPort);
  });

  afterAll(async () => {
    unbridge();
    await asterisk.close();
    host.close();
  });

  /** One call; resolves to what the dialplan found on the channel when it was over. */
  async function dial(
    script: (call: Call, request: AgiRequest) => Promise<string>,
    { keys = '', after = 0.2, toneMs = 50, gapMs = 50, then = 'stays', settings = {} }: Caller,
  ): Promise<string> {
    events = [];
    logged = [];
    const server = await startAgiServer({
      port: 0,
      scripts: { test: async (call, request) => ({ TOLLGATE_RESULT: await script(call, request) }) },
      settings: { ...CALL_SETTINGS, firstKeySeconds: 2, betweenSeconds: 1, ...settings },
      soundFile: (prompt) => prompt,
      observe: (event) => events.push({ ...event, at: performance.now() }),
      clock,
      random: randomBytes,
      log: (event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
    });
    agiPort = server.port;
    const globals = { LEFT: 'nothing', FIRST: after, KEYS: keys, GAP: gapMs, TONE: toneMs };
    for (const [name, value] of Object.entries(globals)) await asterisk.rx(`dialplan set global ${name} "${value}"`);
    await asterisk.rx(`channel originate Local/${then}@caller/n extension s@ivr`);
    await until(() => logged.some((line) => line.startsWith('call ended')), 'the call ends', 60_000);
    await server.stop(1000);
    return leftBehind();
  }

  async function leftBehind(): Promise<string> {
    for (;;) {
      const globals = await asterisk.rx('dialplan show globals');
      const [, left] = /LEFT=(.*)/.exec(globals) ?? [];
      if (left !== undefined && left.trim() !== 'nothing') return left.trim();
    }
  }

  it('understands every field keyed without a pause over the greeting', async () => {
    const heard: (string | undefined)[] = [];
    const left = await dial(
      async (call) => {
        call.say('demo-congrats');
        heard.push(await call.ask(['agent-user'], { most: 12 }));
        heard.push(await call.ask(['agent-pass'], { most: 12 }));
        await call.meanwhile(clock.sleep(300));
        heard.push(await call.ask(['demo-instruct'], { most: 15 }));
        heard.push(await call.ask(['if-correct-press', 'digits/1'], { most: 1 }));
        return 'opened';
      },
      { keys: '12#123456#12*34*56*78#1' },
    );
    expect(heard).toEqual(['12', '123456', '12*34*56*78', '1']);
    expect(left).toBe('SUCCESS opened');
  });

  it('understands every field keyed slowly, each after its prompt has begun', async () => {
    const heard: (string | undefined)[] = [];
    await dial(
      async (call) => {
        heard.push(await call.ask(['agent-user'], { most: 12 }));
        heard.push(await call.ask(['agent-pass'], { most: 12 }));
        await call.meanwhile(clock.sleep(300));
        heard.push(await call.ask(['demo-instruct'], { most: 12 }));
        heard.push(await call.ask(['if-correct-press', 'digits/1'], { most: 1 }));
        return 'opened';
      },
      { keys: '12#ww123456#ww012034056078#ww1', toneMs: 100, gapMs: 200 },
    );
    expect(heard).toEqual(['12', '123456', '012034056078', '1']);
  });

  it('loses none of 100 keys pressed as fast as a machine can', async () => {
    const fields = Array.from({ length: 20 }, (_, index) => String(1000 + index * 37));
    const heard: (string | undefined)[] = [];
    await dial(
      async (call) => {
        while (heard.length < fields.length) heard.push(await call.ask(['demo-congrats'], { most: 12 }));
        return 'unchanged';
      },
      { keys: fields.map((field) => `${field}#`).join('') },
    );
    expect(heard).toEqual(fields);
  });

  it('loses none of 100 keys, wherever they fall between listening while work goes on', async () => {
    const keys = `${'0123456789*'.repeat(9)}7`;
    let heard: string | undefined;
    await dial(
      async (call) => {
        for (let turn = 0; turn < 40; turn++) await call.meanwhile(clock.sleep(turn * 11));
        heard = await call.ask([], { most: 200 });
        return 'unchanged';
      },
      { keys: keys.replace(/(.{4})/g, '$1w'), gapMs: 90 },
    );
    expect(heard).toBe(keys);
  });

  it('tells nothing from a hash key alone, and waits for the first key and between keys as long as it should', async () => {
    const heard: (string | undefined)[] = [];
    const seconds: number[] = [];
    await dial(
      async (call) => {
        for (const prompts of [['beep'], ['beep'], []]) {
          const since = performance.now();
          heard.push(await call.ask(prompts, { most: 12, firstKeySeconds: 1.5, betweenSeconds: 2.5 }));
          seconds.push((performance.now() - since) / 1000);
        }
        return 'unchanged';
      },
      { keys: '#12', after: 0.1 },
    );
    expect(heard).toEqual(['', '12', undefined]);
    expect(seconds[1]).toBeGreaterThan(2.5);
    expect(seconds[1]).toBeLessThan(3.5);
    expect(seconds[2]).toBeGreaterThan(1.45);
    expect(seconds[2]).toBeLessThan(2.4);
  });

  it('plays a list to its end in order, without a recording that is missing, and deaf to keys when it finishes', async () => {
    await dial(
      async (call) => {
        call.say('digits/1', 'no-such-recording', 'digits/2', 'silence/1', 'digits/3');
        await call.finish();
        return 'unchanged';
      },
      { keys: '123#' },
    );
    expect(logged).toContain('recording missing {"prompt":"no-such-recording","file":"no-such-recording"}');
    const prompts = events.map((event) => (event.kind === 'played' ? event.prompt : event.kind));
    expect(prompts).toEqual(['digits/1', 'no-such-recording', 'digits/2', 'silence/1', 'digits/3']);
    const [first, , , silence, last] = events.map(({ at }) => at);
    expect((last ?? 0) - (silence ?? 0)).toBeGreaterThan(950);
    expect((silence ?? 0) - (first ?? 0)).toBeGreaterThan(500);
  });

  it('takes a hash key behind a full answer as part of it, and plays on', async () => {
    const heard: (string | undefined)[] = [];
    await dial(
      async (call) => {
        heard.push(await call.ask(['agent-pass'], { most: 1 }));
        heard.push(await call.ask(['silence/2', 'beep'], { most: 12 }));
        return 'unchanged';
      },
      { keys: '1#' },
    );
    expect(heard).toEqual(['1', undefined]);
    const [, , silence, beep] = events.map(({ at }) => at);
    expect((beep ?? 0) - (silence ?? 0)).toBeGreaterThan(1900);
  });

  for (const [where, script] of [
    ['over a prompt', (call: Call) => call.ask(['demo-instruct'], { most: 12 })],
    ['in the middle of an answer', (call: Call) => call.ask([], { most: 12 })],
    ['while something is said to its end', (call: Call) => (call.say('demo-instruct'), call.finish())],
    [
      'though no recording is there',
      async (call: Call) => {
        for (;;) {
          call.say('no-such-recording');
          await call.finish();
        }
      },
    ],
    ['while work goes on', (call: Call) => call.meanwhile(clock.sleep(3000))],
  ] as const) {
    it(`notices a caller who hangs up ${where}`, async () => {
      const keys = where === 'over a prompt' ? '' : '12';
      const left = await dial((call) => script(call).then(() => 'opened'), { keys, after: 0.5, then: 'leaves' });
      expect(left).toMatch(/ hungup$/);
      expect(logged.join()).not.toContain('call failed');
    });
  }

  it('warns before the call has lasted too long, between two keys, and then ends it', async () => {
    let ending: unknown;
    const since = performance.now();
    await dial(
      async (call) => {
        await call.ask([], { most: 60 }).catch((error: unknown) => (ending = error));
        call.say('vm-goodbye');
        await call.finish();
        return 'unchanged';
      },
      { keys: '1w'.repeat(40), settings: { callSeconds: 5, warnSeconds: 3, limitPrompt: 'digits/0' } },
    );
    expect(ending).toBeInstanceOf(CallTooLong);
    expect(events.map((event) => event.kind === 'played' && event.prompt)).toEqual(['digits/0', 'vm-goodbye']);
    const [warned = 0, ended = 0] = events.map(({ at }) => at);
    expect(ended - warned).toBeGreaterThan(2800);
    expect(ended - warned).toBeLessThan(4000);
    expect(ended - since).toBeLessThan(8000);
  });

  it('hears what the dialplan passes, whatever is in it', async () => {
    let seen: readonly (string | undefined)[] = [];
    const script = async (_call: Call, { query, variable }: AgiRequest) => {
      seen = [query, await variable('PASSED'), await variable('NOTHING')];
      return 'unchanged';
    };
    await dial(script, {});
    expect(seen).toEqual(['[2001:db8::1]:5060', 'a: "b" (c)', undefined]);
  });

  it('leaves no PIN in a log, though Asterisk logs all it does', async () => {
    const pin = '918273';
    await dial(
      async (call) => {
        await call.ask(['agent-pass'], { most: 12 });
        await call.ask(['agent-pass'], { most: 3 });
        throw new Error(`a bug that quotes ${pin}`);
      },
      { keys: `${pin}#ww555` },
    );
    // What the telephone itself was told to press is in the log, too.
    const asterisks = (await asterisk.log()).split('\n').filter((line) => !/;2|variable 'KEYS'/.test(line));
    const all = [...asterisks, ...logged, JSON.stringify(events)];
    expect(all.join('\n')).toContain("Playing 'agent-pass");
    expect(all.join('\n')).toContain('a bug that quotes ***');
    expect(all.filter((line) => line.includes(pin) || /entered|'55/.test(line))).toEqual([]);
  });
});
