/** Ranges by hand: permit, deny, show, list, remove. */
import { addressOf, parseRange, PRIVATE, rangeText, type AddressRange } from '../../domain/address-range';
import { BY_HAND, type CountryRules, type Permission, type RangeRule } from '../../domain/country';
import type { RangeChangeShape, RangeShape } from '../../domain/country-shapes';
import { AppError } from '../../errors';
import { write } from '../announce';
import { refuseTooLong } from '../doors/terms';
import type { Asked } from '../doors/entries';
import { outsideOf, type CountryParts } from './outside';
import type { Parts } from '../parts';

export interface RangeNamed {
  readonly first: string;
  /** Undefined: `first` is a single address or a network. */
  readonly last?: string;
}
export interface RangeAsked extends Asked, RangeNamed {
  readonly note?: string;
}

/** The same range said twice is told, and nothing is changed. */
export async function sayOfRange(
  parts: CountryParts,
  asked: RangeAsked,
  permission: Permission,
): Promise<RangeChangeShape> {
  refuseTooLong('note', asked.note);
  const range = rangeNamed(asked);
  const rules = await parts.store.countryRules();
  const before = ruleOf(rules, range);
  const isSame = before?.permission === permission && (asked.note === undefined || asked.note === before.note);
  const at = parts.clock.now();
  const rule: RangeRule = isSame ? before : { range, permission, by: asked.by, at, note: asked.note };
  const next = [...others(rules, range), rule];
  const change = isSame ? 'same' : before ? 'changed' : 'added';
  const told = await toldOf(parts, { ...rules, ranges: next }, shapeOfRule(rule), change);
  if (asked.dryRun || isSame) return told;
  const why = permission === 'permit' ? 'Permitted by hand.' : 'Denied by hand.';
  await parts.store.transaction(async (records) => {
    await records.saveRange(rule);
    await write(parts, records, { action: 'range', by: asked.by, what: rangeText(range), from: 'command', why });
  });
  await parts.countries.reload();
  return told;
}

export async function removeRange(parts: CountryParts, asked: RangeAsked): Promise<RangeChangeShape> {
  const range = rangeNamed(asked);
  const rules = await parts.store.countryRules();
  const rule = ruleOf(rules, range);
  if (!rule) {
    const hint = 'name the first and the last address of one; tollgate range list shows them';
    throw new AppError('NOT_FOUND', `no range by hand is ${rangeText(range)}`, hint);
  }
  const told = await toldOf(parts, { ...rules, ranges: others(rules, range) }, shapeOfRule(rule), 'removed');
  if (asked.dryRun) return told;
  await parts.store.transaction(async (records) => {
    await records.removeRange(range);
    const what = rangeText(range);
    await write(parts, records, { action: 'range', by: asked.by, what, from: 'command', why: 'Removed.' });
  });
  await parts.countries.reload();
  return told;
}

/** Its integers, and what is said of exactly it; nothing is changed. */
export async function showRange(parts: Parts, asked: RangeNamed): Promise<RangeShape> {
  const range = rangeNamed(asked);
  const rule = ruleOf(await parts.store.countryRules(), range);
  if (rule) return shapeOfRule(rule);
  const { country = null } = (await parts.countries.reload()).lookup(addressOf(range.family, range.first));
  return { ...shapeOfRange(range), country, permission: null, by: null, at: null, note: null };
}

/** What was added by hand, and the private networks that are permitted from the start. */
export async function listRanges({ store }: Parts): Promise<RangeShape[]> {
  const { ranges } = await store.countryRules();
  const builtIn = PRIVATE.map((range): RangeShape => {
    const why = 'private: nobody reaches it from the Internet';
    return { ...shapeOfRange(range), country: null, permission: 'permit', by: 'built in', at: null, note: why };
  });
  return [...ranges.map(shapeOfRule), ...builtIn];
}

async function toldOf(
  parts: CountryParts,
  rules: CountryRules,
  range: RangeShape,
  change: RangeChangeShape['change'],
): Promise<RangeChangeShape> {
  return { range, change, ...(await outsideOf(parts, await parts.countries.data.judge(rules))) };
}

function rangeNamed({ first, last }: RangeNamed): AddressRange {
  const range = parseRange(first, last);
  if (range) return range;
  const what = last === undefined ? `"${first}"` : `"${first}" to "${last}"`;
  const hint = 'write a first and a last address of one family, a network, or one address';
  throw new AppError('MISUSED', `${what} is no range of addresses`, hint);
}

function ruleOf({ ranges }: CountryRules, range: AddressRange): RangeRule | undefined {
  return ranges.find((rule) => isSame(rule.range, range));
}

function others({ ranges }: CountryRules, range: AddressRange): RangeRule[] {
  return ranges.filter((rule) => !isSame(rule.range, range));
}

function isSame(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first === b.first && a.last === b.last;
}

function shapeOfRange({ family, first, last }: AddressRange) {
  return {
    ...{ first: addressOf(family, first), last: addressOf(family, last) },
    integers: { first: String(first), last: String(last) },
    addresses: String(last - first + 1n),
  };
}

function shapeOfRule({ range, permission, by, at, note }: RangeRule): RangeShape {
  return { ...shapeOfRange(range), country: BY_HAND, permission, by, at: at.toISOString(), note: note ?? null };
}
