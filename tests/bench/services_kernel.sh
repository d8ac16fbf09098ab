#!/bin/bash
# 10,000 services in a real kernel: how long iptables-restore takes for the input that our kube-proxy writes, and what the
# first packet of a flow costs by the place of its service. In a network namespace of its own: nothing leaves.
#   EKSPATH_RULES_FILE=/tmp/rules build/bench/tests/bench/bench_services --benchmark_filter=load/10000
#   tests/bench/services_kernel.sh /tmp/rules build/bench/tests/bench/bench_kernel_connect [iptables-nft|iptables-legacy]
set -e
exec unshare -n -m bash -e -c '
rules=$0 bench=$1 iptables=${2:-iptables-nft}
ip link set lo up
ip route add default dev lo
start=$(date +%s%N)
$iptables-restore --noflush --counters < "$rules"
end=$(date +%s%N)
echo "$iptables-restore: $(grep -c ^-A "$rules") rules in $(( (end - start) / 1000000 )) ms"
$iptables -t nat -A OUTPUT -j KUBE-SERVICES
"$bench"
' "$@"
