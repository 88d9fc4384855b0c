import type { Asterisk } from '../src/asterisk/phones';
import { clock } from '../src/clock';
import type { PhonesState } from '../src/domain/phones';
import { AppError } from '../src/errors';
import { openOwnAddresses } from '../src/own-addresses';
import { address } from './support/test-gate';

const ROUTER = { address: address('203.0.113.7'), from: "Asterisk's transport udp" };
const down = new AppError('AMI_DOWN', 'Asterisk does not answer', 'start it');

it('are the machine’s, those of the settings, and what Asterisk tells each time it is there again', async () => {
  let become: (state: PhonesState['state']) => void = () => undefined;
  const answers = [() => Promise.resolve([ROUTER]), () => Promise.reject(down)];
  const phones = {
    outsideAddresses: () => (answers.shift() ?? (() => Promise.resolve([])))(),
    onState(listener: (state: PhonesState) => void) {
      become = (state) => listener({ state, since: new Date(0), detail: '' });
      return () => undefined;
    },
  } as unknown as Asterisk;
  const logged: string[] = [];
  const own = openOwnAddresses([address('198.51.100.1')], phones, {
    clock,
    log: (event) => void logged.push(event),
  });
  const told = async (state: PhonesState['state']) => {
    become(state);
    await own.told();
    return own.all().slice(own.all().indexOf(address('198.51.100.1')) + 1);
  };
  expect(own.all()).toEqual(expect.arrayContaining(['127.0.0.1', '198.51.100.1']));
  expect(await told('down')).toEqual([]);
  expect(await told('up')).toEqual(['203.0.113.7']);
  expect(own.outside()).toEqual([ROUTER]);
  expect(await told('reduced')).toEqual(['203.0.113.7']);
  expect(logged).toEqual(['outside addresses not told']);
  expect(await told('up')).toEqual([]);
});
