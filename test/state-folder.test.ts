import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock } from './support/fake-clock';
import { soundFiles } from '../src/sound-file';
import { prepareState, readPepper, stateFolder } from '../src/state-folder';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tollgate-state-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('the pepper is made once, for its owner’s eyes alone, and never again', () => {
  const state = stateFolder(join(folder, 'state'));
  prepareState(state, randomBytes);
  const pepper = readPepper(state);
  prepareState(state, randomBytes);
  expect(readPepper(state)).toEqual(pepper);
  expect(pepper).toHaveLength(32);
  expect(statSync(state.pepper).mode & 0o777).toBe(0o400);
  expect(statSync(state.folder).mode & 0o007).toBe(0);
});

it('without a pepper nobody can be judged, and the way to one is said', () => {
  expect(() => readPepper(stateFolder(folder))).toThrow('tollgate init');
});

it('a damaged pepper is told, not replaced: a new one would make every PIN wrong', () => {
  const state = stateFolder(folder);
  writeFileSync(state.pepper, 'c2hvcnQ=');
  prepareState(state, randomBytes);
  expect(() => readPepper(state)).toThrow('damaged');
  expect(readFileSync(state.pepper, 'utf8')).toBe('c2hvcnQ=');
});

describe('a recording', () => {
  const put = (...path: string[]) => {
    const file = join(folder, ...path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(`${file}.wav`, '');
    return file;
  };
  const clock = fakeClock();
  const files = () => soundFiles(join(folder, 'own'), join(folder, 'ours'), clock);
  const file = (prompt: string, language: string) => files()(prompt, language);

  it('of the admin goes before ours, his language before English', () => {
    const ours = put('ours', 'en', 'greeting');
    expect(file('greeting', 'en')).toBe(ours);
    const own = put('own', 'en', 'greeting');
    expect(file('greeting', 'de')).toBe(own);
    const german = put('own', 'de', 'greeting');
    expect(file('greeting', 'de')).toBe(german);
    expect(file('greeting', 'de_AT')).toBe(german);
    expect(file('greeting', 'en')).toBe(own);
  });

  it('that is new is heard five seconds later', async () => {
    const ours = put('ours', 'en', 'greeting');
    const find = files();
    expect(find('greeting', 'en')).toBe(ours);
    const own = put('own', 'en', 'greeting');
    await clock.advance(4_999);
    expect(find('greeting', 'en')).toBe(ours);
    await clock.advance(1);
    expect(find('greeting', 'en')).toBe(own);
  });

  it('of Asterisk is left to Asterisk', () => expect(file('digits/1', 'en')).toBe('digits/1'));

  it('is never looked for where a language is no language', () => {
    put('ours', 'en', 'greeting');
    expect(file('greeting', '../../etc')).toBe(join(folder, 'ours/en/greeting'));
  });
});
