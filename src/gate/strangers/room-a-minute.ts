/** What a sender of forged packets could make come a thousandfold is dealt with so often a minute, and no more. */
import type { Clock } from '../../ports';

export interface RoomAMinute {
  isLeft(): boolean;
  take(): void;
}

const MINUTE_MS = 60_000;

export function roomAMinute(clock: Clock, most: number): RoomAMinute {
  let minute = { since: -Infinity, taken: 0 };
  const now = () => {
    const at = clock.now().getTime();
    if (at - minute.since >= MINUTE_MS) minute = { since: at, taken: 0 };
    return minute;
  };
  return {
    isLeft: () => now().taken < most,
    take() {
      now().taken++;
    },
  };
}
