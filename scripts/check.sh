#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks that need no build. All of them run, and all that is wrong is shown.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
run() {
  local name=$1
  shift
  if "$@"; then
    echo "check: $name: ok"
  else
    echo "check: $name: FAILED" >&2
    failed+=("$name")
  fi
}

# Files of the project, new ones included, ignored ones not. Without git, all that are not in a folder that is ignored.
files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
      if [[ -e $file ]]; then printf '%s\n' "$file"; fi
    done
  else
    local pattern
    for pattern in "$@"; do
      find . \( -name .build -o -name bin \) -prune -o -type f -name "${pattern##*/}" -print
    done
  fi
}

check_format() { files '*.swift' | xargs swift format lint --strict; }

check_scripts() { files '*.sh' .ci/run | xargs -r shellcheck; }

check_licences() {
  local missing
  missing=$(files '*.swift' '*.sh' '*.h' '*.c' '*.py' Makefile .ci/run | while IFS= read -r file; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
  done)
  if [[ -n $missing ]]; then
    printf 'no SPDX line at the top of:\n%s\n' "$missing" >&2
    return 1
  fi
}

run "Swift format" check_format
run "imports" scripts/check-imports.sh
run "imports, planted violations" scripts/check-imports.sh --self-test
run "shellcheck" check_scripts
run "licences" check_licences
run "links" scripts/check-links.sh

if ((${#failed[@]} > 0)); then
  echo "check: ${#failed[@]} failed: ${failed[*]}" >&2
  exit 1
fi
