# Sends an ICMP message as it is given. Arguments: from, to, device index (0: none needed), hop limit, the message in hex, how often.
# Perl, because a raw socket is all that is wanted, and Debian has it everywhere.
use strict;
use warnings;
use Socket qw(:all);

my ($from, $to, $device, $hops, $hex, $times) = @ARGV;
my $is6 = $to =~ /:/;
my $family = $is6 ? AF_INET6 : AF_INET;
my $address = sub {
  my $packed = inet_pton($family, $_[0]) // die "no address: $_[0]\n";
  return $is6 ? pack_sockaddr_in6(0, $packed, $device) : pack_sockaddr_in(0, $packed);
};
my $message = pack('H*', $hex);
socket(my $socket, $family, SOCK_RAW, $is6 ? 58 : 1) or die "socket: $!\n";
bind($socket, $address->($from)) or die "bind: $!\n";
for my $option ($is6 ? (16, 18) : (2)) { # IPV6_UNICAST_HOPS and IPV6_MULTICAST_HOPS, IP_TTL
  setsockopt($socket, $is6 ? 41 : 0, $option, pack('i', $hops)) or die "hop limit: $!\n";
}
for (1 .. $times) {
  send($socket, $message, 0, $address->($to)) or die "send: $!\n";
}
