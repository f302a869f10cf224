#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds the agent, runs it and shows what it sees.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

AGENT=$BUILD/agent/fusescope
COUNTFS=$BUILD/test/fs/countfs
SGIO=$BUILD/test/load/sgio
CALLS=200 # of each operation on each mount of the demonstration

# A mount each: name, requests that a call of 256 pages takes there, cause, options of countfs.
DEMONSTRATION=(
  "merging   1 -"
  "splitting 8 max_pages --max-write 128K --max-read 128K"
)

listen=:10980
demo=''        # yes, or empty
check=''       # yes, or empty
work=''        # folder of the demonstration's mounts and of scratch files
mounts=()      # mountpoints of the demonstration
filesystems=() # process ids of the demonstration
agent=''       # process id
url=''         # of the metrics

usage() {
  cat <<HELP
Builds fusescope on Debian 12, starts the agent and prints what it sees of the host's FUSE
mounts; without any, it mounts two of its own in a temporary folder to show the difference.
Usage: sudo $0 [OPTIONS]

Options:
  --listen HOST:PORT  where to serve the metrics (default: :10980)
  --demo              the demonstration, although the host has FUSE mounts
  --check             the demonstration on a free port; compares each number with what the
                      filesystems counted; exit 0 if all are right, else 1
  -h, --help          this text

Examples:
  sudo $0
  sudo $0 --demo --listen 127.0.0.1:9999
  sudo $0 --check
HELP
}

parse_options() {
  while (($#)); do
    case $1 in
      --listen)
        (($# > 1)) || refuse "--listen needs an address, e.g. --listen 127.0.0.1:9999"
        listen=$2
        shift
        ;;
      --listen=*) listen=${1#*=} ;;
      --demo) demo=yes ;;
      --check) check=yes demo=yes listen=127.0.0.1:0 ;;
      -h | --help) usage && exit 0 ;;
      *) refuse "unknown option '$1': see $0 --help" ;;
    esac
    shift
  done
}

# The mountpoints of the host's FUSE filesystems.
fuse_mounts() {
  awk '{
    for (i = 7; $i != "-"; i++);
    if ($(i + 1) ~ /^(fuse(\..*)?|fuseblk|virtiofs)$/) print $5
  }' /proc/self/mountinfo
}

need_fuse() {
  [[ -e /dev/fuse ]] ||
    refuse "no /dev/fuse: try 'modprobe fuse'; a container needs --device /dev/fuse"
}

# await_end PROCESS: kills it when it does not end within 5 s.
await_end() {
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

clean_up() {
  local process mount
  trap '' INT TERM HUP
  for process in $agent "${filesystems[@]}"; do kill "$process" 2>/dev/null || true; done
  for process in $agent "${filesystems[@]}"; do await_end "$process"; done
  # what a killed filesystem left behind
  for mount in "${mounts[@]}"; do umount -l "$mount" 2>/dev/null || true; done
  if [[ $work ]]; then rm -rf --one-file-system "$work"; fi
}

# wait_for FILE PATTERN PROCESS: until the process has written that; false if it ended before.
wait_for() {
  until grep -qs -- "$2" "$1"; do
    kill -0 "$3" 2>/dev/null || return 1
    sleep 0.05
  done
}

start_agent() {
  local log=${LOG%/*}/agent.txt port
  "$AGENT" serve --web.listen-address="$listen" --log.format=logfmt >"$log" 2>&1 &
  agent=$!
  wait_for "$log" 'listening on' "$agent" || fail "the agent did not start: $(tail -n 1 "$log")"
  listen=$(sed -n 's/.*listening on \([^"]*\).*/\1/p;T;q' "$log")
  port=${listen##*:}
  case ${listen%:*} in
    0.0.0.0 | '[::]') url=http://localhost:$port/metrics ;;
    *) url=http://$listen/metrics ;;
  esac
  say "Agent started, process $agent, log $log"
}

# mount_one NAME COUNTFS_OPTION...
mount_one() {
  local mount=$work/$1
  mkdir "$mount"
  "$COUNTFS" --file data:1M --stats "$mount.json" "${@:2}" "$mount" >"$mount.out" 2>>"$LOG" &
  filesystems+=($!)
  mounts+=("$mount")
  wait_for "$mount.out" '^ready' $! || fail "countfs did not mount $mount: see $LOG"
}

# drive NAME: reads and writes the whole file with each call, as 256 segments of 4 KiB.
drive() {
  local op
  for op in read write; do
    "$SGIO" --direct --same --op "$op" --calls "$CALLS" "$work/$1/data" >>"$LOG" 2>&1 ||
      fail "sgio failed on $work/$1: see $LOG"
  done
}

demonstrate() {
  local row name options
  say "Demonstration: $CALLS reads and writes of 256 x 4 KiB, O_DIRECT, on each of"
  for row in "${DEMONSTRATION[@]}"; do
    read -r name _ _ options <<<"$row"
    say "  $work/$name: countfs ${options:-with its defaults}"
    # shellcheck disable=SC2086 # options are words
    mount_one "$name" $options
    drive "$name"
  done
  sleep 0.5 # until all of it is visible
}

observe() {
  local observed
  mapfile -t observed < <(fuse_mounts)
  say "Observing the FUSE mounts of this host for 5 s, from inside the kernel:"
  printf '  %b\n' "${observed[@]}" # %b: mountinfo escapes blanks
  say "  (for a demonstration of what splitting looks like: $0 --demo)"
  sleep 5
}

# summarize [MOUNTPOINT...]: the table; the metrics stay in $work.
summarize() {
  /usr/bin/python3 -B "$ROOT/deploy/exposition.py" "$url" >"$work/metrics.txt"
  say ""
  /usr/bin/python3 -B "$ROOT/deploy/summary.py" "$work/metrics.txt" "$@"
  say ""
}

# Holds the agent's numbers against those of the filesystems; false if one is wrong.
check_counts() {
  local process row name requests cause arguments=()
  for process in "${filesystems[@]}"; do kill -USR1 "$process"; done
  for row in "${DEMONSTRATION[@]}"; do
    read -r name requests cause _ <<<"$row"
    wait_for "$work/$name.json" generation "$agent"
    arguments+=("$work/$name" "$work/$name.json" "$requests" "$cause")
  done
  /usr/bin/python3 -B "$ROOT/deploy/check_counts.py" "$work/metrics.txt" "$CALLS" "${arguments[@]}"
}

stay_up() {
  say "1 request a call is as good as it gets. Metrics: $url"
  say "Ctrl-C ends the agent${demo:+ and the demonstration}."
  trap 'say; exit 0' INT TERM HUP
  wait "$agent" || true
  fail "the agent ended by itself: $(tail -n 1 "${LOG%/*}/agent.txt")"
}

main() {
  parse_options "$@"
  need_root
  if [[ ! $(fuse_mounts) ]]; then demo=yes; fi
  if [[ $demo ]]; then need_fuse; fi
  set_log "quickstart${check:+-check}"
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  trap clean_up EXIT

  install_packages "$ROOT/deploy/packages-build.txt" || exit 1
  build fusescope countfs sgio || exit 1
  work=$(mktemp -d "${TMPDIR:-/tmp}/fusescope.XXXXXX")
  start_agent
  if [[ $demo ]]; then demonstrate; else observe; fi
  if [[ $check ]]; then
    summarize "${mounts[@]}"
    check_counts
  else
    summarize
    stay_up
  fi
}

main "$@"
