/** Presets of names, addresses and media networks for companies that sell telephone service; pure data and its look-up. */
import { parseNetwork, type Network } from './network';
import list from './providers.json';

export interface Provider {
  /** What people type: `callcentric`. */
  readonly id: string;
  readonly company: string;
  /** Names that calls come from or go to; where their SRV records lead belongs to them. */
  readonly names: readonly string[];
  /** Addresses that it signals from and publishes as such. */
  readonly networks: readonly Network[];
  /** Where its sound comes from, if that is elsewhere. */
  readonly media: readonly Network[];
  /** What it is let in for unless told. */
  readonly services: readonly string[];
  /** As the company tells them: `udp/5060`, `udp/10000-20000`. */
  readonly ports: readonly string[];
  /** Where it says so. */
  readonly source: string;
  /** The day on which that was read: `2026-11-22`. */
  readonly checked: string;
  readonly note?: string;
}

export function providers(): readonly Provider[] {
  return list.map(({ networks, media, ...rest }) => ({
    ...rest,
    networks: networks.flatMap((text) => parseNetwork(text) ?? []),
    media: media.flatMap((text) => parseNetwork(text) ?? []),
  }));
}

export function providerNamed(id: string): Provider | undefined {
  return providers().find((provider) => provider.id === id);
}
