#!/bin/bash
# Configures if need be, and builds. Quiet unless it fails or a person is looking.
#   tools/build.sh [preset] [targets...]      presets: release dev bench fuzz coverage
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=${1:-release}
shift || true

# One compiler at a time a core, but none that the memory has no room for: a large file takes up to 1.5 GB.
cores=$(nproc)
memory_kib=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
room=$((memory_kib / 1500000))
jobs=$((room < 1 ? 1 : room < cores ? room : cores))

log=$(mktemp)
trap 'rm -f "$log"' EXIT
show_and_fail() {
  grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking|Re-checking|Generating)' "$log" >&2
  echo "build: $preset failed at: $1" >&2
  exit 2
}

cd "$top"
if [ ! -f "build/$preset/build.ninja" ]; then
  cmake --preset "$preset" > "$log" 2>&1 || show_and_fail "cmake --preset $preset"
fi
targets=()
for target in "$@"; do targets+=(--target "$target"); done
build=(cmake --build "build/$preset" -j "$jobs" "${targets[@]}")
if [ -t 2 ] && [ -t 1 ]; then
  "${build[@]}" >&2 || exit 2
else
  "${build[@]}" > "$log" 2>&1 || show_and_fail "${build[*]}"
fi
