#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a policy repository of groups with ten rules each, and as many VMs, each with a NIC and an address.
# usage: generate_groups.sh FOLDER GROUPS GROUPS-PER-FILE
set -euo pipefail

folder=$1 groups=$2 per_file=$3
mkdir -p "$folder/policies"
{
  printf 'project: bench\nid: 6f1c0d2e\n'
  printf 'networks:\n  default: {subnets: [10.0.0.0/8], gateway: 10.0.0.1, dns: 10.0.0.1, host: 10.0.0.1}\n'
  printf 'sets:\n  office: [192.0.2.0/24, "2001:db8:1::/48"]\n  resolvers: [10.0.0.1, "2001:db8::1"]\n'
} >"$folder/nwfleet.yaml"
awk -v folder="$folder" -v groups="$groups" -v per_file="$per_file" 'BEGIN {
  for (first = 0; first < groups; first += per_file) {
    file = sprintf("%s/policies/%05d.yaml", folder, first / per_file)
    last = first + per_file < groups ? first + per_file : groups
    print "vms:" > file
    for (n = first; n < last; n++) {
      printf "  vm-%05d:\n    labels: {role: r%05d}\n    nics:\n", n, n > file
      printf "      \"52:54:00:%02x:%02x:%02x\": {addresses: [10.%d.%d.%d]}\n", int(n / 65536), int(n / 256) % 256, n % 256,
        1 + int(n / 62500), int(n / 250) % 250, n % 250 + 1 > file
    }
    print "groups:" > file
    for (n = first; n < last; n++) {
      printf "  g-%05d:\n    vms: {label: {role: r%05d}}\n    in:\n", n, n > file
      print "      - allow http, https" > file
      print "      - allow ssh from @office" > file
      print "      - allow icmp/echo-request" > file
      printf "      - allow tcp/%d from 10.%d.0.0/16\n", 1024 + n % 50000, n % 250 > file
      printf "      - allow tcp/%d-%d from @office\n", 2000 + n % 10000, 2010 + n % 10000 > file
      printf "      - allow udp/%d from 172.16.%d.0/24\n", 5000 + n % 1000, n % 256 > file
      printf "      - allow postgres from vm:vm-%05d\n", (n + 1) % groups > file
      print "    out:" > file
      print "      - allow dns, ntp to @resolvers" > file
      printf "      - allow tcp/443 to 198.51.%d.0/24\n", n % 256 > file
      print "      - drop any to 169.254.169.254" > file
    }
    close(file)
  }
}'
