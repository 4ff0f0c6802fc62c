#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a git repository of folders: one commit for each, in their order, with nothing else in it.
# usage: commit_versions.sh REPOSITORY FOLDER...
set -euo pipefail

repository=$1
shift
git init -q "$repository"
for folder in "$@"; do
  git -C "$repository" rm -rq --ignore-unmatch .
  cp -R "$folder/." "$repository"
  git -C "$repository" add -A
  git -C "$repository" -c user.name=bench -c user.email=bench@localhost -c commit.gpgsign=false commit -q -m "$(basename "$folder")"
done
