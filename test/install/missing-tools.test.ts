import { aptInstall } from '../../src/domain/tools';
import { AppError } from '../../src/errors';
import { missingTools } from '../../src/install/missing-tools';
import { run } from '../../src/run';

it('tells which programs are not there, and which packages have them', async () => {
  const without = (gone: readonly string[]) =>
    missingTools((_, [tool = '']) =>
      gone.includes(tool)
        ? Promise.reject(new AppError('COMMAND_FAILED', 'which failed', ''))
        : Promise.resolve(`/usr/sbin/${tool}\n`),
    );
  expect(await without([])).toEqual([]);
  expect(aptInstall(await without(['ss', 'conntrack', 'ip']))).toBe('apt install conntrack iproute2');
});

it('asks the machine itself', async () => {
  expect(
    await missingTools((file, args) =>
      run(
        file,
        args.map((tool) => (tool === 'ss' ? 'no-such-tool' : 'sh')),
      ),
    ),
  ).toEqual(['ss']);
});

it('a program that is missing is told with its package', async () => {
  await expect(run('no-such-tool', [])).rejects.toMatchObject({
    hint: 'install it: apt install iptables ipset conntrack nftables iproute2',
  });
});
