/** PINs as they are kept: scrypt over a peppered PIN. A stolen store alone does not even let one guess. */
import { createHmac, scrypt as scryptHere, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { Random } from '../../ports';
import { oneAtATime, type OneAtATime } from '../../domain/one-at-a-time';

/** 2^14 blocks of 8, twice: about 0.1 s, and 16 MiB, so that two at a time leave the daemon small. */
const COST = 2 ** 14;
const BLOCK = 8;
const TIMES = 2;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** So that a hundred callers at once take time, not memory. */
export const AT_ONCE = 2;

/** As of node:crypto; resolves to a key of so many bytes. */
export type Scrypt = (secret: Buffer, salt: Buffer, bytes: number, options: ScryptOptions) => Promise<Buffer>;

export interface PinVault {
  hash(pin: string): Promise<string>;
  /** False for a missing hash too, after the same work. */
  verify(pin: string, hash: string | undefined): Promise<boolean>;
  /** A name for a secret-like text (a keyed account number may be a mistyped PIN) that cannot be turned back. */
  disguise(text: string): string;
  /** The same for the same pepper, and tells nothing of it. */
  readonly mark: string;
}

/** `pepper`: at least 32 bytes from a file that only the daemon reads. `scrypt`: where it is computed. */
export function pinVault(pepper: Buffer, random: Random, scrypt: Scrypt = inThePool): PinVault {
  const lanes = Array.from({ length: AT_ONCE }, oneAtATime);
  let turn = 0;
  const derive = (pin: string, salt: Buffer, cost: number, times: number) => {
    const lane = lanes[turn++ % AT_ONCE] as OneAtATime;
    const options = { N: cost, r: BLOCK, p: times, maxmem: 2 * 128 * BLOCK * (cost + times) };
    return lane(() => scrypt(createHmac('sha256', pepper).update(pin).digest(), salt, KEY_BYTES, options));
  };
  return {
    async hash(pin) {
      const salt = random(SALT_BYTES);
      const key = await derive(pin, salt, COST, TIMES);
      return ['scrypt', COST, TIMES, salt.toString('base64url'), key.toString('base64url')].join('$');
    },
    async verify(pin, hash) {
      const [, cost, times, salt, wanted] = hash?.split('$') ?? [];
      const key = await derive(pin, Buffer.from(salt ?? '', 'base64url'), Number(cost ?? COST), Number(times ?? TIMES));
      const kept = Buffer.from(wanted ?? '', 'base64url');
      return kept.length === key.length && timingSafeEqual(key, kept);
    },
    disguise: (text) => createHmac('sha256', pepper).update(`name:${text}`).digest('base64url').slice(0, 22),
    mark: createHmac('sha256', pepper).update('mark').digest('base64url'),
  };
}

function inThePool(...[secret, salt, bytes, options]: Parameters<Scrypt>): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scryptHere(secret, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
