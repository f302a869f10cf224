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

# The program that gives a user root's rights here; false where there is none.
root_giver() { command -v sudo || command -v doas; }

# What of the environment a script keeps when it runs itself again.
KEPT=(CI FUSESCOPE_BUILD FUSESCOPE_CACHE FUSESCOPE_FUZZ_MINUTES TERM TMPDIR XDG_CACHE_HOME)

# as_root ARGUMENTS...: only root comes back; another user runs the script again, with these
# arguments, through sudo or doas.
as_root() {
  local giver name kept=()
  if ((EUID == 0)); then return; fi
  giver=$(root_giver) ||
    refuse "needs root, and finds neither sudo nor doas: run it as root, e.g. su -c '$0${*:+ $*}'"
  for name in "${KEPT[@]}"; do
    if [[ -v $name ]]; then kept+=("$name=${!name}"); fi
  done
  complain "needs root: runs again through ${giver##*/}"
  exec "$giver" env "${kept[@]}" "$0" "$@"
}

# The owner of the checkout, not root, shall own what is built in it: the words before a command.
AS_OWNER=()
OWNER=$(stat -c %U "$ROOT")
if ((EUID == 0)) && [[ $OWNER != root && $OWNER != UNKNOWN ]]; then
  AS_OWNER=(runuser -u "$OWNER" --)
fi

as_owner() { "${AS_OWNER[@]}" "$@"; }

# set_log NAME: a directory for the logs of this run, and its main log, empty and the owner's.
set_log() {
  local directory=$ROOT/build/$1
  LOG=$directory/log.txt
  as_owner mkdir -p "$directory"
  as_owner rm -f "$LOG"
  as_owner touch "$LOG"
}

# Processes that run apart have a session of their own: Ctrl-C is for the script alone, which then
# ends them. So none is left, none complains of it, and none is cut off in what it must finish.
ENDING=TERM # the signal that asks them to end

# apart COMMAND...: its exit code.
apart() {
  setsid "$@" &
  wait $!
}

# send SIGNAL LEADER: to its group, or to itself while it is about to make that; false: all ended.
send() { kill -s "$1" -- "-$2" || kill -s "$1" "$2"; } 2>/dev/null

# end_group LEADER: asks a process and its group to end, again each second, as the first may come
# before they listen. What does not end within 10 s of TERM is killed.
end_group() {
  local signal=$ENDING tries=0
  while ((tries % 10 == 0)) && send "$signal" "$1" || send 0 "$1"; do
    sleep 0.1
    tries=$((tries + 1))
    if ((tries == 100)) && [[ $signal == TERM ]]; then signal=KILL; fi
    if ((tries == 120)) && [[ $signal == KILL ]]; then return; fi
  done
}

# Ends what still runs apart, the latest first.
end_all() {
  local leader
  for leader in $(jobs -pr | tac); do end_group "$leader"; done
}

# interrupted SIGNAL NUMBER
interrupted() {
  trap '' INT TERM HUP
  complain "interrupted by SIG$1: ending what it has started" || true
  end_all
  exit $((128 + $2))
}

end_on_signals() {
  trap 'interrupted HUP 1' HUP
  trap 'interrupted INT 2' INT
  trap 'interrupted TERM 15' TERM
}

# Copies its input into the log; the terminal shows the latest line, a file one line in 15 s. It
# ends with its input, not before.
show_progress() {
  local line shown=$SECONDS
  trap '' INT TERM HUP
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

# logged COMMAND...: runs it apart, with its output in the log.
logged() {
  local output progress status=0
  exec {output}> >(show_progress)
  progress=$!
  # Not by way of apart, so that the script's own output is never redirected: a signal has a line.
  setsid "$@" </dev/null >&"$output" 2>&1 &
  exec {output}>&-
  wait $! || status=$?
  wait "$progress" || true
  return "$status"
}

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

# As root it is interrupted by INT, which lets dpkg finish the package that it is at. Another user's
# stays in the terminal's session, which sudo may ask for a password.
apt_get() {
  local giver status=0
  local command=(env --default-signal=INT DEBIAN_FRONTEND=noninteractive
    apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@")
  if ((EUID != 0)); then
    giver=$(root_giver) || return
    "$giver" "${command[@]}" </dev/null 2>&1 | show_progress
    return
  fi
  ENDING=INT
  logged "${command[@]}" || status=$?
  ENDING=TERM
  return "$status"
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
  elif ((EUID != 0)) && ! root_giver >/dev/null; then
    complain "installing needs root, and there is neither sudo nor doas: run as root" \
      "apt-get install ${missing[*]}"
    return 1
  elif ! apt_get update || ! apt_get install "${missing[@]}"; then
    complain "apt-get failed: $(tail -n 1 "$LOG") (all of it: $LOG)"
    return 1
  fi
}

# build_preset PRESET TARGET...: configures and builds; false with the reason said.
build_preset() {
  local cmake=("${AS_OWNER[@]}" env -C "$ROOT" cmake)
  say "Building in build/$1"
  if ! logged "${cmake[@]}" --preset "$1" ||
    ! logged "${cmake[@]}" --build --preset "$1" --target "${@:2}"; then
    complain "the build failed: $(grep -m 1 -iw error "$LOG" || tail -n 1 "$LOG") (all of it: $LOG)"
    return 1
  fi
}

# build TARGET...: what $BUILD is to hold.
build() { build_preset "${BUILD##*/}" "$@"; }
