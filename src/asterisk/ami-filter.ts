/** What Asterisk itself is asked to keep from us. */

/**
 * An event with a foreign line break in it: one that is no CR and LF, or one that makes an empty line before its end.
 *
 * Asterisk escapes nothing in its events, and a caller's name (`sip:a%0d%0a%0d%0aEvent...`) can hold whole events that
 * look like true ones in every byte: no reader could tell them apart. But Asterisk matches a filter with each event before
 * it is written, and knows where it ends. So an event that would be read as two never reaches us. (`-` stands between a
 * tab and a form feed, which holds LF; a header cannot hold LF itself.)
 */
export const BROKEN_EVENTS = '![^\r][\t-\f]|[[:cntrl:]]{3}[^[:cntrl:]]';

/** What nobody here reads: half of all that it tells while phones register, or passwords are guessed. */
export const UNREAD_EVENTS = '!^Event: ChallengeSent';
