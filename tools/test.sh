#!/bin/bash
# Installs what is missing, builds, and runs every test:
#   release     everything that CTest knows: units, structure, fuzz corpora, and the suites in tests/*/
#   dev         the unit tests again under AddressSanitizer and UndefinedBehaviorSanitizer
# Further arguments go to ctest of both: tools/test.sh -R conntrack
# Tests run side by side: a suite that must be alone sets RUN_SERIAL. All of it runs though a part fails; the closing lines say what did. Exit status: 0 when everything passed.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 2
logs=build/logs
mkdir -p "$logs"
started=$SECONDS
names=() results=() details=()

# run NAME COMMAND...: runs it, keeps what it printed, and notes how it ended.
run() {
  local name=$1 from=$SECONDS result=passed
  shift
  echo
  echo "==== $name"
  "$@" 2>&1 | tee "$logs/$name.log"
  [ "${PIPESTATUS[0]}" -eq 0 ] || result=FAILED
  names+=("$name") results+=("$result") details+=("$((SECONDS - from)) s")
  [ $result = passed ]
}

# What CTest and doctest counted, from CTest's own log of that build.
counts() {
  local log=build/$1/Testing/Temporary/LastTest.log
  [ -f "$log" ] || return 0
  awk '/^\[doctest\] test cases:/ { split($0, a, /[:|]/); cases += a[2] }
       /^\[doctest\] assertions:/ { split($0, a, /[:|]/); checks += a[2] }
       END { if (cases) printf "%d doctest cases, %d assertions\n", cases, checks }' "$log"
}

run setup tools/setup.sh test || exit 2
if run build-release tools/build.sh release; then
  run ctest-release ctest --test-dir build/release -j "$(nproc)" --output-on-failure --timeout 1200 "$@"
fi
if run build-dev tools/build.sh dev; then
  run ctest-dev ctest --test-dir build/dev -L unit -j "$(nproc)" --output-on-failure --timeout 600 "$@"
fi

echo
echo "==== summary"
failed=0
for i in "${!names[@]}"; do
  printf '%-8s %-16s %s\n' "${results[i]}" "${names[i]}" "${details[i]}"
  [ "${results[i]}" = passed ] || failed=$((failed + 1))
done
for preset in release dev; do
  log=$logs/ctest-$preset.log
  [ -f "$log" ] || continue
  echo
  echo "-- ctest, $preset: $(counts $preset)"
  # CTest's closing lines, from "100% tests passed" on.
  sed -n '/% tests passed/,$p' "$log"
done
echo
if [ $failed -eq 0 ]; then
  echo "all suites passed in $((SECONDS - started)) s"
else
  echo "$failed of ${#names[@]} steps FAILED in $((SECONDS - started)) s"
  exit 1
fi
