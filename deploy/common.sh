# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What quickstart.sh and test/run.sh share: telling, installing, building.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/build/release
LOG=/dev/null # set_log makes it a file

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

# A refusal: nothing was tried.
refuse() {
  complain "$@"
  exit 2
}

fail() {
  complain "$@"
  exit 1
}

need_root() { ((EUID == 0)) || refuse "needs root, to load BPF programs: sudo $0"; }

# The owner of the checkout, not root, shall own what is built in it.
as_owner() {
  local owner
  owner=$(stat -c %U "$ROOT")
  if ((EUID != 0)) || [[ $owner == root || $owner == UNKNOWN ]]; then
    "$@"
  else
    runuser -u "$owner" -- "$@"
  fi
}

# set_log NAME: a folder for the logs of this run, and its main log, emptied.
set_log() {
  local folder=$ROOT/build/$1
  as_owner mkdir -p "$folder"
  LOG=$folder/log.txt
  : >"$LOG"
}

# Copies its input into the log; the terminal shows the latest line, a file one line in 15 s.
show_progress() {
  local line shown=$SECONDS
  while IFS= read -r line || [[ -n $line ]]; do
    printf '%s\n' "$line" >>"$LOG"
    if [[ -t 1 ]]; then
      printf '\r\033[K  %.76s' "$line"
    elif ((SECONDS - shown >= 15)); then
      printf '  %.76s\n' "$line"
      shown=$SECONDS
    fi
  done
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
}

# logged COMMAND...: runs it with its output in the log.
logged() { "$@" </dev/null 2>&1 | show_progress; }

# packages FILE...: the names that such files list, once each.
packages() { sed 's/#.*//' "$@" | xargs -n 1 | sort -u; }

missing_packages() {
  local package
  for package in $(packages "$@"); do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      printf '%s\n' "$package"
    fi
  done
}

apt_get() {
  logged env DEBIAN_FRONTEND=noninteractive \
    apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages FILE...: what these files list and the host lacks; false with the reason said.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    complain "no apt-get here: install what these packages hold by other means"
    return 1
  elif ((EUID != 0)); then
    complain "installing needs root"
    return 1
  elif ! apt_get update || ! apt_get install "${missing[@]}"; then
    complain "apt-get failed: $(tail -n 1 "$LOG") (all of it: $LOG)"
    return 1
  fi
}

# build TARGET...: configures and builds; false with the reason said.
build() {
  say "Building in ${BUILD#"$ROOT/"}"
  if ! (cd "$ROOT" && logged as_owner cmake --preset release &&
    logged as_owner cmake --build --preset release --target "$@"); then
    complain "the build failed: $(grep -m 1 -iw error "$LOG" || tail -n 1 "$LOG") (all of it: $LOG)"
    return 1
  fi
}
