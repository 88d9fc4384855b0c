/**
 * Our resolver on the network that it is started in. Argument: `ServerSettings` as JSON. Each line of stdin is a question
 * as JSON, each line of stdout its answer, in the same order.
 */
import { createInterface } from 'node:readline';
import type { Side } from '../../../src/domain/names';
import { resolverOver } from '../../../src/names/resolve';
import { askServers, type ServerSettings } from '../../../src/names/servers';

export interface Question {
  readonly name: string;
  readonly side: Side;
}

const resolve = resolverOver(askServers(JSON.parse(process.argv[2] ?? '{}') as ServerSettings));
let answered = Promise.resolve();
createInterface(process.stdin).on('line', (line) => {
  const { name, side } = JSON.parse(line) as Question;
  answered = answered.then(async () => console.log(JSON.stringify(await resolve(name, side))));
});
