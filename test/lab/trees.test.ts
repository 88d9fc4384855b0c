import { stepCounter } from '../../src/lab/trees';

it('says how far debootstrap is in its own words', () => {
  const count = stepCounter();
  const said = [
    'I: Retrieving InRelease ',
    'I: Retrieving Packages ',
    'I: Retrieving asterisk 1:22.10.1+dfsg-1',
    'I: Validating asterisk 1:22.10.1+dfsg-1',
    'I: Retrieving libc6 2.41-1',
    'I: Unpacking libc6:amd64...',
    'I: Configuring libc6:amd64...',
    'I: Base system installed successfully.',
  ].map(count);
  expect(said.filter((line) => line !== undefined)).toEqual([
    'retrieving asterisk … 1',
    'retrieving libc6 … 2',
    'unpacking libc6:amd64 … 1 of 2',
    'configuring libc6:amd64 … 1 of 2',
  ]);
});
