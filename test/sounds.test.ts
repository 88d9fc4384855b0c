/** Words, files and code are held together: nothing is said that nobody wrote, nothing is written that nobody hears. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import prompts from '../sounds/prompts.json';

const ROOT = join(__dirname, '..');
const OWN = Object.entries(prompts.en);
const PAUSES = Object.entries(prompts.pauses);
const STOCK = Object.keys(prompts.stock.en);

describe('the prompts', () => {
  const quoted = new Set(
    ['agi', 'src'].flatMap(sources).flatMap((file) => readFileSync(file, 'utf8').match(/(?<=')[\w/-]+(?=')/g) ?? []),
  );

  it('are all spoken somewhere: none has words and a recording for nothing', () => {
    const numbers = (name: string) => /^digits\/\d+$/.test(name); // spelled `digits/${amount}` in the code
    const names = [...OWN.map(([name]) => name), ...PAUSES.map(([name]) => name), ...STOCK];
    expect(names.filter((name) => !quoted.has(name) && !numbers(name))).toEqual([]);
  });

  it('say what their words say, each in a recording of its own', () => {
    const check = spawnSync(process.execPath, [join(ROOT, 'sounds/make.mjs'), '--check'], { encoding: 'utf8' });
    expect([check.stderr, check.status]).toEqual(['', 0]);
  });

  it('are short, for a tired person', () => {
    for (const [name, words] of OWN) expect([name, words.split(' ').length <= 36]).toEqual([name, true]);
  });

  it('of Asterisk exist in its English sounds', () => {
    const theirs = readFileSync(join(ROOT, 'test/stock-prompts.txt'), 'utf8').split('\n');
    expect(STOCK.filter((name) => !theirs.includes(name))).toEqual([]);
  });

  it('have names that are safe in a path and never those of stock prompts', () => {
    for (const [name] of OWN) expect(name).toMatch(/^[a-z-]+$/);
    expect(OWN.filter(([name]) => STOCK.includes(name))).toEqual([]);
  });
});

describe('the recordings', () => {
  const recordings = OWN.map(([name, words]) => ({ name, words, ...readWav(join(ROOT, `sounds/en/${name}.wav`)) }));

  it('are 8 kHz, mono, 16 bit', () => {
    for (const { name, format } of recordings)
      expect([name, format]).toEqual([name, { channels: 1, rate: 8000, bits: 16 }]);
  });

  it('are equally loud, like those of Asterisk, and never clipped', () => {
    for (const { name, samples } of recordings) {
      expect([name, Math.abs(speechRmsDb(samples) + 20) < 1.5]).toEqual([name, true]);
      expect([name, Math.max(...samples.map(Math.abs)) < 0.89]).toEqual([name, true]);
    }
  });

  it('hold no long silence before or after the words', () => {
    for (const { name, samples } of recordings) {
      const [first, last] = [samples.findIndex(audible), samples.findLastIndex(audible)];
      expect([name, first < 0.1 * 8000, samples.length - last < 0.4 * 8000]).toEqual([name, true, true]);
    }
  });

  it('of pauses are silent for as long as they say', () => {
    for (const [name, seconds] of PAUSES) {
      const { format, samples } = readWav(join(ROOT, `sounds/en/${name}.wav`));
      expect([name, format, samples.length / 8000]).toEqual([name, { channels: 1, rate: 8000, bits: 16 }, seconds]);
      expect([name, samples.some(audible)]).toEqual([name, false]);
    }
  });

  it('last as long as their words take', () => {
    for (const { name, words, samples } of recordings) {
      const secondsPerLetter = samples.length / 8000 / words.replaceAll(/[^a-zA-Z]/g, '').length;
      expect([name, secondsPerLetter > 0.045 && secondsPerLetter < 0.35]).toEqual([name, true]);
    }
  });
});

describe('sounds/make.mjs --check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sounds-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const check = () => spawnSync(process.execPath, [join(folder, 'make.mjs'), '--check'], { encoding: 'utf8' });

  it('names what was reworded, what lost its recording and what nobody asks for, and touches nothing', () => {
    cpSync(join(ROOT, 'sounds'), folder, { recursive: true });
    expect(check().status).toBe(0);
    const reworded = { ...prompts, en: { ...prompts.en, opened: 'The door is open.' } };
    writeFileSync(join(folder, 'prompts.json'), JSON.stringify(reworded));
    rmSync(join(folder, 'en/goodbye.wav'));
    writeFileSync(join(folder, 'en/hello.wav'), '');
    const before = readdirSync(folder, { recursive: true });
    const { status, stderr } = check();
    expect(status).toBe(1);
    expect(stderr).toBe(
      'sounds: en/opened.wav does not say "The door is open."\nen/goodbye.wav does not say "Goodbye."\n' +
        'en/hello.wav belongs to no prompt\n  → run "node sounds/make.mjs"\n',
    );
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });
});

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(ROOT, folder, file));
}

interface Wav {
  readonly format: { readonly channels: number; readonly rate: number; readonly bits: number };
  /** From -1 to 1. */
  readonly samples: readonly number[];
}

/** Chunks of a RIFF file: `fmt ` describes `data`. */
function readWav(file: string): Wav {
  const riff = readFileSync(file);
  const chunks = new Map<string, Buffer>();
  for (let at = 12; at + 8 <= riff.length;) {
    const size = riff.readUInt32LE(at + 4);
    chunks.set(riff.toString('latin1', at, at + 4), riff.subarray(at + 8, at + 8 + size));
    at += 8 + size + (size % 2);
  }
  const [format, data] = [chunks.get('fmt '), chunks.get('data')];
  if (!format || !data) throw new Error(`${file} is no WAV file`);
  const samples = Array.from({ length: data.length / 2 }, (_, i) => data.readInt16LE(i * 2) / 32768);
  return {
    format: { channels: format.readUInt16LE(2), rate: format.readUInt32LE(4), bits: format.readUInt16LE(14) },
    samples,
  };
}

function audible(sample: number): boolean {
  return Math.abs(sample) > 0.005;
}

/** Of what lies between the silences at both ends. */
function speechRmsDb(samples: readonly number[]): number {
  const speech = samples.slice(samples.findIndex(audible), samples.findLastIndex(audible) + 1);
  return 10 * Math.log10(speech.reduce((sum, sample) => sum + sample ** 2, 0) / speech.length);
}
