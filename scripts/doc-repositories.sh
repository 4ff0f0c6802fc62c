#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a policy repository of every example in documents, so that they can be compiled.
#
#   scripts/doc-repositories.sh FOLDER DOCUMENT...
#
# What a yaml block is stands in the line above it; a block without such a line is an error:
#   <!-- repo: PATH -->    a file of the document's own repository
#   <!-- base: PATH -->    a file that each example below stands beside, also in documents that have no base of their own
#   <!-- policy -->        a policy file, an example by itself
#   <!-- rules: in -->     a list of rules of one group, an example by itself; also 'out'
#   <!-- with: PATH -->    one more file of the example above
#   <!-- wrong: CODE -->   a policy file that must be refused with this diagnostic, an example by itself
# Prints a line for each repository: its folder, DOCUMENT:LINE, and CODE or -, separated by tabs.
set -euo pipefail
folder=$1
shift
mkdir -p "$folder/base"

# The bases first: an example may stand before them.
for pass in base examples; do
  for document in "$@"; do
    awk -v folder="$folder" -v document="$document" -v pass="$pass" '
      function fail(text) { if (pass == "base") return; print document ":" FNR ": " text >"/dev/stderr"; failed = 1 }
      function make(path,  parent) {
        parent = path
        sub(/\/[^\/]*$/, "", parent)
        system("mkdir -p \"" parent "\"")
        printf "" >path
        return path
      }
      function begin(code) {
        repository = folder "/" slug "-" FNR + 1
        system("mkdir -p \"" repository "\" && cp -r \"" folder "/base/.\" \"" repository "\"")
        print repository "\t" document ":" FNR + 1 "\t" code
      }
      BEGIN { slug = document; gsub(/[^A-Za-z0-9]+/, "-", slug); sub(/^-/, "", slug) }
      /^<!-- (repo|base|policy|rules|with|wrong)(: .*)? -->$/ && !inside {
        if (kind) fail("no yaml block below the line above")
        kind = $2
        sub(/:$/, "", kind)
        value = $3
        next
      }
      /^```/ && inside { if (path) close(path); inside = 0; kind = ""; path = ""; indent = ""; next }
      /^```yaml/ {
        inside = 1
        if ((kind == "base") != (pass == "base")) next
        if (!kind) fail("nothing says what this yaml block is: see scripts/doc-repositories.sh")
        else if (kind == "repo") {
          if (!own) { own = folder "/" slug; print own "\t" document "\t-" }
          path = make(own "/" value)
        } else if (kind == "base") {
          path = make(folder "/base/" value)
        } else if (kind == "with") {
          if (!repository) fail("no example above")
          path = make(repository "/" value)
        } else {
          begin(kind == "wrong" ? value : "-")
          path = make(repository "/policies/example.yaml")
          if (kind == "rules") {
            print "groups:\n  example:\n    vms: {name: example}\n    " value ":" >path
            indent = "      "
          }
        }
        next
      }
      /^```/ { inside = 1; if (kind) fail("not a yaml block"); next }
      inside { if (path) print ($0 == "" ? "" : indent $0) >path; next }
      kind && !/^$/ { fail("no yaml block below"); kind = "" }
      END { exit failed }' "$document"
  done
done
