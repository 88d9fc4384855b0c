import { HungUp, CallTooLong, type Call } from '../../src/domain/call';
import { fakeClock } from '../support/fake-clock';
import { playTranscript } from '../support/agi-transcript';
import { serve, type Served } from '../support/agi-served';

const OPENING = `
  > ANSWER
  < 200 result=0
  > SET VARIABLE "TIMEOUT(absolute)" "270"
  < 200 result=1`;
const ENDING = `
  > SET VARIABLE "TOLLGATE_RESULT" "done"
  < 200 result=1`;
const KEYS = '"0123456789*#"';

let servers: Served[] = [];
const served: typeof serve = async (...args) => {
  const server = await serve(...args);
  servers = [...servers, server];
  return server;
};
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop(0)));
  servers = [];
});

/** Work that ends when a transcript says `~ 0`. */
let end: () => void = () => undefined;
const work = () => new Promise<string>((resolve) => (end = () => resolve('work')));
const finishWork = () => Promise.resolve().then(end);

const first = (call: Call) => call.ask(['welcome'], { most: 12 });
const table: [name: string, script: (call: Call) => Promise<unknown>, heard: unknown, transcript: string][] = [
  [
    'a key over a prompt stops it and is the first of the answer',
    (call) => call.ask(['welcome', 'enter-pin'], { most: 12 }),
    '1234',
    `> STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=49 endpos=4000
     > GET DATA "" "5000" "11"
     < 200 result=234`,
  ],
  [
    'without a key over the prompts the first one is waited for',
    first,
    '12*',
    `> STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=0 endpos=8000
     > GET DATA "" "10000" "1"
     < 200 result=1
     > GET DATA "" "5000" "11"
     < 200 result=2* (timeout)`,
  ],
  [
    'nothing pressed is no answer',
    first,
    undefined,
    `> STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=0 endpos=8000
     > GET DATA "" "10000" "1"
     < 200 result= (timeout)`,
  ],
  [
    'the hash key alone is an empty answer',
    first,
    '',
    `> STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=35 endpos=8000`,
  ],
  [
    'the hash key alone after the prompts is an empty answer',
    first,
    '',
    `> STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=0 endpos=8000
     > GET DATA "" "10000" "1"
     < 200 result=`,
  ],
  [
    'what was said comes before the question',
    (call) => {
      call.say('sorry', 'again');
      return call.ask(['enter-pin'], { most: 1, firstKeySeconds: 1.5 });
    },
    '7',
    `> STREAM FILE "en/sorry" ${KEYS} "0"
     < 200 result=0 endpos=8000
     > STREAM FILE "en/again" ${KEYS} "0"
     < 200 result=0 endpos=8000
     > STREAM FILE "en/enter-pin" ${KEYS} "0"
     < 200 result=0 endpos=8000
     > GET DATA "" "1500" "1"
     < 200 result=7`,
  ],
  [
    'keys pressed while work goes on come first, and belong to as many questions as there are hash keys',
    async (call) => {
      const answers = [await call.meanwhile(work())];
      for (const most of [12, 12, 1, 12]) answers.push((await call.ask(['x'], { most })) ?? 'silence');
      return answers.join();
    },
    'work,12,,3,45',
    `> GET DATA "" "200" "64"
     < 200 result=12
     > GET DATA "" "200" "64"
     < 200 result=
     > GET DATA "" "200" "64"
     < 200 result=3 (timeout)
     > GET DATA "" "200" "64"
     ~ 0
     < 200 result=45 (timeout)
     > GET DATA "" "5000" "10"
     < 200 result=`,
  ],
  [
    'a hash key behind a full answer belongs to it, and the prompt goes on where it stopped',
    async (call) => [await call.ask([], { most: 1 }), await call.ask(['welcome'], { most: 1 })].join(),
    '1,2',
    `> GET DATA "" "10000" "1"
     < 200 result=1
     > STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=35 endpos=4000
     > STREAM FILE "en/welcome" ${KEYS} "4000"
     < 200 result=50 endpos=6000`,
  ],
  [
    'what is finished is deaf to keys',
    async (call) => {
      call.say('goodbye');
      await call.finish();
    },
    undefined,
    `> STREAM FILE "en/goodbye" "" "0"
     < 200 result=0 endpos=8000`,
  ],
  [
    'a missing recording is passed over',
    first,
    '',
    `> STREAM FILE "en/welcome" ${KEYS} "0"
     < 200 result=-1 endpos=0
     > CHANNEL STATUS
     < 200 result=6
     > GET DATA "" "10000" "1"
     < 200 result=`,
  ],
];

describe('a call', () => {
  for (const [name, script, heard, transcript] of table) {
    it(name, async () => {
      let answer: unknown;
      const server = await served(async (call) => {
        answer = await script(call);
        return { TOLLGATE_RESULT: 'done' };
      });
      await playTranscript(server.port, `${OPENING}\n${transcript}${ENDING}`, { pass: finishWork });
      await server.stop(1000);
      expect(answer).toBe(heard);
    });
  }
});

describe('a caller who hangs up', () => {
  const conversation = async (call: Call) => {
    call.say('welcome');
    await call.ask(['account'], { most: 12 });
    await call.meanwhile(work());
    call.say('goodbye');
    await call.finish();
    return { TOLLGATE_RESULT: 'done' };
  };
  const COMMANDS = [
    'ANSWER',
    'SET VARIABLE "TIMEOUT(absolute)" "270"',
    `STREAM FILE "en/welcome" ${KEYS} "0"`,
    `STREAM FILE "en/account" ${KEYS} "0"`,
    'GET DATA "" "10000" "1"',
    'GET DATA "" "5000" "11"',
    'GET DATA "" "200" "64"',
    'STREAM FILE "en/goodbye" "" "0"',
  ];
  const replyTo = (command: string) => {
    if (command.startsWith('STREAM')) return '200 result=0 endpos=800';
    if (command.includes('"200"')) return '200 result= (timeout)';
    return command.includes('"1"') ? '200 result=4' : '200 result=';
  };
  const left = '> SET VARIABLE "TOLLGATE_RESULT" "hungup"\n< 200 result=1';
  const ENDINGS: [string, string][] = [
    ['HANGUP, then the reply', `< HANGUP\n< 200 result=-1\n${left}`],
    ['HANGUP behind the reply', `< 200 result=-1 endpos=100\n< HANGUP\n${left}`],
    ['HANGUP and nothing else', `< HANGUP\n! end`],
    ['a result of -1', `< 200 result=-1 endpos=100\n${left}`],
    ['a dead channel', `< 511 Command Not Permitted on a dead channel or intercept routine\n${left}`],
    ['the end of the connection', '! end'],
    ['a broken connection', '! reset'],
  ];
  for (const [how, ending] of ENDINGS) {
    for (const [at, command] of COMMANDS.entries()) {
      it(`is noticed by ${how} in ${command}`, async () => {
        let seen: unknown;
        const server = await served((call) =>
          conversation(call).catch((error: unknown) => {
            seen = error;
            throw error;
          }),
        );
        const before = COMMANDS.slice(0, at).map((each) => `> ${each}\n~ 0\n< ${replyTo(each)}`);
        const wire = [...before, `> ${command}`, '~ 0', ending].join('\n');
        await playTranscript(server.port, wire, { pass: finishWork });
        await server.stop(1000);
        expect(seen).toBeInstanceOf(HungUp);
        expect(server.log).toEqual([
          'call ended {"channel":"PJSIP/carrier-00000001","script":"test","TOLLGATE_RESULT":"hungup"}',
        ]);
      });
    }
  }

  it('while work goes on lets it end, and tells what became of it', async () => {
    const ended: string[] = [];
    const server = await served(async (call) => {
      const work = new Promise((resolve) => setTimeout(resolve, 100)).then(() => ended.push('work'));
      await call.meanwhile(work).catch(() => ended.push('call'));
      return {};
    });
    await playTranscript(server.port, `${OPENING}\n> GET DATA "" "200" "64"\n< HANGUP\n! end`);
    await server.stop(1000);
    expect(ended).toEqual(['work', 'call']);
  });
});

describe('work that fails while keys are collected', () => {
  it('fails the conversation when it likes, and nothing else', async () => {
    const server = await served(async (call) => {
      await call.meanwhile(Promise.reject(new Error('no store')));
      return {};
    });
    await playTranscript(server.port, `${OPENING}\n> SET VARIABLE "TOLLGATE_RESULT" "error"\n< 200 result=1`);
    await server.stop(1000);
    expect(server.log[0]).toContain('no store');
  });
});

describe('the time limit of a call', () => {
  const settings = { firstKeySeconds: 10, betweenSeconds: 5, callSeconds: 40, warnSeconds: 30, limitPrompt: 'limit' };
  const OPENING_70 = OPENING.replace('270', '70');

  it('speaks between two keys, keeps those so far, and ends a call that goes on', async () => {
    const clock = fakeClock();
    const heard: unknown[] = [];
    const server = await served(
      async (call) => {
        for (;;) {
          const answer = await call.ask([], { most: 3 }).catch((error: unknown) => error);
          heard.push(answer);
          if (answer instanceof CallTooLong) break;
        }
        call.say('goodbye');
        await call.finish();
        return { TOLLGATE_RESULT: 'done' };
      },
      { settings, clock },
    );
    await playTranscript(
      server.port,
      `${OPENING_70}
       > GET DATA "" "10000" "1"
       ~ 4000
       < 200 result=1
       > WAIT FOR DIGIT "5000"
       ~ 3000
       < 200 result=50
       > WAIT FOR DIGIT "3000"
       ~ 3000
       < 200 result=0
       > STREAM FILE "en/limit" ${KEYS} "0"
       < 200 result=0 endpos=100
       > GET DATA "" "2000" "1"
       < 200 result=3
       > GET DATA "" "10000" "1"
       ~ 10000
       < 200 result= (timeout)
       > GET DATA "" "10000" "1"
       ~ 10000
       < 200 result= (timeout)
       > GET DATA "" "10000" "1"
       ~ 7000
       < 200 result=4
       > WAIT FOR DIGIT "3000"
       ~ 3000
       < 200 result=0
       > STREAM FILE "en/goodbye" "" "0"
       < 200 result=0 endpos=100
       ${ENDING}`,
      { pass: (ms) => clock.advance(ms) },
    );
    expect(heard).toEqual(['123', undefined, undefined, new CallTooLong()]);
  });

  it('takes a key over the warning into the answer', async () => {
    const clock = fakeClock();
    let heard: unknown;
    const server = await served(
      async (call) => {
        heard = await call.ask([], { most: 3 });
        return { TOLLGATE_RESULT: 'done' };
      },
      { settings: { ...settings, warnSeconds: 39 }, clock },
    );
    await playTranscript(
      server.port,
      `${OPENING_70}
       > WAIT FOR DIGIT "1000"
       ~ 1000
       < 200 result=0
       > STREAM FILE "en/limit" ${KEYS} "0"
       < 200 result=49 endpos=100
       > GET DATA "" "5000" "2"
       < 200 result=23
       ${ENDING}`,
      { pass: (ms) => clock.advance(ms) },
    );
    expect(heard).toBe('123');
  });
});

describe('whoever watches a call', () => {
  it('sees the keys that may be shown, how many of the others, and never a PIN at the wrong question', async () => {
    const server = await served(async (call) => {
      await call.ask(['account'], { most: 2, shown: true });
      await call.ask(['pin'], { most: 6 });
      await call.ask(['address'], { most: 6, shown: true });
      throw new Error('a bug that quotes 123456');
    });
    await playTranscript(
      server.port,
      `${OPENING}
       > STREAM FILE "en/account" ${KEYS} "0"
       < 200 result=52 endpos=100
       > GET DATA "" "5000" "1"
       < 200 result=5
       > STREAM FILE "en/pin" ${KEYS} "0"
       < 200 result=49 endpos=100
       > GET DATA "" "5000" "5"
       < 200 result=23456
       > STREAM FILE "en/address" ${KEYS} "0"
       < 200 result=49 endpos=100
       > GET DATA "" "5000" "5"
       < 200 result=23456
       > SET VARIABLE "TOLLGATE_RESULT" "error"
       < 200 result=1`,
    );
    await server.stop(1000);
    const channel = 'PJSIP/carrier-00000001';
    expect(server.events).toEqual([
      { channel, kind: 'played', prompt: 'account' },
      { channel, kind: 'keyed', length: 2, keys: '45' },
      { channel, kind: 'played', prompt: 'pin' },
      { channel, kind: 'keyed', length: 6, keys: undefined },
      { channel, kind: 'played', prompt: 'address' },
      { channel, kind: 'keyed', length: 6, keys: '***' },
    ]);
    expect(server.log.join()).toContain('a bug that quotes ***');
    expect(server.log.join()).not.toContain('123456');
  });
});
