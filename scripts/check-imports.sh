#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each target may import the modules that are listed here and no others: the compiler checks dependencies among the
# package's targets, but lets every target import what the toolchain has. docs/architecture.md draws the same arrows.
#
#   check-imports.sh [FOLDER]    check FOLDER/Sources (default: this project)
#   check-imports.sh --self-test show that violations are found, on a copy
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)

declare -A allowed=(
  [CLibXML2]=""
  [CLibYAML]=""
  [CLibvirt]=""
  # Pure: no Foundation, no system, no clock.
  [Diagnostics]=""
  [FilterModel]="Diagnostics"
  [PacketPath]="FilterModel Diagnostics"
  [Planning]="PacketPath FilterModel Diagnostics"
  [Compiler]="PacketPath FilterModel Diagnostics"
  [Verification]="Compiler PacketPath FilterModel Diagnostics"
  # Shells; each library outside has one owner.
  [PolicyLanguage]="Presets StockFiles Compiler PacketPath FilterModel Diagnostics CLibYAML Glibc Dispatch Synchronization"
  [FilterXML]="FilterModel Diagnostics CLibXML2"
  [Libvirt]="CLibvirt Glibc Dispatch Synchronization"
  [Processes]="Subprocess Glibc"
  [Git]="Processes"
  [Kernel]="Processes FoundationEssentials Glibc"
  [Reconcile]="Planning FilterModel Diagnostics FilterXML Libvirt Kernel FoundationEssentials Glibc Synchronization"
  [Sandbox]="Processes FoundationEssentials Glibc"
  [Commands]="Reconcile Planning PolicyLanguage Verification Compiler PacketPath FilterModel FilterXML Diagnostics Sandbox
    Git Processes ArgumentParser FoundationEssentials Glibc Synchronization"
  [nwfleet]="Commands"
)
pure="Diagnostics FilterModel PacketPath Planning Compiler Verification"

# FILE:LINE MODULE of every import, in all the forms that Swift has.
imports() {
  # shellcheck disable=SC2016 # $0 is awk's
  find "$1" -name '*.swift' -print0 | sort -z | xargs -0r awk '
    {
      # Several statements may share a line.
      count = split($0, statements, ";")
      for (i = 1; i <= count; i++) {
        statement = statements[i]
        sub(/^.*\*\//, "", statement)
        sub(/^[ \t]+/, "", statement)
        while (sub(/^(@[A-Za-z_]+(\([^)]*\))?|public|package|internal|private|fileprivate)[ \t]+/, "", statement)) {}
        if (!sub(/^import[ \t]+/, "", statement)) continue
        sub(/^(struct|class|enum|protocol|typealias|func|var|let)[ \t]+/, "", statement)
        sub(/^`/, "", statement)
        if (match(statement, /^[A-Za-z_][A-Za-z0-9_]*/)) {
          print FILENAME ":" FNR, substr(statement, 1, RLENGTH)
        }
      }
    }'
}

check() {
  local folder=$1 target place module failures=0
  for target in "$folder"/Sources/*/; do
    target=$(basename "$target")
    if [[ ! -v allowed[$target] ]]; then
      echo "Sources/$target: scripts/check-imports.sh does not say what this target may import" >&2
      failures=$((failures + 1))
      continue
    fi
    while read -r place module; do
      if [[ ! " ${allowed[$target]//$'\n'/ } " =~ [[:space:]]"$module"[[:space:]] ]]; then
        echo "${place#"$folder/"}: $target must not import $module (allowed: ${allowed[$target]:-nothing})" >&2
        failures=$((failures + 1))
      fi
    done < <(imports "$folder/Sources/$target" || true)
  done
  for target in $pure; do
    # Strict memory safety makes the compiler refuse unsafe code that is not marked; here not even marked code passes.
    while IFS= read -r place; do
      echo "${place#"$folder/"}: $target is pure: no unsafe, no async" >&2
      failures=$((failures + 1))
    done < <(grep -rnE --include='*.swift' '\b(unsafe|async|await|nonisolated\(unsafe\))\b' "$folder/Sources/$target" |
      grep -vE '^[^:]*:[0-9]+:[[:space:]]*//' || true)
  done
  ((failures == 0))
}

self_test() {
  local copy line target failures=0 count=0
  copy=$(mktemp -d)
  trap 'rm -rf "$copy"' RETURN
  cp -r "$project/Sources" "$copy/"
  check "$copy" || { echo "check-imports: the copy fails before anything is planted" >&2; return 1; }
  while IFS='|' read -r target line; do
    count=$((count + 1))
    printf '%s\n' "$line" >"$copy/Sources/$target/Planted.swift"
    if check "$copy" 2>/dev/null; then
      echo "check-imports: not found in $target: $line" >&2
      failures=$((failures + 1))
    fi
    rm "$copy/Sources/$target/Planted.swift"
  done <<'PLANTED'
Planning|import FoundationEssentials
Diagnostics|import Glibc
FilterModel|public import struct Dispatch.DispatchTime
FilterModel|@preconcurrency import Synchronization
FilterXML|@_spi(Other) public import Libvirt
Planning|import Diagnostics; import Glibc
Planning|/* why not */ import Glibc
Commands|import Foundation
Commands|import CLibvirt
Reconcile|    private import CLibXML2
PolicyLanguage|import func Foundation.exit
Planning|func read() async -> Int { 0 }
FilterModel|let first = unsafe pointer.pointee
PLANTED
  mkdir "$copy/Sources/Unlisted"
  count=$((count + 1))
  if check "$copy" 2>/dev/null; then
    echo "check-imports: a target without a list passes" >&2
    failures=$((failures + 1))
  fi
  ((failures == 0)) && echo "check-imports: $count planted violations found"
}

case ${1-} in
  --self-test) self_test ;;
  *) check "${1-$project}" ;;
esac
