#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a policy repository of a filter with so many TCP rules, and a VM behind it: rule n accepts one port from one
# address and the last rule drops everything else. In a changed line the port, 1000 to 60999, is 61000 instead. The rules
# are in filters of 1,000 that the first one refers to, as one filter may have 5,000.
# usage: generate_rules.sh FOLDER RULES CHANGED     CHANGED lines, spread evenly
set -euo pipefail

folder=$1 rules=$2 changed=$3
mkdir -p "$folder/policies"
printf 'project: bench\nid: 2b7d90c5e8164fa3\n' >"$folder/nwfleet.yaml"
awk -v rules="$rules" -v changed="$changed" 'BEGIN {
  print "vms:\n  web-1: {addresses: [192.168.122.11], nics: {\"52:54:00:01:00:01\": {}}}"
  print "groups:\n  web:\n    vms: {name: web-1}\n    filter: web-rules"
  print "filters:\n  web-rules:\n    rules:"
  for (n = 0; n < rules; n += 1000) printf "      - {filterref: web-%02d}\n", n / 1000
  print "      - {action: drop, direction: inout, priority: 900, all: {}}"
  for (n = 0; n < rules; n++) {
    if (n % 1000 == 0) printf "  web-%02d:\n    rules:\n", n / 1000
    # Of each rules / changed lines, the one in the middle.
    step = changed ? rules / changed : 0
    port = changed && n % step == int(step / 2) ? 61000 : 1000 + n * 37 % 60000
    printf "      - {action: accept, direction: in, tcp: {srcipaddr: 10.%d.%d.1, dstportstart: %d}}\n",
      int(n / 256), n % 256, port
  }
}' >"$folder/policies/rules.yaml"
