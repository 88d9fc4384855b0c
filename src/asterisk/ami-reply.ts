/** What Asterisk's answer to an action means. The one place that looks at its English. */
import { field, type Frame } from './ami-frame';

/**
 * `empty`: the list has no items. `denied`: our user lacks the class. `absent`: no such action, because the module that
 * brings it is not loaded, or no such file. `gone`: the channel or key is no more.
 */
export type ReplyKind = 'done' | 'empty' | 'denied' | 'absent' | 'gone' | 'failed';

const MEANING: readonly (readonly [RegExp, ReplyKind])[] = [
  [/^No .+ found/i, 'empty'],
  [/^Permission denied/i, 'denied'],
  [/^Invalid\/unknown command|^Config file not found/i, 'absent'],
  [/^No such channel|^Database entry (not found|could not be deleted)/i, 'gone'],
];

export function replyKind(reply: Frame): ReplyKind {
  if (field(reply, 'response')?.toLowerCase() !== 'error') return 'done';
  const message = field(reply, 'message') ?? '';
  return MEANING.find(([pattern]) => pattern.test(message))?.[1] ?? 'failed';
}
