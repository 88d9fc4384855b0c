/** Services: named bundles of ports that an entry opens. */

export interface Ports {
  readonly protocol: 'udp' | 'tcp';
  readonly first: number;
  /** Equal to `first` for a single port. */
  readonly last: number;
}

/** Is there a port in both? */
export function overlaps(a: Ports, b: Ports): boolean {
  return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last;
}

/**
 * Whom a service lets in: `whitelist` entries alone, `countries` addresses of permitted countries as well, `open` the
 * whole world. `rtp` is always `whitelist`.
 */
export const ACCESS = ['whitelist', 'countries', 'open'] as const;
type Access = (typeof ACCESS)[number];

/** `guarded`: `policy` holds in `guard` mode too. `signalling`: sip and iax, always guarded. */
export interface Service {
  readonly name: string;
  readonly ports: readonly Ports[];
  readonly guarded: boolean;
  readonly signalling: boolean;
  readonly policy: Access;
}

/** Bundles of bundles. `all` is every service and, in `secure` mode, every other port as well. */
const BUNDLES: Readonly<Record<string, readonly string[]>> = { phone: ['sip', 'iax', 'rtp'] };
export const ALL = 'all';

/**
 * The kernel sets' names that these service names stand for: `phone` is sip, iax and rtp; `all` is everything and `all`.
 * Unknown names stand for nothing: the edge has refused them (`unknownServices`).
 */
export function expandServices(names: readonly string[], services: readonly Service[]): ReadonlySet<string> {
  const known = services.map((service) => service.name);
  const expanded = names.flatMap((name) => (name === ALL ? [...known, ALL] : (BUNDLES[name] ?? [name])));
  return new Set(expanded.filter((name) => name === ALL || known.includes(name)));
}

/** Every name that an admin may write where a service is asked for. */
export function serviceNames(services: readonly Service[]): string[] {
  return [...Object.keys(BUNDLES), ...services.map((service) => service.name), ALL];
}
