#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Feeds the readers of YAML and XML with inputs that libFuzzer makes from Tests/Corpus, and fails at the first crash or
# broken promise; the input that did it is left in .build/fuzz/findings, and belongs into the corpus once it is mended.
# usage: scripts/fuzz.sh [SECONDS [TARGET...]]     SECONDS for each target, 60 by default
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift || true
targets=("$@")
((${#targets[@]} > 0)) || targets=(yaml format xml domain)

scratch=.build/fuzz
export NWFLEET_FUZZ=1
swift build -c release --scratch-path "$scratch" --product fuzz -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld

findings=$scratch/findings
mkdir -p "$findings"
# The backtracer waits for a debugger's answer that never comes under a sanitizer. libxml2 keeps its dictionary and
# Swift its metadata until the end, which is no leak.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:abort_on_error=1

for target in "${targets[@]}"; do
  corpus=Tests/Corpus/$target
  [[ -d $corpus ]] || {
    echo "fuzz: there is no $corpus" >&2
    exit 64
  }
  # What libFuzzer finds interesting is kept for the next run, apart from what is in git.
  grown=$scratch/corpus/$target
  log=$scratch/$target.log
  seeds=("$corpus")
  case $target in
    yaml | format) seeds+=(Tests/PolicyLanguageTests/Golden) ;;
  esac
  mkdir -p "$grown"
  echo "fuzz: $target for $seconds s"
  if ! NWFLEET_FUZZ_TARGET=$target "$scratch/release/fuzz" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
    -max_len=8192 -print_final_stats=1 -artifact_prefix="$findings/$target-" "$grown" "${seeds[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "fuzz: $target failed; its input is in $findings, all of its output in $log" >&2
    exit 1
  fi
  sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p; s/^stat::new_units_added: */  with new paths: /p' "$log"
done
echo "fuzz: no crash, no broken promise"
