/** Where a prompt's recording lies: the admin's own in the state folder goes before ours; stock ones are Asterisk's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isOwn } from '../agi/prompt';

/** Names of languages come from Asterisk's channel: nothing else may become a path. */
const LANGUAGE = /^[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{1,8})?$/;
const FALLBACK = 'en';

/** Resolves a prompt's name to what Asterisk plays, without its ending. */
export function soundFiles(own: string, ours: string): (prompt: string, language: string) => string {
  return (prompt, language) => {
    if (!isOwn(prompt)) return prompt;
    const languages = [...(LANGUAGE.test(language) ? [language, language.slice(0, 2)] : []), FALLBACK];
    const places = languages.flatMap((folder) => [own, ours].map((root) => join(root, folder, prompt)));
    return places.find((place) => existsSync(`${place}.wav`)) ?? join(ours, FALLBACK, prompt);
  };
}
