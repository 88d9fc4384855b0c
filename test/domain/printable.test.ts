import { printable } from '../../src/domain/printable';

it('a name cannot move the cursor, add a line or turn the writing round', () => {
  expect(printable('a\u001b[2Jb\r\nc\u202ed\u0000')).toBe('a\\u001b[2Jb\\u000d\\nc\\u202ed\\u0000');
});

it('names of every script stay as they are', () => {
  expect(printable('Žofie "Šédá" 山田 👍')).toBe('Žofie "Šédá" 山田 👍');
});
