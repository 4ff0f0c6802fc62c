#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares what PacketPath says of packets with what the kernel does with them: random filter trees and random policies are
# bound by real libvirtd instances in private namespaces, and random packets, aimed at what the filters speak of, are sent
# through the kernel. Fails with a minimal case for each of the first disagreements.
# usage: scripts/fuzz-packets.sh [PAIRS [SEED]]     PAIRS of a filter and a packet, 20000 by default; SEED is random
#        CASES=DIR scripts/fuzz-packets.sh          the filters of DIR/*.xml instead, as libvirt reads them
set -euo pipefail
cd "$(dirname "$0")/.."

pairs=${1:-20000}
seed=${2:-$((RANDOM * 32768 + RANDOM + 1))}
if ((EUID != 0)); then
  echo "fuzz-packets: a sandbox needs root: going on with sudo"
  exec sudo CASES="${CASES:-}" "$0" "$pairs" "$seed"
fi

swift build --explicit-target-dependency-import-check error --product fuzz-packets
# What is left of hosts when this is interrupted is found here.
work=$(mktemp -d /tmp/nwfleet-packets.XXXXXX)
program=$(swift build --show-bin-path)/fuzz-packets
cleanup() { rmdir "$work" 2>/dev/null || echo "fuzz-packets: sandboxes are left in $work" >&2; }
trap cleanup EXIT
"$program" --pairs "$pairs" --seed "$seed" --root "$work" ${CASES:+--cases "$CASES"}
