/** Stops this process dead at a named place: beside the parts of Tollgate that pass it, nothing is changed. */
import { promises as files, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Firewall } from '../../../src/domain/firewall';
import type { Store } from '../../../src/domain/store';
import type { SessionChild } from '../../../src/firewall/session-port';
import type { Transport } from '../../../src/mail/transport';
import type { Run } from '../../../src/ports';
import type { Told } from './crashing-gate';

/**
 * Right after that has happened: a transaction of the store; changes of members sent, and confirmed; a batch of sets or
 * one family's rules loaded; the mail server's answer, and its note. Of the boot file: in the middle of a line, and of
 * a base; before the base's new name, and after; and when it is gone.
 */
export type Place =
  | ('store' | 'sent' | 'kernel' | 'sets' | 'rules' | 'answer' | 'noted')
  | ('half a line' | 'half a base' | 'aside' | 'renamed' | 'removed');

/** So many times, counted from the step with that number in the first list. */
export interface Crash {
  readonly place: Place;
  readonly times: number;
  readonly fromStep: number;
}

/** Straight into the pipe: it is there when the process is not any more. */
export const say = (told: Told) => void writeSync(1, `${JSON.stringify(told)}\n`);

export function crasher(crash: Crash | undefined) {
  let armed = false;
  let left = crash?.times ?? 0;
  /** Is this the time? */
  const isDue = (place: Place) => armed && place === crash?.place && --left === 0;
  const die = (place: Place) => {
    say({ kind: 'dying', place });
    process.kill(process.pid, 'SIGKILL');
  };
  return {
    arm: (step: number) => void (armed ||= step === crash?.fromStep),
    isDue,
    die,
    at(place: Place): void {
      if (isDue(place)) die(place);
    },
  };
}
export type Crasher = ReturnType<typeof crasher>;

export const crashingStore = (store: Store, crash: Crasher): Store => ({
  ...store,
  transaction: async (work, how) => {
    const result = await store.transaction(work, how);
    crash.at('store');
    return result;
  },
  letterSent: async (id, when) => {
    await store.letterSent(id, when);
    crash.at('noted');
  },
});

export const crashingFirewall = (firewall: Firewall, crash: Crasher): Firewall => ({
  ...firewall,
  change: async (changes) => {
    await firewall.change(changes);
    crash.at('kernel');
  },
});

export const crashingSession = (child: SessionChild, crash: Crasher): SessionChild => ({
  kill: () => child.kill(),
  write: (text) => {
    child.write(text);
    crash.at('sent');
  },
});

export function crashingRun(run: Run, crash: Crasher): Run {
  return async (file, args, options) => {
    const said = await run(file, args, options);
    if (file === 'ipset' && args.includes('restore')) crash.at('sets');
    if (/^ip6?tables-restore$/.test(file) && !args.includes('--test')) crash.at('rules');
    return said;
  };
}

export const crashingTransport = (transport: Transport, crash: Crasher): Transport => ({
  send: async (letter, signal) => {
    const delivery = await transport.send(letter, signal);
    crash.at('answer');
    return delivery;
  },
});

/** Whoever opens, renames or removes this file from now on passes its places. */
export function crashAtFile(file: string, crash: Crasher): void {
  const { open, rename, rm } = files;
  const halves = new Map<string, Place>([
    [file, 'half a line'],
    [`${file}.new`, 'half a base'],
  ]);
  const crashing: Pick<typeof files, 'open' | 'rename' | 'rm'> = {
    open: async (path, flags, mode) => {
      const handle = await open(path, flags, mode);
      const place = halves.get(String(path));
      return place ? crashingHandle(handle, place, crash) : handle;
    },
    rename: async (from, to) => {
      if (to === file) crash.at('aside');
      await rename(from, to);
      if (to === file) crash.at('renamed');
    },
    rm: async (path, options) => {
      await rm(path, options);
      if (path === file) crash.at('removed');
    },
  };
  Object.assign(files, crashing);
}

/** All but the last character of the last line, which without it looks like another address or another end. */
function crashingHandle(handle: FileHandle, place: Place, crash: Crasher): FileHandle {
  const write = handle.writeFile.bind(handle);
  const writeFile = async (text: string) => {
    const isNow = crash.isDue(place);
    await write(isNow ? text.slice(0, -2) : text);
    if (isNow) crash.die(place);
  };
  return Object.assign(handle, { writeFile });
}
