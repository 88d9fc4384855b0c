/** Where Asterisk listens: what was found now, and what was found before by somebody who could see more (root). */
import type { ListeningPorts } from '../../domain/phones';
import type { Ports } from '../../domain/service';
import type { Listener } from '../../domain/surroundings';

interface Found {
  /** Undefined: nobody has asked. */
  readonly before: ListeningPorts | undefined;
  readonly now: ListeningPorts | undefined;
  /** Everything that listens on this machine; empty: nobody knows. */
  readonly listeners?: readonly Listener[];
}

/** A port is forgotten only when Asterisk is seen elsewhere and nothing listens there any more. */
export function listeningWith({ before, now, listeners = [] }: Found): ListeningPorts | undefined {
  if (!before || !now) return now ?? before;
  const isHere = now.sip.length + now.iax.length > 0 && listeners.length > 0;
  const isLeft = (ports: Ports) =>
    isHere && !listeners.some(({ protocol, port }) => protocol === ports.protocol && port === ports.first);
  const join = (old: readonly Ports[], found: readonly Ports[]) => {
    const all = [...old.filter((ports) => !isLeft(ports)), ...found];
    return [...new Map(all.map((ports) => [`${ports.protocol} ${ports.first}`, ports])).values()];
  };
  return { sip: join(before.sip, now.sip), iax: join(before.iax, now.iax) };
}
