/** What each step of the order says in each mode; the rules are written once, over this table. */
import type { Mode } from '../domain/firewall';

type Verdict = 'ACCEPT' | 'DROP' | 'RETURN';

interface Verdicts {
  /** `guarded`: steps 1 and 5 hold for guarded ports only, and what no step catches goes on to the admin's own rules. */
  readonly reach: 'guarded' | 'everything';
  /** Steps 2, 4, 7 (media) and 8: what has to work although nobody opened its port. */
  readonly needed: Verdict;
  /** Steps 1, 5 and 6: loopback, trusted, in the set. */
  readonly welcome: Verdict;
  /** Step 3. */
  readonly blocked: Verdict;
  /** Steps 1, 6, 7 and 9: forged, not in the set, a closed phone's replies. */
  readonly unwelcome: Verdict;
}

export const VERDICTS: Readonly<Record<Mode, Verdicts>> = {
  watch: { reach: 'guarded', needed: 'RETURN', welcome: 'RETURN', blocked: 'DROP', unwelcome: 'RETURN' },
  guard: { reach: 'guarded', needed: 'RETURN', welcome: 'ACCEPT', blocked: 'DROP', unwelcome: 'DROP' },
  secure: { reach: 'everything', needed: 'ACCEPT', welcome: 'ACCEPT', blocked: 'DROP', unwelcome: 'DROP' },
};
