/** Where a prompt's recording lies: the admin's own in the state folder goes before ours; stock ones are Asterisk's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isOwn } from '../agi/prompt';
import type { Clock } from './ports';

/** Names of languages come from Asterisk's channel: nothing else may become a path. */
const LANGUAGE = /^[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{1,8})?$/;
const FALLBACK = 'en';
/** A new recording is heard so soon; to look for each prompt of each call would keep all of them waiting. */
const KNOWN_MS = 5000;
const MOST_KNOWN = 2000;

/** Resolves a prompt's name to what Asterisk plays, without its ending. */
export function soundFiles(own: string, ours: string, clock: Clock): (prompt: string, language: string) => string {
  const known = new Map<string, string>();
  let lookedAt = -Infinity;
  const look = (prompt: string, language: string) => {
    const languages = [...(language === FALLBACK ? [] : [language, language.slice(0, 2)]), FALLBACK];
    const places = languages.flatMap((folder) => [own, ours].map((root) => join(root, folder, prompt)));
    return places.find((place) => existsSync(`${place}.wav`)) ?? join(ours, FALLBACK, prompt);
  };
  return (prompt, asked) => {
    if (!isOwn(prompt)) return prompt;
    const language = LANGUAGE.test(asked) ? asked : FALLBACK;
    const now = clock.now().getTime();
    if (Math.abs(now - lookedAt) >= KNOWN_MS || known.size >= MOST_KNOWN) {
      known.clear();
      lookedAt = now;
    }
    const key = `${language}/${prompt}`;
    const file = known.get(key) ?? look(prompt, language);
    known.set(key, file);
    return file;
  };
}
