#!/bin/bash
# Installs what is missing, builds Release, and runs ekspath with the arguments given, in the caller's folder.
#   tools/ekspath.sh run scenarios/pod-to-internet.yaml
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$top/tools/setup.sh" build
"$top/tools/build.sh" release ekspath
exec "$top/build/release/ekspath" "$@"
