/** From questions to what a name stands for. */
import { parseHostName } from '../domain/host-name';
import { MOST_ADDRESSES, type LookUp, type Resolve } from '../domain/names';
import { parseAddress, type Family } from '../domain/network';
import type { Answer, Ask } from './question';

const SIP = ['_sip._udp', '_sip._tcp', '_sips._tcp'];
/** Of all SRV records of a name together. */
const MOST_TARGETS = 16;
const FAMILIES = [
  ['A', 4],
  ['AAAA', 6],
] as const;

export function resolverOver(ask: Ask): Resolve {
  return async (name, side) => {
    if (side === 'itself') return together(await addressesOf(ask, name), []);
    const targets = await targetsOf(ask, name);
    const others = targets.names.filter((target) => target !== name);
    const told = await Promise.all(others.map((target) => addressesOf(ask, target)));
    return together(told.flat(), targets.failed);
  };
}

interface Told {
  readonly family: Family;
  readonly answer: Answer;
}

function addressesOf(ask: Ask, name: string): Promise<Told[]> {
  return Promise.all(FAMILIES.map(async ([kind, family]) => ({ family, answer: await ask(kind, name) })));
}

async function targetsOf(ask: Ask, name: string) {
  const answers = await Promise.all(SIP.map((service) => ask('SRV', `${service}.${name}`)));
  const found = answers.flatMap((answer) => (answer.kind === 'found' ? answer.values : []));
  const names = new Set(found.flatMap((target) => parseHostName(target) ?? []));
  return {
    names: [...names].sort().slice(0, MOST_TARGETS),
    failed: answers.filter(({ kind }) => kind === 'failed'),
  };
}

/** `unknown`: questions that might have led to more; then no family is settled. */
function together(told: readonly Told[], unknown: readonly Answer[]): LookUp {
  const answers = told.map(({ answer }) => answer);
  const found = answers.flatMap((answer) => (answer.kind === 'found' ? [answer] : []));
  const all = new Set(found.flatMap(({ values }) => values.flatMap((value) => parseAddress(value) ?? [])));
  const addresses = [...all].sort().slice(0, MOST_ADDRESSES);
  if (addresses.length === 0) return nothing([...answers, ...unknown]);
  const isSettled = (family: Family) =>
    unknown.length === 0 && told.every((each) => each.family !== family || each.answer.kind !== 'failed');
  return {
    ...{ kind: 'found', addresses, settled: ([4, 6] as const).filter(isSettled) },
    ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
  };
}

function nothing(answers: readonly Answer[]): LookUp {
  const failed = answers.find((answer) => answer.kind === 'failed');
  if (failed) return failed;
  return { kind: answers.every(({ kind }) => kind === 'missing') ? 'missing' : 'empty' };
}
