import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { relayTransport } from '../../src/mail/relay';
import type { Relay } from '../../src/mail/settings';
import type { Delivery, Posted } from '../../src/mail/transport';
import { LETTER, relayAt, SETTINGS } from '../support/mail-fixtures';
import { openMailServer, type MailServer, type ServerHabits } from '../support/mail-server';
import { until } from '../support/until';

const POSTED: Posted = { ...LETTER, messageId: '<0a1b@pbx.example.net>', queuedAt: new Date('2026-11-22T13:05:00Z') };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(habits: ServerHabits = {}): Promise<MailServer> {
  const server = await openMailServer(habits);
  closers.push(() => server.close());
  return server;
}

const send = (port: number, more: Partial<Relay> = {}, signal = new AbortController().signal): Promise<Delivery> =>
  relayTransport(relayAt(port, more), SETTINGS.from, SETTINGS).send(POSTED, signal);

/** A server that is not one: it does what it is told with each connection. */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // the client hangs up, which is the point
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** A server of few words, which says `lastWords` to the letter and hangs up. */
function takingAll(lastWords: string): (socket: Socket) => void {
  return (socket) => {
    socket.write('220 few words\r\n');
    let inData = false;
    socket.on('data', (chunk) => {
      const text = chunk.toString();
      if (inData && text.endsWith('\r\n.\r\n')) socket.end(lastWords);
      else if (!inData) socket.write(text.startsWith('DATA') ? '354 go on\r\n' : '250 yes\r\n');
      inData ||= text.startsWith('DATA');
    });
  };
}

describe('a relay', () => {
  it('gets the envelope as well, and answers', async () => {
    const server = await serve();
    expect(await send(server.port)).toEqual({
      kind: 'sent',
      answer: expect.stringContaining('taken as 4711') as string,
    });
    expect(server.arrived).toMatchObject([{ from: 'pbx@example.net', to: ['traveller@example.net'], secure: false }]);
  });

  it('that wants a login gets it', async () => {
    const server = await serve({ users: { pbx: 's3cret' } });
    expect(await send(server.port, { user: 'pbx', secret: 's3cret' })).toMatchObject({ kind: 'sent' });
    expect(server.arrived).toMatchObject([{ user: 'pbx' }]);
  });

  it('that refuses the login is no reason to give a letter up, and the secret is not repeated', async () => {
    const server = await serve({ users: { pbx: 's3cret' } });
    const delivery = await send(server.port, { user: 'pbx', secret: 'wr0ng' });
    expect(delivery).toMatchObject({ kind: 'later', down: true, hint: 'check mail.user and mail.secret' });
    expect(JSON.stringify(delivery)).not.toMatch(/wr0ng|d3IwbmcK|AHBieAB3cjBuZw/);
  });

  it('that wants a login and gets none is no reason to give a letter up', async () => {
    const server = await serve({ users: { pbx: 's3cret' } });
    expect(await send(server.port)).toMatchObject({ kind: 'later', hint: 'check mail.user and mail.secret' });
  });
});

describe('encryption', () => {
  const STARTTLS: ServerHabits = { options: { hideSTARTTLS: false } };
  const TLS: ServerHabits = { options: { secure: true } };
  for (const [security, habits] of [
    ['starttls', STARTTLS],
    ['tls', TLS],
  ] as const) {
    it(`by ${security} does not accept a certificate that nobody vouches for`, async () => {
      const server = await serve(habits);
      const delivery = await send(server.port, { security });
      expect(delivery).toMatchObject({
        kind: 'later',
        down: true,
        hint: expect.stringContaining('certificate') as string,
      });
      expect(server.read).toEqual([]);
    });

    it(`by ${security} accepts it when the setting says so`, async () => {
      const server = await serve(habits);
      expect(await send(server.port, { security, rejectUnauthorized: false })).toMatchObject({ kind: 'sent' });
      expect(server.arrived).toMatchObject([{ secure: true }]);
    });
  }

  it('by starttls sends neither login nor letter to a server that does not offer it', async () => {
    const server = await serve({ users: { pbx: 's3cret' }, options: { disabledCommands: ['STARTTLS'] } });
    const relay = { security: 'starttls', user: 'pbx', secret: 's3cret', rejectUnauthorized: false } as const;
    expect(await send(server.port, relay)).toMatchObject({
      kind: 'later',
      hint: expect.stringContaining('mail.security') as string,
    });
    expect(server.read).toEqual([]);
  });

  it('is left alone when the setting says none', async () => {
    const server = await serve(STARTTLS);
    expect(await send(server.port)).toMatchObject({ kind: 'sent' });
    expect(server.arrived).toMatchObject([{ secure: false }]);
  });
});

describe('what goes wrong', () => {
  it('an answer of 4xx means later, and says nothing of the next letter', async () => {
    const server = await serve({ behaviour: () => 451 });
    expect(await send(server.port)).toMatchObject({
      kind: 'later',
      down: false,
      why: expect.stringContaining('451') as string,
    });
  });

  it('an answer of 5xx means never, with the server’s words', async () => {
    const server = await serve({ behaviour: () => 554 });
    const delivery = await send(server.port);
    expect(delivery).toMatchObject({ kind: 'refused' });
    expect(delivery).toMatchObject({ why: expect.stringContaining('those are the server’s words') as string });
  });

  it('an unknown recipient means never', async () => {
    const unknown = Object.assign(new Error('no such person'), { responseCode: 550 });
    const server = await serve({ options: { onRcptTo: (_to, _session, callback) => callback(unknown) } });
    expect(await send(server.port)).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('no such person') as string,
    });
  });

  it('a 554 for a greeting is about the server, not about the letter', async () => {
    const port = await listen((socket) => socket.end('554 no service here\r\n'));
    expect(await send(port)).toMatchObject({ kind: 'later', down: true });
  });

  it('nobody listening means later', async () => {
    const server = await openMailServer();
    await server.close();
    expect(await send(server.port)).toMatchObject({
      kind: 'later',
      down: true,
      hint: expect.stringContaining('mail.host') as string,
    });
  });

  it('a connection cut before the last answer means later', async () => {
    const server = await serve({ behaviour: () => 'cut' });
    expect(await send(server.port)).toMatchObject({ kind: 'later', down: true });
    expect(server.read).toHaveLength(1);
  });

  it('a connection cut after the last answer means sent', async () => {
    const server = await serve({ behaviour: () => 'take and cut' });
    expect(await send(server.port)).toMatchObject({ kind: 'sent' });
  });

  it('half a last answer is no answer', async () => {
    const port = await listen(takingAll('250 O'));
    expect(await send(port)).toMatchObject({ kind: 'later', down: true });
  });

  it('a server that never greets is not waited for', async () => {
    const port = await listen(() => undefined);
    expect(await send(port, { patience: { connect: 200, silence: 600_000 } })).toMatchObject({
      kind: 'later',
      down: true,
    });
  });

  it('a server that falls silent after the letter is not waited for', async () => {
    const server = await serve({ behaviour: () => 'silence' });
    expect(await send(server.port, { patience: { connect: 2000, silence: 200 } })).toMatchObject({
      kind: 'later',
      down: true,
    });
  });

  it('a server that speaks no SMTP means later', async () => {
    const port = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await send(port)).toMatchObject({ kind: 'later', down: true });
  });

  it('words that would repaint a terminal are made harmless, and long ones short', async () => {
    const port = await listen((socket) => socket.end(`554 \u001b[2J${'x'.repeat(5000)}\r\n`));
    const delivery = await send(port);
    if (delivery.kind === 'sent') throw new Error('sent?');
    expect(delivery.why).toContain('\\u001b[2J');
    expect(delivery.why.length).toBeLessThan(600);
  });

  it('words of thanks are made harmless as well', async () => {
    const port = await listen(takingAll('250 thanks \u001b[2J\r\n'));
    expect(await send(port)).toEqual({ kind: 'sent', answer: '250 thanks \\u001b[2J' });
  });

  it('we may cut it short ourselves', async () => {
    const server = await serve({ behaviour: () => 'silence' });
    const cut = new AbortController();
    const sending = send(server.port, {}, cut.signal);
    await until(() => server.read.length === 1, 'the letter');
    cut.abort();
    expect(await sending).toMatchObject({ kind: 'later' });
  });
});
