#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints docs/commands.md: what the binary says about itself.
set -euo pipefail
cd "$(dirname "$0")/.."
program=bin/nwfleet
export COLUMNS=100

echo "# Commands"
echo
echo "Every command with its flags, as \`nwfleet help\` prints them. Written by \`make docs\`; do not edit."
echo "[guide.md](guide.md) shows how they are used."
echo
"$program" help | sed -n '/^Exit codes/,/^$/p'
scripts/commands.sh "$program" | while IFS= read -r command; do
  echo "## $command"
  echo
  echo '```text'
  # shellcheck disable=SC2086 # a command of a command is two words
  "$program" help $command | sed -e 's/ *$//' -e '/--version  *Show the version/d' |
    sed -e :trim -e '/^\n*$/{$d;N;b trim' -e '}'
  echo '```'
  echo
done | sed -e :trim -e '/^\n*$/{$d;N;b trim' -e '}'
