#!/usr/bin/env node
/**
 * Makes the recordings from prompts.json: `node sounds/make.mjs` renders what has changed, `--check` only tells and
 * exits 1 if anything is to be done. Needs flite and sox (apt-get install flite sox).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const VOICES = { en: 'slt' };
const FORMAT = ['-r', '8000', '-c', '1', '-b', '16'];
/** Silence off both ends, then the band of a telephone. */
const SPEECH = 'silence 1 0.05 0.5% reverse silence 1 0.05 0.5% reverse highpass 150 lowpass 3700'.split(' ');
/** The loudness of the stock prompts, which lie between -22 and -17 dB. */
const RMS_DB = -20;
const PAUSES = ['pad', '0.05', '0.15'];

const problems = [];
for (const [language, voice] of Object.entries(VOICES)) renew(language, voice);
if (problems.length > 0) {
  console.error(`sounds: ${problems.join('\n')}\n  → run "node sounds/make.mjs"`);
  process.exitCode = 1;
}

function renew(language, voice) {
  const prompts = JSON.parse(readFileSync(join(here, 'prompts.json'), 'utf8'));
  const words = { ...prompts[language], ...prompts.pauses };
  const folder = join(here, language);
  const manifestFile = join(folder, 'manifest.json');
  mkdirSync(folder, { recursive: true });
  const made = existsSync(manifestFile) ? JSON.parse(readFileSync(manifestFile, 'utf8')) : {};
  const wanted = Object.fromEntries(Object.entries(words).map(([name, text]) => [name, keyOf(voice, text)]));
  const wav = (name) => join(folder, `${name}.wav`);

  const changed = Object.keys(wanted).filter((name) => made[name] !== wanted[name] || !existsSync(wav(name)));
  const recorded = readdirSync(folder).flatMap((file) => (file.endsWith('.wav') ? [file.slice(0, -4)] : []));
  const gone = recorded.filter((name) => !(name in wanted));
  if (process.argv.includes('--check')) {
    problems.push(...changed.map((name) => `${language}/${name}.wav does not say "${words[name]}"`));
    problems.push(...gone.map((name) => `${language}/${name}.wav belongs to no prompt`));
    return;
  }
  for (const name of changed) console.log(`${language}/${name}: ${render(voice, words[name], wav(name))}`);
  for (const name of gone) {
    rmSync(wav(name));
    console.log(`${language}/${name}: removed, no prompt has this name`);
  }
  writeFileSync(manifestFile, `${JSON.stringify(wanted, undefined, 2)}\n`);
  console.log(`${language}: ${changed.length} rendered, ${Object.keys(wanted).length - changed.length} as they were`);
}

/** Changes with the words and with anything that is done to them. */
function keyOf(voice, text) {
  const recipe = JSON.stringify(
    typeof text === 'number' ? [text, FORMAT] : [voice, text, FORMAT, SPEECH, RMS_DB, PAUSES],
  );
  return createHash('sha256').update(recipe).digest('hex').slice(0, 16);
}

function render(voice, text, file) {
  if (typeof text === 'number') return renderPause(text, file);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sounds-'));
  try {
    const [raw, speech, done] = ['raw.wav', 'speech.wav', 'done.wav'].map((name) => join(folder, name));
    execFileSync('flite', ['-voice', voice, '-t', text, '-o', raw]);
    execFileSync('sox', [raw, '-b', '32', '-e', 'floating-point', speech, ...SPEECH]);
    execFileSync('sox', [speech, ...FORMAT, done, 'gain', String(RMS_DB - rmsDb(speech)), ...PAUSES]);
    const peak = levelDb(stat(done), 'Maximum amplitude', 'Minimum amplitude');
    if (peak > -0.5) throw new Error(`"${text}" is clipped: lower RMS_DB`);
    renameOver(done, file);
    return `${execFileSync('soxi', ['-D', file], { encoding: 'utf8' }).slice(0, 4)} s, peak ${peak.toFixed(1)} dB`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** No voice: seconds of nothing. */
function renderPause(seconds, file) {
  execFileSync('sox', ['-n', ...FORMAT, file, 'trim', '0', String(seconds)]);
  return `${seconds} s of silence`;
}

/** Also from one file system to another. */
function renameOver(from, to) {
  writeFileSync(`${to}.new`, readFileSync(from));
  renameSync(`${to}.new`, to);
}

function rmsDb(file) {
  return levelDb(stat(file), 'RMS     amplitude');
}

/** sox writes it to stderr. */
function stat(file) {
  return spawnSync('sox', [file, '-n', 'stat'], { encoding: 'utf8' }).stderr;
}

function levelDb(report, ...lines) {
  const amplitudes = lines.map((line) => Math.abs(Number(report.split(`${line}:`)[1]?.split('\n')[0])));
  return 20 * Math.log10(Math.max(...amplitudes));
}
