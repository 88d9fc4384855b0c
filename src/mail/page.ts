/** What a letter says, and its two forms: plain text and HTML. */
import { html } from './html';

export interface Page {
  readonly greeting: string;
  /** The news in one sentence. */
  readonly news: string;
  /** A short table: what and its value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly paragraphs: readonly string[];
  /** Who writes. */
  readonly signature: string;
}

/** A page before it is known who reads it, with its line in the list of mails. */
export interface Draft extends Omit<Page, 'greeting' | 'signature'> {
  readonly subject: string;
}

export function textOf({ greeting, news, facts, paragraphs, signature }: Page): string {
  const width = Math.max(0, ...facts.map(([label]) => label.length));
  const table = facts.map(([label, value]) => `  ${`${label}:`.padEnd(width + 1)} ${value}`).join('\n');
  return [greeting, news, ...(table ? [table] : []), ...paragraphs, `-- \n${signature}`].join('\n\n') + '\n';
}

/** The one HTML template. Tables and inline styles, because that is all that mail programs agree on. */
export function htmlOf({ greeting, news, facts, paragraphs, signature }: Page): string {
  const row = ([label, value]: readonly [string, string]) =>
    html`<tr>
      <td style="padding:3px 16px 3px 0;color:#666;vertical-align:top">${label}</td>
      <td style="padding:3px 0"><b>${value}</b></td>
    </tr>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${news}</title>
      </head>
      <body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#222;background:#fff">
        <div style="max-width:36em">
          <p>${greeting}</p>
          <p style="font-size:18px">${news}</p>
          <table style="border-collapse:collapse">
            ${facts.map(row)}
          </table>
          ${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
          <p style="color:#666;border-top:1px solid #ddd;padding-top:8px">${signature}</p>
        </div>
      </body>
    </html> `.source;
}
