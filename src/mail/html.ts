/** The `html` template tag: every value is escaped, so that foreign text stays text. */

/** HTML that is already safe. Only the tag makes one. */
export class Html {
  constructor(readonly source: string) {}
}

export function html(strings: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  return new Html(strings.map((text, i) => text + sourceOf(values[i] ?? '')).join(''));
}

function sourceOf(value: string | Html | readonly Html[]): string {
  if (value instanceof Html) return value.source;
  if (typeof value !== 'string') return value.map(sourceOf).join('\n');
  return value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
