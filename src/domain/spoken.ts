/** By which services a phone's or trunk's signalling comes in. */
import type { Peer } from './phones';
import type { Service } from './service';

const SPEAKS: Readonly<Record<string, string>> = { PJSIP: 'sip', SIP: 'sip', IAX2: 'iax' };

/** Its driver's; any that carries signalling while nobody knows its driver. */
export function spokenBy({ channel = '' }: Pick<Peer, 'channel'>, services: readonly Service[]): readonly Service[] {
  const own = SPEAKS[channel];
  return services.filter(({ name, signalling }) => signalling && (own === undefined || own === name));
}
