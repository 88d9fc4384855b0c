/** Who of those that would be lost nobody has agreed to lose: `lose` names them by any of their words, or says `all`. */
export function unagreed(lost: readonly string[], lose: readonly string[]): readonly string[] {
  if (lose.includes('all')) return [];
  return lost.filter((who) => !lose.some((name) => name === who || who.split(' ').includes(name)));
}
