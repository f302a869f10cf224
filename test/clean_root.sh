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
NEWCOMER=newcomer # the user of --user

source_directory=''
tests=()    # the command, if any
as_user=()  # the words before a command, if any
fresh=''
root=''

usage() {
  cat <<HELP
Makes a clean Debian 12 root in a temporary directory, clones this repository's HEAD into it and runs
'deploy/quickstart.sh --check' there, as root and without sudo. Says how long each step took. All is
removed at the end; mounts stay in a namespace of their own.
Usage: $0 [OPTIONS]

Options:
  --user         install sudo there, and run the commands as a user who may use it
  --full         also run test/run.sh
  --all          also run test/run.sh all
  --source DIR   copy this working tree, without its build directory, instead of cloning HEAD
  --fresh        make the cached root anew: $(base $SUITE)
                 (set FUSESCOPE_CACHE for another directory)
  -h, --help     this text

Needs debootstrap, about 3 GB in \${TMPDIR:-/var/tmp}, and root; another user's run goes on through
sudo or doas.

Example:
  $0 --full --source .
HELP
}

parse_options() {
  while (($#)); do
    case $1 in
      --user) as_user=(runuser -u "$NEWCOMER" -- env HOME="/home/$NEWCOMER") ;;
      --full) tests=(test/run.sh) ;;
      --all) tests=(test/run.sh all) ;;
      --fresh) fresh=yes ;;
      --source)
        [[ -d ${2-} ]] || refuse "--source needs a directory"
        source_directory=$2
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
  if [[ $source_directory ]]; then
    mkdir "$root$INSIDE"
    tar -C "$source_directory" --exclude=./build -c . | tar -C "$root$INSIDE" --no-same-owner -x
  else
    git clone -q --no-hardlinks "$ROOT" "$root$INSIDE"
  fi
}

unpack() {
  tar -C "$root" -xf "$(base $SUITE)"
  chmod 755 "$root" # for users other than root
  copy_apt_configuration "$root"
  lay_project
}

# in_project COMMAND...: in the new root, in the project's directory.
in_project() { (in_root "$root" "$INSIDE" "$@"); }

# A user to whom the project belongs, and who may do all through sudo.
make_user() {
  in_project apt-get -qq update
  in_project env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends sudo \
    >/dev/null
  in_project useradd --create-home --shell /bin/bash "$NEWCOMER"
  printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$NEWCOMER" >"$root/etc/sudoers.d/$NEWCOMER"
  in_project chown -R "$NEWCOMER:" .
}

# What root has built for the user shall be the user's.
check_owner() {
  local others
  others=$(in_project find build/release ! -user "$NEWCOMER" -print -quit)
  [[ ! $others ]] || fail "$others does not belong to the user"
}

main() {
  parse_options "$@"
  as_root "$@"
  command -v debootstrap >/dev/null || refuse "needs debootstrap: apt-get install debootstrap"
  set_log clean-root
  root=$(mktemp -d "${TMPDIR:-/var/tmp}/fusescope-root.XXXXXX")
  trap 'rm -rf --one-file-system "$root" "$root.base"' EXIT
  end_on_signals
  if [[ $fresh || ! -e $(base $SUITE) ]]; then
    timed debootstrap make_base $SUITE $SUITE ca-certificates,git "$root.base"
  fi
  timed unpack unpack
  if ((${#as_user[@]})); then timed 'a user with sudo' make_user; fi
  timed quickstart in_project "${as_user[@]}" deploy/quickstart.sh --check
  if ((${#as_user[@]})); then check_owner; fi
  if ((${#tests[@]})); then timed "${tests[*]}" in_project "${as_user[@]}" "${tests[@]}"; fi
}

main "$@"
