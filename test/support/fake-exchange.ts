/** FreePBX's rows in memory. */
import type { Exchange, ExchangeTables } from '../../src/domain/exchange';
import { AppError } from '../../src/errors';

export interface FakeExchange extends Exchange {
  /** undefined: there is no FreePBX. */
  tables: ExchangeTables | undefined;
  isDown: boolean;
  /** How often it was read, and of which address it was told. */
  readonly asked: (string | undefined)[];
}

export function fakeExchange(): FakeExchange {
  const exchange: FakeExchange = {
    tables: undefined,
    isDown: false,
    asked: [],
    read: (database) => {
      exchange.asked.push(database);
      if (exchange.isDown) return Promise.reject(new AppError('EXCHANGE_FAILED', 'the database is away', 'start it'));
      return Promise.resolve(exchange.tables);
    },
  };
  return exchange;
}
