/** Who is sent the AMI secret: an Asterisk that speaks TLS, and nobody else's program. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { AmiConnection } from '../../src/asterisk/ami-connection';
import type { AmiSettings } from '../../src/asterisk/ami-settings';
import { clock } from '../../src/clock';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import { makeHost, type Host } from '../../src/lab/host';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { run } from '../../src/run';
import { describeAsRoot } from '../support/as-root';
import { relayTo, type Relay } from '../support/relay';
import { until } from '../support/until';

const SECRET = 'a secret of this test';
const open: AmiConnection[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  open.splice(0).forEach((connection) => connection.close('the test is over'));
  sockets.forEach((socket) => socket.destroy());
  servers.splice(0).forEach((server) => server.close());
});

function dial(port: number, more: Partial<AmiSettings> = {}): AmiConnection {
  const settings = { host: 'localhost', port, user: 'tollgate', secret: SECRET, ...more };
  const connection = new AmiConnection(settings, { clock, random: randomBytes }, () => undefined);
  open.push(connection);
  return connection;
}

async function serve(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, 'localhost');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const bridges = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tollgate-ami-'));

describeAsRoot('the real Asterisk 22 over TLS', () => {
  let pbx: Host, asterisk: RunningAsterisk, relay: Relay;
  beforeAll(async () => {
    const dir = await tree(ASTERISK_22, { progress: (line) => process.stderr.write(`${line}\n`) });
    pbx = await makeHost('pbx');
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const pem = await run('openssl', [
      ...request,
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      '-',
      '-out',
      '-',
    ]);
    asterisk = await startAsterisk(pbx, {
      tree: dir,
      config: {
        'ami.pem': pem,
        'manager.conf': `[general]
enabled = yes
bindaddr = 127.0.0.1
tlsenable = yes
tlsbindaddr = 127.0.0.1:5039
tlscertfile = /etc/asterisk/ami.pem
tlsprivatekey = /etc/asterisk/ami.pem
[tollgate]
secret = ${SECRET}
read = security,system,call
write = system
`,
      },
    });
    relay = await relayTo(pbx, 5039);
  });
  afterAll(async () => {
    await relay.close();
    await asterisk.close();
    pbx.close();
  });
  const throughRelay = () =>
    serve((near) => {
      const far = connect(relay.path).on('error', () => near.destroy());
      sockets.add(far);
      near.pipe(far).pipe(near);
    });

  it('is asked and answers, once its certificate need not be known', async () => {
    const connection = dial(await throughRelay(), { tls: { checkCertificate: false } });
    await connection.open();
    expect((await connection.action({ Action: 'Ping' })).fields.get('ping')).toBe('Pong');
    const listed = await connection.list({ Action: 'CoreShowChannels' }, 'CoreShowChannelsComplete');
    expect(listed).toEqual({ kind: 'items', items: [] });
    expect(bridges()).toEqual([]);
    connection.close('enough');
    await until(
      () => sockets.size > 0 && [...sockets].every((socket) => socket.destroyed),
      'the end of the connection',
    );
  });

  it('is refused with a certificate that nobody vouches for', async () => {
    const refused = dial(await throughRelay(), { tls: { checkCertificate: true } }).open();
    await expect(refused).rejects.toMatchObject({
      code: 'AMI_DOWN',
      what: expect.stringMatching(/self-signed certificate.*ami\.check_certificate = false/) as string,
    });
    expect(bridges()).toEqual([]);
  });

  it('that goes down is noticed at once', async () => {
    const connection = dial(await throughRelay(), { tls: { checkCertificate: false } });
    await connection.open();
    await asterisk.kill();
    await until(() => connection.ended.aborted, 'the end');
    expect(String(connection.ended.reason)).toContain('closed the connection');
    await asterisk.restart();
  });
});

describe('who presents no TLS at all', () => {
  const PEERS: readonly [string, (socket: Socket) => void, RegExp][] = [
    ['an Asterisk in the clear', (socket) => socket.write('Asterisk Call Manager/11.0.0\r\n'), /tlsbindaddr/],
    ['a web server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /tlsbindaddr/],
    ['a talker', (socket) => socket.write(randomBytes(1_000_000)), /by TLS/],
    ['one who hangs up', (socket) => socket.destroy(), /by TLS/],
    ['one who resets', (socket) => socket.resetAndDestroy(), /by TLS/],
    ['nobody', () => undefined, /did not answer to the login within 300 ms/],
  ];
  it.each(PEERS)('%s is never sent the secret', async (_name, answer, why) => {
    let heard = '';
    const port = await serve((socket) => {
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      answer(socket);
    });
    const refused = dial(port, { tls: { checkCertificate: false }, patience: { loginMs: 300 } }).open();
    await expect(refused).rejects.toMatchObject({ code: 'AMI_DOWN', what: expect.stringMatching(why) as string });
    expect(heard).not.toContain(SECRET);
    expect(bridges()).toEqual([]);
  });
});

/** Listens as another user, greets like Asterisk, and prints what it is sent. */
const IMPOSTOR = `
process.setgroups([]); process.setgid(64043); process.setuid(64043);
const server = require('node:net').createServer((socket) => {
  socket.on('error', () => undefined);
  socket.write('Asterisk Call Manager/11.0.0\\r\\n');
  socket.pipe(process.stdout, { end: false });
}).listen(0, process.argv[1], () => console.log('port ' + server.address().port));
process.stdin.resume().on('end', () => process.exit());`;

describeAsRoot('another user’s program that answers in the place of Asterisk', () => {
  let impostor: ChildProcess, port: number;
  let heard = '';
  async function listenOn(address: string): Promise<void> {
    heard = '';
    const child = spawn(process.execPath, ['-e', IMPOSTOR, address], { stdio: ['pipe', 'pipe', 'inherit'] });
    impostor = child;
    child.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await until(() => heard.includes('\n'), 'the impostor listens');
    port = Number(/port (\d+)/.exec(heard)?.[1]);
  }
  afterEach(async () => {
    impostor.stdin?.end();
    await once(impostor, 'exit');
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
  ])('on %s is not sent the secret at %s', async (listens, host) => {
    await listenOn(listens);
    const refused = dial(port, { host, runBy: ['asterisk', '64044'], patience: { loginMs: 1000 } }).open();
    await expect(refused).rejects.toMatchObject({
      code: 'AMI_DOWN',
      what: expect.stringMatching(/is answered by user 64043, not by asterisk, 64044 or root/) as string,
      hint: expect.stringContaining('ami.run_by') as string,
    });
    expect(heard).toMatch(/^port \d+\n$/);
  });

  it.each([[['64043']], [[]]])('is, if the settings say %j', async (runBy) => {
    await listenOn('127.0.0.1');
    const asked = dial(port, { host: '127.0.0.1', runBy, patience: { loginMs: 1000 } }).open();
    await expect(asked).rejects.toMatchObject({
      what: expect.stringContaining('did not answer to the login') as string,
    });
    expect(heard).toContain(`Secret: ${SECRET}`);
  });
});
