#include "sim/lab/netns_export/scripts.hh"

namespace ekspath::netns_export {

// clang-format off
const std::string_view up = R"sh(#!/bin/sh
# Builds the network namespaces of this folder. README.md says what they are.
set -eu
cd "$(dirname "$0")"

refuse() {
  echo "up.sh: $1" >&2
  echo "Start it in a network and a mount namespace of its own, where nothing leads outside:" >&2
  echo "  unshare -n -m sh -c './up.sh && exec bash'       (not root: unshare -r -n -m ...)" >&2
  exit 1
}

for tool in ip iptables-restore mount readlink; do
  command -v "$tool" > /dev/null || refuse "$tool is not installed"
done
[ "$(id -u)" = 0 ] || refuse "not root"
# The kernel's own fallback devices of tunnels are down and lead nowhere.
for name in $(ip -o link show | sed 's/^[0-9]*: *\([^:@]*\).*/\1/'); do
  case "$name" in
    lo | tunl0 | gre0 | gretap0 | erspan0 | ip_vti0 | ip6_vti0 | sit0 | ip6tnl0 | ip6gre0) ;;
    *) refuse "this network namespace has the interface $name, which may lead outside" ;;
  esac
done
if first=$(readlink /proc/1/ns/mnt 2> /dev/null) && [ "$first" = "$(readlink /proc/self/ns/mnt)" ]; then
  refuse "this is the mount namespace of the whole system"
fi
if grep -q '^ekspath /run ' /proc/self/mounts; then
  echo "up.sh: already up; ./down.sh removes it" >&2
  exit 1
fi
while read -r name; do
  [ ! -e "namespaces/$name/ipset" ] || command -v ipset > /dev/null ||
    refuse "the rules of $name use sets, and ipset is not installed"
done < names

# Of this mount namespace only: names of hosts, and names of namespaces.
mount --make-rprivate /
mount --bind hosts /etc/hosts
[ ! -e /etc/resolv.conf ] || mount --bind resolv.conf /etc/resolv.conf
mount -t tmpfs -o mode=755 ekspath /run
mkdir /run/netns

while read -r name; do
  ip netns add "$name"
  ip netns exec "$name" sh -c '
    for of in all default; do
      file=/proc/sys/net/ipv6/conf/$of/disable_ipv6
      [ ! -e "$file" ] || echo 1 > "$file"
    done' < /dev/null
done < names
ip -batch links
while read -r name; do
  ip netns exec "$name" sh ./configure.sh "$name" < /dev/null
done < names
echo "up: $(wc -l < names) network namespaces (ip netns list)"
)sh";

const std::string_view configure = R"sh(#!/bin/sh
# Within a new namespace: its settings, from its folder. Called by up.sh.
set -eu
name=$1
folder=namespaces/$name

while read -r path value; do
  file=/proc/sys/$path
  if [ ! -e "$file" ]; then
    echo "$name: this kernel has no $path here; left out" >&2
    continue
  fi
  read -r now < "$file" || now=
  [ "$now" = "$value" ] || (echo "$value" > "$file") 2> /dev/null ||
    echo "$name: $path stays $now: this kernel does not take $value here" >&2
done < "$folder/sysctl"
ip -batch "$folder/ip"
[ ! -e "$folder/ipset" ] || ipset restore < "$folder/ipset"
[ ! -e "$folder/iptables" ] || iptables-restore -c < "$folder/iptables"
)sh";

const std::string_view down = R"sh(#!/bin/sh
# Ends what still runs in the namespaces of this folder, and removes them with all that up.sh made.
set -eu
cd "$(dirname "$0")"

if ! grep -q '^ekspath /run ' /proc/self/mounts; then
  echo "down.sh: nothing is up in this mount namespace" >&2
  exit 1
fi
while read -r name; do
  [ -e "/run/netns/$name" ] || continue
  for pid in $(ip netns pids "$name"); do
    kill "$pid" 2> /dev/null || true
  done
  ip netns del "$name"
done < names
umount -l /run
umount /etc/hosts
[ ! -e /etc/resolv.conf ] || umount /etc/resolv.conf
)sh";

const std::string_view usage = R"md(
Network namespaces of a real kernel, wired and configured as the hosts of the simulated world were at that time: the
same interfaces (names, indexes, MAC addresses, MTU), addresses, routes, policy rules, permanent neighbours, sysctls and
iptables rules with their counters.

    unshare -n -m sh -c './up.sh && exec bash'      # a shell in which nothing leads outside
    ip netns exec pod1 ping -c 2 8.8.8.8             # any tool that is installed, in any of the hosts below
    ip netns exec node1 tcpdump -ni ens5
    ./down.sh                                        # or leave the shell: all of it goes with it

Not root: `unshare -r -n -m`, where user namespaces are allowed. It needs iproute2 and iptables (and ipset, where a
folder has a file `ipset`). `up.sh` refuses to run where any interface but lo exists.

`links` has the veths, `namespaces/NAME` what is set in each namespace: `sysctl`, `ip` (for `ip -batch`), `iptables`
(for `iptables-restore -c`). Hosts of the internet have their names in /etc/hosts.

## Hosts

| namespace | what | addresses | programs that answer in the simulated world |
|---|---|---|---|
)md";

const std::string_view lacks = R"md(
## What the real ones lack

The hosts:

- programs: nothing listens until you start it; connections, sockets and ARP entries that are not permanent start empty
- the agents (aws-node, kube-proxy, kubelet): rules and routes stand as they were, nobody changes them
- interfaces of nodes are veths, not ENA devices: `@if`, no `altname`; checksums and segments of TCP are left to a device
  that is not there (`ethtool -K ens5 tx off tso off gso off gro off` in each namespace shows what a wire would carry)
- the size of the connection table (nf_conntrack_max), which is the whole machine's
- `-m nfacct` is left out of the rules: it only counts

The fabric (the namespaces with `_`):

- security groups, network ACLs, the source/destination check: everything is carried
- no delay, no loss, no bandwidth
- the services of the hypervisor: DNS, instance metadata, time
- ARP for an address of the subnet is answered with the gateway's MAC, where AWS answers with that of the owner's ENI
- the internet gateway translates one to one, but by connections (iptables): what conntrack takes for INVALID passes
  untranslated
- routers of the internet take from the TTL and do not answer: traceroute shows stars for them
- what is too large for a path is answered by the VPC's router (the gateway address of its first subnet)
- limits of a NAT gateway (55,000 connections to one destination, 350 s for all protocols)
- edge rules of peering: a packet of a foreign source passes
)md";
// clang-format on

}  // namespace ekspath::netns_export
