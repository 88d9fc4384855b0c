import { readCallLog, tellCall, unheard, withoutPin, type CallEvent } from '../../src/lab/transcript';

const LOG = `[1700000000.000] Asterisk 22.10.0 built by nobody
[1700000010.000]     -- Executing [s@tollgate-travelin-man:2] Answer("PJSIP/carrier-00000000", "") in new stack
[1700000011.025]        > 0x7f02 -- Strict RTP learning after remote address set to: 192.0.2.10:6000
[1700000011.030]        > Playing '/srv/tollgate/sounds/en/greeting.slin' (escape_digits=0123456789*#) (sample_offset 0) (language 'en')
[1700000012.500]        > Playing '/srv/tollgate/sounds/en/ask-account.slin' (escape_digits=0123456789*#) (sample_offset 0) (language 'en')
[1700000013.000]        > Playing '/srv/tollgate/sounds/en/ask-account.slin' (escape_digits=0123456789*#) (sample_offset 4000) (language 'en')
[1700000015.000] DTMF[7] channel.c: DTMF begin '1' received on PJSIP/carrier-00000000
[1700000015.100] DTMF[7] channel.c: DTMF end '1' received on PJSIP/carrier-00000000, duration 100 ms
[1700000015.300] DTMF[7] channel.c: DTMF end '#' received on PJSIP/carrier-00000000, duration 100 ms
[1700000016.000]        > Playing 'digits/1.gsm' (escape_digits=) (sample_offset 0) (language 'en')
[1700000016.900]        > Playing 'letters/dot.gsm' (escape_digits=) (sample_offset 0) (language 'en')
[1700000017.700]        > Playing '/srv/tollgate/sounds/en/pause.slin' (escape_digits=) (sample_offset 0) (language 'en')
not a line of a call
`;
const WORDS = { greeting: 'Hello.', 'ask-account': 'Your account?' };

const keyed = (keys: string): CallEvent[] => Array.from(keys, (key, i) => ({ kind: 'pressed', atMs: i, key }));
const keysOf = (events: readonly CallEvent[]) =>
  events.map((event) => (event.kind === 'pressed' ? event.key : '')).join('');

describe('the log of a call', () => {
  it('is read as what was answered, spoken and pressed; a prompt that goes on from its middle is no new one', () => {
    expect(
      readCallLog(LOG).map(({ atMs, ...event }) => [atMs - 1_700_000_000_000, Object.values(event).join(' ')]),
    ).toEqual([
      [10_000, 'answered'],
      [11_030, 'spoken greeting'],
      [12_500, 'spoken ask-account'],
      [15_100, 'pressed 1'],
      [15_300, 'pressed #'],
      [16_000, 'spoken digits/1'],
      [16_900, 'spoken letters/dot'],
      [17_700, 'spoken pause'],
    ]);
  });

  it('is told in words, with the time since the answer, and keys that were pressed in one go on one line', () => {
    expect(tellCall(readCallLog(LOG), WORDS)).toEqual([
      '   1.0 s  “Hello.”',
      '   2.5 s  “Your account?”',
      '   5.1 s        keys  1 #',
      '   6.0 s  “1 dot …”',
    ]);
  });

  it('names the recordings that Asterisk could not play', () => {
    const warning = 'WARNING[9][C-1]: file.c:824 fileexists_core: File /srv/en/greeting does not exist in any format\n';
    expect([unheard(LOG), unheard(`${LOG}${warning}`)]).toEqual([[], ['greeting']]);
  });
});

describe('the PIN', () => {
  it('is told in dots, and nothing else is', () => {
    expect(keysOf(withoutPin(keyed('12#73914628#198*51*100*77#1')))).toBe('12#••••••••#198*51*100*77#1');
  });

  it('is told in dots while it is being keyed', () => {
    expect(keysOf(withoutPin(keyed('12#739')))).toBe('12#•••');
  });

  it('is not missed when prompts are spoken in between', () => {
    const [first, ...rest] = keyed('12#7#');
    expect(
      keysOf(withoutPin([...(first ? [first] : []), { kind: 'spoken', atMs: 0, prompt: 'ask-pin' }, ...rest])),
    ).toBe('12#•#');
  });
});
