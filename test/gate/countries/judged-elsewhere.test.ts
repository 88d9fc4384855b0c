/** The countries as they are judged, when they are judged twice at once. */
import type { Countries, CountryData, CountryRules } from '../../../src/domain/country';
import { countryDesk } from '../../../src/gate/countries/country-desk';
import { fakeClock } from '../../support/fake-clock';

const denied = (...countries: string[]): CountryRules => ({
  countries: countries.map((country) => ({ country, permission: 'deny', by: 'x', at: new Date(0) })),
  ranges: [],
});

it('what was read later is in force, also where the database answers in another order', async () => {
  const answers: ((rules: CountryRules) => void)[] = [];
  const store = { countryRules: () => new Promise<CountryRules>((answer) => answers.push(answer)) };
  const judge = ({ countries }: CountryRules) =>
    Promise.resolve({ idle: countries.map(({ country }) => country).join() } as Countries);
  const desk = countryDesk(store, { judge } as Partial<CountryData> as CountryData, fakeClock());
  const [earlier, later] = [desk.reload(), desk.reload()];
  answers[1]?.(denied('DE', 'RU'));
  await later;
  answers[0]?.(denied('DE'));
  expect((await earlier).idle).toBe('DE,RU');
  expect(desk.now().idle).toBe('DE,RU');
});
