/** argv in, exit code out: runs one command, prints its outcome or its error. */
import { CommanderError, type Command } from 'commander';
import { printable } from '../domain/printable';
import { AppError } from '../errors';
import type { Act } from './act';
import { jsonText } from './json';
import type { Outcome } from './outcome';
import { OVERVIEW } from './overview';
import type { World } from './product';
import { programOf } from './program';
import { openSession, type EveryOption } from './session';

const EXIT = { done: 0, failed: 1, misused: 2, SIGINT: 130, SIGTERM: 143 } as const;

/** `argv`: what was typed after `tollgate`. Resolves to the exit code; rejects for a bug of ours only. */
export async function runMain(argv: readonly string[], world: World): Promise<number> {
  const { terminal } = world;
  let outcome: Outcome | undefined;
  const act: Act =
    (work) =>
    async (...asked) => {
      const session = openSession(world, program.opts<EveryOption>());
      try {
        outcome = await work(session, ...asked);
      } finally {
        await session.close();
      }
    };
  const program = programOf(world, act, misused);
  const json = argv.includes('--json');
  try {
    const { operands, unknown } = program.parseOptions([...argv]);
    const bare = operands.length === 0 && unknown.length === 0;
    await program.parseAsync([...argv, ...(bare ? [OVERVIEW] : [])], { from: 'user' });
    if (outcome) show(outcome, world, json);
    if (outcome?.signal) return EXIT[outcome.signal];
    return outcome?.failed ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (error instanceof HelpShown) return EXIT.done;
    if (!(error instanceof AppError)) {
      if (json) terminal.out(jsonText(errorShape('BUG', 'Tollgate made a mistake of its own', 'see stderr')));
      throw error;
    }
    if (json) terminal.out(jsonText(errorShape(error.code, error.what, error.hint)));
    else terminal.err(errorText(error));
    return error.code === 'MISUSED' ? EXIT.misused : EXIT.failed;
  }
}

function show({ text, json }: Outcome, { terminal }: World, asJson: boolean): void {
  if (asJson && json !== undefined) terminal.out(jsonText(json));
  if (!asJson && text !== '') terminal.out(text);
}

function errorShape(code: string, message: string, hint: string) {
  return { error: { code, message, hint } };
}

/** What happened, then what to do. Only the first line begins at the margin, so that no foreign line looks like ours. */
function errorText({ what, hint }: AppError): string {
  const [first = '', ...rest] = what.split('\n').map(printable);
  return [first, ...rest.map((line) => `  ${line}`), ...hint.split('\n').map((line) => `  → ${printable(line)}`)].join(
    '\n',
  );
}

/** Help or the version was asked for and has been printed. */
class HelpShown extends Error {
  override readonly name = 'HelpShown';
}

/** A typing mistake, with the nearest name or else the usage. */
function misused(command: Command, error: Error): never {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) throw new HelpShown();
  const usage = command.createHelp().commandUsage(command);
  if (error.code === 'commander.help') {
    const names = command.commands.map((child) => child.name()).join(', ');
    throw new AppError('MISUSED', `"${usage.split(' [')[0] ?? ''}" needs a command: ${names}`, `usage: ${usage}`);
  }
  const [what = '', proposal] = error.message.replace(/^error: /, '').split('\n');
  // `--pin=1234` is a mistake whose value may be a secret
  const told = what.replace(/^(unknown option '[^=]*)=.*$/s, "$1'");
  const near = proposal?.replace(/^\((.*)\)$/, '$1').replace(/^Did/, 'did');
  throw new AppError('MISUSED', told, near === undefined ? `usage: ${usage}` : `${near}\nusage: ${usage}`);
}
