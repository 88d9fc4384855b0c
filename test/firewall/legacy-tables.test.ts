/** What of iptables-legacy is there, is not, and cannot be seen. */
import { AppError } from '../../src/errors';
import { readLegacyTables } from '../../src/firewall/legacy-tables';
import type { Run } from '../../src/ports';

const failing =
  (why: string): Run =>
  (file, args) =>
    Promise.reject(new AppError('COMMAND_FAILED', `${[file, ...args].join(' ')} failed (1): cat: ${why}`, ''));

it.each<[string, Run, object]>([
  [
    'are those whose names the kernel lists',
    () => Promise.resolve('nat\nfilter\n'),
    { 4: ['nat', 'filter'], 6: ['nat', 'filter'] },
  ],
  ['are none when none is listed', () => Promise.resolve(''), { 4: [], 6: [] }],
  ['are none without their module', failing('/proc/net/ip_tables_names: No such file or directory'), { 4: [], 6: [] }],
  ['are unknown when the list is root’s alone', failing('/proc/net/ip_tables_names: Permission denied'), {}],
])('tables of iptables-legacy %s', async (_, run, found) => {
  expect(await readLegacyTables(run)).toEqual(found);
});

it('a mistake of our own is not hidden', async () => {
  await expect(readLegacyTables(() => Promise.reject(new TypeError('no')))).rejects.toThrow(TypeError);
});
