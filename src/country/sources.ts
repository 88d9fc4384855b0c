/** Where country data come from: names, licences, and how long they are good for. */

export interface Source {
  readonly source: string;
  readonly licence: string;
  readonly maxAgeDays: number;
}

/** Of sources that are renewed each month. */
const MONTHLY_DAYS = 60;
/** Debian brings new ones with its point releases. */
const DEBIAN_DAYS = 400;

export const DBIP: Source = { source: 'DB-IP lite', licence: 'CC BY 4.0, db-ip.com', maxAgeDays: MONTHLY_DAYS };
export const RIR: Source = {
  source: 'RIR delegated files',
  licence: 'public statistics of the address registries',
  maxAgeDays: MONTHLY_DAYS,
};
export const DEBIAN: Source = {
  source: 'Debian tor-geoipdb',
  licence: 'CC BY-SA 4.0, IPFire Project',
  maxAgeDays: DEBIAN_DAYS,
};
export const GEOLITE2: Source = {
  source: 'MaxMind GeoLite2 Country',
  licence: 'GeoLite2 End User License Agreement, maxmind.com',
  maxAgeDays: MONTHLY_DAYS,
};
const GEOLITE: Source = { source: 'old GeoLite Country', licence: 'CC BY-SA 4.0, MaxMind', maxAgeDays: MONTHLY_DAYS };
const TOR: Source = { source: 'geoip files of tor', licence: 'as their first lines say', maxAgeDays: DEBIAN_DAYS };

/** What a list of ranges is, by its first line of data and its file's name. */
export function sourceOfRanges(line: string, name: string): Source {
  if (/^"?[\d.]+"?, ?"?[\d.]+"?, ?"?\d+"?, ?"?\d+"?,/.test(line)) return GEOLITE;
  if (/^geoip6?$/.test(name)) return TOR;
  if (/db-?ip/i.test(name)) return DBIP;
  return { source: `ranges of ${name.slice(0, 60)}`, licence: 'as its maker says', maxAgeDays: MONTHLY_DAYS };
}

/** What a MaxMind database is, by its own name for itself. */
export function sourceOfDatabase(type: string): Source {
  if (/^GeoLite2/.test(type)) return GEOLITE2;
  if (/^DBIP/i.test(type)) return DBIP;
  return { source: type.replace(/[^\w .-]/g, '?'), licence: 'as its maker says', maxAgeDays: MONTHLY_DAYS };
}

/** DB-IP's file of a month carries it in its name; on the first days of one only the last month's may be there. */
export function dbipUrls(now: Date): string[] {
  return [0, 1].map((back) => {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7);
    return `https://download.db-ip.com/free/dbip-country-lite-${month}.csv.gz`;
  });
}

/** All five registries in one file. */
export const RIR_URL = 'https://ftp.ripe.net/pub/stats/ripencc/nro-stats/latest/nro-delegated-stats';
export const MAXMIND_URL = 'https://download.maxmind.com/geoip/databases/GeoLite2-Country/download?suffix=tar.gz';
export const DEBIAN_PACKAGE = 'tor-geoipdb';
