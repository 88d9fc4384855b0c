import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, servicesOf } from '../src/config';

const read = (text: string, environment = {}) => readConfig(text, environment, 'tollgate.toml');
const problems = (text: string, environment = {}): string => {
  try {
    read(text, environment);
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('the sample file', () => {
  const sample = readFileSync(join(__dirname, '../src/install/tollgate.sample.toml'), 'utf8');
  const withoutServices = sample.slice(0, sample.indexOf('# A service is'));
  const written = withoutServices.replace(/^# (\w+ = )/gm, '$1');

  it('says nothing that is not the default', () => expect(read(sample)).toEqual(read('')));

  it('has every key, each with its default', () => {
    const all = read(written);
    expect(all).toEqual(read(''));
    const keys = written.split('\n').flatMap((line) => /^(\w+) = /.exec(line)?.[1] ?? []);
    const sections = Object.entries(all).flatMap(([name, section]) => (name === 'services' ? [] : [section]));
    expect(keys.sort()).toEqual(
      Object.values(sections)
        .flatMap((section) => Object.keys(section))
        .sort(),
    );
  });
});

describe('settings', () => {
  it('tell every problem at once, by its key', () => {
    const text = problems('[call]\nwhole = "soon"\n[agi]\nport = 70000\n[amy]\nuser = "x"\n[pin]\ndigit = 5');
    expect(text).toContain('call.whole: a duration like 90m, 8h, 3d or 2w');
    expect(text).toContain('agi.port');
    expect(text).toContain('"amy"');
    expect(text).toContain('"digit"');
    expect(text).toContain('tollgate config check');
  });

  it.each([
    ['[call', 'is not TOML'],
    ['[services.rtp]\npolicy = "open"\nports = ["udp/10000-20000"]', 'media follows entries and calls'],
    ['[services.rtp]\npolicy = "countries"\nports = ["udp/10000-20000"]', 'never open to the world'],
    ['[services.ssh]\nopen = true\nports = ["tcp/22"]', 'services.ssh.open: write policy = "open"'],
    ['[services.ssh]\npolicy = "closed"\nports = ["tcp/22"]', 'services.ssh.policy'],
    ['[lease]\nphone = "40d"', 'longer than lease.longest'],
    ['[lease]\ncall_may_outlast = "61m"', 'lease.call_may_outlast: at most 1h'],
    ['[journal]\nkeep = "13d"', 'journal.keep: shorter than attacks.forgiven'],
    ['[call]\nwhole = "20s"', 'call.warning: not shorter than call.whole'],
    ['[mail]\nhost = "mail.example.com"', 'mail.from: needed'],
    ['[mail]\nfrom = "a@example.com, b@example.com"', 'one e-mail address'],
    ['[country]\nexceptions = ["sip"]', 'addresses, networks or names like sip.example.com'],
    ['[country]\nexceptions = ["0.0.0.0/0"]', 'addresses, networks or names like sip.example.com'],
    ['[pbx]\ntime_zone = "Mars/Olympus"', 'is no time zone'],
    ['[dns]\nservers = ["dns.example.com"]', 'an address like 192.0.2.53'],
    ['[dns]\nservers = ["2001:db8::53:x"]', 'an address like 192.0.2.53'],
    ['[dns]\nrefresh_most = "6m"', 'dns.refresh_most: at most 5m'],
    ['[dns]\nrefresh_least = "2m"\nrefresh_most = "1m"', 'dns.refresh_least: longer than dns.refresh_most'],
    ['[services.x]\nports = ["udp/99999"]', 'ports like udp/5060'],
    ['[services."Bad Name"]\nports = []', 'a service name is'],
    ['[firewall]\ntrusted = [{ network = "x", device = "eth0" }]', 'an address or network'],
  ])('%j is refused: %s', (text, why) => expect(problems(text)).toContain(why));

  it('take name servers with and without a port', () => {
    const servers = ['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:5353'];
    expect(read(`[dns]\nservers = ${JSON.stringify(servers)}`).dns.servers).toEqual(servers);
  });

  it('can be replaced one by one from the environment', () => {
    const config = read('[ami]\nsecret = "file"\nuser = "u"', {
      TOLLGATE_AMI_SECRET: 'environment',
      TOLLGATE_AGI_PORT: '4600',
      TOLLGATE_STATE: '/tmp/elsewhere',
      TOLLGATE_AMI_ENABLED: 'false',
    });
    expect(config.ami).toMatchObject({ secret: 'environment', user: 'u', enabled: false });
    expect(config.agi.port).toBe(4600);
    expect(config.store.state).toBe('/tmp/elsewhere');
  });

  it('count durations in seconds', () => expect(read('').lease).toMatchObject({ phone: 259_200, longest: 2_592_000 }));
});

describe('services', () => {
  it('exist without being written down, and sip and iax are always guarded', () => {
    const services = servicesOf(
      read('[services.sip]\nports = ["udp/5060"]\nguarded = false\n[services.door]\nports = ["tcp/8443"]'),
    );
    const named = (name: string) => services.find((service) => service.name === name);
    expect(named('sip')).toEqual({
      ...{ name: 'sip', guarded: true, signalling: true, policy: 'whitelist' },
      ports: [{ protocol: 'udp', first: 5060, last: 5060 }],
    });
    expect(named('iax')).toMatchObject({ guarded: true, signalling: true });
    expect(named('ssh')).toMatchObject({ guarded: false, ports: [{ protocol: 'tcp', first: 22, last: 22 }] });
    expect(named('door')).toMatchObject({ ports: [{ protocol: 'tcp', first: 8443, last: 8443 }] });
  });
});
