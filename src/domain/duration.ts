/** Durations as people write them: `90m 8h 3d 2w`. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `90m`, `8h`, `3d`, `2w`, `45s`; undefined when it is none of these, or not more than nothing. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})\s*([smhdw])$/.exec(text.trim().toLowerCase()) ?? [];
  const seconds = Number(amount) * (UNIT_SECONDS[unit ?? ''] ?? NaN);
  return seconds > 0 ? seconds : undefined;
}

/** The two largest units: `2 d 3 h`, `59 min`, `12 s`. */
export function formatDuration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [Math.floor(seconds % 60), 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
