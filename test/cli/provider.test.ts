import { providers } from '../../src/domain/providers';
import { tollgate } from './fake-world';

it('every provider is listed, with what it opens', async () => {
  const { out, code } = await tollgate(['provider', 'list']);
  expect(code).toBe(0);
  for (const { id } of providers()) expect(out).toMatch(new RegExp(`^${id} `, 'm'));
  expect(out).toMatch(/^voipms +VoIP\.ms +sip iax rtp +20\d\d-/m);
  expect(JSON.parse((await tollgate(['provider', 'list', '--json'])).out)).toEqual(providers());
});

it('one is shown with its names, its networks, and where that is from', async () => {
  const { out } = await tollgate(['provider', 'show', 'Callcentric']);
  expect(out).toContain('sip.callcentric.net');
  expect(out).toContain('204.11.192.0/22');
  expect(out).toContain('https://www.callcentric.com/');
  expect(out).toContain('tollgate allow callcentric');
  expect(JSON.parse((await tollgate(['provider', 'show', 'twilio', '--json'])).out)).toMatchObject({
    media: ['168.86.128.0/18'],
  });
});

it('a mistyped one is proposed', async () => {
  const { code, err } = await tollgate(['provider', 'show', 'calcentric']);
  expect(code).toBe(1);
  expect(err).toContain('did you mean "callcentric"?');
});
