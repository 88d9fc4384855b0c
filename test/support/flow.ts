/** A phone that keeps its flow alive: twenty requests a second from its own port, each remembered. */
import type { Phone } from '../../src/lab/phone';

export interface Flow {
  /** Requests sent at or after a moment of `Date.now()`; those of the last quarter second may be answered yet. */
  since(moment: number): { readonly sent: number; readonly answered: number };
  /** When the last request was sent that was answered. */
  lastAnswered(): number;
  close(): void;
}

const PACE_MS = 50;

export function flowOf(phone: Phone): Flow {
  const requests: { readonly at: number; answered: boolean }[] = [];
  const ask = async () => {
    const request = { at: Date.now(), answered: false };
    requests.push(request);
    request.answered = typeof (await phone.options()) === 'number';
  };
  const timer = setInterval(() => void ask(), PACE_MS);
  return {
    since: (moment) => {
      const those = requests.filter(({ at }) => at >= moment);
      return { sent: those.length, answered: those.filter(({ answered }) => answered).length };
    },
    lastAnswered: () => requests.findLast(({ answered }) => answered)?.at ?? 0,
    close: () => clearInterval(timer),
  };
}
