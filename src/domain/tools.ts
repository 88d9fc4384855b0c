/** The programs that Tollgate runs, and the packages of Debian that have them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  iptables: ['iptables', 'ip6tables', 'iptables-save', 'ip6tables-save', 'iptables-restore', 'ip6tables-restore'],
  ipset: ['ipset'],
  conntrack: ['conntrack'],
  nftables: ['nft'],
  iproute2: ['ip', 'ss'],
};

export const TOOLS: readonly string[] = Object.values(PACKAGES).flat();

/** `apt install conntrack iproute2`, for these of them or, with none that is known, for all. */
export function aptInstall(tools: readonly string[]): string {
  const names = Object.keys(PACKAGES);
  const needed = names.filter((name) => PACKAGES[name]?.some((tool) => tools.includes(tool)));
  return ['apt install', ...(needed.length > 0 ? needed : names)].join(' ');
}
