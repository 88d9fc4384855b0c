/** Compares FreePBX with what is open, every hour or when it is asked: tells what is new there, or lets it in itself. */
import { oneAtATime } from '../../domain/one-at-a-time';
import type { ImportShape, ProposalShape, StatusPart } from '../../domain/shapes';
import { AppError } from '../../errors';
import { tell } from '../announce';
import type { Doors } from '../doors/doors';
import type { Asked } from '../doors/entries';
import { shapeOfImport, type Proposal } from './import';
import { applyProposals } from './import-apply';
import { knownToFreepbx, proposeKnown, type ExchangeOrigin } from './import-exchange';
import type { Parts } from '../parts';

export interface ExchangeAsked extends Asked {
  /** A mysql:// address in place of the one that the settings or FreePBX's own file tell. */
  readonly database?: string;
}

export interface ExchangeWatch {
  /** Compares when its time has come; called every few seconds. */
  look(): Promise<void>;
  importFrom(origin: ExchangeOrigin, asked: ExchangeAsked): Promise<ImportShape>;
  /** Nothing where there is no FreePBX, and before it was compared. */
  status(): StatusPart[];
}

type Found =
  | {
      readonly kind: 'compared';
      readonly news: readonly ProposalShape[];
      readonly known: number;
      readonly revoked: number;
    }
  | { readonly kind: 'failed'; readonly fault: AppError; readonly since: Date };

const ORIGIN = 'freepbx';
/** What was told is remembered under this. */
const SUBJECT = 'import freepbx';
/** FreePBX may come up after us. */
const AGAIN_SECONDS = 300;
const NEWS: readonly Proposal['state'][] = ['new', 'changed', 'gone'];

export function exchangeWatch(parts: Parts, doors: Doors): ExchangeWatch {
  const { store, clock, rules, post, log } = parts;
  const alone = oneAtATime();
  let found: Found | undefined;
  let next = 0;

  /** `done`: what came of carrying it out, which tells why something is still left. */
  const remember = (proposals: readonly Proposal[], done?: ImportShape) => {
    const why = new Map(done?.proposals.flatMap((each) => (each.state === 'refused' ? [[each.what, each.why]] : [])));
    const { proposals: shapes } = shapeOfImport(ORIGIN, proposals);
    const news = shapes.filter(isNews).map((each) => ({ ...each, why: why.get(each.what) ?? each.why }));
    found = { kind: 'compared', news, known: countOf(shapes, 'same'), revoked: countOf(shapes, 'revoked') };
  };

  const compare = async () => {
    const known = await knownToFreepbx(parts);
    if (!known) {
      found = undefined;
      return;
    }
    const proposals = await proposeKnown(parts, ORIGIN, known);
    const news = proposals.filter(({ state }) => NEWS.includes(state));
    const isAuto = rules.importFreepbx === 'auto';
    const done =
      isAuto &&
      news.length > 0 &&
      (await applyProposals(parts, doors, { by: ORIGIN }, { origin: ORIGIN, proposals: news }));
    const lines = done ? done.proposals : shapeOfImport(ORIGIN, news).proposals;
    const keys = news.map(keyOf);
    const untold = new Set(await store.untold(SUBJECT, keys));
    await store.transaction(async (records) => {
      await records.saveTold(SUBJECT, keys, clock.now());
      const fresh = lines.filter((_, i) => untold.has(keys[i] ?? ''));
      if (fresh.length > 0) await tell(parts, records, { kind: 'exchange', lines: fresh, applied: isAuto });
    });
    post.poke();
    if (done) remember(await proposeKnown(parts, ORIGIN, known), done);
    else remember(proposals);
  };

  const failed = (fault: AppError) => {
    const before = found?.kind === 'failed' ? found : undefined;
    if (before?.fault.what !== fault.what) log('freepbx not compared', { why: fault.what });
    found = { kind: 'failed', fault, since: before?.since ?? clock.now() };
    next = clock.now().getTime() + Math.min(rules.importSeconds, AGAIN_SECONDS) * 1000;
  };

  return {
    async look() {
      if (rules.importFreepbx === 'off' || clock.now().getTime() < next) return;
      next = clock.now().getTime() + rules.importSeconds * 1000;
      try {
        await alone(compare);
      } catch (error) {
        if (!(error instanceof AppError) || !OF_FREEPBX.includes(error.code)) throw error;
        failed(error);
      }
    },
    importFrom: (origin, { database, ...asked }) =>
      alone(async () => {
        const known = origin === ORIGIN ? await knownToFreepbx(parts, database) : await parts.phones.known();
        if (!known) throw notHere();
        const proposals = await proposeKnown(parts, origin, known);
        const shape = await applyProposals(parts, doors, asked, { origin, proposals });
        if (asked.dryRun || origin !== ORIGIN || database !== undefined) return shape;
        const left = await proposeKnown(parts, origin, known);
        await store.saveTold(SUBJECT, left.filter(({ state }) => NEWS.includes(state)).map(keyOf), clock.now());
        remember(left, shape);
        return shape;
      }),
    status: () => statusOf(found),
  };
}

const OF_FREEPBX: readonly AppError['code'][] = ['EXCHANGE_FAILED', 'MISUSED'];

function notHere(): AppError {
  const hint =
    'name its database: --freepbx-database mysql://USER:PASSWORD@HOST/asterisk, or [import] freepbx_database';
  return new AppError('EXCHANGE_FAILED', 'there is no FreePBX here: /etc/freepbx.conf is not there', hint);
}

function keyOf({ state, what, services }: Pick<Proposal, 'state' | 'what' | 'services'>): string {
  return `${state} ${what} ${services.join(' ')}`;
}

function isNews({ state }: ProposalShape): boolean {
  return NEWS.includes(state);
}

function countOf(shapes: readonly ProposalShape[], state: Proposal['state']): number {
  return shapes.filter((each) => each.state === state).length;
}

const MOST_NAMED = 5;

function statusOf(found: Found | undefined): StatusPart[] {
  if (!found) return [];
  const part = { name: 'freepbx', since: null };
  if (found.kind === 'failed') {
    const { fault, since } = found;
    const detail = `not compared, and nothing was changed: ${fault.what}`;
    return [{ ...part, state: 'warn', since: since.toISOString(), detail, hint: fault.hint }];
  }
  const { news, known, revoked } = found;
  if (news.length === 0) {
    const but = revoked > 0 ? `, but for ${revoked} that people revoked` : '';
    const detail = `all of its ${known + revoked} far ends are let in${but}`;
    return [{ ...part, state: 'ok', detail, hint: null }];
  }
  const named = news.slice(0, MOST_NAMED).map(({ state, what, why }) => `${state}: ${what} (${why})`);
  const more = news.length > MOST_NAMED ? [`and ${news.length - MOST_NAMED} more`] : [];
  return [{ ...part, state: 'warn', detail: [...named, ...more].join('; '), hint: 'tollgate import freepbx --apply' }];
}
