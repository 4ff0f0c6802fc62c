#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every link to a file of the project in its documents leads somewhere, and so does every #heading.
set -euo pipefail
cd "$(dirname "$0")/.."

# The anchors of a document's headings, as GitHub makes them.
anchors() {
  sed -nE 's/^#+ +(.*)$/\1/p' "$1" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

failures=0
count=0
while IFS= read -r document; do
  folder=$(dirname "$document")
  while IFS=: read -r line link; do
    count=$((count + 1))
    target=${link%%#*}
    anchor=
    if [[ $link == *#* ]]; then anchor=${link#*#}; fi
    path=$document
    if [[ -n $target ]]; then path=$folder/$target; fi
    if [[ ! -e $path ]]; then
      echo "$document:$line: $link leads nowhere" >&2
      failures=$((failures + 1))
    elif [[ -n $anchor && $path == *.md ]] && ! anchors "$path" | grep -qxF -- "$anchor"; then
      echo "$document:$line: $path has no heading #$anchor" >&2
      failures=$((failures + 1))
    fi
  done < <(grep -noE '\]\([^)]+\)' "$document" | sed -E 's/\]\(([^)]*)\)/\1/' | grep -vE ':(https?|mailto):' || true)
done < <(find . \( -name .build -o -name bin -o -name Golden \) -prune -o -name '*.md' -print | sort)

echo "check-links: $count links"
((failures == 0))
