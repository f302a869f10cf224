#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves the README's commands in a fresh Debian 12 that holds nothing but git.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/common.sh"
# shellcheck source=test/root.sh
. "$(dirname "${BASH_SOURCE[0]}")/root.sh"

SUITE=bookworm
INSIDE=/fusescope # where the project lies in the new root

source_folder=''
full=''
fresh=''
root=''

usage() {
  cat <<HELP
Makes a clean Debian 12 root in a temporary folder, clones this repository's HEAD into it and runs
'deploy/quickstart.sh --check' there. All is removed at the end; mounts stay in a namespace of
their own. Needs root, debootstrap, and about 3 GB in \${TMPDIR:-/var/tmp}.
Usage: sudo $0 [OPTIONS]

Options:
  --full         also run test/run.sh
  --source DIR   copy this working tree, without its build folder, instead of cloning HEAD
  --fresh        make the cached root anew: $(base $SUITE)
                 (set FUSESCOPE_CACHE for another folder)
  -h, --help     this text

Example:
  sudo $0 --full --source .
HELP
}

parse_options() {
  while (($#)); do
    case $1 in
      --full) full=yes ;;
      --fresh) fresh=yes ;;
      --source)
        [[ -d ${2-} ]] || refuse "--source needs a folder"
        source_folder=$2
        shift
        ;;
      -h | --help) usage && exit 0 ;;
      *) refuse "unknown option '$1': see $0 --help" ;;
    esac
    shift
  done
}

# timed WHAT COMMAND...
timed() {
  local begin=$SECONDS
  say "== $1"
  "${@:2}"
  say "== $1: $((SECONDS - begin)) s"
}

lay_project() {
  if [[ $source_folder ]]; then
    mkdir "$root$INSIDE"
    tar -C "$source_folder" --exclude=./build -c . | tar -C "$root$INSIDE" --no-same-owner -x
  else
    git clone -q --no-hardlinks "$ROOT" "$root$INSIDE"
  fi
}

unpack() {
  tar -C "$root" -xf "$(base $SUITE)"
  copy_apt_configuration "$root"
  lay_project
}

# in_project COMMAND...: in the new root, in the project's folder.
in_project() { (in_root "$root" "$INSIDE" "$@"); }

main() {
  parse_options "$@"
  need_root
  command -v debootstrap >/dev/null || refuse "needs debootstrap: apt-get install debootstrap"
  set_log clean-root
  root=$(mktemp -d "${TMPDIR:-/var/tmp}/fusescope-root.XXXXXX")
  trap 'rm -rf --one-file-system "$root" "$root.base"' EXIT
  trap 'exit 130' INT TERM HUP
  if [[ $fresh || ! -e $(base $SUITE) ]]; then
    timed debootstrap make_base $SUITE $SUITE ca-certificates,git "$root.base"
  fi
  timed unpack unpack
  timed quickstart in_project deploy/quickstart.sh --check
  if [[ $full ]]; then timed tests in_project test/run.sh; fi
}

main "$@"
