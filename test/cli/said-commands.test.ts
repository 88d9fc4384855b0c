/** Every command that our messages, pages and files tell people to type can be typed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import type { World } from '../../src/cli/product';
import { programOf } from '../../src/cli/program';

const ROOT = join(__dirname, '../..');
const PLACES = ['src', 'agi', 'dialplan', 'sounds'];
const PAGES = readdirSync(ROOT).filter((file) => file.endsWith('.md'));
const KINDS = /\.(ts|mjs|sh|md|toml|json|conf|service)$/;
/** The user that the daemon runs as, not the command; and in comments, the command by itself. */
const NO_COMMANDS = ['must', 'read', 'here', 'alone', 'among'];

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile() && KINDS.test(each.name))
    .map((each) => join(each.parentPath, each.name));
}

/** `tollgate allow NAME --for 8h, …`: its words, as far as they may belong to the command. */
interface Said {
  readonly where: string;
  readonly words: readonly string[];
}

function saidIn(file: string): Said[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) =>
      [...line.matchAll(/(?<![-\w/.@])tollgate ([^"`'|;,)]+)/g)].map(([, rest = '']) => ({
        where: `${relative(ROOT, file)}:${i + 1}`,
        words: upToColon(rest.split(/\s+/).filter((word) => word !== '')),
      })),
    );
}

/** `tollgate range: addresses that …` */
function upToColon(words: readonly string[]): readonly string[] {
  const last = words.findIndex((word) => word.endsWith(':'));
  return last < 0 ? words : words.slice(0, last + 1);
}

const program = programOf(
  { terminal: { columns: 80 }, product: { version: '1' } } as unknown as World,
  () => () => Promise.resolve(),
  (_, error) => {
    throw error;
  },
);

/** Undefined: it can be typed, or is no command. */
function wrongIn({ where, words }: Said): string | undefined {
  const global = program.options.flatMap(({ long }) => long ?? []);
  let at: Command = program;
  let isName = true;
  for (const typed of words) {
    const word = typed.replace(/[.:?!…\\]+$/, '');
    if (word.startsWith('--')) {
      isName = false;
      const known = [...global, '--help', ...at.options.flatMap(({ long }) => long ?? [])];
      if (!known.includes(word)) return `${where}: ${nameOf(at)} has no ${word}`;
    } else if (isName && at.commands.length > 0) {
      if (!/^[a-z][a-z-]*$/.test(word)) return undefined;
      const next = at.commands.find((command) => command.name() === word);
      if (!next && at === program && NO_COMMANDS.includes(word)) return undefined;
      if (!next) return `${where}: there is no ${nameOf(at)} ${word}`;
      at = next;
    } else isName = false;
  }
  return undefined;
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

it.each([...PLACES, ...PAGES])('%s tells nobody to type what is not there', (place) => {
  const files = KINDS.test(place) ? [join(ROOT, place)] : filesIn(join(ROOT, place));
  expect(files.flatMap(saidIn).flatMap((said) => wrongIn(said) ?? [])).toEqual([]);
});

it('sees commands in every place that has some', () => {
  const said = [...PLACES.flatMap((place) => filesIn(join(ROOT, place))), join(ROOT, 'README.md')].flatMap(saidIn);
  expect(said.length).toBeGreaterThan(150);
});
