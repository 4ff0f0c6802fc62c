#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the release binary with Swift's runtime inside, and leaves it stripped at bin/nwfleet; or another program at bin.
# usage: scripts/build.sh [PRODUCT]     bench-packets is what scripts/bench.sh needs besides
set -euo pipefail
cd "$(dirname "$0")/.."

product=${1:-nwfleet}
if [[ $product == bench-packets ]]; then export NWFLEET_BENCH=1; fi
options=(
  --configuration release --static-swift-stdlib --product "$product"
  --explicit-target-dependency-import-check error
)
swift build "${options[@]}"
built=$(swift build "${options[@]}" --show-bin-path)/$product
if [[ ! -e bin/$product || $built -nt bin/$product ]]; then
  mkdir -p bin
  # Moved into place whole: a copy that runs is not written over.
  strip -o "bin/$product.new" "$built"
  mv "bin/$product.new" "bin/$product"
fi
