/** The Debian mirror that this machine's own apt sources name, in both of their formats. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors';

interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

export interface Mirror {
  readonly uri: string;
  /** The machine's own suite: `bookworm`. */
  readonly suite: string;
}

/** Reads it from `<etc>/apt` and `<etc>/os-release`. Rejects with SETUP_FAILED when no source holds the machine's own suite. */
export async function ownMirror(etc = '/etc'): Promise<Mirror> {
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(await textOf(join(etc, 'os-release')))?.[1] ?? 'stable';
  const folder = join(etc, 'apt/sources.list.d');
  const names = (await readdir(folder).catch(() => [])).sort().map((name) => join(folder, name));
  const sources: Source[] = [];
  for (const name of [join(etc, 'apt/sources.list'), ...names]) {
    if (name.endsWith('.list')) sources.push(...readOneLine(await textOf(name)));
    if (name.endsWith('.sources')) sources.push(...readDeb822(await textOf(name)));
  }
  const uri = await pickMirror(sources, suite, textOf);
  if (uri !== undefined) return { uri, suite };
  throw new AppError(
    'SETUP_FAILED',
    `no apt source of this machine holds Debian's "${suite}" with "main"`,
    'the lab needs a Debian machine whose /etc/apt/sources.list names a Debian mirror',
  );
}

/** `deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm main contrib` */
function readOneLine(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const [, uri, suite, components] = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line) ?? [];
    if (uri === undefined || suite === undefined || components === undefined) return [];
    return [{ uris: [uri], suites: [suite], components: words(components) }];
  });
}

/** `Types: deb`, `URIs: …`, `Suites: …`, `Components: …`; paragraphs are sources, lines that begin with a blank go on. */
function readDeb822(text: string): Source[] {
  const bare = text.replace(/\r/g, '').replace(/^#.*\n?/gm, '');
  return bare.split(/\n[ \t]*\n/).flatMap((paragraph) => {
    const fields = new Map(
      paragraph
        .replace(/\n[ \t]+/g, ' ')
        .split('\n')
        .map((line) => /^([\w-]+):\s*(.*)$/.exec(line))
        .map((match) => [match?.[1]?.toLowerCase() ?? '', match?.[2] ?? '']),
    );
    const field = (name: string) => words(fields.get(name) ?? '');
    if (!field('types').includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? 'yes')) return [];
    return [{ uris: field('uris'), suites: field('suites'), components: field('components') }];
  });
}

/** Other vendors' sources have other suites; `…-security` and `…-updates` are no whole mirrors. */
async function pickMirror(
  sources: readonly Source[],
  suite: string,
  read: (file: string) => Promise<string>,
): Promise<string | undefined> {
  const whole = sources.filter(
    ({ suites, components }) => components.includes('main') && [suite, 'stable'].some((name) => suites.includes(name)),
  );
  for (const uri of whole.flatMap(({ uris }) => uris)) {
    // Debian's cloud images name a file that lists the mirrors.
    const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
    const named = list === undefined ? uri : words(await read(list)).find((word) => /^https?:/.test(word));
    if (named !== undefined && /^https?:/.test(named)) return named.replace(/\/$/, '');
  }
  return undefined;
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** A file that is not there holds nothing. */
const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
