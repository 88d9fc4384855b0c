/** The address of a MariaDB database, as people write it. */
import { readMariadbUrl } from '../../src/store/mariadb-url';

const plain = { user: 'tg', password: 'x', database: 'tollgate', host: 'db', port: 3306, socketPath: undefined };

const good: [text: string, address: object][] = [
  ['mysql://tg:x@db/tollgate', plain],
  ['mariadb://tg:x@db:3307/tollgate', { ...plain, port: 3307 }],
  ['mysql://tg@db/tollgate', { ...plain, password: '' }],
  ['mysql://tg:x@[2001:db8::1]:3307/tollgate', { ...plain, host: '2001:db8::1', port: 3307 }],
  ['mysql://tg:p@ss:w/ö#%@db/tollgate', { ...plain, password: 'p@ss:w/ö#%' }],
  ['mysql://tg:p%40ss%3Aw%2F%C3%B6%23%25@db/tollgate', { ...plain, password: 'p@ss:w/ö#%' }],
  ['mysql://tg:100%25@db/tollgate', { ...plain, password: '100%' }],
  ['mysql://tg:a?b=c&d@db/tollgate', { ...plain, password: 'a?b=c&d' }],
  ['mysql://t%40g:x@db/toll%2Fgate', { ...plain, user: 't@g', database: 'toll/gate' }],
  [
    'mysql://tg:x@localhost/tollgate?socket=/run/a%40b.sock',
    { ...plain, host: 'localhost', socketPath: '/run/a@b.sock' },
  ],
  ['mysql://tg:x@/tollgate', { ...plain, host: 'localhost' }],
];
it.each(good)('%s is understood', (text, address) => {
  expect(readMariadbUrl(text)).toEqual(address);
});

it.each([
  'tollgate.db',
  'mysql://db/tollgate',
  'mysql://tg:secret@db',
  'mysql://tg:secret@db/',
  'mysql://:secret@db/tollgate',
  'mysql://tg:secret@db:99999/tollgate',
  'mysql://tg:secret@db/tollgate?sokcet=/x',
  'mysql://tg:secret%FF@db/tollgate',
  'postgres://tg:secret@db/tollgate',
])('%s is refused without being quoted', (text) => {
  const refused = expect(() => readMariadbUrl(text));
  refused.toThrow(/address of the database[^]*mysql:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/);
  refused.not.toThrow(/secret/);
});
