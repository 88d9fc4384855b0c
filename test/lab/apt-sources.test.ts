import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ownMirror } from '../../src/lab/apt-sources';

const DEB822 = `# made by the installer
Types: deb deb-src
# a comment in between
URIs: http://mirror.example/debian/
  http://second.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
`;
const VENDOR = 'Types: deb\nURIs: https://vendor.example/node\nSuites: nodistro\nComponents: main\n';
const OFF = DEB822.replace('Types: deb deb-src', 'Enabled: no\nTypes: deb').replace('mirror.example', 'off.example');
const ONE_LINE = `# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://line.example/debian bookworm main contrib # ours
`;
const LIST = { 'apt/mirrors/debian.list': '\nhttps://cloud.example/debian\tpriority:1\n' };

const table: [name: string, files: Record<string, string>, mirror: string][] = [
  ['deb822', { 'apt/sources.list.d/debian.sources': DEB822 }, 'http://mirror.example/debian'],
  ['one line', { 'apt/sources.list': ONE_LINE }, 'http://line.example/debian'],
  [
    'past a vendor and a source that is switched off',
    { 'apt/sources.list.d/a.sources': VENDOR, 'apt/sources.list.d/b.sources': OFF, 'apt/sources.list': ONE_LINE },
    'http://line.example/debian',
  ],
  [
    '"stable" for a suite',
    { 'apt/sources.list': 'deb http://s.example/debian stable main' },
    'http://s.example/debian',
  ],
];

let etc: string;
beforeEach(async () => {
  etc = await mkdtemp(join(tmpdir(), 'apt-sources-'));
});
afterEach(() => rm(etc, { recursive: true }));

async function fill(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries({ 'os-release': 'ID=debian\nVERSION_CODENAME=bookworm\n', ...files })) {
    await mkdir(dirname(join(etc, name)), { recursive: true });
    await writeFile(join(etc, name), text);
  }
}

describe("the machine's own mirror", () => {
  it.each(table)('is read from its apt sources: %s', async (_, files, mirror) => {
    await fill(files);
    expect(await ownMirror(etc)).toEqual({ uri: mirror, suite: 'bookworm' });
  });

  it("is read from the list that Debian's cloud images point to", async () => {
    const uri = `mirror+file://${join(etc, 'apt/mirrors/debian.list')}`;
    await fill({ ...LIST, 'apt/sources.list': `deb ${uri} bookworm main` });
    expect((await ownMirror(etc)).uri).toBe('https://cloud.example/debian');
  });

  it('is asked for in words when there is none', async () => {
    await fill({ 'apt/sources.list.d/a.sources': VENDOR });
    await expect(ownMirror(etc)).rejects.toThrow(/no apt source .*"bookworm"[^]*→/);
  });
});
