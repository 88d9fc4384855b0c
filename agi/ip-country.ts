/** "Where does this call come from, and may it?" Nothing is played: the dialplan acts on what is left on the channel. */
import type { Call } from '../src/domain/call';
import { readHostPort } from '../src/domain/host-port';
import type { StrangerDoor } from '../src/domain/stranger-door';

/** What is left on the channel. `COUNTRY` is empty where it is not known. */
export type CountryAnswer = Readonly<Record<'STRANGER' | 'COUNTRY' | 'STRANGER_REASON', string>>;

/** `from`: the source of the call's packets as Asterisk writes it, `192.0.2.1:5060` or `[2001:db8::1]:5060` or bare. */
export async function ipCountry(
  { callerNumber, channel }: Pick<Call, 'callerNumber' | 'channel'>,
  from: string | undefined,
  door: StrangerDoor,
): Promise<CountryAnswer> {
  const address = readHostPort(from?.trim() ?? '');
  const { stranger, country, reason } = await door.check(address, { number: callerNumber, channel });
  return { STRANGER: String(stranger), COUNTRY: country ?? '', STRANGER_REASON: reason };
}
