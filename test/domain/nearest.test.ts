import { nearest } from '../../src/domain/nearest';

const KNOWN = ['phone', 'sip', 'iax', 'rtp', 'web', 'ssh', 'provisioning', 'all'];

it.each([
  ['spi', 'sip'],
  ['phnoe', 'phone'],
  ['Phone', 'phone'],
  ['webb', 'web'],
  ['ssh', 'ssh'],
  ['provisoning', 'provisioning'],
])('who types %s means %s', (word, meant) => expect(nearest(word, KNOWN)).toBe(meant));

it.each(['telephone', 'x', '', 'everything'])('nobody knows what %j means', (word) =>
  expect(nearest(word, KNOWN)).toBeUndefined(),
);
