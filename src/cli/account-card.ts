/** tollgate account card: one page that a traveller can carry. It never holds the PIN. */
import type { Command } from 'commander';
import type { AccountShape } from '../domain/shapes';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { count, say } from './say';
import type { Session } from './session';

export function addCard(account: Command, act: Act): void {
  account
    .command('card')
    .description('one page to print: what the traveller needs, but never the PIN')
    .argument('<number>', 'account number, 2 to 12 digits')
    .action(act(card));
}

async function card(session: Session, number: string): Promise<Outcome> {
  const { pbx } = session.config();
  const account = await (await session.operations()).accountShow({ number });
  const dial = pbx.number === '' ? undefined : pbx.number;
  const { leaseSeconds, maxOpen, name } = account;
  const json = { account: number, name, pbx: pbx.name, dial: dial ?? null, form: FORM, leaseSeconds, maxOpen };
  return { text: page(account, pbx.name, dial), json };
}

const FORM = '12*34*56*78#';

function page(account: AccountShape, pbx: string, dial: string | undefined): string {
  const stays = longDuration(account.leaseSeconds);
  return say`
  ${`Your phone on ${pbx}`}
  ------------------------------------------------------------------------

    For            ${account.name}
    Number to dial ${dial ?? '______________________ (pbx.number in the settings)'}
    Account        ${account.number}
    PIN            you know it; do not write it here

  1. On the device that is to connect: mobile data and VPN off, and on the
     network that it will use. Open an IPv4 what-is-my-IP page on it and
     note the address, as 12.34.56.78.

  2. From any telephone dial the number above, and key
       your account   ${account.number}#
       your PIN       and #
       the address    ${FORM}
                      a star for each dot, the hash key at the end
                      (or twelve digits: 012034056078#)
     You may key straight over the words; nothing is lost.

  3. The address is read back. Press 1, and wait for "it is open".
     Your phone connects at once.

  It stays open for ${stays}. Call again from a new place, or to keep it
  longer; ${account.maxOpen === 1 ? 'one address' : `${account.maxOpen} addresses`} can be open at a time, and one more closes the oldest.
  Everybody on the same network shares the address: close it when you leave.
  ------------------------------------------------------------------------
`;
}

/** `3 days`, `8 hours`, `90 minutes`: the card is read by people who know no `d`. */
function longDuration(seconds: number): string {
  if (seconds % 86_400 === 0) return count(seconds / 86_400, 'day');
  return seconds % 3600 === 0 ? count(seconds / 3600, 'hour') : count(Math.round(seconds / 60), 'minute');
}
