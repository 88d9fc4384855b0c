/** Plays the story inside its world and tells it line by line as JSON. Argument: the tree. */
import { playStory } from './story';

const tell = (line: string) => void process.stdout.write(`${JSON.stringify({ tell: line })}\n`);
const story = playStory(process.argv[2] ?? '', tell);
story.then(
  (told) => process.stdout.write(`${JSON.stringify({ story: told })}\n`, () => process.exit(told.ok ? 0 : 1)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
