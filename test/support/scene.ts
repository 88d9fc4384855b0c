/** Surroundings that a test has made up: nothing is around unless it says so. */
import type { Scene, Surroundings } from '../../src/domain/surroundings';

const NOTHING: Scene = {
  ...{
    addresses: [],
    routes: [],
    resolvers: [],
    listeners: [],
    connections: [],
    redirects: [],
    managers: [],
    unseen: [],
  },
  isForwardHooked: false,
};

export function surroundingsWith(scene: () => Partial<Scene>): Surroundings {
  const look = () => Promise.resolve({ ...NOTHING, ...scene() });
  return { look, links: look };
}
