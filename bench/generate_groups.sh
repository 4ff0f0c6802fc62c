#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a policy repository of groups with ten rules each, and as many VMs: one file for each team, with the VMs that it
# has, their labels, NICs and addresses, and groups for them, in which two rules of ten have more to say than fits a line.
# usage: generate_groups.sh FOLDER GROUPS GROUPS-PER-FILE
set -euo pipefail

folder=$1 groups=$2 per_file=$3
mkdir -p "$folder/policies"
cat >"$folder/nwfleet.yaml" <<'END'
project: bench
id: 6f1c0d2e93b7a458
networks:
  default:
    subnets: [10.0.0.0/8, "2001:db8::/32"]
    gateway: [10.0.0.1, "2001:db8::1"]
    dns: [10.0.0.53, "2001:db8::53"]
    host: [10.0.0.1, "2001:db8::1"]
sets:
  office: [192.0.2.0/24, "2001:db8:1::/48"]
  resolvers: [10.0.0.53, 10.0.0.54, "2001:db8::53", "2001:db8::54"]
END
awk -v folder="$folder" -v groups="$groups" -v per_file="$per_file" 'BEGIN {
  split("shop search billing mail video sensors payroll maps chat archive", teams, " ")
  split("alice bob carol dan erin frank grace heidi", owners, " ")
  split("production staging test", stages, " ")
  for (first = 0; first < groups; first += per_file) {
    team = teams[first / per_file % 10 + 1]
    file = sprintf("%s/policies/%s-%05d.yaml", folder, team, first / per_file)
    last = first + per_file < groups ? first + per_file : groups
    print "vms:" > file
    for (n = first; n < last; n++) {
      printf "  %s-%05d:\n    labels: {team: %s, role: r%05d, stage: %s}\n", team, n, team, n, stages[n % 3 + 1] > file
      printf "    nics:\n      \"52:54:00:%02x:%02x:%02x\":\n", int(n / 65536), int(n / 256) % 256, n % 256 > file
      printf "        addresses: [10.%d.%d.%d, \"2001:db8:%x::%x\"]\n", 1 + int(n / 62500), int(n / 250) % 250, n % 250 + 1,
        16 + int(n / 250), n % 250 + 1 > file
    }
    print "groups:" > file
    for (n = first; n < last; n++) {
      printf "  %s-%05d:\n    vms: {label: {role: r%05d}}\n", team, n, n > file
      printf "    owner: %s\n    comment: servers of the %s team\n", owners[n % 8 + 1], team > file
      print "    in:" > file
      print "      - allow http, https" > file
      print "      - allow ssh from @office" > file
      print "      - allow icmp/echo-request" > file
      printf "      - rule: allow tcp/%d from 10.%d.0.0/16\n", 1024 + n % 50000, n % 250 > file
      print "        name: api" > file
      printf "        owner: %s\n        comment: callers that are not behind the balancer yet\n", owners[n % 7 + 1] > file
      printf "      - allow tcp/%d-%d from @office\n", 2000 + n % 10000, 2010 + n % 10000 > file
      printf "      - allow udp/%d from 172.16.%d.0/24\n", 5000 + n % 1000, n % 256 > file
      printf "      - allow postgres from vm:%s-%05d\n", team, n + 1 < last ? n + 1 : first > file
      print "    out:" > file
      print "      - allow dns, ntp to @resolvers" > file
      printf "      - rule: allow tcp/443 to 198.51.%d.0/24\n", n % 256 > file
      printf "        name: payments\n        ticket: OPS-%d\n", 1000 + n > file
      print "      - drop any to 169.254.169.254" > file
    }
    close(file)
  }
}'
