#!/bin/bash
# usage: tests/kernel/without_ipset.sh KERNEL_COMPARE CASE...
#   Runs the cases on a machine that has no ipset: PATH is a folder with every other program of this one's.
set -eu
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
IFS=:
for folder in $PATH; do
  [ -d "$folder" ] && find "$folder" -maxdepth 1 ! -type d ! -name 'ipset*' -exec ln -sft "$tools" {} +
done
PATH=$tools "$@"
