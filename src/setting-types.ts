/** What a single setting may be: a duration, a network, a port. Each says what would have been right. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { parseDuration } from './domain/duration';
import { parseHostName } from './domain/host-name';
import { mailboxOf } from './domain/mailbox';
import { parseNetwork } from './domain/network';
import { ACCESS, type Ports } from './domain/service';

export const seconds = z.string().transform((text, context) => {
  const value = parseDuration(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'a duration like 90m, 8h, 3d or 2w' });
  return value ?? 0;
});
export const network = z.string().transform((text, context) => {
  const value = parseNetwork(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'an address or network like 192.0.2.0/24' });
  return value ?? ('' as never);
});
export const farEnd = z.string().transform((text, context) => {
  const address = parseNetwork(text);
  const value = address ?? parseHostName(text);
  if (value === undefined || address?.endsWith('/0'))
    context.addIssue({ code: 'custom', message: 'addresses, networks or names like sip.example.com' });
  return value ?? '';
});
export const mailbox = z.string().refine((text) => text === '' || mailboxOf(text) !== undefined, 'one e-mail address');
export const port = z.number().int().min(1).max(65_535);
export const count = z.number().int().min(1);
/** 0 for what is not set. */
export const optionalSeconds = z.string().transform((text, context) => {
  const value = text === '' ? 0 : parseDuration(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'a duration like 60d, or ""' });
  return value ?? 0;
});
export const force = z.enum(['off', 'report', 'enforce']);
const ports = z.string().transform((text, context): Ports => {
  const [, protocol, first, last] = /^(udp|tcp)\/(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last ?? first) };
  const good = range.first >= 1 && range.first <= range.last && range.last <= 65_535;
  if (!good) context.addIssue({ code: 'custom', message: 'ports like udp/5060 or udp/10000-20000' });
  return { protocol: protocol === 'tcp' ? 'tcp' : 'udp', ...range };
});
export const nameServer = z
  .string()
  .refine(isNameServer, 'an address like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53');
export const service = z.strictObject({
  ports: z.array(ports).default([]),
  guarded: z.boolean().default(false),
  policy: z.enum(ACCESS).default('whitelist'),
  open: z.undefined({ error: 'write policy = "open" for true, and nothing for false' }).optional(),
});
/** `tg-<name>4` must fit the 31 characters of an ipset, and a chain's 28. */
export const serviceName = z.string().regex(/^[a-z][a-z0-9-]{0,9}$/, 'a service name is 1 to 10 of a-z, 0-9, -');

function isNameServer(text: string): boolean {
  const [, inBrackets, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return isIP(text) !== 0 || isIPv6(inBrackets ?? '') || isIPv4(plain ?? '');
}
