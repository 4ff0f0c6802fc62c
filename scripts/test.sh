#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests. Arguments go to 'swift test', e.g. --filter PlanningTests.
# What was skipped is counted by its reason; the last lines are swift test's own.
set -euo pipefail
cd "$(dirname "$0")/.."
# The mark before each line of swift test is one character only where the locale says so.
export LC_ALL=C.UTF-8

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
swift test --disable-xctest --explicit-target-dependency-import-check error "$@" 2>&1 | tee "$log" || status=$?

# A build that failed has no tests to count; a run that says nothing of them has not succeeded.
if grep -qE '^. Test run with ' "$log"; then
  skipped=$(grep -cE '^. Test .* skipped' "$log" || true)
  echo
  echo "Skipped: $skipped"
  sed -nE 's/^. Test .* skipped:? ?"?([^"]*)"?\.?$/\1/p' "$log" | sort | uniq -c | sort -rn |
    while read -r count reason; do echo "  $count: ${reason:-no reason given}"; done
  if ((EUID != 0)); then
    echo "  (tests against a real libvirtd need root: sudo make test)"
  fi
  grep -E '^. Test run with ' "$log"
elif ((status == 0)); then
  echo "error: swift test does not say how many tests ran" >&2
  status=1
fi
exit "$status"
