/** A stream of bytes as lines, a batch at a time: bounded whatever comes. */
import { broken } from './fault';

/** The longest line of any source has 200. */
const MOST_CHARACTERS = 4096;

/** Batches of whole lines without their ends; only ASCII matters in them. Rejects with COUNTRY_FAILED for an endless line. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_CHARACTERS) throw broken('a line longer than any');
    yield lines.map(withoutReturn);
  }
  yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
