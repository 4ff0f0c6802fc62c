#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds the documents to the binary:
# - docs/commands.md and docs/reference/ are what bin/nwfleet says;
# - every 'nwfleet COMMAND --flag' in a code block or in `code` exists;
# - the text block below a line '<!-- output: nwfleet ... -->' is what that command prints here; where its last line is '…',
#   the beginning of it;
# - every yaml block is an example that compiles, or one that is refused as the document says (doc-repositories.sh), and
#   so is every repository in examples/; their tests hold;
# - the five policies of everyday life have at most 15 lines, and policies/README.md uses every preset.
#
#   scripts/check-docs.sh               all of it
#   scripts/check-docs.sh --self-test   plants one violation of each kind and expects each to be found
set -euo pipefail
cd "$(dirname "$0")/.."
program=${NWFLEET_PROGRAM:-$PWD/bin/nwfleet}
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
tests=0
repositories=0
check_repository() {
  local repository=$1 place=$2 environment
  repositories=$((repositories + 1))
  "$program" fmt --check --quiet --repo "$repository" >&2 || fail "$place: its policy is not as 'nwfleet fmt' writes it"
  if ! "$program" validate --quiet --repo "$repository" >"$work/said" 2>&1; then
    cat "$work/said" >&2
    fail "$place: its policy is not valid"
    return
  fi
  # What documents show are parts; whole repositories give no reason to warn.
  if [[ $repository == examples/* ]] && grep -q 'warning: ' "$work/said"; then
    cat "$work/said" >&2
    fail "$place: its policy has warnings"
  fi
  check_renders "$repository" "$place"
  check_tests "$repository" "$place"
  for environment in "$repository"/environments/*.yaml; do
    if [[ -e $environment ]]; then check_renders "$repository" "$place" --env "$(basename "$environment" .yaml)"; fi
  done
}
# What it says of itself under tests: and never: holds; whole repositories say something.
check_tests() {
  local repository=$1 place=$2 found
  if ! "$program" test --quiet --repo "$repository" >"$work/said" 2>&1; then
    cat "$work/said" >&2
    fail "$place: a test of its policy does not hold"
    return
  fi
  found=$(sed -nE 's/^([0-9]+) tests?: .*/\1/p' "$work/said")
  tests=$((tests + found))
  if [[ $repository == examples/* ]] && ((found == 0)); then fail "$place: its policy has no tests"; fi
}
check_renders() {
  local repository=$1 place=$2
  shift 2
  if ! "$program" render --quiet --repo "$repository" "$@" >"$work/fresh" 2>"$work/said"; then
    cat "$work/said" >&2
    fail "$place: 'nwfleet render $*' fails"
  elif [[ -d $repository/policies ]] && ! grep -q '<filter ' "$work/fresh"; then
    fail "$place: 'nwfleet render $*' prints no filter"
  fi
}

# An example that a document shows as wrong.
check_wrong() {
  local repository=$1 place=$2 code=$3
  wrong=$((wrong + 1))
  if "$program" validate --repo "$repository" >"$work/fresh" 2>&1; then
    fail "$place: this is shown as wrong, and is valid"
  elif ! grep -qF "[$code]" "$work/fresh"; then
    cat "$work/fresh" >&2
    fail "$place: this is wrong, but not by $code"
  fi
}
wrong=0
check_examples() {
  local repository place code
  scripts/doc-repositories.sh "$work/examples" "$@" >"$work/list" || fail "not every yaml block says what it is"
  while IFS=$'\t' read -r repository place code; do
    if [[ $code == - ]]; then check_repository "$repository" "$place"; else check_wrong "$repository" "$place" "$code"; fi
  done <"$work/list"
}

# check_length FILE LINK README: lines that say something, not comments nor empty ones, and the README's number of them.
check_length() {
  local lines
  lines=$(grep -cvE '^ *(#|$)' "$1")
  if ((lines > 15)); then fail "$1: $lines lines, more than 15"; fi
  grep -qE "\\($2\\).*\\| $lines \\|\$" "$3" || fail "$3: does not say that $2 has $lines lines"
}

if [[ ${1:-} == --self-test ]]; then
  planted=$work/planted
  mkdir -p "$planted"
  # plant NAME MARK LINE...: a document with one block.
  plant() {
    local document=$planted/$1.md mark=$2 fence='```'
    shift 2
    { printf '%s\n' "$mark" "${fence}yaml" "$@" "$fence"; } >"$document"
  }
  group() { plant "$1" "$2" 'groups:' '  a:' '    vms: {name: a}' "    in: [$3]"; }
  plant base '<!-- base: nwfleet.yaml -->' 'project: acme' 'id: 6f1c0d2e' 'hosts:' '  kvm1: {uri: "sandbox:///1"}'
  plant unmarked '' 'sets: {}'
  plant invalid '<!-- rules: in -->' '- allow htpps'
  plant untrue '<!-- policy -->' 'groups:' '  a:' '    vms: {name: a}' '    tests:' '      - allow in https'
  plant layout '<!-- rules: in -->' '-   allow https'
  group valid '<!-- wrong: unknown-service -->' 'allow https'
  group other '<!-- wrong: unknown-set -->' 'allow htpps'
  seq -f '- %g' 16 >"$planted/long.yaml"
  echo '| (long.yaml) | 16 |' >"$planted/long.md"
  missed=0
  expect_failure() {
    local name=$1
    shift
    failures=0
    "$@" 2>"$work/self-test"
    if ((failures == 0)); then
      echo "check-docs: self-test: $name was not found" >&2
      missed=$((missed + 1))
    fi
  }
  check_examples "$planted/base.md"
  for name in unmarked invalid valid other untrue layout; do
    expect_failure "$name" check_examples "$planted/base.md" "$planted/$name.md"
  done
  expect_failure long check_length "$planted/long.yaml" long.yaml "$planted/long.md"
  echo "check-docs: self-test: $((7 - missed)) of 7 planted violations found"
  ((missed == 0))
  exit
fi

while IFS= read -r document; do
  if [[ $document != ./docs/commands.md ]]; then
    while IFS=: read -r line text; do check_use "$document:$line" "$text"; done < <(code "$document")
  fi
  while IFS=: read -r line command; do
    awk -v start="$line" 'NR > start && /^```/ { if (inside) exit; inside = 1; next } inside' "$document" >"$work/recorded"
    read -ra words <<<"$command"
    "$program" "${words[@]:1}" >"$work/fresh" 2>&1 || true
    if [[ $(tail -n 1 "$work/recorded") == … ]]; then
      sed -i '$d' "$work/recorded"
      head -n "$(wc -l <"$work/recorded")" "$work/fresh" >"$work/beginning"
      mv "$work/beginning" "$work/fresh"
    fi
    if ! diff -u "$work/recorded" "$work/fresh" >&2; then fail "$document:$line: this is not what '$command' prints"; fi
    outputs=$((outputs + 1))
  done < <(grep -nE '^<!-- output: nwfleet .* -->$' "$document" | sed -E 's/<!-- output: (.*) -->/\1/')
done < <(documents)
# language.md first: its base is that of the others.
mapfile -t all < <(documents | grep -vx ./docs/language.md)
check_examples ./docs/language.md "${all[@]}"
while IFS= read -r project; do
  check_repository "$(dirname "$project")" "$(dirname "$project")"
done < <(find examples -name nwfleet.yaml | sort)
for policy in examples/everyday/policies/*.yaml; do
  check_length "$policy" "policies/$(basename "$policy")" examples/everyday/README.md
done
for preset in policies/presets/*.yaml; do
  name=$(basename "$preset" .yaml)
  grep -qE "^ *use: (\[.*)?$name\b" policies/README.md || fail "policies/README.md: no example uses '$name'"
  grep -q "^| \`$name\` |" policies/README.md || fail "policies/README.md: '$name' is not in the table"
done

same() {
  if ! diff -u "$1" "$work/fresh" >&2; then fail "$1 is not what the binary says: 'make docs' writes it"; fi
}
scripts/commands-doc.sh >"$work/fresh"
same docs/commands.md
"$program" schema reference >"$work/fresh"
same docs/reference/filters.md
"$program" schema services >"$work/fresh"
same docs/reference/services.md
"$program" schema checks >"$work/fresh"
same docs/reference/checks.md
"$program" schema policy >"$work/fresh"
same docs/reference/policy.schema.json
"$program" schema lock >"$work/fresh"
same docs/reference/lock.schema.json

echo "check-docs: $uses uses of nwfleet, $outputs outputs, $repositories repositories that compile, $tests tests that hold, $wrong that do not, $failures failures"
((failures == 0))
