/** Every command of this release. */
import { Command } from 'commander';
import { addAccount } from './account';
import type { Act } from './act';
import { addAllow } from './allow';
import { addBackup } from './backup';
import { addBlock } from './block';
import { addCheck } from './check';
import { addConfig } from './config';
import { addCountry } from './country';
import { addDemo } from './demo';
import { addExplain } from './explain';
import { addFirewall } from './firewall';
import { addImport } from './import';
import { addInit } from './init';
import { addList } from './list';
import { addLog } from './log';
import { addMail } from './mail';
import { addModes } from './modes';
import { addOverview } from './overview';
import type { World } from './product';
import { addProvider } from './provider';
import { addRange } from './range';
import { addRevoke, addUnblock } from './revoke';
import { addServe } from './serve';
import { addStatus } from './status';
import { addStore } from './store';
import { addUndo } from './undo';

const FAMILIES = [
  ...[addDemo, addInit, addServe, addStatus, addOverview, addLog, addUndo, addConfig, addAccount],
  ...[
    addAllow,
    addRevoke,
    addBlock,
    addUnblock,
    addList,
    addExplain,
    addProvider,
    addImport,
    addModes,
    addFirewall,
    addBackup,
    addMail,
    addStore,
  ],
  ...[addCountry, addRange, addCheck],
];

/** `failed` is told which command a mistake was made in; it must throw. */
export function programOf(
  { terminal, product }: World,
  act: Act,
  failed: (at: Command, error: Error) => never,
): Command {
  const program = new Command('tollgate')
    .description('Keeps strangers away from an Asterisk PBX, and lets its own people in by telephone.')
    .version(product.version, '--version', 'show the version')
    .option('--json', 'print the answer as JSON, and nothing else')
    .option('--config <file>', 'the settings (/etc/tollgate/tollgate.toml)')
    .helpOption('--help', 'show what can be typed')
    .helpCommand('help [command]', 'show what can be typed')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: () => undefined, // `failed` says it, in our own form
      getOutHelpWidth: () => Math.min(terminal.columns, 100),
      getOutHasColors: () => false,
    })
    .showSuggestionAfterError();
  for (const add of FAMILIES) add(program, act);
  eachCommand(program, (command) => command.exitOverride((error) => failed(command, error)));
  return program;
}

function eachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) eachCommand(child, visit);
}
