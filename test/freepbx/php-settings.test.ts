import fc from 'fast-check';
import { addressIn } from '../../src/freepbx/address';
import { readAmpConf } from '../../src/freepbx/php-settings';

const read = (text: string) => Object.fromEntries(readAmpConf(text));

it('the file as FreePBX writes it says user, password, host and database', () => {
  const text = `<?php
$amp_conf["AMPDBUSER"] = "freepbxuser";
$amp_conf["AMPDBPASS"] = "a/b+c=";
$amp_conf["AMPDBHOST"] = "localhost";
$amp_conf["AMPDBNAME"] = "asterisk";
$amp_conf["AMPDBENGINE"] = "mysql";
$amp_conf["datasource"] = ""; //for sqlite3

require_once("/var/www/html/admin/bootstrap.php");
?>
`;
  expect(addressIn(text, '/etc/freepbx.conf', '/run/mysqld/mysqld.sock')).toEqual({
    ...{ user: 'freepbxuser', password: 'a/b+c=', database: 'asterisk', host: 'localhost', port: 3306 },
    socketPath: '/run/mysqld/mysqld.sock',
  });
});

it.each<[string, Record<string, string>]>([
  [`$amp_conf['A']='x';`, { A: 'x' }],
  [`$amp_conf [ 'A' ] \n = /* ; */ 'x' ; # 'y'`, { A: 'x' }],
  [`$amp_conf['A'] = 'it\\'s \\\\ $no \\n';`, { A: "it's \\ $no \\n" }],
  [`$amp_conf["A"] = "a\\"b\\\\c\\$d\\x41\\101\\q";`, { A: 'a"b\\c$dAA\\q' }],
  [`$amp_conf['A'] = 'one'; $amp_conf['A'] = 'two';`, { A: 'two' }],
  [`$amp_conf['A'] = 'one'; $amp_conf['A'] = getenv('A');`, {}],
  [`// $amp_conf['A'] = 'x';\n# $amp_conf['B'] = 'x';\n/* $amp_conf['C'] = 'x'; */`, {}],
  [`$text = "\\"; \\$amp_conf['A'] = 'x';";`, {}],
  [`$text = '$amp_conf["A"] = "x";';`, {}],
  [`$amp_conf['A'] = 'x' . 'y';`, {}],
  [`$amp_conf['A'] = "x$y";`, {}],
  [`$other['A'] = 'x'; $amp_conf['B']['A'] = 'x'; $amp_conf['C'] .= 'x'; $amp_conf['D'] == 'x';`, {}],
  [`$amp_conf['A'] = 'x'`, { A: 'x' }],
  [`$amp_conf['A'] = 'x`, {}],
])('%s', (text, expected) => expect(read(text)).toEqual(expected));

it.each<[string, string | undefined, Partial<ReturnType<typeof addressIn>>]>([
  [
    `$amp_conf['AMPDBHOST'] = '192.0.2.3'; $amp_conf['AMPDBPORT'] = '3307';`,
    '/run/s',
    { host: '192.0.2.3', port: 3307, socketPath: undefined },
  ],
  [`$amp_conf['AMPDBSOCK'] = '/tmp/my.sock';`, '/run/s', { socketPath: '/tmp/my.sock' }],
  [`$amp_conf['AMPDBHOST'] = 'localhost';`, undefined, { host: 'localhost', port: 3306, socketPath: undefined }],
  [`$amp_conf['AMPDBNAME'] = 'pbx';`, '/run/s', { database: 'pbx', socketPath: '/run/s' }],
])('%s leads there', (text, socket, expected) => {
  const given = `$amp_conf['AMPDBUSER'] = 'u'; $amp_conf['AMPDBPASS'] = '';`;
  expect(addressIn(given + text, 'x', socket)).toMatchObject(expected);
});

it('a file that does not tell says what to do, and never shows what it holds', () => {
  const text = `$amp_conf['AMPDBUSER'] = "$user"; $amp_conf['AMPDBPASS'] = 'hunter2';`;
  expect(() => addressIn(text, '/etc/freepbx.conf', undefined)).toThrow(
    /freepbx\.conf does not say[^]*--freepbx-database/,
  );
  expect(() => addressIn(text, '/etc/freepbx.conf', undefined)).not.toThrow(/hunter2/);
});

it('any text is read to its end, in time', () => {
  const pieces = fc.constantFrom(
    '$amp_conf',
    "['A']",
    '=',
    "'",
    '"',
    '\\',
    ';',
    '/*',
    '*/',
    '//',
    '#',
    '\n',
    'x',
    '$',
    '[',
    ']',
    '<?php',
    '?>',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 30 }).map((some) => some.join('')),
  );
  fc.assert(
    fc.property(text, (some) => void readAmpConf(some)),
    { numRuns: 3000 },
  );
  for (const piece of ["'", '"', '\\', '/*', '$amp_conf', "'\\", '"$', ' ', '#'])
    readAmpConf(piece.repeat(200_000 / piece.length));
});
