#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the release binary with Swift's runtime inside, and leaves it stripped at bin/nwfleet.
set -euo pipefail
cd "$(dirname "$0")/.."

options=(
  --configuration release --static-swift-stdlib --product nwfleet
  --explicit-target-dependency-import-check error
)
swift build "${options[@]}"
built=$(swift build "${options[@]}" --show-bin-path)/nwfleet
if [[ ! -e bin/nwfleet || $built -nt bin/nwfleet ]]; then
  mkdir -p bin
  # Moved into place whole: a copy that runs is not written over.
  strip -o bin/nwfleet.new "$built"
  mv bin/nwfleet.new bin/nwfleet
fi
