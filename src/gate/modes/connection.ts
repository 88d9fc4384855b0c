/** The SSH connection that a command was typed on, and whether it proves that its admin still gets in. */
import { createHash } from 'node:crypto';
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

/** Short, so that thousands fit into a column of 64 KiB. */
function printOf(shell: Shell): string {
  return createHash('sha256').update(textOf(shell)).digest('base64url').slice(0, 12);
}

/** More than anybody's SSH connections; a bound for what is kept. */
const MOST = 4_000;
/** Stands for those that are not kept. */
const MORE = '…';

interface Looked {
  /** What was seen, before and right after the rules were applied. */
  readonly scenes: readonly Scene[];
  readonly services: readonly Service[];
  /** `SSH_CONNECTION` of the shell that asked. */
  readonly ssh: string | undefined;
}

/**
 * TCP connections that others began, as what is kept of them: the admin's own and those to SSH's ports first, because
 * sshd may listen on any port, one of another service too.
 */
export function shellsNow({ scenes, services, ssh }: Looked): readonly string[] {
  const theirs = scenes.flatMap(({ connections }) =>
    connections.filter(({ protocol, isOurs }) => protocol === 'tcp' && !isOurs),
  );
  const toSsh = theirs.filter(({ ownPort }) => isSshPort(ownPort, services));
  const prints = [...new Set([...[readShell(ssh) ?? []].flat(), ...toSsh, ...theirs].map(printOf))];
  return prints.length > MOST ? [...prints.slice(0, MOST), MORE] : prints;
}

function isSshPort(port: number, services: readonly Service[]): boolean {
  return services.some(
    ({ name, ports }) =>
      name === 'ssh' && ports.some(({ protocol, first, last }) => protocol === 'tcp' && first <= port && port <= last),
  );
}

export interface ConfirmedFrom {
  /** `SSH_CONNECTION` of the confirming shell; undefined: it has none. */
  readonly ssh?: string;
  /** Confirmed on the machine's own console. */
  readonly here?: boolean;
}

/** Rejects with REFUSED unless the shell came over a connection that was made under the new rules, or on the console. */
export function refuseOldConnection(
  from: ConfirmedFrom,
  {
    scene,
    services,
    before,
  }: { readonly scene: Scene; readonly services: readonly Service[]; readonly before: readonly string[] },
): void {
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
  const isKept = isSshPort(shell.ownPort, services) || !before.includes(MORE);
  if (!before.includes(printOf(shell)) && isKept) return;
  const happened = isKept
    ? `your connection from ${shell.far} stood before the trial began, so it proves nothing`
    : `too many connections stood before the trial began to know that yours to tcp/${shell.ownPort} is a new one`;
  throw new AppError('REFUSED', happened, isKept ? ANOTHER : CONFIGURE);
}

const CONFIGURE =
  'name the port of SSH under [services.ssh] in the settings, and begin again; or confirm on the console';
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
