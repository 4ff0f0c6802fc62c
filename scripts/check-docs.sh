#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds the documents to the binary:
# - docs/commands.md and docs/reference/ are what bin/nwfleet says;
# - every 'nwfleet COMMAND --flag' in a code block or in `code` exists;
# - the text block below a line '<!-- output: nwfleet ... -->' is what that command prints here;
# - policy files in documents are valid: a yaml block below a line '<!-- repo: PATH -->' is a file of a repository, and
#   each document's files together must pass 'nwfleet validate'; so must every repository in examples/.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$PWD/bin/nwfleet
if [[ ! -x $program ]]; then
  echo "check-docs: bin/nwfleet is not there: run 'make build' first" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failures=0
fail() {
  echo "$1" >&2
  failures=$((failures + 1))
}

documents() { find . \( -name .build -o -name bin -o -name Golden \) -prune -o -name '*.md' -print | sort; }

# Every piece of code of a document that begins with nwfleet, one a line, as LINE:TEXT.
code() {
  awk '
    function emit(text) {
      sub(/^[ \t]*(\$ )?(sudo )?/, "", text)
      sub(/^(\.\/)?bin\/nwfleet/, "nwfleet", text)
      if (text ~ /^nwfleet( |$)/) print FNR ":" text
    }
    /^ *```/ { inside = !inside; next }
    inside { count = split($0, parts, / (&&|;|\|\|?) /); for (i = 1; i <= count; i++) emit(parts[i]); next }
    { count = split($0, parts, "`"); for (i = 2; i <= count; i += 2) emit(parts[i]) }' "$1"
}

declare -A help
while IFS= read -r command; do
  # shellcheck disable=SC2086 # a command of a command is two words
  help[nwfleet $command]=$("$program" help $command)
done < <(scripts/commands.sh "$program")
help[nwfleet]=$("$program" help)

uses=0
check_use() {
  local place=$1 text=$2 command=nwfleet word
  local -a words
  text=${text%% #*}
  text=${text%% -- *}
  read -ra words <<<"$text"
  for word in "${words[@]:1}"; do
    if [[ $word =~ ^[a-z-]+$ && -v help["$command $word"] ]]; then
      command="$command $word"
    elif [[ $word == --* ]]; then
      word=${word%%=*}
      word=${word%%[^a-z-]*}
      if ! grep -qE -- "(^|[^a-z-])$word([^a-z-]|\$)" <<<"${help[$command]}" && [[ $word != --generate-completion-script ]]; then
        fail "$place: '$command' has no $word"
      fi
    elif [[ $command == nwfleet && $word =~ ^[a-z][a-z-]+$ && $word != help ]]; then
      fail "$place: nwfleet has no command '$word'"
      return
    elif [[ $command == "nwfleet sandbox" && $word =~ ^[a-z]+$ ]]; then
      fail "$place: 'nwfleet sandbox' has no command '$word'"
      return
    fi
  done
  uses=$((uses + 1))
}

outputs=0
repositories=0
check_repository() {
  repositories=$((repositories + 1))
  "$program" validate --quiet --repo "$1" >&2 || fail "$2: its policy is not valid"
  "$program" fmt --check --quiet --repo "$1" >&2 || fail "$2: its policy is not as 'nwfleet fmt' writes it"
}

while IFS= read -r document; do
  if [[ $document != ./docs/commands.md ]]; then
    while IFS=: read -r line text; do check_use "$document:$line" "$text"; done < <(code "$document")
  fi
  repository=$work/${document//\//_}
  awk -v root="$repository" '
    /^<!-- repo: .* -->$/ { path = root "/" $3; next }
    path && /^```yaml/ {
      folder = path; sub(/\/[^\/]*$/, "", folder); system("mkdir -p \"" folder "\""); inside = 1; next
    }
    /^```/ { if (inside) close(path); inside = 0; path = ""; next }
    inside { print >path }' "$document"
  while IFS=: read -r line command; do
    awk -v start="$line" 'NR > start && /^```/ { if (inside) exit; inside = 1; next } inside' "$document" >"$work/recorded"
    read -ra words <<<"$command"
    "$program" "${words[@]:1}" >"$work/fresh" 2>&1 || true
    if ! diff -u "$work/recorded" "$work/fresh" >&2; then fail "$document:$line: this is not what '$command' prints"; fi
    outputs=$((outputs + 1))
  done < <(grep -nE '^<!-- output: nwfleet .* -->$' "$document" | sed -E 's/<!-- output: (.*) -->/\1/')
  if [[ -d $repository ]]; then check_repository "$repository" "$document"; fi
done < <(documents)
while IFS= read -r project; do
  check_repository "$(dirname "$project")" "$(dirname "$project")"
done < <(find examples -name nwfleet.yaml | sort)

same() {
  if ! diff -u "$1" "$work/fresh" >&2; then fail "$1 is not what the binary says: 'make docs' writes it"; fi
}
scripts/commands-doc.sh >"$work/fresh"
same docs/commands.md
"$program" schema reference >"$work/fresh"
same docs/reference/filters.md
"$program" schema services >"$work/fresh"
same docs/reference/services.md
"$program" schema policy >"$work/fresh"
same docs/reference/policy.schema.json

echo "check-docs: $uses uses of nwfleet, $outputs outputs, $repositories policy repositories, $failures wrong"
((failures == 0))
