/** What was spoken and pressed on a call, as Asterisk itself logged it. */

export type CallEvent =
  | { readonly kind: 'answered'; readonly atMs: number }
  /** Ours by name, as `greeting`; Asterisk's own as `digits/1`. */
  | { readonly kind: 'spoken'; readonly atMs: number; readonly prompt: string }
  | { readonly kind: 'pressed'; readonly atMs: number; readonly key: string };

/** Times as milliseconds since 1970, so that they compare with ours. Goes with `dateformat` below. */
export const CALL_LOG = `[general]
dateformat = %s.%3q
[logfiles]
messages.log = notice,warning,error,verbose(3),security
calls.log = verbose(3),dtmf
notices.json => [json]notice
`;
export const CALL_LOG_FILE = '/var/log/asterisk/calls.log';

/** The events of a call's log lines, in their order; a prompt that goes on from its middle is no new one. */
export function readCallLog(log: string): CallEvent[] {
  return log.split('\n').flatMap((line): CallEvent[] => {
    const [, seconds, text = ''] = /^\[(\d+\.\d{3})\] (.*)$/.exec(line) ?? [];
    if (seconds === undefined) return [];
    const atMs = Math.round(Number(seconds) * 1000);
    if (/Executing \[[^\]]+\] Answer\(/.test(text)) return [{ kind: 'answered', atMs }];
    const prompt = /> Playing '([^']+)\.\w+' \((?!.*sample_offset [1-9])/.exec(text)?.[1];
    if (prompt !== undefined) return [{ kind: 'spoken', atMs, prompt: prompt.replace(/^\/.*\//, '') }];
    const key = /DTMF end '(.)' received on/.exec(text)?.[1];
    return key === undefined ? [] : [{ kind: 'pressed', atMs, key }];
  });
}

/** The same with each key of the PIN, the second thing that is keyed, as `•`: nobody reads it anywhere. */
export function withoutPin(events: readonly CallEvent[]): CallEvent[] {
  let ended = 0;
  return events.map((event) => {
    if (event.kind !== 'pressed') return event;
    if (event.key === '#') ended++;
    return ended === 1 && event.key !== '#' ? { ...event, key: '•' } : event;
  });
}

/** The prompts of ours that Asterisk could not play, by name. */
export function unheard(log: string): string[] {
  return [...log.matchAll(/File (\S+) does not exist/g)].map(([, path = '']) => path.replace(/^\/.*\//, ''));
}

/** Lines for people: `  3.2 s  “Please enter …”`, and keys that were pressed in one go on one line. */
export function tellCall(events: readonly CallEvent[], words: Readonly<Record<string, string>>): string[] {
  const start = events.find(({ kind }) => kind === 'answered')?.atMs ?? events[0]?.atMs ?? 0;
  const lines: { text: string; readonly pressed: boolean; readonly short: boolean; readonly at: number }[] = [];
  for (const event of events) {
    if (event.kind === 'answered') continue;
    const last = lines.at(-1);
    const pressed = event.kind === 'pressed';
    const word = pressed ? event.key : (words[event.prompt] ?? stockWords(event.prompt));
    const short = !pressed && words[event.prompt] === undefined;
    if (last?.pressed && pressed) last.text += ` ${word}`;
    else if (last && short && last.short) last.text += ` ${word}`;
    else lines.push({ text: word, pressed, short, at: event.atMs });
  }
  return lines.map(({ text, pressed, at }) => {
    const time = `${((at - start) / 1000).toFixed(1).padStart(6)} s  `;
    return time + (pressed ? `      keys  ${text}` : `“${text}”`);
  });
}

/** Asterisk's own recordings are named after their words. */
function stockWords(prompt: string): string {
  return prompt === 'pause' ? '…' : prompt.replace(/^\w+\//, '').replaceAll('-', ' ');
}
