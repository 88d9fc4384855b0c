/** The whole product on its stage, in mode guard, and what the must-hold tests ask of it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { EntryShape, JournalShape } from '../../src/domain/shapes';
import type { Family } from '../../src/domain/network';
import { openPhone, type Phone } from '../../src/lab/phone';
import type { LineOptions } from '../../src/lab/sip-line';
import { ADDRESS, ADDRESS6, EXTENSION, setStage, type Stage } from '../../src/lab/stage';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { run } from '../../src/run';
import { flowOf, type Flow } from './flow';
import { travellerCall, type TravellerCall } from './traveller-call';
import { until } from './until';

/** Two accounts with the same services, as two travellers of one office. */
export const ANN = { number: '12', pin: '73914628', mail: 'ann@travel.example' } as const;
export const BOB = { number: '13', pin: '50617283', mail: 'bob@travel.example' } as const;

const SETTINGS = `
[services.ssh]
ports = ["tcp/22"]
guarded = true
`;

/** A second address of the carrier's, from which its trunk is called whose endpoint has rtp_keepalive. */
export const KEEPING_CARRIER = '192.0.2.11';
/** What the carrier's trunks may dial: Asterisk waits for sound, or speaks, before or after it has answered. */
export const DIALS = { echo: '610', speaks: '611', earlyEcho: '612', speaksEarly: '613' } as const;

/**
 * What phones of other kinds need: TLS with a certificate that nobody vouches for, and IAX2 without a password; and
 * what trunks do.
 */
async function moreOfAsterisk(): Promise<Readonly<Record<string, string>>> {
  const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '-'];
  const pem = await run('openssl', ['req', '-x509', ...keys, '-out', '-', '-days', '2', '-subj', '/CN=pbx.example']);
  return {
    'tls.pem': pem,
    'pjsip.conf': `
[tls4]
type = transport
protocol = tls
bind = 0.0.0.0:5061
cert_file = /etc/asterisk/tls.pem
priv_key_file = /etc/asterisk/tls.pem
method = tlsv1_2

[keeping]
type = endpoint
context = from-carrier
disallow = all
allow = ulaw
direct_media = no
rtp_keepalive = 1
[keeping]
type = identify
endpoint = keeping
match = ${KEEPING_CARRIER}
`,
    'extensions.conf': `
[from-carrier]
exten => ${DIALS.echo},1,Answer()
 same => n,Echo()
exten => ${DIALS.speaks},1,Answer()
 same => n,Milliwatt()
exten => ${DIALS.earlyEcho},1,Progress()
 same => n,Echo()
exten => ${DIALS.speaksEarly},1,Progress()
 same => n,Milliwatt()
`,
    'iax.conf': `
[general]
bindport = 4569
[guest]
type = user
context = phones
disallow = all
allow = ulaw
`,
  };
}

export interface House {
  readonly stage: Stage;
  /** One command as people type it, without spaces inside its words. */
  tollgate(typed: string): Promise<string>;
  entries(): Promise<readonly EntryShape[]>;
  journal(): Promise<readonly JournalShape[]>;
  /** Asterisk's own count of its channels. */
  channels(): Promise<number>;
  daemon(): ChildProcess;
  /** Ends it; resolves to exit code and signal. */
  endDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly [number | null, string | null]>;
  startDaemon(): Promise<void>;
  /** What all daemons wrote to stderr. */
  daemonLog(): string;
  /** The hotel's telephone unless told. */
  phone(options?: Partial<LineOptions>): Promise<Phone>;
  /** Twenty requests a second of that phone, from its own port. */
  flow(phone: Phone): Flow;
  /** A traveller calls from anywhere, through the carrier. */
  call(): Promise<TravellerCall>;
  /** Counts packets from now on; `arrived` at the PBX's network card, `accepted` behind every chain of ours. */
  counter(where: 'arrived' | 'accepted' | 'sent', match: string, family?: Family): Promise<() => Promise<number>>;
  /** Closes it after this test. */
  keep<T extends { close(): void }>(made: T): T;
  /** Leaves the house as it was opened: to be called after each test. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

const CHAIN = {
  arrived: ['raw', 'PREROUTING'],
  accepted: ['security', 'INPUT'],
  sent: ['security', 'OUTPUT'],
} as const;
let counters = 0;

/**
 * A good while: Asterisk starts, the product is set up. `more`: TOML after the house's own. `files`: Asterisk's, name ->
 * text after the house's own.
 */
export async function openHouse(more = '', files: Readonly<Record<string, string>> = {}): Promise<House> {
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const asterisk: Record<string, string> = { ...(await moreOfAsterisk()) };
  for (const [name, text] of Object.entries(files)) asterisk[name] = `${asterisk[name] ?? ''}\n${text}`;
  const stage = await setStage(await tree(ASTERISK_22, { progress }), { settings: `${SETTINGS}${more}`, asterisk });
  const tollgate = (typed: string) => stage.tollgate(...typed.split(' '));
  const json = async <T>(typed: string) => JSON.parse(await tollgate(`--json ${typed}`)) as T;
  let log = '';
  let daemon: ChildProcess | undefined;
  const startDaemon = async () => {
    daemon = await stage.serve();
    daemon.stderr?.on('data', (text: Buffer) => (log += text.toString()));
  };
  const isUp = () => daemon?.exitCode === null && daemon.signalCode === null;
  const channels = async () => {
    const told = await stage.asterisk.rx('core show channels count');
    return Number(/(\d+) active channel/.exec(told)?.[1]);
  };
  const opened: { close(): void }[] = [];
  const entries = () => json<EntryShape[]>('list');

  await tollgate('init');
  for (const { number, pin, mail } of [ANN, BOB]) {
    const more = ['--email', mail, '--extension', EXTENSION.user, '--for', '1h', '--pin-stdin'];
    await stage.tollgateWith(`${pin}\n`, 'account', 'add', number, '--name', mail, ...more);
  }
  await startDaemon();
  await tollgate(`allow ${ADDRESS.carrier} --service phone --name carrier`);
  await tollgate('guard --within 60s --lose keeping'); // a trunk that the tests let in where they need it
  await tollgate('confirm --here');

  const keep = <T extends { close(): void }>(made: T): T => {
    opened.push(made);
    return made;
  };
  return {
    ...{ stage, tollgate, entries, channels, startDaemon, keep },
    journal: () => json<JournalShape[]>('log --limit 500'),
    daemon: () => daemon ?? fail(),
    daemonLog: () => log,
    endDaemon: async (signal) => {
      const ended = once(daemon ?? fail(), 'exit') as Promise<[number | null, string | null]>;
      daemon?.kill(signal);
      return ended;
    },
    phone: async ({ from = ADDRESS.hotel, ...options } = {}) => {
      const [host] = [ADDRESS.hotel, ADDRESS6.hotel].some((own) => own === from) ? [stage.hotel] : [stage.stranger];
      const server = from.includes(':') ? ADDRESS6.pbx : ADDRESS.pbx;
      return keep(await openPhone(host, { ...EXTENSION, from, server, patienceMs: 1500, ...options }));
    },
    flow: (phone) => keep(flowOf(phone)),
    call: async () => keep(await travellerCall(stage)),
    counter: async (where, match, family = 4) => {
      const [table, chain] = CHAIN[where];
      const [tool, id] = [family === 4 ? 'iptables' : 'ip6tables', `count${++counters}`];
      await stage.pbx.run(tool, ['-t', table, '-A', chain, ...match.split(' '), '-m', 'comment', '--comment', id]);
      return async () => {
        const saved = await stage.pbx.run(`${tool}-save`, ['-c', '-t', table]);
        return Number(new RegExp(`^\\[(\\d+):.*--comment "?${id}"?$`, 'm').exec(saved)?.[1]);
      };
    },
    tidy: async () => {
      opened.splice(0).forEach((each) => each.close());
      if (!isUp()) await startDaemon();
      for (const { id, what, kind, name } of await entries()) {
        if (name !== 'carrier') await tollgate(kind === 'block' ? `unblock ${what}` : `revoke ${id}`);
      }
      await stage.asterisk.rx('channel request hangup all');
      await until(async () => (await channels()) === 0, 'the last channel to end');
    },
    close: () => stage.close(),
  };
}

function fail(): never {
  throw new Error('no daemon was started');
}
