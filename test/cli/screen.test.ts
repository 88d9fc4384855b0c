import { table, widthOf } from '../../src/cli/table';
import { screenOf } from '../../src/cli/screen';
import { timesIn } from '../../src/cli/times';
import { entry, tollgate } from './fake-world';

const LONG = 'the hotel near the station where the night desk asked for a door twice already this very week';
const busy = {
  list: () =>
    Promise.resolve([
      entry({ note: LONG, name: 'office', services: ['sip', 'iax', 'rtp', 'ssh', 'web', 'provisioning'] }),
      entry({ id: 12_345, what: '2001:db8:1234:5678::/64', by: 'account 123456', until: null }),
    ]),
};

describe('at a terminal', () => {
  it('a table has colours', async () => {
    const ran = await tollgate(['list'], { terminal: { watched: true, columns: 120 } });
    expect(ran.out).toContain('\u001b[32mactive\u001b[39m');
  });

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('%j takes them away', async (environment) => {
    const ran = await tollgate(['list'], { terminal: { watched: true }, world: { environment } });
    expect(ran.out).not.toContain('\u001b');
  });

  it('a long note is broken into lines and no address is', async () => {
    const ran = await tollgate(['list'], {
      operations: busy,
      terminal: { watched: true, columns: 130 },
      world: { environment: { NO_COLOR: '1' } },
    });
    expect(Math.max(...ran.out.split('\n').map((text) => text.length))).toBeLessThanOrEqual(130);
    expect(ran.out).toContain('2001:db8:1234:5678::/64');
    for (const word of LONG.split(' ')) expect(ran.out).toContain(word);
  });

  it.each(['status', 'log', 'list', 'explain 198.51.100.7', 'account list', 'firewall show', ''])(
    'tollgate %s fits 80 columns',
    async (typed) => {
      const ran = await tollgate(typed.split(' ').filter(Boolean), {
        terminal: { watched: true, columns: 80 },
        world: { environment: { NO_COLOR: '1' } },
      });
      expect(Math.max(...ran.out.split('\n').map((text) => text.length))).toBeLessThanOrEqual(80);
    },
  );
});

describe('in a pipe', () => {
  it('an entry stays one line, for grep', async () => {
    const ran = await tollgate(['list'], { operations: busy });
    expect(ran.out.split('\n').filter((text) => text.includes(LONG))).toHaveLength(1);
    expect(ran.out).not.toContain('\u001b');
  });
});

describe('a table', () => {
  const screen = screenOf({ terminal: { watched: true, columns: 40 } as never, environment: { NO_COLOR: '1' } });

  it('breaks a word that is wider than its column, and loses none of it', () => {
    const word = 'x'.repeat(100);
    const text = table(screen, [{ head: 'A' }, { head: 'B', wraps: true }], [['1', word]]);
    expect(text.replace(/[^x]/g, '')).toBe(word);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it('counts wide characters as two', () => {
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('Zu\u0308rich')).toBe(6);
    const text = table(screen, [{ head: '' }, { head: '' }], [['日本', 'a'], ['Bern', 'b']]); // prettier-ignore
    expect(text).toBe('日本  a\nBern  b');
  });

  it('shows foreign text printable', () => {
    expect(table(screen, [{ head: '' }], [['a\u001b[2J\nb']])).toBe('a\\u001b[2J\\nb');
  });
});

describe('a moment', () => {
  const times = timesIn('Europe/Berlin', new Date('2026-11-22T10:00:00Z'));
  const table: readonly (readonly [string | null, string])[] = [
    ['2026-11-24T13:00:00Z', 'in 2 d 3 h (24 Nov 14:00)'],
    ['2026-11-22T10:00:45Z', 'in 45 s (22 Nov 11:00)'],
    ['2027-01-01T00:00:00Z', 'in 39 d 14 h (1 Jan 2027 01:00)'],
    ['2026-11-22T17:59:58Z', 'in 8 h (22 Nov 18:59)'],
    ['2026-11-22T09:00:00Z', 'ended 22 Nov 10:00'],
    [null, 'for good'],
  ];
  it.each(table)('%s reads "%s"', (iso, text) => expect(times.until(iso)).toBe(text));
});
