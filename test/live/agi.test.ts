import '../support/patience';
import { clock } from '../../src/clock';
import { HungUp, type Call } from '../../src/domain/call';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import { makeHost, type Host } from '../../src/lab/host';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { startAgiServer, type AgiServer } from '../../src/asterisk/agi-server';
import type { CallEvent } from '../../src/asterisk/agi-call';
import { CALL_SETTINGS } from '../../src/asterisk/call-settings';
import { bridgeAgi } from '../support/agi-bridge';
import { describeAsRoot } from '../support/as-root';
import { until } from '../support/until';

const PORT = 4573;
/** `caller` is the telephone: it answers, waits, presses its keys and stays on the line or hangs up. */
const EXTENSIONS = `
[ivr]
exten => s,1,Answer()
 same => n,AGI(agi://127.0.0.1:${PORT}/test?who=cares,first argument,2001:db8::1)
 same => n,Set(GLOBAL(LEFT)=\${AGISTATUS} \${TOLLGATE_RESULT})
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

interface Dialled {
  readonly keys?: string;
  /** Seconds before the first key. */
  readonly after?: number;
  readonly toneMs?: number;
  readonly gapMs?: number;
  readonly then?: 'stays' | 'leaves';
}

describeAsRoot('a call through a real Asterisk', () => {
  let host: Host;
  let asterisk: RunningAsterisk;
  let server: AgiServer;
  let unbridge: () => void;
  let script: (call: Call) => Promise<string>;
  let events: (CallEvent & { readonly at: number })[] = [];
  let logged: string[] = [];

  beforeAll(async () => {
    host = await makeHost('pbx');
    const folder = await tree(ASTERISK_22, { progress: () => undefined });
    asterisk = await startAsterisk(host, { tree: folder, config: { 'extensions.conf': EXTENSIONS } });
    server = await startAgiServer({
      port: 0,
      scripts: { test: async (call) => ({ TOLLGATE_RESULT: await script(call) }) },
      settings: { ...CALL_SETTINGS, firstKeySeconds: 2, betweenSeconds: 1 },
      soundFile: (prompt) => prompt,
      observe: (event) => events.push({ ...event, at: performance.now() }),
      clock,
      log: (event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
    });
    unbridge = await bridgeAgi(host, PORT, server.port);
  });

  afterAll(async () => {
    await server.stop(100);
    unbridge();
    await asterisk.close();
    host.close();
  });

  /** One call; resolves to what the dialplan found on the channel afterwards. */
  async function dial(conversation: (call: Call) => Promise<string>, dialled: Dialled): Promise<string> {
    const { keys = '', after = 0.2, toneMs = 50, gapMs = 50, then = 'stays' } = dialled;
    events = [];
    logged = [];
    script = conversation;
    const globals = { LEFT: '', FIRST: after, KEYS: keys, GAP: gapMs, TONE: toneMs };
    for (const [name, value] of Object.entries(globals)) await asterisk.rx(`dialplan set global ${name} "${value}"`);
    await asterisk.rx(`channel originate Local/${then}@caller/n extension s@ivr`);
    await until(() => logged.some((line) => line.startsWith('call ended')), 'the call ends', 60_000);
    return globalNamed('LEFT');
  }

  async function globalNamed(name: string): Promise<string> {
    for (;;) {
      const line = (await asterisk.rx('dialplan show globals')).split('\n').find((each) => each.includes(`${name}=`));
      const value = line?.split('=')[1]?.trim() ?? '';
      if (value !== '') return value;
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
    console.log(heard, left, logged, events);
    expect(heard).toEqual(['12', '123456', '12*34*56*78', '1']);
    expect(left).toBe('SUCCESS opened');
  });
});
