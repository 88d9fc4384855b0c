import { runParts, type Part } from '../src/parts';

const heard: string[] = [];
beforeEach(() => heard.splice(0));

const part = (name: string, broken?: 'start' | 'stop'): Part => {
  const act = (what: 'start' | 'stop') => () => {
    heard.push(`${what} ${name}`);
    if (broken === what) throw new Error(`${name} cannot ${what}`);
  };
  return { name, start: act('start'), stop: act('stop') };
};
const log = (event: string) => {
  if (event === 'stop failed') heard.push(event);
};
const ready = () => {
  heard.push('ready');
  return Promise.resolve();
};
const soon = () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort());
  return stop.signal;
};

it('parts start in order and stop backwards', async () => {
  await runParts([part('a'), part('b')], soon(), log, ready);
  expect(heard).toEqual(['start a', 'start b', 'ready', 'stop b', 'stop a']);
});

it('a part that cannot start stops what was started, and is told', async () => {
  await expect(runParts([part('a'), part('b', 'start'), part('c')], soon(), log, ready)).rejects.toThrow(
    'b cannot start',
  );
  expect(heard).toEqual(['start a', 'start b', 'stop a']);
});

it('a part that cannot stop does not keep the others from stopping', async () => {
  await runParts([part('a'), part('b', 'stop')], soon(), log, ready);
  expect(heard).toEqual(['start a', 'start b', 'ready', 'stop b', 'stop failed', 'stop a']);
});
