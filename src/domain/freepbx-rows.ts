/** From FreePBX's rows to the far ends that they name. Pure; the shape is the same from FreePBX 13 to 17. */
import type { Device, ExchangeTables, Setting, Trunk } from './exchange';
import type { Form, Known, Mention } from './far-ends';

/** Settings that name a far end, by table, and how they are written. */
const FORMS: Readonly<Record<Setting['table'], Readonly<Record<string, Form>>>> = {
  pjsip: {
    ...{ sip_server: 'hosts', match: 'hosts' },
    ...{ server_uri: 'uris', client_uri: 'uris', aor_contact: 'uris', outbound_proxy: 'uris' },
  },
  sip: { host: 'hosts', permit: 'permit', outboundproxy: 'uris', register: 'register' },
  iax: { host: 'hosts', permit: 'permit', register: 'register' },
};
/** Not an address, but decides whether the others are used. */
const REGISTRATION = 'registration';

/** The keywords of which rows are wanted: nothing else needs to leave the database. */
export const KEYWORDS: readonly string[] = [
  ...new Set([...Object.values(FORMS).flatMap((forms) => Object.keys(forms)), REGISTRATION]),
];

interface Owner {
  readonly of: string;
  readonly kind: 'trunk' | 'extension';
}

/** What trunks in use and extensions name, trunks first; and what cannot be known. */
export function mentionsIn(tables: ExchangeTables): Known {
  const owners = new Owners(tables);
  const receiving = new Set<string>();
  for (const { table, id, keyword, data } of tables.settings) {
    if (table === 'pjsip' && keyword === REGISTRATION && data.trim().toLowerCase() === 'receive') receiving.add(id);
  }
  const owned = tables.settings.flatMap((setting) => {
    const owner = owners.of(setting);
    return owner ? [{ setting, owner }] : [];
  });
  const used = owned.filter(({ setting, owner }) => isUsed(setting, owner, receiving.has(setting.id)));
  const inOrder = (['trunk', 'extension'] as const).flatMap((kind) => used.filter(({ owner }) => owner.kind === kind));
  const registering = owned.filter(({ setting, owner }) => registersHere(setting, owner));
  return {
    mentions: inOrder.flatMap(({ setting, owner }) => mentionOf(setting, owner)),
    leftOut: [
      ...registering.map(({ owner }) => ({
        of: owner.of,
        why: 'registers here, from an address that it does not tell',
      })),
      ...tables.trunks
        .filter(({ tech, isDisabled }) => !isDisabled && ['custom', 'dundi', 'enum'].includes(tech))
        .map((trunk) => ({ of: trunkText(trunk), why: `is a ${trunk.tech} trunk, of which no address is known` })),
    ],
  };
}

function mentionOf({ table, keyword, data }: Setting, { of }: Owner): Mention[] {
  const form = Object.entries(FORMS[table]).find(([name]) => name === keyword)?.[1];
  if (form === undefined) return [];
  return [{ of, setting: keyword, value: data, form, speaks: table === 'iax' ? 'iax' : 'sip' }];
}

/** A trunk that only waits for a registration keeps the other fields of its form, but FreePBX uses none but the proxy. */
function isUsed({ table, keyword }: Setting, { kind }: Owner, isReceiving: boolean): boolean {
  if (table !== 'pjsip') return true;
  if (kind === 'extension') return keyword === 'match' || keyword === 'outbound_proxy';
  return !isReceiving || keyword === 'outbound_proxy';
}

function registersHere({ table, keyword, data }: Setting, { kind }: Owner): boolean {
  if (kind !== 'trunk') return false;
  const value = data.trim().toLowerCase();
  return table === 'pjsip'
    ? keyword === REGISTRATION && value === 'receive'
    : keyword === 'host' && /^dynamic\b/.test(value);
}

function trunkText({ id, name }: Trunk): string {
  return name === '' ? `trunk ${id}` : `trunk ${id} "${name}"`;
}

function deviceText({ id, description }: Device): string {
  return description === '' ? `extension ${id}` : `extension ${id} "${description}"`;
}

/** `trunks.tech` and `devices.tech` say `iax2` where the table is `iax`. */
function tableOf(tech: string): string {
  return tech.toLowerCase().replace(/^iax2$/, 'iax');
}

/** Whose a row is: a trunk's in use, or an extension's. */
class Owners {
  readonly #trunks: ReadonlyMap<string, Trunk>;
  readonly #devices: ReadonlyMap<string, Device>;

  constructor({ trunks, devices }: ExchangeTables) {
    this.#trunks = new Map(trunks.map((trunk) => [`${tableOf(trunk.tech)} ${trunk.id}`, trunk]));
    this.#devices = new Map(devices.map((device) => [`${tableOf(device.tech)} ${device.id}`, device]));
  }

  /**
   * undefined: of a disabled trunk, or of nobody: FreePBX leaves rows behind. A bare number in `pjsip` is a trunk's if
   * there is one; elsewhere it is an extension's, because trunks' rows there look different.
   */
  of({ table, id }: Setting): Owner | undefined {
    const trunk = trunkIds(table, id).flatMap((number) => this.#trunks.get(`${table} ${number}`) ?? [])[0];
    const device = this.#devices.get(`${table} ${id}`);
    if (trunk && (table === 'pjsip' || !device))
      return trunk.isDisabled ? undefined : { of: trunkText(trunk), kind: 'trunk' };
    return device && { of: deviceText(device), kind: 'extension' };
  }
}

/**
 * The trunk numbers that a row may belong to. chan_pjsip's is bare. The others wrote `9999N`, `99999N` and `9999999N`
 * for peer, user and registration before they wrote `tr-peer-N`.
 */
function trunkIds(table: Setting['table'], id: string): string[] {
  if (table === 'pjsip') return [id];
  const number = /^tr-(?:peer|user|reg)-(\d+)$/.exec(id)?.[1];
  if (number !== undefined) return [number];
  return [/^9{4}(\d+)$/, /^9{5}(\d+)$/, /^9{7}(\d+)$/].flatMap((old) => old.exec(id)?.[1] ?? []);
}
