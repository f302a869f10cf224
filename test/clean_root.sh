#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves the README's commands in a fresh Debian 12 that holds nothing but git.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/common.sh"

SUITE=bookworm
CACHE=${FUSESCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fusescope}
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
  --fresh        make the cached root anew: $CACHE/$SUITE.tar
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

# The Debian mirror that this host's apt uses.
mirror() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Release: $SUITE" | head -n 1
}

# host_proxy NAME: what apt says of it, for programs that do not ask apt.
host_proxy() { apt-config dump --format '%v' "Acquire::$1::Proxy"; }

make_base() {
  local base=$root.base site
  site=$(mirror)
  [[ $site ]] || fail "this host's apt knows no $SUITE: run apt-get update, or add it"
  http_proxy=$(host_proxy http) https_proxy=$(host_proxy https) \
    logged debootstrap --variant=minbase --include=ca-certificates,git "$SUITE" "$base" "$site" ||
    fail "debootstrap failed: see $LOG"
  mkdir -p "$CACHE"
  tar -C "$base" -cf "$CACHE/$SUITE.tar.new" .
  mv "$CACHE/$SUITE.tar.new" "$CACHE/$SUITE.tar"
  rm -rf --one-file-system "$base"
}

# Sources, keys and the ways to reach them, as on this host; none of its hooks.
copy_apt_configuration() {
  local name
  for name in {sources.list,trusted.gpg,auth.conf}{,.d} keyrings; do
    if [[ -e /etc/apt/$name ]]; then cp -aT "/etc/apt/$name" "$root/etc/apt/$name"; fi
  done
  cp -aT /usr/share/keyrings "$root/usr/share/keyrings"
  apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/90host"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
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
  tar -C "$root" -xf "$CACHE/$SUITE.tar"
  copy_apt_configuration
  lay_project
}

# in_root COMMAND...: in the project's folder. Its mounts are not seen outside, and the host's own
# mounts are let go, so that the run keeps no FUSE filesystem of the host alive.
in_root() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --propagation private bash -euc '
    mount --bind "$0" "$0"
    for folder in dev proc sys; do mount --rbind "/$folder" "$0/$folder"; done
    cd "$0"
    pivot_root . mnt
    umount -l /mnt
    cd "$1"
    exec env -i CI="${CI-}" HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM-dumb}" \
      "${@:2}"' "$root" "$INSIDE" "$@"
}

main() {
  parse_options "$@"
  need_root
  command -v debootstrap >/dev/null || refuse "needs debootstrap: apt-get install debootstrap"
  set_log clean-root
  root=$(mktemp -d "${TMPDIR:-/var/tmp}/fusescope-root.XXXXXX")
  trap 'rm -rf --one-file-system "$root" "$root.base"' EXIT
  trap 'exit 130' INT TERM HUP
  if [[ $fresh || ! -e $CACHE/$SUITE.tar ]]; then timed debootstrap make_base; fi
  timed unpack unpack
  timed quickstart in_root deploy/quickstart.sh --check
  if [[ $full ]]; then timed tests in_root test/run.sh; fi
}

main "$@"
