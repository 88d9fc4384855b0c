import { PassThrough } from 'node:stream';
import type { Socket } from 'node:net';
import { Contexts } from '../../src/asterisk/agi-context';
import { AgiSession } from '../../src/asterisk/agi-session';
import { HungUp } from '../../src/domain/call';
import { fakeClock } from '../support/fake-clock';

const WITHIN_MS = 1000;
const DESCRIPTION = 'agi_network_script: test\nagi_channel: PJSIP/a-1\n\n';

/** Asterisk's end of a connection, and all that it was sent. */
function asterisk() {
  const socket = Object.assign(new PassThrough(), {
    ...{ sent: [] as string[], setNoDelay: () => undefined, destroySoon: () => undefined },
    write: (text: string) => socket.sent.push(text) > 0,
  });
  const says = (text: string) => socket.emit('data', Buffer.from(text));
  return { socket: socket as unknown as Socket, says, sent: socket.sent };
}

/** A call that has been described and has come into step. */
async function call(contexts: Contexts) {
  const line = asterisk();
  const session = new AgiSession(line.socket, {
    ...{ clock: fakeClock(), contexts, random: (size: number) => Buffer.alloc(size, 0xab) },
  });
  const open = session.open(WITHIN_MS);
  line.says(DESCRIPTION);
  await open;
  return { ...line, session };
}

describe('a Context', () => {
  it('serves one call after another, each on its own connection', async () => {
    const contexts = new Contexts();
    const first = await call(contexts);
    const left = first.session.leave('A', '1');
    first.says('200 result=1\n');
    expect(await left).toBe(true);
    first.session.close();
    const second = await call(contexts);
    const next = second.session.leave('B', '2');
    second.says('200 result=1\n');
    expect(await next).toBe(true);
    expect([first.sent, second.sent]).toEqual([['SET VARIABLE "A" "1"\n'], ['SET VARIABLE "B" "2"\n']]);
  });

  it('in which a reply is still awaited goes with its call: it is nobody else’s', async () => {
    const contexts = new Contexts();
    const first = await call(contexts);
    const left = first.session.leave('A', '1');
    first.session.close();
    expect(await left).toBe(false);
    const second = await call(contexts);
    const next = second.session.leave('B', '2');
    first.says('200 result=9\n');
    second.session.close();
    expect(await next).toBe(false);
  });

  it('is one call’s at a time', async () => {
    const contexts = new Contexts();
    const [one, other] = [await call(contexts), await call(contexts)];
    const replies = [one.session.leave('A', '1'), other.session.leave('B', '2')];
    one.says('200 result=1\n');
    other.says('511 Command Not Permitted on a dead channel or intercept routine\n');
    expect(await Promise.all(replies)).toEqual([true, false]);
  });

  it('hears nothing after its call’s end', async () => {
    const contexts = new Contexts();
    const first = await call(contexts);
    first.session.close();
    first.says('200 result=1\n');
    await expect(first.session.command('NOOP', [], WITHIN_MS)).rejects.toThrow(HungUp);
    expect(first.sent).toEqual([]);
  });
});
