/** What the kernel holds of ours, or is to hold: the value that plans are made of. */
import type { Family } from '../domain/network';
import type { Left } from './time-left';

export interface KernelSet {
  /** Type and options as `create` takes and `ipset save` prints them, without what the kernel chooses by itself. */
  readonly header: string;
  readonly members: Members;
  /** What a set holds that is only ever exchanged as a whole; then `members` is empty. */
  readonly whole?: Whole;
}

/** Member as ipset prints it -> seconds left. There may be hundreds of thousands, so nobody copies them unasked. */
export interface Members extends Pick<ReadonlyMap<string, Left>, 'size' | 'get' | 'has' | typeof Symbol.iterator> {
  /** Makes nothing anew, as the iterator does for each. */
  forEach(visit: (left: Left, member: string) => void): void;
}

/** Hundreds of thousands of networks: counted and told apart by their stamp, never compared one by one. */
export interface Whole {
  readonly count: number;
  /** The same for the same networks, whatever their order. */
  readonly stamp: string;
  /** In canonical text; undefined: only the kernel has them. */
  readonly networks?: readonly string[];
}

export interface Ruleset {
  /** Our chains: name -> rules, as iptables-save prints them. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Positions of our hook in INPUT, 1 being the first; empty: not hooked. */
  readonly hooks: readonly number[];
  /** Rules of others, other than the hook, that lead into our chains: printed whole. */
  readonly leads: readonly string[];
}

export interface KernelState {
  readonly sets: ReadonlyMap<string, KernelSet>;
  readonly rules: Readonly<Record<Family, Ruleset>>;
}

export const NO_RULES: Ruleset = { chains: new Map(), hooks: [], leads: [] };
/** Nothing of ours at all. */
export const NOTHING: KernelState = { sets: new Map(), rules: { 4: NO_RULES, 6: NO_RULES } };
