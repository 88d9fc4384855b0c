/** Is everything that a traveller rests on as it should be? */
import type { StatusPart, StatusShape } from '../domain/shapes';
import { AppError } from '../errors';
import { countryPart } from './countries/country-status';
import type { Away, Follower } from './follow';
import { UNKNOWN_RULES } from './doors/kernel-changes';
import { heardPart } from './modes/foresee';
import { namesPart } from './names/names-status';
import { neighboursPart, type LegacySeen } from './modes/neighbours-status';
import { sayOf } from './travellers/pepper';
import { servicesWith } from './modes/policy';
import type { Parts } from './parts';

/** Parts that the composition root alone knows of: the daemon, the AGI server, the mailer. */
export type MoreStatus = () => Promise<readonly StatusPart[]>;

export async function status(
  parts: Parts,
  others: Follower,
  { legacy, more }: LegacySeen & { readonly more: MoreStatus },
): Promise<StatusShape> {
  const away = others.away();
  if (away) return withoutDatabase(parts, away);
  const { mode } = await parts.store.modeState();
  const kernel = await firewallPart(parts).catch(unreadable('firewall'));
  const own = [kernel, phonesPart(parts), await doorsPart(parts), await countryPart(parts)];
  const neighbours = neighboursPart(parts, legacy).catch(unreadable('neighbours'));
  const around = [(await neighbours) ?? []].flat();
  const found = [...own, ...around, ...(await sharedPart(parts)), ...(await namesPart(parts)), ...(await more())];
  const listening = await listeningPart(parts);
  const all = [...found, ...[listening ?? []].flat(), ...[(await heardPart(parts)) ?? []].flat()];
  return { ok: all.every((part) => part.state !== 'fail'), mode: mode ?? null, parts: all };
}

async function withoutDatabase(parts: Parts, away: Away): Promise<StatusShape> {
  const hint = 'calls hear "try later" until it is back; then everything is caught up by itself';
  return {
    ok: false,
    mode: away.mode ?? null,
    parts: [
      { ...part('database', 'fail', away.why, hint), since: away.since.toISOString() },
      await heldPart(parts).catch(unreadable('firewall')),
      phonesPart(parts),
    ],
  };
}

/** The kernel goes on with what it holds. */
async function heldPart({ firewall }: Parts): Promise<StatusPart> {
  const rules = await firewall.rules();
  const kernel = `the kernel decides on with what it holds: ${rules.length} rules`;
  return part('firewall', rules.length > 0 ? 'ok' : 'off', kernel, undefined);
}

/** A kernel that cannot be asked (iptables is missing, or may not be run) is one more thing to tell. */
function unreadable(name: string): (error: unknown) => StatusPart {
  return (error) => {
    if (!(error instanceof AppError) || error.code !== 'FIREWALL_FAILED') throw error;
    return part(name, 'fail', error.what, error.hint);
  };
}

async function sharedPart({ sharedAs, store, vault }: Parts): Promise<StatusPart[]> {
  if (sharedAs === undefined) return [];
  const pepper = await store.pepperMark();
  if (pepper && pepper.mark !== vault.mark) {
    const what = `its PINs are kept with another pepper than this PBX's: ${sayOf(pepper)}`;
    return [part('database', 'fail', what, 'restart tollgate here, which tells what to do')];
  }
  return [part('database', 'ok', `may be shared; this PBX is called "${sharedAs}" in it`, undefined)];
}

async function firewallPart(parts: Parts): Promise<StatusPart> {
  const { mode, trial } = await parts.store.modeState();
  const rules = await parts.firewall.rules();
  if (!mode && rules.length > 0) return part('firewall', 'fail', UNKNOWN_RULES.what, UNKNOWN_RULES.hint);
  if (!mode) return part('firewall', 'off', 'nothing of ours is in the kernel', 'tollgate init');
  if (rules.length === 0) {
    return part('firewall', 'fail', `mode ${mode}, but the kernel holds no rules of ours`, 'tollgate firewall apply');
  }
  const left = await parts.firewall.trialSecondsLeft();
  if (trial && left !== undefined) {
    return part('firewall', 'warn', `${trial.mode} is on trial for ${left} s more`, 'tollgate confirm');
  }
  if (mode === 'watch') return part('firewall', 'warn', 'mode watch: only blocks are dropped', 'tollgate guard');
  return part('firewall', 'ok', `mode ${mode}, ${rules.length} rules`, undefined);
}

function phonesPart({ phones }: Parts): StatusPart {
  const { state, since, detail } = phones.state;
  const shown = { up: 'ok', reduced: 'warn', down: 'fail', off: 'off' } as const;
  const hint = state === 'up' ? undefined : 'see [ami] in the settings and manager.conf of Asterisk';
  return { ...part('asterisk', shown[state], detail, hint), since: since.toISOString() };
}

async function doorsPart({ store, clock }: Parts): Promise<StatusPart> {
  const live = await store.liveEntries(clock.now());
  const count = (kind: string) => live.filter((entry) => entry.kind === kind).length;
  return part('doors', 'ok', `${count('allow')} open, ${count('block')} blocked`, undefined);
}

/** Asterisk has begun to listen where nothing is guarded: told, never mended unasked (rules get stricter only by hand). */
async function listeningPart(parts: Parts): Promise<StatusPart | undefined> {
  const { mode, listening } = await parts.store.modeState();
  if (mode === undefined || mode === 'watch') return undefined;
  const found = await parts.phones.listeningPorts().catch(() => undefined);
  if (!found) return undefined;
  const guarded = servicesWith(parts.services, listening).filter((service) => service.signalling);
  const open = [...found.sip, ...found.iax].filter(
    (ports) =>
      !guarded.some((service) =>
        service.ports.some(
          ({ protocol, first, last }) => protocol === ports.protocol && first <= ports.first && ports.last <= last,
        ),
      ),
  );
  if (open.length === 0) return undefined;
  const those = open.map(({ protocol, first }) => `${protocol}/${first}`).join(', ');
  const lacking = mode === 'secure' ? 'which no entry opens' : 'which is not guarded';
  return part('ports', 'warn', `Asterisk also listens on ${those}, ${lacking}`, `tollgate ${mode}`);
}

function part(name: string, state: StatusPart['state'], detail: string, hint: string | undefined): StatusPart {
  return { name, state, since: null, detail, hint: hint ?? null };
}
