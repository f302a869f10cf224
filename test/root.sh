# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What clean_root.sh and test/packages/root share: clean Debian roots from the mirror of this host's
# apt. Needs deploy/common.sh.

CACHE=${FUSESCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fusescope}

# The Debian mirror that this host's apt uses.
mirror() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
    head -n 1
}

# host_proxy NAME: what apt says of it, for programs that do not ask apt.
host_proxy() { apt-config dump --format '%v' "Acquire::$1::Proxy"; }

# base NAME: where it is cached.
base() { printf '%s\n' "$CACHE/$1.tar"; }

# make_base NAME SUITE PACKAGE,... DIRECTORY: by way of that directory, which is removed.
make_base() {
  local site
  site=$(mirror)
  [[ $site ]] || fail "this host's apt knows no Debian: run apt-get update, or add it"
  http_proxy=$(host_proxy http) https_proxy=$(host_proxy https) \
    logged debootstrap --variant=minbase --include="$3" "$2" "$4" "$site" ||
    fail "debootstrap failed: see $LOG"
  mkdir -p "$CACHE"
  tar -C "$4" -cf "$(base "$1").new" .
  mv "$(base "$1").new" "$(base "$1")"
  rm -rf --one-file-system "$4"
}

# copy_apt_configuration ROOT: sources, keys and the ways to reach them, as on this host; none of
# its hooks. With them the certificates that this host trusts, as its network may need more.
copy_apt_configuration() {
  local name trusted=/etc/ssl/certs/ca-certificates.crt
  for name in {sources.list,trusted.gpg,auth.conf}{,.d} keyrings; do
    if [[ -e /etc/apt/$name ]]; then cp -aT "/etc/apt/$name" "$1/etc/apt/$name"; fi
  done
  cp -aT /usr/share/keyrings "$1/usr/share/keyrings"
  apt-config dump | grep '^Acquire::' >"$1/etc/apt/apt.conf.d/90host"
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
  if [[ -e $trusted && -d $1${trusted%/*} ]]; then cp -L "$trusted" "$1$trusted"; fi
}

# in_root ROOT DIRECTORY COMMAND...: in that directory of it. Its mounts are not seen outside, and the
# host's own mounts are let go, so that the run keeps no FUSE filesystem of the host alive.
in_root() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  exec unshare --mount --propagation private bash -euc '
    mount --bind "$0" "$0"
    for directory in dev proc sys; do mount --rbind "/$directory" "$0/$directory"; done
    cd "$0"
    pivot_root . mnt
    umount -l /mnt
    cd "$1"
    exec env -i CI="${CI-}" HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM-dumb}" \
      "${@:2}"' "$@"
}
