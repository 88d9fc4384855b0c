/** What is in a backup's file: JSON, of which every part is known. */
import { z } from 'zod';
import type { Backup, NewBackup } from './domain/backup';
import type { Until } from './domain/entry';
import { lastAnswer } from './domain/last-answer';
import { parseNetwork, type Network } from './domain/network';

const DATE = z.iso.datetime().transform((text) => new Date(text));
const MODE = z.enum(['watch', 'guard', 'secure']);
const TEXTS = z.array(z.string());
const PORTS = z.array(z.object({ protocol: z.enum(['udp', 'tcp']), first: z.int(), last: z.int() }));
const NETWORK = z.custom<Network>((text) => typeof text === 'string' && parseNetwork(text) === text);
const SAVED = z.object({
  at: DATE,
  why: z.string(),
  state: z.object({
    mode: MODE.optional(),
    trial: z.object({ mode: MODE, until: DATE, connections: TEXTS.exactOptional() }).optional(),
    listening: z.object({ sip: PORTS, iax: PORTS }).optional(),
    links: z
      .object({
        trusted: z.array(z.object({ network: NETWORK, device: z.string() })),
        dhcpDevices: TEXTS.exactOptional(),
      })
      .exactOptional(),
  }),
  open: z.array(z.object({ id: z.int(), until: z.union([z.literal('forever'), DATE]) })),
  kernel: z.object({ iptables: z.string(), ip6tables: z.string(), ipset: z.string() }),
});

/** Throws what a person is told of it when it is no backup. */
export function readBackup(id: string, text: string): Backup {
  const { data } = SAVED.safeParse(JSON.parse(text));
  if (!data) throw new Error('it does not hold what a backup does');
  const { mode, trial, listening, ...more } = data.state;
  return { id, ...data, state: { mode, trial, listening, ...more } };
}

/** What `readBackup` reads. To leave dates to JSON takes three times as long, and there may be a hundred thousand. */
export function backupText(backup: NewBackup): string {
  const textOf = lastAnswer((until: Until) => (until instanceof Date ? until.toISOString() : until));
  const open = backup.open.map(({ id, until }) => ({ id, until: textOf(until) }));
  return JSON.stringify({ ...backup, open });
}
