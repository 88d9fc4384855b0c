/** What commands about countries and ranges show, and scripts read with `--json`: stable shapes, dates as ISO text. */

/** One country: what was said of it, and what the data know of it. */
export interface CountryShape {
  readonly country: string;
  /** In English. */
  readonly name: string;
  /** null: nothing was said of it. */
  readonly permission: 'permit' | 'deny' | null;
  readonly by: string | null;
  readonly at: string | null;
  readonly ranges: { readonly ipv4: number; readonly ipv6: number };
  /** IPv4 addresses. */
  readonly addresses: number;
  /** IPv6 networks of 64 bits, about. */
  readonly networks: number;
}

/** Who talks to this PBX and would be a stranger: warnings, never errors. */
export interface OutsideShape {
  /** `phone 701 198.51.100.7 (DE)`, `this PBX 203.0.113.1 (US)`. */
  readonly outside: readonly string[];
  /** Those of them who are blocked for it at once, calls included: phones, where registrations are enforced. */
  readonly cutOff: readonly string[];
  /** Why nobody can say more; null: everybody was asked. */
  readonly unsure: string | null;
  /** Why only who is denied is a stranger now; null: the permit table takes effect. */
  readonly idle: string | null;
}

export interface CountryChangeShape extends OutsideShape {
  readonly changed: readonly CountryShape[];
}

export interface LookupShape {
  readonly address: string;
  /** The address as a number, in digits: it may have more of them than a JSON number keeps. */
  readonly integer: string;
  readonly country: string | null;
  /** Does a permit range cover it? */
  readonly permit: boolean;
  readonly deny: boolean;
  readonly stranger: boolean;
}

export interface RangeShape {
  readonly first: string;
  readonly last: string;
  readonly integers: { readonly first: string; readonly last: string };
  /** How many, in digits. */
  readonly addresses: string;
  /** `AA` for one added by hand; where it is only shown, the country of its first address. */
  readonly country: string | null;
  readonly permission: 'permit' | 'deny' | null;
  /** `built in` for the private networks. */
  readonly by: string | null;
  readonly at: string | null;
  readonly note: string | null;
}

export interface RangeChangeShape extends OutsideShape {
  readonly range: RangeShape;
  /** `same`: it had been said before, and nothing was changed. */
  readonly change: 'added' | 'changed' | 'same' | 'removed';
}

export interface DataShape {
  readonly source: string;
  readonly licence: string;
  readonly dated: string;
  readonly imported: string;
  readonly ranges: { readonly ipv4: number; readonly ipv6: number };
}

/** `data` null: there are none. `tried`: why other sources gave nothing. */
export interface RefreshShape extends OutsideShape {
  readonly state: 'new' | 'unchanged';
  readonly data: DataShape | null;
  readonly before: DataShape | null;
  readonly tried: readonly string[];
}

export interface CheckShape {
  readonly peer: string;
  /** `PJSIP`, `SIP` or `IAX2`. */
  readonly channel: string;
  /** A network, when a trunk may call from anywhere in it; null: Asterisk does not tell it. */
  readonly address: string | null;
  /** Of a network, that of its first address. */
  readonly country: string | null;
  readonly ok: boolean;
  readonly why: string;
}
