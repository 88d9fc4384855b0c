/** What Asterisk answers to one AGI command. */
import { AppError } from '../errors';
import { HungUp } from '../domain/call';

export interface AgiReply {
  /** `50` of `200 result=50 endpos=4000`. */
  readonly result: string;
  /** What stood in parentheses: `timeout` of `200 result=12 (timeout)`. */
  readonly note: string | undefined;
  /** How far a file was played, in samples. */
  readonly endpos: number;
}

/**
 * ding-dong leaves `endpos` glued to the result. Throws HungUp for a caller who is gone, AGI_FAILED for a refusal.
 * `-1 endpos=0` comes through: a recording that cannot be opened looks like that, too.
 */
export function readReply(command: string, code: number, result: string, note: string | undefined): AgiReply {
  const [, value = '', endpos] = /^(\S*)(?:\s+endpos=(\d+))?/.exec(result) ?? [];
  if (code === 511 || (code === 200 && value === '-1' && endpos !== '0')) throw new HungUp();
  if (code !== 200) {
    const name = command.replace(/ ".*$/, ''); // arguments may be a caller's
    throw new AppError('AGI_FAILED', `Asterisk refused "${name}" (${code})`, 'its log says more: is res_agi loaded?');
  }
  return { result: value, note, endpos: Number(endpos ?? 0) };
}

/**
 * The one line that ding-dong may see for this reply line, or undefined while the reply goes on or is none at all.
 * Replies without `result=` would leave its promise pending: they get one. `520-` begins many lines, `520 ` ends them.
 */
export function replyLines(): (line: string) => string | undefined {
  let inUsage = false;
  return (line) => {
    if (line.startsWith('520-')) inUsage = true;
    if (inUsage && !line.startsWith('520 ')) return undefined;
    inUsage = false;
    const [, code, rest] = /^(\d{3})(?: (.*))?$/.exec(line) ?? [];
    if (code === undefined) return undefined;
    return rest?.startsWith('result=') === true ? line : `${code} result=`;
  };
}
