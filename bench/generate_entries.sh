#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a policy repository for VMs of the sandbox, whose filters differ in how long their lists are. Packets of the
# measurement go to TCP port 20498, which is the last that each of them allows.
# usage: generate_entries.sh FOLDER
#   vm1  a filter by hand with one rule, and everything else dropped
#   vm2  a policy with one rule, and the guard that every policy brings
#   vm3  a policy of 500 entries that merge to 6: 250 ports one by one, 250 prefixes, which are five sites of 50 each
#   vm4  the same with gaps, which merges to 26: two prefixes are missing after each ten
#   vm5  a policy of 500 entries that cannot merge: every other port
set -euo pipefail

folder=$1
mkdir -p "$folder/policies"
printf 'project: path\nid: 0c5a4e8d1f27b936\n' >"$folder/nwfleet.yaml"
awk '
function group(name, vm) {
  printf "  %s:\n    vms: {name: %s}\n    default: {in: drop, out: drop}\n    in:\n", name, vm
}
# Ten entries a line.
function ports(from, count, step,   n) {
  for (n = 0; n < count; n++) {
    printf "%s%d%s", n % 10 ? "," : "      - allow tcp/", from + n * step, n % 10 == 9 ? "\n" : ""
  }
}
function prefixes(run, gap,   n, k) {
  for (n = 0; n < 250; n++) {
    k = (n % 50) + int((n % 50) / run) * gap
    printf "%s10.%d.%d.0/24%s", n % 10 ? ", " : "      - allow https from ", 50 + int(n / 50), k, n % 10 == 9 ? "\n" : ""
  }
}
BEGIN {
  print "vms:"
  for (n = 1; n <= 5; n++) {
    printf "  vm%d: {addresses: [192.168.122.%d], nics: {\"52:54:00:01:00:%02x\": {port: vnet%d}}}\n", n, 10 + n, n, n
  }
  print "filters:\n  one-rule:\n    rules:"
  print "      - {action: accept, direction: in, tcp: {dstportstart: 20498}}"
  print "      - {action: drop, direction: inout, all: {}}"
  print "groups:"
  print "  by-hand:\n    vms: {name: vm1}\n    filter: one-rule"
  group("one", "vm2")
  ports(20498, 1, 1)
  print ""
  group("sites", "vm3")
  ports(20249, 250, 1)
  prefixes(50, 0)
  group("gaps", "vm4")
  ports(20249, 250, 1)
  prefixes(10, 2)
  group("apart", "vm5")
  ports(19500, 500, 2)
}' >"$folder/policies/entries.yaml"
