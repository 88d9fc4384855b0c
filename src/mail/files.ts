/** Writes letters into a folder as .eml files, when there is no mail server. */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Address } from '../domain/letter';
import { syncFolder } from '../sync-folder';
import { deliveryOf } from './fault';
import { badAddress, messageOf } from './message';
import type { Posted, Transport } from './transport';

/** The same letter always has the same name, so that writing it again replaces it. */
export function fileTransport(folder: string, from: Address): Transport {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    send: async (letter) => {
      const message = messageOf(letter, from);
      if (!message) return badAddress(letter.to, from);
      try {
        const { message: bytes } = await composer.sendMail(message);
        const path = join(folder, fileName(letter));
        await mkdir(folder, { recursive: true, mode: 0o750 });
        await writeWhole(path, bytes as Buffer); // a Buffer because of `buffer: true`
        await syncFolder(folder); // before the outbox forgets the letter
        return { kind: 'sent', answer: `written to ${path}` };
      } catch (error) {
        return deliveryOf(error, folder);
      }
    },
  };
}

/** `2026-11-22T140500Z-0123abcd.eml`: sorted by time, and nothing in it can leave the folder. */
function fileName({ messageId, queuedAt }: Posted): string {
  const time = queuedAt.toISOString().replace(/:|\.\d+/g, '');
  const id = messageId.replace(/@.*/, '').replace(/[^A-Za-z0-9-]/g, '');
  return `${time}-${id}.eml`;
}

/** A reader sees the whole file or none. Mode 0640: letters tell who may come in from where. */
async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const file = await open(`${path}.part`, 'w', 0o640);
  try {
    await file.chmod(0o640);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}
