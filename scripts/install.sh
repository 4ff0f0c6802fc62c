#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs bin/nwfleet, its manual pages, completions and policies below $DESTDIR$PREFIX.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${DESTDIR-}${PREFIX:-/usr/local}

if [[ ! -x bin/nwfleet ]]; then
  echo "install: bin/nwfleet is not there: run 'make build' first, as the user who builds" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -D -m 755 bin/nwfleet "$root/bin/nwfleet"
scripts/man.sh bin/nwfleet "$work/man"
install -d "$root/share/man/man1"
install -m 644 "$work"/man/*.1 "$root/share/man/man1/"
for shell in bash zsh fish; do bin/nwfleet --generate-completion-script "$shell" >"$work/$shell"; done
install -D -m 644 "$work/bash" "$root/share/bash-completion/completions/nwfleet"
install -D -m 644 "$work/zsh" "$root/share/zsh/site-functions/_nwfleet"
install -D -m 644 "$work/fish" "$root/share/fish/vendor_completions.d/nwfleet.fish"
if [[ -d policies/stock ]]; then
  install -d "$root/share/nwfleet/policies"
  cp -r policies/stock "$root/share/nwfleet/policies/"
fi
echo "install: nwfleet, $(find "$work/man" -name '*.1' | wc -l) manual pages and completions are in $root"
