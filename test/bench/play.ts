/** Measures one section, in a network namespace of its own, and tells its rows as JSON. Arguments: section, folder, Asterisk's tree. */
import type { Row } from './row';
import { door } from './door';
import { sets } from './sets';
import { conversations } from './conversations';
import { calls } from './calls';
import { countries } from './countries';
import { country } from './country';
import { events } from './events';
import { packets } from './packets';
import { strangers } from './strangers';
import { attacks } from './attacks';

/** In the order in which they are measured; each gets a folder on a disk. */
const MEASURE: Readonly<Record<string, (folder: string, tree: string) => Promise<Row[]>>> = {
  door,
  conversations,
  calls,
  sets,
  country,
  countries,
  packets,
  strangers,
  attacks,
  events,
};

async function main(section: string, folder: string, tree: string): Promise<void> {
  const rows = await MEASURE[section]?.(folder, tree);
  process.stdout.write(`${JSON.stringify(rows ?? [])}\n`, () => process.exit(0));
}

main(process.argv[2] ?? '', process.argv[3] ?? '', process.argv[4] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
