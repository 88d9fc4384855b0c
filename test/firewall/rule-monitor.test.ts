import { monitorRules } from '../../src/firewall/rule-monitor';
import type { SessionListener } from '../../src/firewall/session-port';
import { fakeClock } from '../support/fake-clock';

/** An `nft monitor` that says and dies as the test wants. */
function scripted() {
  const clock = fakeClock();
  const children: { says: SessionListener; killed: boolean }[] = [];
  const logged: string[] = [];
  let heard = 0;
  const monitor = monitorRules(() => heard++, {
    clock,
    log: (event, fields) => logged.push(`${event}: ${String(fields?.['why'])}`),
    spawnSession: (file, args, says) => {
      expect([file, ...args]).toEqual(['nft', 'monitor', 'rules']);
      const child = { says, killed: false };
      children.push(child);
      return { write: () => undefined, kill: () => void (child.killed = true) };
    },
  });
  const dies = (why = 'ended with 1') => {
    children.at(-1)?.says.ended(why);
    return clock.advance(0);
  };
  return { clock, children, logged, monitor, dies, heard: () => heard };
}

describe('listening to rules', () => {
  it('counts as listening when it certainly listens, and no longer when it has died', async () => {
    const { clock, monitor, dies } = scripted();
    expect(monitor.isUp).toBe(false);
    await clock.advance(2000);
    expect(monitor.isUp).toBe(false);
    await clock.advance(1);
    expect(monitor.isUp).toBe(true);
    await dies();
    expect(monitor.isUp).toBe(false);
  });

  it('hears whatever is said, also that something was missed', () => {
    const { children, heard } = scripted();
    children[0]?.says.stdout?.('delete rule ip filter INPUT handle 4\n');
    children[0]?.says.stderr('# ERROR: We lost some netlink events!\n');
    expect(heard()).toBe(2);
  });

  it('begins again with growing waits, telling the reason once and that something may have been missed', async () => {
    const { clock, children, logged, dies, heard } = scripted();
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const [before, count] = [heard(), children.length];
      await dies('spawn nft ENOENT');
      expect(heard()).toBe(before + 1);
      await clock.advance(seconds * 1000 - 1);
      expect(children.length).toBe(count);
      await clock.advance(1);
      expect(children.length).toBe(count + 1);
    }
    expect(logged).toEqual(['rules are only looked at now and then: nft monitor does not run: spawn nft ENOENT']);
  });

  it('waits little again after it has run for a while', async () => {
    const { clock, children, dies } = scripted();
    for (let times = 0; times < 5; times++) {
      await dies();
      await clock.advance(60_000);
    }
    await clock.advance(61_000);
    const count = children.length;
    await dies();
    await clock.advance(1000);
    expect(children.length).toBe(count + 1);
  });

  it('ends for good when nobody wants to hear any more', async () => {
    const { clock, children, monitor, dies } = scripted();
    monitor.close();
    expect(children[0]?.killed).toBe(true);
    await dies('ended with SIGKILL');
    await clock.advance(120_000);
    expect(children.length).toBe(1);
  });
});
