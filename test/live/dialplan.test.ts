/** What Asterisk makes of our dialplan: with Tollgate there, away, cut off and silent. */
import '../support/patience';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import prompts from '../../sounds/prompts.json';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import { checkout } from '../../src/lab/checkout';
import { makeHost, type Host } from '../../src/lab/host';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { until } from '../support/until';

const SOUNDS = join(checkout(), 'sounds/en');
/** The far end stays on the line; `recorded` comes in as a PBX that records every call sends it. */
const EXTENSIONS = `
[far-end]
exten => stays,1,Answer()
 same => n,Wait(120)
[recorded]
exten => s,1,MixMonitor(/tmp/call.wav)
 same => n,Goto(tollgate-travelin-man,s,1)
#include extensions-tollgate.conf
`;
/** A Tollgate that takes calls and then does what its argument says. */
const TOLLGATE = `
  require('net').createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (text) => {
      if (process.argv[1] === 'cut') socket.destroy();
      if (process.argv[1] === 'silent') return;
      if (String(text).includes('200 result=1')) socket.end();
      else socket.write('SET VARIABLE TOLLGATE_RESULT ' + process.argv[1] + '\\n');
    });
  }).listen(4573, '127.0.0.1', () => console.log('listening'));
`;
const DOWN = ['im-sorry', 'please-try-call-later', 'vm-goodbye'];

describeAsRoot('the dialplan on a real Asterisk', () => {
  let host: Host;
  let asterisk: RunningAsterisk;
  let tollgate: ChildProcess | undefined;
  let before = 0;

  beforeAll(async () => {
    host = await makeHost('pbx');
    asterisk = await startAsterisk(host, {
      tree: await tree(ASTERISK_22, { progress: () => undefined }),
      binds: [SOUNDS],
      config: {
        'extensions.conf': EXTENSIONS,
        'extensions-tollgate.conf': await readFile(join(checkout(), 'dialplan/extensions-tollgate.conf'), 'utf8'),
      },
    });
  });

  afterEach(async () => {
    if (tollgate?.kill()) await once(tollgate, 'exit');
    tollgate = undefined;
    await asterisk.rx('channel request hangup all');
    await until(async () => (await asterisk.rx('core show channels')).includes('0 active channels'), 'all hang up');
  });

  afterAll(async () => {
    await asterisk.close();
    host.close();
  });

  async function startTollgate(does: string): Promise<void> {
    tollgate = host.spawn(process.execPath, ['-e', TOLLGATE, does], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (tollgate.stdout) await once(tollgate.stdout, 'data');
  }

  async function call(context = 'tollgate-travelin-man'): Promise<void> {
    before = (await asterisk.log()).length;
    await asterisk.rx(`channel originate Local/stays@far-end/n extension s@${context}`);
  }

  const said = async () => (await asterisk.log()).slice(before);
  const played = async () => Array.from((await said()).matchAll(/Playing '([^'.]+)/g), ([, name]) => name);
  const hungUp = () => until(async () => /Hangup\(/.test(await said()), 'the dialplan hangs up', 30_000);

  it('loads without a complaint, every extension of it', async () => {
    const shown = await asterisk.rx('dialplan show tollgate-travelin-man');
    expect(shown.match(/(?<=')\w+(?=' =>)/g)).toEqual(['T', 'down', 'h', 's']);
    const complaints = (await asterisk.log()).split('\n').filter((line) => /(WARNING|ERROR).*pbx.*tollgate/.test(line));
    expect(complaints).toEqual([]);
  });

  it('tells the caller when Tollgate is down, and hangs up', async () => {
    await call();
    await hungUp();
    expect(await played()).toEqual(DOWN);
    expect(await said()).toContain('AGISTATUS is FAILURE');
  });

  it('tells him the same when Tollgate is cut off in the middle', async () => {
    await startTollgate('cut');
    await call();
    await hungUp();
    expect(await played()).toEqual(DOWN);
  });

  it('does not hang on a Tollgate that says nothing any more', async () => {
    await startTollgate('silent');
    await asterisk.rx('dialplan set global TOLLGATE_SECONDS 2');
    await call();
    await hungUp();
    await asterisk.rx('dialplan set global TOLLGATE_SECONDS ""');
    expect(await played()).toEqual(DOWN);
  });

  for (const result of ['opened', 'refused', 'locked', 'error']) {
    it(`says nothing more after the result "${result}"`, async () => {
      await startTollgate(result);
      await call();
      await hungUp();
      expect(await said()).toContain(`"TOLLGATE_RESULT=${result}"`);
      expect(await played()).toEqual([]);
    });
  }

  it('leaves the result of a caller who hangs up, too', async () => {
    await startTollgate('silent');
    await call();
    await until(async () => (await said()).includes(' AGI('), 'Tollgate is asked');
    await asterisk.rx('channel request hangup all');
    await until(async () => (await said()).includes('"TOLLGATE_RESULT=hungup"'), 'it is left');
    await until(async () => (await asterisk.rx('core show channels')).includes('0 active channels'), 'all is over');
  });

  it('stops a recording before a PIN is keyed', async () => {
    await startTollgate('silent');
    await call('recorded');
    await until(async () => (await said()).includes(' AGI('), 'Tollgate is asked');
    const steps = (await said()).match(/Begin MixMonitor|MixMonitor close| AGI\(/g);
    expect(steps).toEqual(['Begin MixMonitor', 'MixMonitor close', ' AGI(']);
  });

  it('can play every recording of ours', async () => {
    for (const name of Object.keys(prompts.en)) {
      const answer = await asterisk.rx(`file convert ${join(SOUNDS, name)}.wav /tmp/${name}.gsm`);
      expect(answer).toContain(`Converted ${join(SOUNDS, name)}.wav`);
    }
  });

  it('finds every stock prompt where the tests believe them to be', async () => {
    const folder = '/usr/share/asterisk/sounds/en';
    const files = (await asterisk.room.run('find', ['-L', folder, '-name', '*.gsm', '-printf', '%P\n'])).split('\n');
    const names = files.map((file) => file.replace(/\.gsm$/, '')).filter((name) => name !== '');
    const listed = await readFile(join(checkout(), 'test/stock-prompts.txt'), 'utf8');
    expect(listed.trim().split('\n').sort()).toEqual(names.sort());
  });
});
