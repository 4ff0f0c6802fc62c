#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints how many rules the policies of bench/policies become, beside how many a plain expansion has (policies/counts.md,
# which BenchPoliciesTests makes and checks): name, expansion, rules. Fails where counts.md says otherwise.
# usage: count_rules.sh NWFLEET
set -euo pipefail

nwfleet=$1
cd "$(dirname "$0")/policies"
"$nwfleet" render -q --repo . 2>/dev/null |
  awk -F "'" '
    FNR == NR {
      if (split($0, cell, / *[|] */) == 6 && cell[3] ~ /^[0-9]+$/ && cell[2] !~ /[*]/) {
        names[++count] = cell[2]; plain[cell[2]] = cell[3]; compiled[cell[2]] = cell[4]
      }
      next
    }
    /^<filter / { name = $2; sub(/^counts[.]profile[.]/, "", name); sub(/[.]_.*/, "", name) }
    /<rule / { rules[name]++ }
    END {
      for (n = 1; n <= count; n++) {
        name = names[n]
        print name, plain[name], rules[name] + 0
        if (rules[name] != compiled[name]) {
          printf "count_rules: counts.md says %d for %s\n", compiled[name], name > "/dev/stderr"
          wrong = 1
        }
      }
      exit wrong || !count
    }' counts.md -
