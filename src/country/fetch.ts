/** Brings new country data: from the network or from a file, as a table laid beside the one in force. */
import { basename } from 'node:path';
import { AppError } from '../errors';
import type { Clock, Random, Run } from '../ports';
import { checkTable } from './check';
import { withDebianFiles, withPackage } from './debian';
import type { Download, Downloaded } from './download';
import { broken } from './fault';
import { layDown, newestHead, newestWhole } from './folder';
import { givenFiles } from './given-files';
import { readSource, type SourceFile } from './read-source';
import { DBIP, DEBIAN, dbipUrls, GEOLITE2, MAXMIND_URL, RIR, RIR_URL, type Source } from './sources';
import { rangesIn } from './table';
import { TableBuilder } from './table-builder';
import type { Stamp, TableHead } from './table-file';

type SourceName = 'auto' | 'dbip' | 'rir' | 'debian' | 'maxmind';

export interface FetchSettings {
  readonly folder: string;
  /** The daemon's user, for what root's commands make. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly source: SourceName;
  /** MaxMind's account number and licence key, with a colon between them; '': none. */
  readonly maxmindLogin: string;
  /** Instead of the source's own address; '': that one. */
  readonly url: string;
}

export interface FetchPorts {
  readonly run: Run;
  readonly download: Download;
  readonly clock: Clock;
  readonly random: Random;
  /** `done` from 0 to 1; undefined: nobody knows. */
  readonly tell: (what: string, done: number | undefined) => void;
}

/** `tried`: why other sources gave nothing. */
export type Fetched =
  | { readonly kind: 'unchanged'; readonly source: string; readonly tried: readonly string[] }
  | { readonly kind: 'new'; readonly name: string; readonly source: string; readonly tried: readonly string[] };

const MOST_DOWNLOADED = 256 * 1024 * 1024;

/** `from`: a file or folder that the admin names; undefined: the network. Rejects with COUNTRY_FAILED. */
export async function fetchTable(
  from: string | undefined,
  settings: FetchSettings,
  ports: FetchPorts,
): Promise<Fetched> {
  if (from !== undefined) return fromDisk(from, settings, ports);
  const tried: string[] = [];
  for (const way of waysOf(settings)) {
    try {
      return { ...(await way(settings, ports)), tried };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      tried.push(error.what);
      if (settings.source !== 'auto' || settings.url !== '') throw error;
    }
  }
  const hint =
    'the table in force stays; see that apt or https work here, name a source as [country] source, or a file with --from';
  throw broken(`no source gives good country data:\n${tried.join('\n')}`, hint);
}

type Way = (settings: FetchSettings, ports: FetchPorts) => Promise<Fetched>;

function waysOf({ source, url, maxmindLogin }: FetchSettings): readonly Way[] {
  const login = maxmindLogin === '' ? undefined : maxmindLogin;
  if (url !== '') return [(settings, ports) => fromNetwork([url], undefined, login, settings, ports)];
  const dbip: Way = (settings, ports) => fromNetwork(dbipUrls(ports.clock.now()), DBIP, undefined, settings, ports);
  const rir: Way = (settings, ports) => fromNetwork([RIR_URL], RIR, undefined, settings, ports);
  const maxmind: Way = (settings, ports) => {
    if (login !== undefined) return fromNetwork([MAXMIND_URL], GEOLITE2, login, settings, ports);
    throw broken('MaxMind needs an account', 'write "ACCOUNT:KEY" into a file and name it as country.maxmind_key_file');
  };
  return { auto: [dbip, rir, fromDebian], dbip: [dbip], rir: [rir], debian: [fromDebian], maxmind: [maxmind] }[source];
}

/** The first address that has the file. */
async function fromNetwork(
  urls: readonly string[],
  source: Source | undefined,
  login: string | undefined,
  settings: FetchSettings,
  ports: FetchPorts,
): Promise<Fetched> {
  const { stamp } = (await newestHead(settings.folder)) ?? {};
  for (const url of urls) {
    const have = stamp?.url === url ? stamp : undefined;
    ports.tell(hostOf(url), undefined);
    const answer = await ports.download({
      ...{ url, login, mostBytes: MOST_DOWNLOADED, etag: have?.etag, modified: have?.modified },
    });
    if (answer.kind === 'missing') continue;
    if (answer.kind === 'unchanged') return { kind: 'unchanged', source: source?.source ?? url, tried: [] };
    const files = [{ name: basename(new URL(url).pathname), chunks: counted(answer, hostOf(url), ports) }];
    const { etag, modified } = answer;
    const written = new Date(modified ?? ports.clock.now());
    return build(files, { source, written, stamp: { url, etag, modified }, isFetched: true }, settings, ports);
  }
  throw broken(`${urls.join(' and ')}: no such file`);
}

async function fromDebian(settings: FetchSettings, ports: FetchPorts): Promise<Fetched> {
  const { stamp } = (await newestHead(settings.folder)) ?? {};
  ports.tell('apt-get download', undefined);
  const fetched = await withDebianFiles(ports.run, stamp?.url, async (folder, name) => {
    const { files, written } = await given(folder, ports);
    return build(files, { source: DEBIAN, written, stamp: { url: name }, isFetched: true }, settings, ports);
  });
  return fetched ?? { kind: 'unchanged', source: DEBIAN.source, tried: [] };
}

async function fromDisk(path: string, settings: FetchSettings, ports: FetchPorts): Promise<Fetched> {
  const read = async (where: string, source: Source | undefined) => {
    const { files, written } = await given(where, ports);
    return build(files, { source, written, stamp: undefined, isFetched: false }, settings, ports);
  };
  if (path.endsWith('.deb')) return withPackage(ports.run, path, (folder) => read(folder, DEBIAN));
  return read(path, undefined);
}

async function given(path: string, { tell }: FetchPorts) {
  let [received, bytes] = [0, 0];
  const found = await givenFiles(path, (more) => {
    received += more;
    tell(basename(path), bytes === 0 ? undefined : received / bytes);
  });
  bytes = found.bytes;
  return found;
}

interface Origin {
  /** Undefined: as the files themselves say. */
  readonly source: Source | undefined;
  readonly written: Date;
  readonly stamp: Stamp | undefined;
  readonly isFetched: boolean;
}

async function build(
  files: readonly SourceFile[],
  { source, written, stamp, isFetched }: Origin,
  { folder, owner }: FetchSettings,
  { clock, random, tell }: FetchPorts,
): Promise<Fetched> {
  const builder = new TableBuilder();
  const read = await readSource(files, builder, (done) => tell('reading', done));
  tell('sorting', undefined);
  const table = builder.table();
  const head: TableHead = {
    ...(source ?? read),
    dated: (builder.dated ?? written).toISOString(),
    importedAt: clock.now().toISOString(),
    ranges: { 4: rangesIn(table[4]), 6: rangesIn(table[6]) },
    ...{ stamp, isFetched },
  };
  // Here too, so that the next source is asked. The daemon tells of damaged tables, and checks whatever it is handed.
  if (isFetched) checkTable({ head, table }, await newestWhole(folder, () => undefined));
  const name = `incoming-${random(8).toString('hex')}`;
  await layDown(folder, name, { head, table }, owner);
  return { kind: 'new', name, source: head.source, tried: [] };
}

async function* counted(
  { chunks, bytes }: Extract<Downloaded, { kind: 'body' }>,
  what: string,
  { tell }: FetchPorts,
): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of chunks) {
    received += chunk.length;
    tell(what, bytes === undefined ? undefined : received / bytes);
    yield chunk;
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
