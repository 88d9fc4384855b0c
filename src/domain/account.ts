/** A traveller, as the admin has put him on file. */
export interface Account {
  /** 2 to 12 digits, as keyed. */
  readonly number: string;
  readonly name: string;
  readonly email: string;
  /** As `PinVault` writes it; undefined: no PIN set, nobody gets in. */
  readonly pinHash: string | undefined;
  /** Service or bundle names: `phone`, `sip`, … */
  readonly services: readonly string[];
  /** Extensions whose good registration proves that an address belongs to this account. */
  readonly extensions: readonly string[];
  /** Telephone numbers of his own, digits only: calls that show one have a PIN count of their own. */
  readonly callers: readonly string[];
  readonly maxOpen: number;
  readonly leaseSeconds: number;
  readonly disabledAt: Date | undefined;
  readonly createdAt: Date;
}

export const ACCOUNT_NUMBER = /^\d{2,12}$/;
export const PIN = /^\d{6,12}$/;
