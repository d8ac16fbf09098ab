#!/bin/bash
# usage: tests/bench/compare.sh PEERS [RUNS=5]
#   Runs bench_lab and its peers in turn, in one run on one core, and prints the medians and what issue 2 wants of them.
#   PEERS is the folder with ns3/ and kernel/ (it may be read-only; programs are built in a temporary folder). ns-3 comes
#   from Debian's libns3-dev, installed here if it is missing and we are root. The kernel's part needs root, and isolates itself.
#   Times of ours and of ns-3 are CPU seconds, so that a busy machine disturbs less; the kernel's are wall seconds.
set -euo pipefail
peers=$(realpath "${1:?usage: compare.sh PEERS [RUNS]}")
runs=${2:-5}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bench=$top/build/bench/tests/bench/bench_lab
[ -d "$top/build/bench" ] || (cd "$top" && cmake --preset bench > /dev/null)
cmake --build "$top/build/bench" --target bench_lab > "$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }

if [ ! -e /usr/include/ns3.37/ns3/core-module.h ] && ! ls /usr/include/ns3*/ns3/core-module.h > /dev/null 2>&1; then
  [ "$(id -u)" = 0 ] || { echo "install libns3-dev first (or run as root)" >&2; exit 2; }
  apt-get install -y -qq libns3-dev > /dev/null
fi
cp -r "$peers/ns3" "$peers/kernel" "$work/"
(cd "$work/ns3" && ./build.sh "$work/lab-ns3")

one_core() { taskset -c "$(($(nproc) - 1))" "$@"; }
value() { tr ' ' '\n' | sed -n "s/^$1=//p" | head -1; }
median() { sort -g | awk '{v[NR]=$1} END {print (NR % 2) ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'; }
rate() { awk -v line="$1" 'BEGIN {n=split(line, w, " "); for (i=1;i<=n;i++) {split(w[i], p, "="); k[p[1]]=p[2]}
                           printf "%.0f\n", k["hops"] / k["run_cpu"]}'; }

# pair NAME WANTED OURS-ARGUMENTS -- NS3-ARGUMENTS
pair() {
  local name=$1 wanted=$2 ours=() theirs=() side=ours line
  shift 2
  for word in "$@"; do
    if [ "$word" = -- ]; then side=theirs; elif [ $side = ours ]; then ours+=("$word"); else theirs+=("$word"); fi
  done
  : > "$work/a"; : > "$work/b"; : > "$work/ratio"
  for ((i = 0; i < runs; i++)); do
    line=$(one_core "$bench" "${ours[@]}"); a=$(rate "$line"); echo "$a" >> "$work/a"
    rm -rf "$work/ns3pcap"; mkdir -p "$work/ns3pcap"
    line=$(one_core "$work/lab-ns3" --sched=heap --pcapdir="$work/ns3pcap" "${theirs[@]}"); b=$(rate "$line"); echo "$b" >> "$work/b"
    awk -v a="$a" -v b="$b" 'BEGIN {printf "%.2f\n", a / b}' >> "$work/ratio"
  done
  printf '%-44s ours %9.0f hops/s   ns-3 %8.0f hops/s   ratio %6.1f   wanted %s\n' "$name" \
    "$(median < "$work/a")" "$(median < "$work/b")" "$(median < "$work/ratio")" "$wanted"
}

# Two fabric links of 25 us, as the peer has them: as many packets are under way in either.
near=--fabric_us=50
pair "3 x 10, cross-node, no captures" "20" $near --packets=300000 -- --packets=30000
pair "3 x 10, internet, no captures" "20" $near --packets=300000 --pattern=internet -- --packets=30000
pair "100 x 30, cross-node, no captures" "40" $near --nodes=100 --pods=30 --packets=300000 -- --nodes=100 --pods=30 --packets=30000
pair "3 x 10, cross-node, a pcap an interface" "10" $near --packets=300000 --captures=files --out="$work/pcap" -- --packets=30000 --pcap=1

echo
few=$(one_core "$bench" --packets=300000)
few_rate=$(rate "$few")
for ((i = 0; i < runs; i++)); do one_core "$bench" --nodes=1000 --pods=30 --packets=300000; done > "$work/large"
build=$(while read -r line; do value build_s <<< "$line"; done < "$work/large" | median)
bytes=$(head -1 "$work/large" | value bytes_per_pod)
resident=$(head -1 "$work/large" | value rss_per_pod)
large_rate=$(while read -r line; do rate "$line"; done < "$work/large" | median)
printf '1,000 x 30: ready in %.2f s (wanted 3), %s bytes a pod on the heap, %s resident (wanted 4096)\n' "$build" "$bytes" "$resident"
# The same traffic of the same 30 pods, among 30,000 and alone: in turn, because a busy machine changes from run to run.
: > "$work/growth"
for ((i = 0; i < runs; i++)); do
  a=$(rate "$(one_core "$bench" --packets=300000)")
  b=$(rate "$(one_core "$bench" --nodes=1000 --pods=30 --busy_nodes=3 --flows=30 --packets=300000)")
  awk -v a="$a" -v b="$b" 'BEGIN {printf "%.2f\n", a / b}' >> "$work/growth"
done
printf 'cost of a hop of 30 pods in a world of 30,000 over a world of 30: %s (wanted below 1.5)\n' "$(median < "$work/growth")"
awk -v a="$few_rate" -v b="$large_rate" 'BEGIN {printf "cost of a hop with 30,000 pods sending over 30: %.2f (the caches: see docs/performance.md)\n", a / b}'

if [ "$(id -u)" = 0 ] && unshare -n -m true 2> /dev/null; then
  echo
  (cd "$work/kernel" && ./lab.sh 3 10 300 300000 "$runs") > "$work/kernel.log" 2>&1 || { tail -5 "$work/kernel.log"; exit 1; }
  # The 4-link path of the kernel, with the rules of its nodes; its hops a second are 4 times the packets that arrived.
  kernel=$(sed -n 's/^4-link path blast.*| *sink.* pps=\([0-9]*\).*/\1/p' "$work/kernel.log" | median)
  for ((i = 0; i < runs; i++)); do one_core "$bench" --packets=300000 | value hops_per_s; done > "$work/wall"
  awk -v ours="$(median < "$work/wall")" -v pps="$kernel" \
    'BEGIN {printf "the kernel, 4-link path: %.0f hops/s   ours %.0f hops/s (both by wall clock)   ratio %.1f   wanted 10\n", 4 * pps, ours, ours / (4 * pps)}'
fi
