import { printable } from '../../src/domain/printable';

it('a name cannot move the cursor, add a line or turn the writing round', () => {
  expect(printable('a\u001b[2Jb\r\nc\u202ed\u0000')).toBe('a\\u001b[2Jb\\u000d\\nc\\u202ed\\u0000');
});

it('names of every script stay as they are', () => {
  expect(printable('Žofie "Šédá" 山田 👍')).toBe('Žofie "Šédá" 山田 👍');
});

it('what nobody sees is shown, and halves of pairs too', () => {
  expect(printable('a\u00ad\u061c\u{e0041}\ud83dz')).toBe('a\\u00ad\\u061c\\udb40\\udc41\\ud83dz');
});

it('in JSON is the same value', () => {
  const text = 'a\u001b\u{e0041}\ud83d\u202e 👍';
  expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
});
