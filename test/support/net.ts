/** Networks in tests, written as text. */
import { parseNetwork, type Network } from '../../src/domain/network';

export function net(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`no network: ${text}`);
  return network;
}
