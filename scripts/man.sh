#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a manual page for each command of a binary into a folder: man.sh PROGRAM FOLDER.
# The pages come from the program's own help, as help2man does it; nothing has to be built or downloaded.
set -euo pipefail
program=$1
folder=$2
here=$(cd "$(dirname "$0")" && pwd)
version=$("$program" --version)
export COLUMNS=78

page() {
  local title=$1
  shift
  "$program" help "$@" | awk -v title="$title" -v version="$version" '
    function escape(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); sub(/^[.'"'"']/, "\\\\\\&&", text); return text }
    BEGIN { printf ".TH %s 1 \"\" \"%s\" \"nwfleet\"\n.SH NAME\n", toupper(title), version }
    /^OVERVIEW: / {
      sub(/^OVERVIEW: /, "")
      abstract = $0
      while ((getline line) > 0 && line != "") abstract = abstract " " line
      print escape(title) " \\- " escape(abstract)
      print ".SH DESCRIPTION"
      next
    }
    /^USAGE: / { sub(/^USAGE: /, ""); print ".SH SYNOPSIS"; print escape($0); next }
    /^[A-Z][A-Z ]*:$/ {
      if (preformatted) print ".fi"
      sub(/:$/, "")
      print ".SH " $0
      print ".nf"
      preformatted = 1
      next
    }
    /^$/ { if (!preformatted) print ".PP"; else print ""; next }
    { print escape($0) }
    END { if (preformatted) print ".fi" }' >"$folder/$title.1"
}

mkdir -p "$folder"
page nwfleet
"$here/commands.sh" "$program" | while IFS= read -r command; do
  # shellcheck disable=SC2086 # a command of a command is two words
  page "nwfleet-${command// /-}" $command
done
