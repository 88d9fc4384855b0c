/** An AGI server for one script, and what came of it. */
import { randomBytes } from 'node:crypto';
import { startAgiServer, type AgiServer, type AgiServerOptions } from '../../src/asterisk/agi-server';
import type { CallEvent } from '../../src/asterisk/agi-call';
import { CALL_SETTINGS } from '../../src/asterisk/call-settings';
import { clock } from '../../src/clock';

export interface Served extends AgiServer {
  /** `event {"field":"value"}`. */
  readonly log: string[];
  readonly events: CallEvent[];
}

type Script = AgiServerOptions['scripts'][string];

export async function serve(script: Script, options: Partial<AgiServerOptions> = {}): Promise<Served> {
  const log: string[] = [];
  const events: CallEvent[] = [];
  const server = await startAgiServer({
    port: 0,
    scripts: { test: script },
    settings: CALL_SETTINGS,
    soundFile: (prompt, language) => `${language}/${prompt}`,
    observe: (event) => events.push(event),
    clock,
    random: randomBytes,
    log: (event, fields) => log.push(`${event} ${JSON.stringify(fields)}`),
    ...options,
  });
  return { ...server, log, events };
}
