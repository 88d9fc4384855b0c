/** From a real https server, or a file, to the table in force. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openCountryData } from '../../src/country/data';
import { downloader, type Download } from '../../src/country/download';
import { fetchTable, type Fetched } from '../../src/country/fetch';
import type { CountryData } from '../../src/domain/country';
import { AppError } from '../../src/errors';
import type { Run } from '../../src/ports';
import { chunksOf, DBIP_LINES, wholeTable } from '../support/country-files';
import { fakeClock } from '../support/fake-clock';
import { httpsServer, type HttpsServer } from '../support/https-server';
import { net } from '../support/net';

let server: HttpsServer;
let home: string;
let data: CountryData;
const told: string[] = [];
const clock = fakeClock();
const noApt: Run = () => Promise.reject(new AppError('COMMAND_FAILED', 'no apt here', ''));
const folder = () => join(home, 'countries');
const openData = () => openCountryData({ folder: folder(), permitUnknown: false, log: (event) => told.push(event) });

beforeAll(async () => {
  server = await httpsServer();
});
afterAll(() => server.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollgate-countries-'));
  server.asked.length = told.length = 0;
  data = openData();
});
afterEach(() => rmSync(home, { recursive: true }));

function fetch(from?: string, path = '/dbip.csv.gz'): Promise<Fetched> {
  const limits = { silenceMs: 300, wholeMs: 5000 };
  const settings = {
    folder: folder(),
    owner: undefined,
    source: 'auto',
    maxmindLogin: '',
    url: server.url + path,
  } as const;
  const download = downloader({ ca: server.ca, limits });
  return fetchTable(from, settings, { run: noApt, download, clock, random: randomBytes, tell: () => undefined });
}
async function refresh(from?: string): Promise<'new' | 'unchanged'> {
  const fetched = await fetch(from);
  if (fetched.kind === 'new') await data.adopt(fetched.name, { dryRun: false });
  return fetched.kind;
}
const give = (text: string, headers: Record<string, string> = {}): RequestListener => (_request, response) =>
  response.writeHead(200, headers).end(gzipSync(text)); // prettier-ignore
const file = (text: string): string => {
  const path = join(home, 'given.csv');
  writeFileSync(path, text);
  return path;
};
const countryOf = async (address: string) =>
  (await data.judge({ countries: [], ranges: [] })).lookup(net(address)).country;
const why = (text: RegExp) => ({ code: 'COUNTRY_FAILED', what: expect.stringMatching(text) as string });

describe('from the network', () => {
  it('a table comes into force, with where it is from and when', async () => {
    server.answer = give(wholeTable(), { 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT' });
    expect(await refresh()).toBe('new');
    expect(await data.facts()).toMatchObject({
      ...{ source: 'DB-IP lite', licence: expect.stringContaining('CC BY') as string },
      ...{ dated: new Date('2026-11-01T00:00:00Z'), maxAgeDays: 60, ranges: { 4: 7, 6: 4 } },
    });
    expect(await countryOf('53.1.2.3')).toBe('DE');
    data = openData();
    expect(await countryOf('90.0.9.1')).toBe('FR');
  });

  it('an unchanged file is not sent again, and its table stays', async () => {
    server.answer = give(wholeTable(), { etag: '"v1"', 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT' });
    await refresh();
    server.answer = (request, response) => {
      expect(request.headers).toMatchObject({ 'if-none-match': '"v1"', 'if-modified-since': /Nov 2026/.source && expect.stringContaining('Nov 2026') as string });
      response.writeHead(304).end();
    }; // prettier-ignore
    expect(await refresh()).toBe('unchanged');
    expect(readdirSync(folder())).toEqual(['table-000001']);
  });

  it('three tables are kept', async () => {
    for (const count of [1000, 1001, 1002, 1003, 1004]) {
      server.answer = give(wholeTable(count));
      await refresh();
    }
    expect(readdirSync(folder())).toEqual(['table-000003', 'table-000004', 'table-000005']);
  });
});

describe('without a source named', () => {
  const wrong = wholeTable().replace('53.255.255.255,DE', '53.255.255.255,FR');
  const auto = (bodies: Readonly<Record<string, string>>) => {
    const download: Download = ({ url }) => {
      const body = bodies[new URL(url).host];
      if (body === undefined) return Promise.resolve({ kind: 'missing' });
      const bytes = gzipSync(body);
      const chunks = chunksOf(bytes, bytes.length);
      return Promise.resolve({ kind: 'body', chunks, bytes: bytes.length, etag: undefined, modified: undefined });
    };
    const settings = { folder: folder(), owner: undefined, source: 'auto', maxmindLogin: '', url: '' } as const;
    return fetchTable(undefined, settings, { run: noApt, download, clock, random: randomBytes, tell: () => undefined });
  };

  it('the next one is taken where a table is not as it should be', async () => {
    const fetched = await auto({ 'download.db-ip.com': wrong, 'ftp.ripe.net': wholeTable() });
    expect(fetched).toMatchObject({ kind: 'new', source: 'RIR delegated files' });
    expect(fetched.tried).toEqual(['DB-IP lite says FR of 53.1.1.1, which is in DE']);
  });
  it('a table that has become smaller than the one in force is not taken either', async () => {
    server.answer = give(wholeTable());
    await refresh();
    const smaller = wholeTable().replace('6.255.255.255', '6.1.255.255').replace('11.255.255.255', '11.1.255.255');
    const fetched = await auto({ 'download.db-ip.com': smaller, 'ftp.ripe.net': wholeTable() });
    expect(fetched).toMatchObject({ kind: 'new', source: 'RIR delegated files' });
    expect(fetched.tried).toEqual([expect.stringMatching(/^DB-IP lite covers \d+ % of the IPv4/)]);
  });
  it('all are told where none is good, and how to name one', async () => {
    const bad = auto({ 'download.db-ip.com': wrong, 'ftp.ripe.net': wrong });
    await expect(bad).rejects.toMatchObject({
      ...why(/DB-IP lite says FR .*\nRIR delegated files says FR .*\nno apt here/),
      hint: expect.stringContaining('[country] source') as string,
    });
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('the table in force stays', () => {
  beforeEach(async () => {
    server.answer = give(wholeTable());
    await refresh();
  });
  afterEach(async () => {
    expect(readdirSync(folder()).filter((name) => !name.startsWith('incoming-'))).toEqual(['table-000001']);
    expect(await countryOf('53.1.2.3')).toBe('DE');
  });
  const cut: RequestListener = (_request, response) => {
    const bytes = gzipSync(wholeTable());
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 200), () => response.destroy());
  };
  const endless: RequestListener = (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(65_536, '#'), () => setTimeout(more));
    };
    more();
  };
  const faults: readonly (readonly [string, RequestListener, RegExp])[] = [
    ['the server has none', (_request, response) => void response.writeHead(404).end(), /no such file/],
    ['the server is at fault', (_request, response) => void response.writeHead(503).end(), /answered 503/],
    ['the file is cut short', cut, /cut short/],
    ['the file never comes', () => undefined, /silent for 0\.3 s/],
    ['the file is announced as huge', (_request, response) => response.writeHead(200, { 'content-length': 2 ** 40 }).flushHeaders(), /larger than/],
    ['the file has no end', endless, /longer than any|larger than|cut short/],
    ['it is an error page', give('<html>Come back later</html>'), /line 1 is no range/],
    ['the file is empty', give(''), /is empty/],
    ['it leads to http', (_request, response) => void response.writeHead(302, { location: 'http://localhost/x' }).end(), /http:\/\/localhost\/x is not https/],
    ['it leads in a circle', (_request, response) => void response.writeHead(302, { location: '/x' }).end(), /redirects/],
    ['it is not whole: it lacks what every table has', give(DBIP_LINES), /says nothing of 6\.1\.1\.1/],
    ['it is wrong about what everybody knows', give(wholeTable().replace('53.255.255.255,DE', '53.255.255.255,FR')), /says FR of 53\.1\.1\.1, which is in DE/],
    ['it has become a fifth smaller', give(wholeTable().replace('6.255.255.255', '6.1.255.255').replace('11.255.255.255', '11.1.255.255')), /covers \d+ % of the IPv4/],
    ['its IPv6 has gone', give(wholeTable().replace(/^2.*:.*\n/gm, '')), /covers 0 % of the IPv6/],
  ]; // prettier-ignore
  it.each(faults)('when %s', async (_name, answer, text) => {
    server.answer = answer;
    await expect(refresh()).rejects.toMatchObject(why(text));
  });
  it('when the file grows beyond its limit without having announced it', async () => {
    const all = async () => {
      const answer = await downloader({ ca: server.ca })({ url: server.url, mostBytes: 100_000 });
      if (answer.kind !== 'body') throw new Error('no body');
      for await (const chunk of answer.chunks) expect(chunk.length).toBeLessThanOrEqual(100_000);
    };
    server.answer = (_request, response) => {
      response.write(Buffer.alloc(50_000));
      response.end(Buffer.alloc(100_000));
    };
    await expect(all()).rejects.toMatchObject(why(/is larger than 100000 bytes/));
  });
  it('when nobody vouches for the server', async () => {
    const settings = { folder: folder(), owner: undefined, source: 'auto', maxmindLogin: '', url: `${server.url}/x` } as const;
    const ports = { run: noApt, download: downloader(), clock, random: randomBytes, tell: () => undefined };
    await expect(fetchTable(undefined, settings, ports)).rejects.toMatchObject(why(/self.signed/));
  }); // prettier-ignore
  it('when it is only looked at', async () => {
    server.answer = give(wholeTable(2000));
    const fetched = await fetch();
    if (fetched.kind === 'new') await data.adopt(fetched.name, { dryRun: true });
  });
  it('when somebody names another file as the new table', async () => {
    await expect(data.adopt('../../etc/passwd', { dryRun: false })).rejects.toMatchObject(why(/is no new table/));
  });
});

describe('from a file', () => {
  it('a table may be small, and is in force as it is', async () => {
    await refresh(file(DBIP_LINES));
    expect(await countryOf('203.0.113.9')).toBe('JP');
    expect(server.asked).toEqual([]);
  });
  it('it is refused where it is wrong about what everybody knows', async () => {
    await expect(refresh(file('53.0.0.0,53.255.255.255,FR'))).rejects.toMatchObject(why(/53\.1\.1\.1, which is in DE/));
    expect(await data.facts()).toBeUndefined();
  });
  it('a file that is not there is told by its name', async () => {
    await expect(refresh(join(home, 'none.csv'))).rejects.toMatchObject(why(/none\.csv.*ENOENT/));
  });
});

describe('a table on the disk that was damaged', () => {
  it('is told of, and the one before it is in force', async () => {
    await refresh(file(DBIP_LINES));
    await refresh(file(`${DBIP_LINES}\n192.0.3.0,192.0.3.255,CA`));
    const path = join(folder(), 'table-000002');
    const bytes = readFileSync(path);
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    data = openData();
    expect(await countryOf('192.0.3.1')).toBeUndefined();
    expect(await countryOf('192.0.2.1')).toBe('US');
    expect(told).toEqual(['country-table-damaged']);
  });
  it.each([0, 10, 100, 300])('after %s bytes it is nothing', async (length) => {
    await refresh(file(DBIP_LINES));
    const path = join(folder(), 'table-000001');
    writeFileSync(path, readFileSync(path).subarray(0, length));
    data = openData();
    expect(await data.facts()).toBeUndefined();
  });
  it.each([
    ['is empty', (bytes: Buffer) => bytes.subarray(0, 0)],
    ['lost its end', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
  ])('does not stand in the way of a new one when it %s', async (_name, damaged) => {
    server.answer = (request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else give(wholeTable(), { etag: '"v1"' })(request, response);
    };
    await refresh();
    const path = join(folder(), 'table-000001');
    writeFileSync(path, damaged(readFileSync(path)));
    data = openData();
    expect(await refresh()).toBe('new');
    expect(await countryOf('53.1.2.3')).toBe('DE');
  });
});
