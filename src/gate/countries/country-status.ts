/** Are the country tables as they should be? */
import type { StatusPart } from '../../domain/shapes';
import { AppError } from '../../errors';
import type { Parts } from '../parts';
import { ageOf } from './old-data';
import { byCountry } from './permitted-networks';

export async function countryPart(parts: Parts): Promise<StatusPart> {
  try {
    return await judgedPart(parts);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return part('fail', error.what, error.hint);
  }
}

async function judgedPart(parts: Parts): Promise<StatusPart> {
  const { store, countries, rules, services } = parts;
  const said = await store.countryRules();
  const facts = await countries.data.facts();
  const names = byCountry(services).map(({ name }) => name);
  const isUsed = said.countries.length > 0 || said.ranges.length > 0 || names.length > 0;
  if (!facts) {
    const needs = said.countries.length > 0 || names.length > 0;
    return part(needs ? 'fail' : 'off', `there are no country data${alone(names)}`, 'tollgate country refresh');
  }
  const permitted = said.countries.filter(({ permission }) => permission === 'permit').map(({ country }) => country);
  const { idle } = await countries.data.judge(said);
  const data = `${facts.source} of ${facts.dated.toISOString().slice(0, 10)} (${facts.licence})`;
  const { days, isTooOld } = ageOf(parts, facts);
  if (isTooOld) return part('warn', `${data} is ${days} days old`, 'tollgate country refresh');
  const isAsked = rules.countries.calls !== 'off' || rules.countries.registrations !== 'off';
  if (idle !== undefined) {
    const hint = 'tollgate country permit CC names the countries of your people and providers';
    return part(
      isUsed || isAsked ? 'warn' : 'off',
      `${data}; only who is denied is a stranger: ${idle}${alone(names)}`,
      hint,
    );
  }
  const told = `${data}; permitted: ${permitted.join(' ') || 'ranges by hand'}`;
  if (names.length === 0) return part('ok', told, undefined);
  await countries.prepare();
  const { 4: ipv4, 6: ipv6 } = countries.permitted();
  const fault = countries.permittedFault;
  if (fault !== undefined) return part('fail', `${fault}: those of before are let in`, 'permit fewer of them');
  return part(
    'ok',
    `${told}; let in to ${names.join(', ')}: ${ipv4.networks.length + ipv6.networks.length} networks`,
    undefined,
  );
}

/** What an empty table means to services of the policy `countries`. */
function alone(names: readonly string[]): string {
  return names.length > 0 ? `; ${names.join(', ')}: entries alone are let in` : '';
}

function part(state: StatusPart['state'], detail: string, hint: string | undefined): StatusPart {
  return { name: 'countries', state, since: null, detail, hint: hint ?? null };
}
