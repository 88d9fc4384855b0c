/** What FreePBX keeps about its trunks and extensions. `src/freepbx` reads it from its database. */

export interface Trunk {
  readonly id: number;
  readonly name: string;
  /** `pjsip`, `sip`, `iax`, `custom`, `dahdi`, … */
  readonly tech: string;
  readonly isDisabled: boolean;
}

export interface Device {
  /** The extension's number. */
  readonly id: string;
  readonly tech: string;
  readonly description: string;
}

/** One row of FreePBX's tables `sip`, `pjsip` and `iax`: one setting. */
export interface Setting {
  readonly table: 'sip' | 'pjsip' | 'iax';
  /** `tr-peer-3`, or a trunk's or extension's bare number: what it means depends on the table. */
  readonly id: string;
  readonly keyword: string;
  readonly data: string;
}

export interface ExchangeTables {
  readonly trunks: readonly Trunk[];
  readonly devices: readonly Device[];
  /** Those that name a far end: no secret but what a register string or a URI holds. */
  readonly settings: readonly Setting[];
}

export interface Exchange {
  /**
   * All of it as it was at one moment; undefined: there is no FreePBX here. `database`: a mysql:// address in place of
   * the one that the settings or FreePBX's own file tell. Rejects with EXCHANGE_FAILED or MISUSED; changes nothing there.
   */
  read(database?: string): Promise<ExchangeTables | undefined>;
}
