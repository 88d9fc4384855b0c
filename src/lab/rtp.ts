/** RTP packets: a quiet line, and telephone keys as RFC 4733 events. */

/** The payload type that SIPp uses too; it must be offered as `telephone-event/8000`. */
export const KEY_PAYLOAD = 96;
const ULAW = 0;
/** 20 ms at 8000 samples a second. */
const SAMPLES = 160;
export const PACKET_MS = 20;
const KEYS = '0123456789*#ABCD';
/** A key lasts five packets, and as long a pause makes the next one another key. */
const KEY_PACKETS = 5;
const PAUSE_PACKETS = 3;
/** RFC 4733: the end is told three times, because packets get lost. */
const ENDS = 3;

export interface RtpStream {
  /** The next packet, one every 20 ms: silence, or what was pressed. */
  next(): Buffer;
  press(keys: string): void;
  /** Keys that are not sent yet. */
  readonly waiting: number;
}

/** `ssrc` tells one stream from another. */
export function rtpStream(ssrc: number): RtpStream {
  let sequence = 0;
  let timestamp = 0;
  const queue: { readonly key: string; step: number; readonly start: { at: number } }[] = [];
  const packet = (payload: number, at: number, marker: boolean, data: Buffer) => {
    const head = Buffer.alloc(12);
    head.writeUInt8(0x80, 0);
    head.writeUInt8((marker ? 0x80 : 0) | payload, 1);
    head.writeUInt16BE(sequence++ & 0xffff, 2);
    head.writeUInt32BE(at >>> 0, 4);
    head.writeUInt32BE(ssrc >>> 0, 8);
    return Buffer.concat([head, data]);
  };
  return {
    next: () => {
      timestamp += SAMPLES;
      const pressed = queue[0];
      if (pressed === undefined || pressed.step >= KEY_PACKETS + ENDS) {
        if (pressed !== undefined && ++pressed.step >= KEY_PACKETS + ENDS + PAUSE_PACKETS) queue.shift();
        return packet(ULAW, timestamp, false, Buffer.alloc(SAMPLES, 0xff));
      }
      if (pressed.step === 0) pressed.start.at = timestamp;
      const ended = pressed.step >= KEY_PACKETS;
      const event = Buffer.alloc(4);
      event.writeUInt8(KEYS.indexOf(pressed.key), 0);
      event.writeUInt8((ended ? 0x80 : 0) | 10, 1);
      event.writeUInt16BE(Math.min(pressed.step + 1, KEY_PACKETS) * SAMPLES, 2);
      return packet(KEY_PAYLOAD, pressed.start.at, pressed.step++ === 0, event);
    },
    press: (keys) => {
      for (const key of keys) {
        if (!KEYS.includes(key)) throw new RangeError(`no telephone has the key ${JSON.stringify(key)}`);
        queue.push({ key, step: 0, start: { at: 0 } });
      }
    },
    get waiting() {
      return queue.length;
    },
  };
}
