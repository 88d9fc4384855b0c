/** What a followed group is made of: the names that DNS is asked for, and networks that are known without it. */
import type { Group } from '../../domain/entry';
import { judge, type LookUp, type Side } from '../../domain/names';
import type { Network } from '../../domain/network';
import { providerNamed } from '../../domain/providers';
import { expandServices } from '../../domain/service';
import type { Parts } from '../parts';

export interface Sources {
  readonly names: readonly NameSource[];
  readonly networks: readonly { readonly network: Network; readonly services: readonly string[] }[];
}

/** One side of a name: what it stands for itself, or where its SRV records lead. */
interface NameSource {
  readonly host: string;
  readonly side: Side;
  /** What is let in there. */
  readonly services: readonly string[];
}

type Described = Pick<Group, 'kind' | 'what' | 'services'>;

export function isFollowed({ kind }: Pick<Group, 'kind'>): boolean {
  return kind === 'name' || kind === 'provider';
}

/** Undefined: a provider that this version knows no more; what is open stays open. */
export function sourcesOf({ kind, what, services }: Described, parts: Pick<Parts, 'services'>): Sources | undefined {
  if (kind === 'name') return { names: sidesOf(what, services, forTelephones(services)), networks: [] };
  const provider = kind === 'provider' ? providerNamed(what) : undefined;
  if (!provider) return undefined;
  const media = expandServices(services, parts.services).has(MEDIA) ? provider.media : [];
  return {
    names: provider.names.flatMap((host) => sidesOf(host, services, services)),
    networks: [
      ...provider.networks.map((network) => ({ network, services })),
      ...media.map((network) => ({ network, services: [MEDIA] })),
    ],
  };
}

const MEDIA = 'rtp';
const SIGNALLING = ['phone', 'sip'];

/**
 * Whoever writes a name's records may lead us to machines of others by them: those are let in for telephones alone, and
 * only where SIP is what the name was let in for. Not for `all`, which a person or a whole machine is.
 */
function forTelephones(services: readonly string[]): readonly string[] {
  const its = services.filter((service) => [...SIGNALLING, 'iax', MEDIA].includes(service));
  return its.some((service) => SIGNALLING.includes(service)) ? its : [];
}

function sidesOf(host: string, own: readonly string[], led: readonly string[]): NameSource[] {
  const itself = { host, side: 'itself', services: own } as const;
  return led.length === 0 ? [itself] : [itself, { host, side: 'services', services: led }];
}

/** What an entry of that side is called among those of its group. */
export function calledOf({ host, side }: Pick<NameSource, 'host' | 'side'>): string {
  return side === 'itself' ? host : `SRV ${host}`;
}

/** What DNS said of one side of a name, and what may be opened of it. */
export interface Seen extends NameSource {
  readonly lookUp: LookUp;
  readonly good: readonly Network[];
  readonly refused: readonly Network[];
}

/** Most names have no SRV records: that there are none is no bad news. */
export function isKnown({ side, lookUp }: Seen): boolean {
  return lookUp.kind === 'found' || (side === 'services' && lookUp.kind !== 'failed');
}

/** `before`: what it stands for already, by what its entries are called; undefined: it is let in now. */
export async function lookAt(
  parts: Pick<Parts, 'resolve' | 'rules' | 'ownAddresses'>,
  { names }: Sources,
  before: (called: string) => readonly Network[] | undefined,
): Promise<Seen[]> {
  const { resolve, rules, ownAddresses } = parts;
  return Promise.all(
    names.map(async (source) => {
      const lookUp = await resolve(source.host, source.side);
      const addresses = lookUp.kind === 'found' ? lookUp.addresses : [];
      const judging = { own: ownAddresses(), allowDocumentation: rules.allowDocumentationAddresses };
      return { ...source, lookUp, ...judge(addresses, { ...judging, before: before(calledOf(source)) }) };
    }),
  );
}
