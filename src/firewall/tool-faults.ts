/** Makes the faults of iptables and ipset faults of the firewall, with what to do about those of a bare kernel. */
import { AppError } from '../errors';
import type { Run } from '../ports';

const NO_MODULE =
  /Kernel support protocol|Cannot open session to kernel|Can't open socket to ipset|Couldn't load match|Extension .* (revision|is not supported)/;
const MODULES = 'ip_set ip_set_hash_net ip_set_hash_netiface xt_set nf_conntrack xt_hashlimit nfnetlink_log';
const WRONG_TYPE = /type does not match|sets cannot be swapped/i;

/** The same, but rejects with FIREWALL_FAILED where it would with COMMAND_FAILED. */
export function withFirewallFaults(run: Run): Run {
  return (file, args, options) =>
    run(file, args, options).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'COMMAND_FAILED') throw error;
      throw new AppError('FIREWALL_FAILED', error.what, hintFor(error), error);
    });
}

function hintFor({ what, hint }: AppError): string {
  if (/Operation not permitted|Permission denied/.test(what)) return hint;
  if (NO_MODULE.test(what)) return `load the kernel's modules: modprobe -a ${MODULES}`;
  if (WRONG_TYPE.test(what))
    return 'a set of ours is of another type: run "tollgate firewall remove", then apply again';
  return hint;
}
