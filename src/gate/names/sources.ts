/** What a followed group is made of: the names that DNS is asked for, and networks that are known without it. */
import type { Group } from '../../domain/entry';
import { judge, type LookUp } from '../../domain/names';
import type { Network } from '../../domain/network';
import { providerNamed } from '../../domain/providers';
import { expandServices } from '../../domain/service';
import type { Parts } from '../parts';

export interface Sources {
  readonly names: readonly NameSource[];
  readonly networks: readonly { readonly network: Network; readonly services: readonly string[] }[];
}

interface NameSource {
  readonly host: string;
  /** Also follow where its SRV records lead. */
  readonly services: boolean;
}

type Described = Pick<Group, 'kind' | 'what' | 'services'>;

export function isFollowed({ kind }: Pick<Group, 'kind'>): boolean {
  return kind === 'name' || kind === 'provider';
}

/** Undefined: a provider that this version knows no more; what is open stays open. */
export function sourcesOf({ kind, what, services }: Described, parts: Pick<Parts, 'services'>): Sources | undefined {
  if (kind === 'name') return { names: [{ host: what, services: false }], networks: [] };
  const provider = kind === 'provider' ? providerNamed(what) : undefined;
  if (!provider) return undefined;
  const media = expandServices(services, parts.services).has(MEDIA) ? provider.media : [];
  return {
    names: provider.names.map((host) => ({ host, services: true })),
    networks: [
      ...provider.networks.map((network) => ({ network, services })),
      ...media.map((network) => ({ network, services: [MEDIA] })),
    ],
  };
}

const MEDIA = 'rtp';

/** What DNS said of one name, and what may be opened of it. */
export interface Seen {
  readonly host: string;
  readonly lookUp: LookUp;
  readonly good: readonly Network[];
  readonly refused: readonly Network[];
}

/** `before`: what a name stands for already; undefined: it is let in now. */
export async function lookAt(
  parts: Pick<Parts, 'resolve' | 'rules' | 'ownAddresses'>,
  { names }: Sources,
  before: (host: string) => readonly Network[] | undefined,
): Promise<Seen[]> {
  const { resolve, rules, ownAddresses } = parts;
  return Promise.all(
    names.map(async ({ host, services }) => {
      const lookUp = await resolve(host, { services });
      const addresses = lookUp.kind === 'found' ? lookUp.addresses : [];
      const judging = { own: ownAddresses(), allowDocumentation: rules.allowDocumentationAddresses };
      return { host, lookUp, ...judge(addresses, { ...judging, before: before(host) }) };
    }),
  );
}
