#!/bin/bash
# Installs what is missing on a Debian 12, and nothing else: a second run asks dpkg alone, and takes no time and no network.
#   tools/setup.sh build       what it takes to build and run ekspath
#   tools/setup.sh test        also the real tools that the tests compare with
#   tools/setup.sh develop     also what formats, lints, fuzzes and draws
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config
       libboost1.81-dev libpcap-dev libfmt-dev libyaml-cpp-dev libcli11-dev nlohmann-json3-dev libssl-dev
       doctest-dev librapidcheck-dev libbenchmark-dev)
test=(tshark tcpdump iptables ipset conntrack iproute2 iputils-ping traceroute net-tools netcat-openbsd curl graphviz
      util-linux procps)
develop=(git clang-format-14 clang-tidy-14 clang-16 libclang-rt-16-dev gcovr)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  develop) wanted=("${build[@]}" "${test[@]}" "${develop[@]}") ;;
  *) echo "usage: tools/setup.sh [build|test|develop]" >&2; exit 2 ;;
esac

command -v dpkg-query > /dev/null || {
  echo "setup: this is no Debian; install by hand: ${wanted[*]}" >&2
  exit 2
}

missing=()
installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "${wanted[@]}" 2> /dev/null || true)
for package in "${wanted[@]}"; do
  grep -qx "ii *$package" <<< "$installed" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || {
    echo "setup: not root, and no sudo; as root: apt-get install ${missing[*]}" >&2
    exit 2
  }
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >> "$log" 2>&1; }
install() { apt install -y --no-install-recommends "${missing[@]}"; }
# The package lists of a fresh machine are empty or old: they are fetched when the names are not found as they are.
if ! install && ! { apt update && install; }; then
  tail -n 20 "$log" >&2
  echo "setup: apt-get could not install ${missing[*]}" >&2
  exit 2
fi
