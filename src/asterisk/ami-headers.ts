/** What may be sent to the manager interface: a line break in a value would begin a second action. */
import { AppError } from '../errors';
import { BROKEN_EVENTS } from './ami-filter';

export type Headers = Readonly<Record<string, string>> & { readonly Action: string };

const NAME = /^[A-Za-z][A-Za-z0-9]*$/;
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Asterisk reads a header line into 1024 bytes and drops the whole message, its ActionID with it, when one is longer. */
const MOST_LINE_BYTES = 1000;

/** Rejects what Asterisk would misread with AMI_FAILED: nothing of it has been sent then. */
export function checkHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    const wrong = faultOf(name, value);
    if (wrong === undefined) continue;
    const what = `${headers.Action} was not sent to Asterisk: header ${JSON.stringify(name)} ${wrong}`;
    throw new AppError('AMI_FAILED', what, 'look at the name that Asterisk knows it by; it should be plain text');
  }
}

function faultOf(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return 'has no plain name';
  // Asterisk splits this one on commas, and the library joins nothing that would escape them.
  if (name.toLowerCase() === 'variable') return 'is none that we may send';
  if (CONTROL.test(value) && value !== BROKEN_EVENTS) return 'holds a control character';
  return Buffer.byteLength(`${name}: ${value}`) > MOST_LINE_BYTES ? 'is longer than Asterisk can read' : undefined;
}

/** Does this header fit into what Asterisk reads, unbroken? */
export function isSendable(name: string, value: string): boolean {
  return faultOf(name, value) === undefined;
}
