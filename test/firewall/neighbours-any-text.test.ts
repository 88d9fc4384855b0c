/** Whatever the rules of others, and the tools that list them, say: a telling of it, or a refusal, and never a bug. */
import fc from 'fast-check';
import { AppError } from '../../src/errors';
import { readNeighbours } from '../../src/firewall/neighbours';
import { terseList } from '../../src/firewall/terse-list';
import type { SessionListener } from '../../src/firewall/session-port';
import { around } from '../support/any-text';
import { fakeClock } from '../support/fake-clock';

const RUNS = { numRuns: 300 };
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

describe('others’ rules', () => {
  const RULES = [
    '-P INPUT DROP\n-N f2b\n-A INPUT -p tcp -m multiport --dports 22,5060:5070 -j f2b\n-A INPUT -j TOLLGATE\n',
    '-A INPUT -p udp -m udp --dport 5060 -j ACCEPT\n-A f2b -s 192.0.2.1/32 -j REJECT\n',
    '-A INPUT -m comment --comment "a \\" b" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n',
  ];
  const chain = '{"family":"inet","table":"f2b","name":"in","type":"filter","hook":"input","prio":0,"policy":"drop"}';
  const CHAINS = [
    `{"nftables":[{"metainfo":{"version":"1.0.6"}},{"chain":${chain}}]}`,
    '{"nftables":[]}',
    'null',
    '[]',
  ];
  const CHAIN = ['table inet f2b {\n\tchain in {\n\t\ttcp dport vmap @x\n\t\tdrop\n\t}\n}\n'];
  const SIP = [{ protocol: 'udp', first: 5060, last: 5060 }] as const;

  it('are told in a line each, no more than there are, or refused', async () => {
    await fc.assert(
      fc.asyncProperty(around(...RULES), around(...CHAINS), around(...CHAIN), around(...RULES), async (...said) => {
        const [rules, chains, text, legacy] = said;
        const run = (file: string, args: readonly string[]) => {
          if (file === 'nft') return Promise.resolve(args.includes('chains') ? chains : text);
          return Promise.resolve(file.includes('legacy') ? legacy : rules);
        };
        const told = await readNeighbours(run, SIP, {}).catch((error: unknown) => {
          if (!(error instanceof AppError)) throw error;
          expect(error.code).toMatch(/^(COMMAND|FIREWALL)_FAILED$/);
          return [];
        });
        expect(told.length).toBeLessThan(20 + 4 * said.join('').split(/[\n{]/).length);
        for (const neighbour of told) expect(neighbour.text).not.toMatch(CONTROL);
      }),
      RUNS,
    );
  });
});

describe('the sizes of the sets', () => {
  const SAID = [
    'ipset> Name: tg-sip4\nNumber of entries: 3\nipset> ipset v7.17, protocol version: 7\nipset> ',
    'ipset v',
  ];
  it('are what one process said before its mark, or a process of their own is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(around(...SAID), { maxLength: 5 }), async (chunks) => {
        const clock = fakeClock();
        const children: SessionListener[] = [];
        const list = terseList({
          run: () => Promise.resolve('by process'),
          spawnSession: (_file, _args, listener) => {
            children.push(listener);
            return { write: () => undefined, kill: () => undefined };
          },
          clock,
        });
        const asked = list.ask();
        for (const chunk of chunks) children[0]?.stdout?.(chunk);
        await clock.advance(1000);
        const answer = await asked;
        if (answer === 'by process') return;
        expect(chunks.join('').replaceAll('ipset> ', '').startsWith(answer)).toBe(true);
        expect(answer).not.toMatch(/^ipset v.*\n/m);
      }),
      RUNS,
    );
  });
});
