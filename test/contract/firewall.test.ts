import { describeAsRoot } from '../support/as-root';
import { fakeFirewall, realFirewall } from '../support/firewall-host';
import { describeFirewall } from './firewall-contract';

describeFirewall('a kernel in memory', () => fakeFirewall());
describeFirewall('the real kernel', () => realFirewall(), describeAsRoot);
