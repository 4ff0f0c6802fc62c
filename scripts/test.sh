#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests. Arguments go to 'swift test', e.g. --filter PlanningTests.
# What was skipped is counted by its reason; the last lines are swift test's own.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
swift test --disable-xctest --explicit-target-dependency-import-check error "$@" 2>&1 | tee "$log" || status=$?

skipped=$(grep -cE '^. (Test|Suite) .* skipped' "$log" || true)
echo
echo "Skipped: $skipped"
if ((skipped > 0)); then
  sed -nE 's/^. (Test|Suite) .* skipped:? ?"?([^"]*)"?\.?$/\2/p' "$log" | sort | uniq -c | sort -rn |
    while read -r count reason; do echo "  $count: ${reason:-no reason given}"; done
fi
if ((EUID != 0)); then
  echo "  (tests against a real libvirtd need root: sudo make test)"
fi
grep -E '^. Test run with ' "$log" || true
exit "$status"
