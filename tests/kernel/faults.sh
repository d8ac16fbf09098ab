#!/bin/bash
# Puts ten faults into the simulator, one after the other, and checks that the court catches each: a court that never
# condemns proves nothing. Each is applied, built, tried against the kept cases, and taken back.
#
#   tests/kernel/faults.sh [PRESET]        (release by default; needs root or user namespaces)
set -u
preset=${1:-release}
cd "$(git rev-parse --show-toplevel)" || exit 2
caught=0
missed=0
changed=

take_back() {
  [ -n "$changed" ] && git checkout -q -- "$changed"
  changed=
}
trap 'take_back; exit 130' INT TERM
trap take_back EXIT

# fault WORDS FILE SED-EXPRESSION
fault() {
  if ! git diff --quiet -- "$2"; then
    echo "$2 has changes that are not committed"
    exit 2
  fi
  changed=$2
  sed -i "$3" "$2"
  if git diff --quiet -- "$2"; then
    echo "does not apply any more: $1"
    missed=$((missed + 1))
  elif ! cmake --build "build/$preset" --target kernel_compare > /dev/null; then
    echo "does not build: $1"
    missed=$((missed + 1))
  else
    "build/$preset/tests/kernel/kernel_compare" tests/kernel/cases > /tmp/faults.$$
    case $? in
      1)
        echo "caught: $1 ($(tail -1 /tmp/faults.$$))"
        caught=$((caught + 1))
        ;;
      77)
        cat /tmp/faults.$$
        exit 77
        ;;
      *)
        echo "MISSED: $1"
        missed=$((missed + 1))
        ;;
    esac
    rm -f /tmp/faults.$$
  fi
  take_back
}

fault "connections are confirmed at once, not when the packet has passed" sim/linux/conntrack/conntrack.cc \
  's/^    meta.connection = found.id;$/&\n    if (!connection.has(status::confirmed)) state.table.link(found.id);/'
fault "a rule's bytes are counted twice" sim/linux/netfilter/traverse.cc \
  's/^      counter.bytes += view_.total_length;$/&\n&/'
fault "the port is kept under --random-fully" sim/linux/conntrack/unique_tuple.cc \
  's/const bool at_random = range.random || range.random_fully;/const bool at_random = range.random;/'
fault "CONNMARK --restore-mark forgets its masks" sim/linux/netfilter/traverse.cc \
  's/mark = (mark & ~target.nf_mask) ^ (tracked->mark & target.ct_mask);/mark = tracked->mark;/'
fault "TTL is not decremented" sim/linux/forward.cc 's/^  ip.decrement_ttl();$//'
fault "a UDP flow is a stream from the first answer on" sim/linux/conntrack/conntrack.cc \
  's/|| now <= connection.stream_after)/|| now < connection.created)/'
fault "strict rp_filter is as loose as loose" sim/linux/routing/route_lookup.cc \
  's/if (mode == 1) return SourceCheck::rp_filter;//'
fault "an ACK for what was never sent is fine" sim/linux/conntrack/tcp_tracker.cc \
  's/^  if (!before(sacked, receiver.end + 1)) return unless_liberal(InWindow::invalid);$//'
fault "the outer address of an ICMP error is not translated" sim/linux/conntrack/translate.cc \
  's/^  translate(DatagramBytes{packet.network(), packet.network_size()}, other.reply(), side);$//'
fault "a SYN in TIME_WAIT does not reopen" sim/linux/conntrack/tcp_tracker.cc \
  's/if (new_state == SS && old_state >= TW) {/if (new_state == SS \&\& old_state > S2) {/'

echo "$caught faults caught, $missed not"
[ "$missed" -eq 0 ]
