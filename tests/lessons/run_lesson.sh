#!/bin/sh
# run_lesson.sh EKSPATH SCENARIO FOLDER : the base and each variant, whose expectations must hold with any seed; and the same
# seed twice, which must write the same bytes. What failed is printed as the user would see it.
set -u
ekspath=$1 scenario=$2 folder=$3
rm -rf "$folder"
mkdir -p "$folder" || exit 1

# run NAME ARGUMENTS... : one run into its own folder
run() {
  name=$1
  shift
  "$ekspath" run "$scenario" "$@" --out "$folder/$name" > "$folder/log" 2>&1 && return
  echo "$scenario $* ended with status $?:"
  grep -v '^ok ' "$folder/log" | tail -n 40
  exit 1
}

variants=$(sed -n '/^  variants:/,$ s/^    - {\{0,1\}name: *\([a-z0-9-]*\).*/\1/p' "$scenario")
run base
for variant in $variants; do run "$variant" --variant "$variant"; done
for seed in 7 99 12345; do
  run "seed-$seed" --seed $seed
  for variant in $variants; do run "seed-$seed-$variant" --seed $seed --variant "$variant"; done
done

run again
if ! diff -r "$folder/base" "$folder/again"; then
  echo "$scenario: two runs with one seed wrote different bytes"
  exit 1
fi
rm -rf "$folder"
