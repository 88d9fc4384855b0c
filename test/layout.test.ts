import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const ROOT = join(__dirname, '..');

/** What a folder may import besides itself; `node:` and packages are judged further down. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  agi: ['src/domain', 'sounds'],
  'src/domain': [],
  'src/gate': ['src/domain', 'src/ports', 'src/errors'],
  'src/control': ['src/domain', 'src/ports', 'src/errors'],
  'src/firewall': ['src/domain', 'src/ports', 'src/errors'],
  'src/asterisk': ['src/domain', 'src/ports', 'src/errors'],
  'src/mail': ['src/domain', 'src/ports', 'src/errors', 'src/sync-folder'],
  'src/store': ['src/domain', 'src/ports', 'src/errors'],
  'src/names': ['src/domain', 'src/ports', 'src/errors'],
  'src/country': ['src/domain', 'src/ports', 'src/errors', 'src/sync-folder'],
  'src/surroundings': ['src/domain', 'src/ports', 'src/errors'],
  'src/freepbx': ['src/domain', 'src/ports', 'src/errors'],
  'src/install': ['src/domain', 'src/ports', 'src/errors'],
};
/** Types of what commands speak with; nothing of it is there at run time. */
const MAY_TYPES: Readonly<Record<string, readonly string[]>> = { 'src/cli': ['src/gate', 'src/config'] };

/**
 * One package, one place: the two old libraries are met by their adapters alone. mysql2 has two: our own database, and
 * FreePBX's, which is only read and shares nothing with ours.
 */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  'ding-dong': ['src/asterisk'],
  'asterisk-manager': ['src/asterisk'],
  kysely: ['src/store'],
  'better-sqlite3': ['src/store'],
  mysql2: ['src/store', 'src/freepbx'],
  nodemailer: ['src/mail'],
  commander: ['src/cli'],
  'mmdb-lib': ['src/country'],
  pino: ['src/log.ts'],
};
/** No I/O in the rules and the conversation: these alone of `node:`, because they only compute. */
const PURE_NODE = ['node:net', 'node:url'];

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typeOnly: boolean;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(
    /^(?:import|export) (type )?(?:[^;'"]*? from )?['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)/gm,
  );
  return [...found].map(([, type, named, lazy]) => {
    const from = named ?? lazy ?? '';
    const path = from.startsWith('.') ? normalize(join(dirname(file), from)) : from;
    return { file, from: path, typeOnly: type !== undefined };
  });
}

const imports = [...filesBelow('agi'), ...filesBelow('src')].flatMap(importsOf);
const isIn = (folder: string) => (path: string) => path === folder || path.startsWith(`${folder}/`);
const sentence = ({ file, from }: Import) => `${file} imports ${from}`;

describe('imports', () => {
  it('are found at all', () => expect(imports.length).toBeGreaterThan(200));

  it.each(Object.keys(MAY))('of %s go only where data comes from', (folder) => {
    const allowed = [folder, ...(MAY[folder] ?? [])];
    const own = imports.filter(({ file, from }) => isIn(folder)(file) && /^(agi|src|sounds)\b/.test(from));
    expect(own.filter(({ from }) => !allowed.some((place) => isIn(place)(from))).map(sentence)).toEqual([]);
  });

  it.each(Object.keys(MAY_TYPES))('of %s reach other folders by their types alone', (folder) => {
    const beside = ['src/cli', 'src/domain', 'src/ports', 'src/errors'];
    const own = imports.filter(({ file, from }) => isIn(folder)(file) && from.startsWith('src/'));
    const wrong = own.filter(
      ({ from, typeOnly }) =>
        !beside.some((place) => isIn(place)(from)) &&
        !(typeOnly && (MAY_TYPES[folder] ?? []).some((place) => isIn(place)(from))),
    );
    expect(wrong.map(sentence)).toEqual([]);
  });

  it.each(Object.keys(ONLY_IN))('of %s are where they belong', (name) => {
    const wrong = imports.filter(
      ({ file, from }) => isPackage(name, from) && !(ONLY_IN[name] ?? []).some((place) => isIn(place)(file)),
    );
    expect(wrong.map(sentence)).toEqual([]);
  });

  it('of the rules and the conversation reach no disk, network or clock', () => {
    const pure = imports.filter(({ file }) => isIn('agi')(file) || isIn('src/domain')(file));
    expect(pure.filter(({ from }) => from.startsWith('node:') && !PURE_NODE.includes(from)).map(sentence)).toEqual([]);
  });
});

it('time is an argument: only the real clock and the lab ask the machine for it', () => {
  const asking = [...filesBelow('agi'), ...filesBelow('src')].filter((file) => {
    if (isIn('src/lab')(file) || relative('src', file) === 'clock.ts') return false;
    return /\bDate\.now\(|new Date\(\)|Math\.random\(/.test(readFileSync(join(ROOT, file), 'utf8'));
  });
  expect(asking).toEqual([]);
});

function isPackage(name: string, from: string): boolean {
  return from === name || from.startsWith(`${name}/`);
}
