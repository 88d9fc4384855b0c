/** What Asterisk says about a call before the first command: `agi_channel: PJSIP/carrier-00000001` and so on. */
import { AppError } from '../errors';

export type AgiEnvironment = ReadonlyMap<string, string>;

const MOST_BYTES = 64 * 1024;

/** The function returned takes one line and gives the environment at its end. Throws AGI_FAILED for what is no AGI. */
export function environmentReader(): (line: string) => AgiEnvironment | undefined {
  const found = new Map<string, string>();
  let size = 0;
  return (line) => {
    size += line.length;
    if (size > MOST_BYTES) throw notAgi(`an environment of more than ${MOST_BYTES} bytes`);
    if (line === '' && found.size > 0) return found;
    const [, name, value] = /^(agi_\w+): ?(.*)$/.exec(line) ?? [];
    // The first of a name counts. Asterisk escapes nothing: a caller's name with a line break in it may forge, repeat or
    // cut off all that comes behind it, and what comes before it, the request itself, is Asterisk's own.
    if (name !== undefined && value !== undefined && !found.has(name)) found.set(name, value);
    if (found.size === 0) throw notAgi(`"${line.slice(0, 80)}"`);
    return undefined;
  };
}

/** `travelin-man` of `agi://127.0.0.1/travelin-man?x=1`. */
export function scriptOf(environment: AgiEnvironment): string {
  return environment.get('agi_network_script')?.replace(/\?.*$/, '') ?? '';
}

/**
 * `192.0.2.1:5060` of `agi://127.0.0.1/ip-country?192.0.2.1:5060`; undefined without a question mark. The only place for
 * what a script must be told: arguments behind a comma come last, after all that callers write.
 */
export function queryOf(environment: AgiEnvironment): string | undefined {
  return /\?(.*)$/.exec(environment.get('agi_network_script') ?? '')?.[1];
}

/** Twice the longest number there is; the caller writes what he likes. */
const MOST_DIGITS = 32;

/** Digits only, at most 32; undefined for `unknown`, a name or nothing at all. */
export function callerNumberOf(environment: AgiEnvironment): string | undefined {
  const shown = environment.get('agi_callerid') ?? '';
  return /^\+?[\d ().-]*\d[\d ().-]*$/.test(shown) ? shown.replace(/\D/g, '').slice(0, MOST_DIGITS) : undefined;
}

function notAgi(what: string): AppError {
  return new AppError('AGI_FAILED', `${what} came where Asterisk describes a call`, 'who else connects to this port?');
}
