#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the manual pages of fusescope from its own --help: one for it, one for each command.
set -euo pipefail

(($# == 2)) || {
  printf 'Usage: %s PROGRAM DIRECTORY\n' "$0" >&2
  exit 2
}
PROGRAM=$1
DIRECTORY=$2

# A line for each command: its name, then what it does.
commands() { "$PROGRAM" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]\)/\1/p'; }

see_also() {
  local name
  printf '[SEE ALSO]\n.BR fusescope (1)'
  while read -r name _; do printf ',\n.BR fusescope-%s (1)' "$name"; done < <(commands)
  printf '\n'
}

# CLI11 writes -h,--help, and help2man takes an option's name to end at a dot.
fix_option_names() {
  sed -E -e 's/^\\fB(\\-[a-z])\\fR,(\\-\\-[a-z\\-]+)/\\fB\1\\fR, \\fB\2\\fR/' \
    -e 's/^(\\fB\\-\\-[a-z]+)\\fR(\.[a-z\\-]+)/\1\2\\fR/'
}

# help2man makes two paragraphs of an example and what it does, and one of all that follows.
fix_paragraphs() {
  sed -zE -e 's/\.IP\n(fusescope [^\n]*)\n\.IP\n/.TP\n\\fB\1\\fR\n/g' \
    -e 's/\n(\.PP\n)?(Exit code: |Needs root|SIGHUP )/\n.PP\n\2/g'
}

# page NAME DESCRIPTION HELP_OPTION
page() {
  local version
  version=$("$PROGRAM" --version)
  help2man --no-info --include <(see_also) --version-string "$1 ${version#* }" --name "$2" \
    --help-option "$3" "$PROGRAM" |
    fix_option_names | fix_paragraphs >"$DIRECTORY/$1.1"
}

mkdir -p "$DIRECTORY"
while read -r name description; do
  page "fusescope-$name" "$description" "$name --help"
done < <(commands)
page fusescope 'shows whether I/O on FUSE mounts is split, and why' --help
