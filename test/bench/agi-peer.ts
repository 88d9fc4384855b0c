/** One caller, as Asterisk's end of an AGI connection: hears prompts, keys account, PIN and address, and confirms. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Peer {
  readonly port: number;
  /** Told as the channel; whoever answers finds out by it which call this is. */
  readonly channel: string;
  readonly callerNumber: string;
  readonly account: string;
  readonly pin: string;
  /** Dialled: `192*0*2*7`. */
  readonly address: string;
  /** Milliseconds that Asterisk takes for this command; 0 unless told. */
  readonly takes?: (command: string) => number;
  /** Milliseconds from a reply to this command. */
  readonly turn?: (ms: number, command: string) => void;
  /** The key that confirms is on its way. */
  readonly lastKey?: () => void;
}

export interface Conversation {
  readonly commands: readonly string[];
  /** TOLLGATE_RESULT. */
  readonly result: string | undefined;
}

/** Resolves when the far end has closed the connection. */
export async function converse(peer: Peer): Promise<Conversation> {
  const socket = connect({ port: peer.port, host: '127.0.0.1', noDelay: true });
  const commands: string[] = [];
  const answers = caller(peer);
  let repliedAt: number | undefined;
  let result: string | undefined;
  let rest = '';
  const hear = async (command: string) => {
    if (repliedAt !== undefined) peer.turn?.(performance.now() - repliedAt, command);
    commands.push(command);
    result = /^SET VARIABLE "?TOLLGATE_RESULT"? "?(\w+)/.exec(command)?.[1] ?? result;
    const { reply, isLast } = answers(command);
    const ms = peer.takes?.(command) ?? 0;
    if (ms > 0) await sleep(ms);
    if (isLast) peer.lastKey?.();
    repliedAt = performance.now();
    socket.write(`${reply}\n`);
  };
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) void hear(line);
  });
  const environment = ['agi_network: yes', 'agi_network_script: travelin-man', 'agi_language: en'];
  const call = [`agi_channel: ${peer.channel}`, `agi_callerid: ${peer.callerNumber}`];
  socket.write([...environment, ...call, '', ''].join('\n'));
  await new Promise<void>((resolve, reject) => socket.once('close', () => resolve()).once('error', reject));
  return { commands, result };
}

/** Keys the answer to the prompt heard last when it is asked for, and nothing while work goes on. */
function caller({ account, pin, address }: Peer): (command: string) => { reply: string; isLast: boolean } {
  const known: readonly (readonly [prompt: string, keys: string])[] = [
    ['ask-account', account],
    ['ask-pin', pin],
    ['ask-address', address],
    ['menu', address],
    ['confirm', '1'],
  ];
  let keys = '';
  let prompt = '';
  return (command) => {
    const [, file] = /^STREAM FILE "?([^" ]+)/.exec(command) ?? [];
    if (file !== undefined) {
      const heard = known.find(([name]) => file.endsWith(`/${name}`));
      if (heard) [prompt, keys] = heard;
      return { reply: '200 result=0 endpos=8000', isLast: false };
    }
    const [, most] = /^GET DATA "" "?\d+"? "?(\d+)/.exec(command) ?? [];
    if (command.startsWith('WAIT FOR DIGIT')) {
      const pressed = keys.charCodeAt(0) || 0;
      keys = keys.slice(1);
      return { reply: `200 result=${pressed}`, isLast: prompt === 'confirm' };
    }
    if (most === undefined) return { reply: `200 result=1 (${MARK.exec(command)?.[1] ?? ''})`, isLast: false };
    if (Number(most) === WHILE_WORKING) return { reply: '200 result= (timeout)', isLast: false };
    const pressed = keys.slice(0, Number(most));
    keys = keys.slice(pressed.length);
    return { reply: `200 result=${pressed}`, isLast: prompt === 'confirm' };
  };
}

/** Asked for at the beginning, to be repeated. */
const MARK = /^GET FULL VARIABLE "(\w+)"$/;
/** So many keys are asked for while something slow goes on; nobody presses any then. */
const WHILE_WORKING = 64;
