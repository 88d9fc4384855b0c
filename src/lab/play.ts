/** Plays the story inside its world and tells it line by line as JSON; 0 if it came to its end. Argument: the tree. */
import { playStory, type Story } from './story';

const tell = (line: string) => void process.stdout.write(`${JSON.stringify({ tell: line })}\n`);
const sofar = (story: Story) => void process.stdout.write(`${JSON.stringify({ story })}\n`);
const played = playStory(process.argv[2] ?? '', tell, sofar);
played.then(
  (story) => process.stdout.write(`${JSON.stringify({ story })}\n`, () => process.exit(0)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
