/** "You can use your phone and the web pages." */
import type { Prompt } from './prompt';

export function spokenServices(services: readonly string[]): Prompt[] {
  const names = [...new Set(services.map((service) => SPOKEN[service] ?? 'service-other'))];
  const last = names.at(-1);
  if (last === undefined) return [];
  return ['you-can-use', ...names.slice(0, -1), ...(names.length > 1 ? ['and' as const] : []), last];
}

/** The admin's own services have no recording. */
const SPOKEN: Readonly<Partial<Record<string, Prompt>>> = {
  phone: 'service-phone',
  sip: 'service-sip',
  iax: 'service-iax',
  rtp: 'service-rtp',
  web: 'service-web',
  ssh: 'service-ssh',
  smtp: 'service-smtp',
  tftp: 'service-tftp',
  ftp: 'service-ftp',
  provisioning: 'service-provisioning',
  all: 'service-all',
};
