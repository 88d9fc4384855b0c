/** The gate over a real store in a folder of its own, with everything outside it to look at. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupFolder } from '../../src/backup-folder';
import { readConfig, servicesOf, type Config } from '../../src/config';
import type { Firewall } from '../../src/domain/firewall';
import type { Known } from '../../src/domain/far-ends';
import type { Notice } from '../../src/domain/letter';
import { parseNetwork, type Network } from '../../src/domain/network';
import type { Peer, Phones, PhonesState } from '../../src/domain/phones';
import type { Store } from '../../src/domain/store';
import type { Scene } from '../../src/domain/surroundings';
import { openCountryData } from '../../src/country/data';
import { openGate, type Gate } from '../../src/gate/gate';
import { countryDesk } from '../../src/gate/countries/country-desk';
import type { Parts } from '../../src/gate/parts';
import type { PinVault } from '../../src/gate/travellers/pin-vault';
import { surroundingsWith } from './scene';
import { rulesOf } from '../../src/settings';
import { openStore } from '../../src/store/open';
import { AppError } from '../../src/errors';
import { fakeClock, type FakeClock } from './fake-clock';
import { fakeExchange, type FakeExchange } from './fake-exchange';
import { fakeNames, type FakeNames } from './fake-names';

export interface TestGate extends Gate {
  /** Where country tables lie. */
  readonly countryFolder: string;
  readonly parts: Parts;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly notices: Notice[];
  readonly logged: string[];
  readonly asterisk: FakePhones;
  readonly freepbx: FakeExchange;
  /** What is seen around the machine. */
  readonly scene: { -readonly [K in keyof Scene]?: Scene[K] };
  readonly names: FakeNames;
  /** How often a PIN was really looked at. */
  pinsLookedAt(): number;
  close(): Promise<void>;
}

interface FakePhones extends Phones {
  peersNow: Peer[];
  knownNow: Known;
  /** From every address. */
  callsNow: string[];
  /** PJSIP endpoints without `rtp_keepalive`. */
  waitingNow: string[];
  /** What it gives out as its own addresses. */
  outsideNow: string[];
  /** `hangUp 192.0.2.7`, `forget 192.0.2.7`, in order. */
  readonly asked: string[];
  isDown: boolean;
  state: PhonesState;
}

export const address = (text: string): Network => {
  const network = parseNetwork(text);
  if (!network) throw new Error(`${text} is no network`);
  return network;
};

const DEMO = '[call]\nallow_documentation_addresses = true\n';

export async function testGate(
  makeFirewall: (clock: FakeClock) => Firewall,
  settings = DEMO,
  given: { readonly own?: readonly string[]; readonly open?: () => Promise<Store>; readonly sharedAs?: string } = {},
): Promise<TestGate> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-gate-'));
  const clock = fakeClock();
  const config: Config = readConfig(settings, {}, 'test.toml');
  const inFile = () => openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock });
  const store = await (given.open ?? inFile)();
  const firewall = makeFirewall(clock);
  const notices: Notice[] = [];
  const logged: string[] = [];
  const log = (event: string) => void logged.push(event);
  const permitUnknown = config.country.unknown === 'permit';
  const countryData = openCountryData({ folder: join(folder, 'countries'), permitUnknown, log });
  const asterisk = fakePhones();
  const freepbx = fakeExchange();
  const scene: Partial<Scene> = {};
  const names = fakeNames();
  const vault = quickVault();
  const parts: Parts = {
    ...{ store, firewall, clock, vault, phones: asterisk, random: randomBytes },
    log: (event, fields) => logged.push(`${event} ${JSON.stringify(fields ?? {})}`),
    post: {
      lettersFor: (notice) => {
        notices.push(notice);
        return [{ to: { name: 'Ann', address: 'ann@example.com' }, subject: notice.kind, text: '', html: '' }];
      },
      newMessageId: () => `<${randomBytes(8).toString('hex')}@test>`,
      poke: () => undefined,
      sendNow: () => Promise.resolve('250 ok'),
    },
    backups: backupFolder({ folder: join(folder, 'backups'), keep: 5, owner: () => undefined, log }),
    countries: countryDesk(store, countryData, clock),
    surroundings: surroundingsWith(() => scene),
    services: servicesOf(config),
    rules: rulesOf(config),
    resolve: names.resolve,
    exchange: freepbx,
    ...(given.sharedAs !== undefined && { sharedAs: given.sharedAs }),
    ownAddresses: () => [...(given.own ?? ['203.0.113.1']), ...asterisk.outsideNow].map(address),
    outsideAddresses: () =>
      asterisk.outsideNow.map((own) => ({ address: address(own), from: "Asterisk's transport udp" })),
  };
  return {
    ...openGate(parts, () => Promise.resolve([])),
    countryFolder: join(folder, 'countries'),
    ...{ parts, store, clock, notices, logged, asterisk, scene, names, freepbx, pinsLookedAt: () => vault.lookedAt },
    async close() {
      await firewall.close();
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function fakePhones(): FakePhones {
  const asked: string[] = [];
  const answer = <T>(what: string, result: T): Promise<T> => {
    asked.push(what);
    return phones.isDown
      ? Promise.reject(new AppError('AMI_DOWN', 'Asterisk does not answer', 'start it'))
      : Promise.resolve(result);
  };
  const phones: FakePhones = {
    ...{
      asked,
      isDown: false,
      peersNow: [],
      callsNow: [],
      waitingNow: [],
      outsideNow: [],
      knownNow: { mentions: [], leftOut: [] },
    },
    state: { state: 'up', since: new Date(0), detail: 'connected' },
    peers: () => answer('peers', phones.peersNow),
    known: () => answer('known', phones.knownNow),
    waitingForMedia: () => answer('waiting', phones.waitingNow),
    listeningPorts: () => answer('ports', { sip: [{ protocol: 'udp', first: 5160, last: 5160 }], iax: [] } as const),
    callsFrom: (network) => answer(`calls ${network}`, phones.callsNow),
    hangUp: (network) => answer(`hangUp ${network}`, ['PJSIP/701-1']),
    forgetContacts: (network) => answer(`forget ${network}`, []),
    onProof: () => () => undefined,
    onLogin: () => () => undefined,
    outsideAddresses: () => answer('outside', []),
  };
  return phones;
}

/** As the real one, without the tenth of a second. */
function quickVault(): PinVault & { lookedAt: number } {
  const hashOf = (pin: string) => createHash('sha256').update(pin).digest('hex');
  const vault = {
    lookedAt: 0,
    hash: (pin: string) => Promise.resolve(hashOf(pin)),
    verify: (pin: string, hash: string | undefined) => {
      vault.lookedAt++;
      return Promise.resolve(hash === hashOf(pin));
    },
    disguise: (text: string) => hashOf(text).slice(0, 22),
    mark: hashOf('pepper'),
  };
  return vault;
}
