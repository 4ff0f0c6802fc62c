#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a policy repository of filters with ten TCP rules each (669 bytes a filter).
# usage: generate.sh FOLDER FILTERS FILTERS-PER-FILE
set -euo pipefail

folder=$1 filters=$2 per_file=$3
mkdir -p "$folder/policies"
printf 'project: bench\nid: 6f1c0d2e\n' >"$folder/nwfleet.yaml"
awk -v folder="$folder" -v filters="$filters" -v per_file="$per_file" 'BEGIN {
  for (filter = 0; filter < filters; filter++) {
    if (filter % per_file == 0) {
      if (file) close(file)
      file = sprintf("%s/policies/%05d.yaml", folder, filter / per_file)
      print "filters:" > file
    }
    printf "  bench-%05d:\n    rules:\n", filter > file
    for (rule = 0; rule < 10; rule++) {
      port = 1024 + (filter * 10 + rule) % 8976
      printf "      - {action: accept, direction: in, tcp: {dstportstart: %d}}\n", port > file
    }
  }
}'
