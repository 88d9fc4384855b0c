/** The SSH connection that a command was typed on, and whether it proves that its admin still gets in. */
import { parseAddress, type Network } from '../../domain/network';
import type { Connection, Scene } from '../../domain/surroundings';
import type { Service } from '../../domain/service';
import { AppError } from '../../errors';

/** Its ends, as `SSH_CONNECTION` has them. */
export type Shell = Pick<Connection, 'far' | 'farPort' | 'own' | 'ownPort'>;

/** Reads `198.51.100.7 50000 192.0.2.1 22`; undefined when it is nothing of the kind. */
export function readShell(text: string | undefined): Shell | undefined {
  const [far = '', farPort, own = '', ownPort] = (text ?? '').split(' ');
  const [theirs, mine] = [parseAddress(far.replace(/%.*$/, '')), parseAddress(own.replace(/%.*$/, ''))];
  if (!theirs || !mine || !Number(farPort) || !Number(ownPort)) return undefined;
  return { far: theirs, farPort: Number(farPort), own: mine, ownPort: Number(ownPort) };
}

function textOf({ far, farPort, own, ownPort }: Shell): string {
  return `${far} ${farPort} ${own} ${ownPort}`;
}

/** More than anybody's SSH connections; a bound for what is kept. */
const MOST = 2_000;

/** TCP connections that others began and that may be SSH's, on whichever port it listens. */
export function shellsNow({ connections }: Scene, services: readonly Service[]): readonly string[] {
  const others = services.filter(({ name }) => name !== 'ssh').flatMap(({ ports }) => ports);
  const maySsh = (port: number) =>
    !others.some(({ protocol, first, last }) => protocol === 'tcp' && first <= port && port <= last);
  return connections
    .filter(({ protocol, isOurs, ownPort }) => protocol === 'tcp' && !isOurs && maySsh(ownPort))
    .slice(0, MOST)
    .map(textOf);
}

export interface ConfirmedFrom {
  /** `SSH_CONNECTION` of the confirming shell; undefined: it has none. */
  readonly ssh?: string;
  /** Confirmed on the machine's own console. */
  readonly here?: boolean;
}

/** Rejects with REFUSED unless the shell came over a connection that was made under the new rules, or on the console. */
export function refuseOldConnection(from: ConfirmedFrom, scene: Scene, before: readonly string[]): void {
  const shell = readShell(from.ssh);
  const blind = scene.unseen.find(({ tool }) => tool === SOCKETS);
  if (shell && blind) {
    const happened = `nobody can tell whether your connection is a new one: ${SOCKETS} tells nothing`;
    throw new AppError('REFUSED', happened, blind.why);
  }
  const stands = shell !== undefined && scene.connections.some((each) => isSame(each, shell));
  if (from.here === true) {
    if (!stands) return;
    const happened = `this is no console: your shell came by SSH from ${shell.far}`;
    throw new AppError('REFUSED', happened, ANOTHER);
  }
  if (!shell) throw new AppError('REFUSED', 'nobody can tell by which connection you came in', ANOTHER_OR_HERE);
  if (isHere(shell.far, scene)) {
    throw new AppError(
      'REFUSED',
      'your connection comes from this machine itself, which proves nothing',
      ANOTHER_OR_HERE,
    );
  }
  if (!stands) {
    const happened = `the connection that began this shell, from ${shell.far}, is over (tmux or screen?)`;
    throw new AppError('REFUSED', happened, ANOTHER_OR_HERE);
  }
  if (!before.includes(textOf(shell))) return;
  const happened = `your connection from ${shell.far} stood before the trial began, so it proves nothing`;
  throw new AppError('REFUSED', happened, ANOTHER);
}

/** It tells which TCP connections there are. */
const SOCKETS = 'ss';
const ANOTHER = 'open another SSH connection now (ssh -S none), and type "tollgate confirm" there';
const ANOTHER_OR_HERE = `${ANOTHER}; on the machine's own console: tollgate confirm --here`;

function isSame(connection: Connection, shell: Shell): boolean {
  return connection.protocol === 'tcp' && textOf(connection) === textOf(shell);
}

function isHere(far: Network, { addresses }: Scene): boolean {
  return far.startsWith('127.') || far === '::1' || addresses.some(({ address }) => address === far);
}
