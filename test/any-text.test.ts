/** Whatever text comes: every parser tells what it is or says no, in its own way and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { lineReader } from '../src/asterisk/agi-lines';
import { callerNumberOf, environmentReader, queryOf, scriptOf } from '../src/asterisk/agi-environment';
import { readReply, replyLines } from '../src/asterisk/agi-reply';
import { field, readFrame } from '../src/asterisk/ami-frame';
import { checkHeaders, isSendable } from '../src/asterisk/ami-headers';
import { replyKind } from '../src/asterisk/ami-reply';
import { readConfig } from '../src/config';
import { HungUp } from '../src/domain/call';
import { readDialledAddress } from '../src/domain/dialled-address';
import { formatDuration, parseDuration } from '../src/domain/duration';
import { covers, familyOf, isSingle, parseNetwork } from '../src/domain/network';
import { printable } from '../src/domain/printable';
import { AppError, type Code } from '../src/errors';
import { isOurChain, isOurSet } from '../src/firewall/names';
import { parseRules, parseSets, savedMembers } from '../src/firewall/read';
import { lettersFor } from '../src/mail/letters';
import { messageOf } from '../src/mail/message';
import { readMariadbUrl } from '../src/store/mariadb-url';
import { anyText, around } from './support/any-text';
import { ACCOUNT, ENTRY, SETTINGS } from './support/mail-fixtures';

const RUNS = { numRuns: 500 };

/** Undefined when it was refused with this code. */
function orRefused<T>(code: Code, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError && error.code === code) return undefined;
    throw error;
  }
}
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

describe('what comes over AGI', () => {
  const LINES = [
    'agi_request: agi://x/y?z=1',
    'agi_callerid: "A: b" <1>',
    'agi_arg_1: 2001:db8::1',
    'agi_extension:',
    '',
  ];

  it('is an environment, no more than was sent, or refused', () => {
    fc.assert(
      fc.property(fc.array(around(...LINES), { maxLength: 30 }), (lines) => {
        const read = environmentReader();
        for (const line of lines) {
          const environment = orRefused('AGI_FAILED', () => read(line));
          if (!environment) continue;
          for (const [name, value] of environment)
            expect(lines.some((one) => one.includes(name) && one.includes(value))).toBe(true);
          expect(scriptOf(environment)).not.toContain('?');
          expect(queryOf(environment) ?? '').not.toContain('\n');
          expect(callerNumberOf(environment) ?? '1').toMatch(/^\d+$/);
        }
      }),
      RUNS,
    );
  });

  it('is the same lines however it is cut, up to the longest', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(299)), (all, cuts) => {
        const ends = [...new Set([0, ...cuts, all.length])].filter((end) => end <= all.length).sort((a, b) => a - b);
        const chunks = ends.slice(1).map((end, i) => Buffer.from(all.subarray(ends[i], end)));
        const read = (pieces: readonly Buffer[]) => orRefused('AGI_FAILED', () => pieces.flatMap(lineReader(50)));
        expect(read(chunks)).toEqual(read([Buffer.from(all)]));
      }),
      RUNS,
    );
  });

  it('reaches the library as a reply that it settles, or not at all', () => {
    const replies = [
      '200 result=0 endpos=80',
      '520-Invalid',
      '520 End',
      '511 x',
      '200 result=1 (timeout)',
      '100 Trying',
    ];
    fc.assert(
      fc.property(fc.array(around(...replies)), (lines) => {
        for (const line of lines.map(replyLines())) expect(line ?? '200 result=').toMatch(/^\d{3} result=/);
      }),
      RUNS,
    );
  });

  it('is a result, a hang-up or a refusal', () => {
    const results = ['0 endpos=8000', '-1', '-1 endpos=0', '12#'];
    fc.assert(
      fc.property(fc.constantFrom(100, 200, 510, 511, 520, 999), around(...results), anyText, (code, result, note) => {
        try {
          expect(readReply('GET DATA "x"', code, result, note).endpos).toBeGreaterThanOrEqual(0);
        } catch (error) {
          if (!(error instanceof HungUp)) expect(error).toMatchObject({ code: 'AGI_FAILED' });
        }
      }),
      RUNS,
    );
  });
});

describe('what comes over AMI', () => {
  const value = fc.oneof(anyText, fc.array(anyText), fc.anything({ withNullPrototype: true }));
  const name = fc.oneof(
    anyText,
    fc.constantFrom('event', 'message', 'response', '__proto__', 'constructor', 'variable'),
  );

  it('is text by name and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(name, value), fc.anything()), (raw) => {
        const frame = readFrame(raw);
        for (const text of [...frame.fields.values(), ...frame.variables.values()]) expect(typeof text).toBe('string');
        expect(field(frame, 'toString')).toBe(
          Object.hasOwn(Object(raw) as object, 'toString') ? field(frame, 'toString') : undefined,
        );
        expect(typeof replyKind(frame)).toBe('string');
      }),
      RUNS,
    );
  });

  it('is sent on one line, or not at all', () => {
    fc.assert(
      fc.property(around('Channel', 'ActionID'), around('PJSIP/701-0001', 'a\r\nAction: Originate'), (header, text) => {
        const sent = orRefused('AMI_FAILED', () => (checkHeaders({ Action: 'Status', [header]: text }), true));
        if (sent) expect(`${header}: ${text}`).toMatch(/^[A-Za-z][A-Za-z0-9]*: [^\u0000-\u001f\u007f]{0,1000}$/u);
        if (header !== 'Action') expect(isSendable(header, text)).toBe(sent === true);
      }),
      RUNS,
    );
  });
});

describe('what people write', () => {
  it('is an address that reads back as itself, or none', () => {
    const samples = ['192.0.2.1', '192.0.2.0/24', '2001:db8::/48', '::ffff:192.0.2.1/120', '::1.2.3.4', 'fe80::1%eth0'];
    fc.assert(
      fc.property(around(...samples), (text) => {
        const network = parseNetwork(text);
        if (network === undefined) return;
        expect(parseNetwork(network)).toBe(network);
        expect(covers(network, network)).toBe(true);
        expect(network).toMatch(/^[0-9a-f.:]+(\/\d{1,3})?$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('is a dialled address of four numbers, or none', () => {
    const keys = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789*#')) }),
      around('12*34*56*78', '012034056078'),
    );
    fc.assert(
      fc.property(keys, (text) => {
        const address = readDialledAddress(text);
        if (address === undefined) return;
        expect([familyOf(address), isSingle(address)]).toEqual([4, true]);
        expect(text.includes('*') ? text : text.match(/\d{3}/g)?.map(Number).join('*')).toBe(
          address.replaceAll('.', '*'),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('is a duration of seconds, or none', () => {
    fc.assert(
      fc.property(around('90m', '8 h', '3d', '999999w'), (text) => {
        const seconds = parseDuration(text);
        if (seconds === undefined) return;
        expect(Number.isSafeInteger(seconds) && seconds > 0).toBe(true);
        expect(formatDuration(seconds)).toMatch(/^\d+ (d|h|min|s)( \d+ (h|min|s))?$/);
      }),
      RUNS,
    );
  });

  const SAMPLE = readFileSync(join(__dirname, '../src/install/tollgate.sample.toml'), 'utf8').replace(
    /^# (?=\w+ = |\[)/gm,
    '',
  );
  const KEYS = [
    'TOLLGATE_AMI_SECRET',
    'TOLLGATE_AGI_PORT',
    'TOLLGATE_STATE',
    'TOLLGATE_PBX_OWN_ADDRESSES',
    'TOLLGATE_AMI_TLS',
  ];
  it('are settings, or refused with every reason', () => {
    const given = fc.dictionary(fc.constantFrom(...KEYS), around('5', '007', '[1', '["x"]', '[x]', 'true'));
    fc.assert(
      fc.property(
        around(SAMPLE, 'x = 1\n', '[ami]\n', '[[services]]\n', '__proto__ = 1\n'),
        given,
        (text, environment) => {
          orRefused('CONFIG_INVALID', () => readConfig(text, environment, 'tollgate.toml'));
        },
      ),
      RUNS,
    );
  });
  it.each(['007', '123456', 'true', '[x]', '["a"]', '#'])(
    'are a secret as it stands in the environment: %s',
    (secret) => {
      expect(readConfig('', { TOLLGATE_AMI_SECRET: secret }, 'tollgate.toml').ami.secret).toBe(secret);
    },
  );

  it('is the address of a database, or refused without quoting it', () => {
    const samples = ['mysql://u:p@ss:w/ö#%@h:1/d', 'mariadb://u@[::1]:3306/d', 'mysql://u:%ff@localhost/d?socket=/x'];
    fc.assert(
      fc.property(around(...samples), (text) => {
        try {
          expect(readMariadbUrl(text).user).not.toBe('');
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
          const password = /:\/\/[^:]*:(.{6,})@/s.exec(text)?.[1];
          if (password !== undefined) expect(String(error)).not.toContain(password);
        }
      }),
      RUNS,
    );
  });
});

describe('what the kernel’s tools say', () => {
  const SAVED = `create tg-sip4 hash:net family inet hashsize 1024 maxelem 9 timeout 0 counters bucketsize 12 initval 0x1
add tg-sip4 192.0.2.1 timeout 98 packets 3 bytes 0
add tg-trust4 192.168.1.0/24,eth1
`;
  const RULES = `# Generated by iptables-save v1.8.9 (nf_tables) on a day
*filter
:INPUT ACCEPT [5:300]
:TOLLGATE - [0:0]
-A INPUT -j TOLLGATE
-A TOLLGATE -m set --match-set tg-block4 src -j DROP
COMMIT
`;
  it('is of ours only what bears our names', () => {
    fc.assert(
      fc.property(around(SAVED), (text) => {
        for (const name of parseSets(text).keys()) expect(isOurSet(name)).toBe(true);
        for (const { name, left, packets } of savedMembers(text)) {
          expect(isOurSet(name)).toBe(true);
          expect(left === 'forever' || left > 0).toBe(true);
          expect(packets).toBeGreaterThanOrEqual(0);
        }
      }),
      RUNS,
    );
    fc.assert(
      fc.property(around(RULES), (text) => {
        const rules = orRefused('FIREWALL_FAILED', () => parseRules(text));
        for (const chain of rules?.chains.keys() ?? []) expect(isOurChain(chain)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('foreign text on its way out', () => {
  const NASTY = [
    '"\u001b]0;x\u0007',
    '<script>alert(1)</script>',
    'a\r\nBcc: all@example.com',
    '\u202etxt.exe',
    '&lt;',
  ];

  it('moves no cursor and adds no line', () => {
    fc.assert(
      fc.property(around(...NASTY), (text) => expect(printable(text)).not.toMatch(CONTROL)),
      RUNS,
    );
  });

  it('is no markup, no header and no second line of a letter', () => {
    fc.assert(
      fc.property(around(...NASTY), around(...NASTY), (name, caller) => {
        const notice = {
          kind: 'opened',
          account: { ...ACCOUNT, name },
          entry: ENTRY,
          renewed: false,
          caller,
          closed: [],
        } as const;
        const plain = lettersFor({ ...notice, account: ACCOUNT, caller: 'x' }, SETTINGS)[0];
        for (const letter of lettersFor(notice, SETTINGS)) {
          expect(letter.text.replaceAll('\n', '')).not.toMatch(CONTROL);
          expect(letter.html.replaceAll('\n', '')).not.toMatch(CONTROL);
          expect(letter.subject).not.toMatch(CONTROL);
          expect(letter.html.match(/</g)?.length).toBe(plain?.html.match(/</g)?.length);
          const message = messageOf({ ...letter, messageId: '<1@x>', queuedAt: new Date(0) }, SETTINGS.from);
          expect(Object.values(message?.to ?? {}).join('')).not.toMatch(CONTROL);
        }
      }),
      RUNS,
    );
  });
});
