/** What the admin reads about a name that is followed. */
import type { Notice } from '../domain/letter';
import type { Draft } from './page';
import type { MailSettings } from './settings';
import { foreign } from './words';

type Of<K extends Notice['kind']> = Extract<Notice, { kind: K }>;

type About = Of<'name-stale' | 'name-back' | 'name-refused' | 'way-in-blocked'>;

export function namePage(notice: About, settings: MailSettings): Draft {
  switch (notice.kind) {
    case 'name-stale':
      return stale(notice, settings);
    case 'name-back':
      return back(notice, settings);
    case 'name-refused':
      return refused(notice, settings);
    case 'way-in-blocked':
      return wayInBlocked(notice, settings);
  }
}

function stale({ what, since, why }: Of<'name-stale'>, settings: MailSettings): Draft {
  const name = foreign(what);
  return {
    subject: `${name} cannot be looked up (${foreign(settings.pbxName)})`,
    news: `The addresses of ${name} may be out of date, because DNS does not tell them any more.`,
    facts: [
      ['Name', name],
      ['Since', settings.when.long(since)],
      ['Why', foreign(why, 200)],
    ],
    paragraphs: [
      'Its last good addresses stay open, and nobody is cut off. If it has moved, whoever is at the new address cannot get in.',
      'You will get one more letter when it is known again.',
      `To close it: tollgate revoke ${name}`,
    ],
  };
}

function back({ what, since }: Of<'name-back'>, settings: MailSettings): Draft {
  const name = foreign(what);
  return {
    subject: `${name} is known again (${foreign(settings.pbxName)})`,
    news: `DNS tells the addresses of ${name} again.`,
    facts: [
      ['Name', name],
      ['Was unknown since', settings.when.long(since)],
    ],
    paragraphs: ['What has changed meanwhile is in the journal: tollgate log'],
  };
}

function refused({ what, refused: addresses, used }: Of<'name-refused'>, settings: MailSettings): Draft {
  const name = foreign(what);
  return {
    subject: `${name} answers with addresses that are not let in (${foreign(settings.pbxName)})`,
    news: `${name} now answers with addresses that no name may open here: private ones, this machine's own, or none at all.`,
    facts: [
      ['Name', name],
      ['Not let in', foreign(addresses.join(', '), 400)],
      ['Still used', used.length > 0 ? foreign(used.join(', '), 400) : 'its last good addresses'],
    ],
    paragraphs: [
      'Whoever runs that name has made a mistake, or somebody else has changed its records.',
      `If such an address is right, let it in itself: tollgate allow ${addresses[0] ?? 'ADDRESS'}`,
    ],
  };
}

function wayInBlocked({ what, address, block }: Of<'way-in-blocked'>, settings: MailSettings): Draft {
  const name = foreign(what);
  const id = block.partOf ?? block.id;
  return {
    subject: `${name} leads to a blocked address (${foreign(settings.pbxName)})`,
    news: `${name} is the way in that always has access. It now leads to ${address}, which is blocked: nobody comes in from there.`,
    facts: [
      ['Name', name],
      ['Address', address],
      ['Blocked by', `entry ${id}, ${foreign(block.by)}`],
      ['Since', settings.when.long(block.since)],
    ],
    paragraphs: [
      'Only people take back what people have blocked.',
      `If that is your own address now: tollgate unblock ${id}`,
    ],
  };
}
