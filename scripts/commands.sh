#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The commands of bin/nwfleet, one a line, with a blank between a command and its own ones: "plan", "sandbox up".
set -euo pipefail
program=${1:-"$(dirname "$0")/../bin/nwfleet"}

# The names below the headings that end in SUBCOMMANDS: in the help of a command.
subcommands() {
  "$program" help "$@" | awk '
    /SUBCOMMANDS:$/ { inside = 1; next }
    /^[^ ]/ || /^$/ { inside = 0 }
    inside && /^  [a-z]/ { print $1 }'
}

for command in $(subcommands); do
  echo "$command"
  for nested in $(subcommands "$command"); do echo "$command $nested"; done
done
