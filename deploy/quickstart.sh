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

DEFAULT_ADDRESS=:10980

listen=''      # as asked for
demo=''        # yes, or empty
check=''       # yes, or empty
work=''        # directory of the demonstration's mounts and of scratch files
mounts=()      # mountpoints of the demonstration
filesystems=() # process ids of the demonstration
agent=''       # process id
agent_log=''
url=''         # of the live page
example=''     # a mountpoint

usage() {
  cat <<HELP
Builds fusescope on Debian 12, starts the agent and prints what it sees of the host's FUSE
mounts; without any, it mounts two of its own in a temporary directory to show the difference.
Usage: $0 [OPTIONS]

Options:
  --listen HOST:PORT  where to serve the live page and the metrics (default: $DEFAULT_ADDRESS, or a
                      free port where that is taken)
  --demo              the demonstration, although the host has FUSE mounts
  --check             the demonstration on a free port; compares each number with what the
                      filesystems counted; exit 0 if all are right, else 1
  -h, --help          this text

Needs root; another user's run goes on through sudo or doas.

Examples:
  $0
  $0 --demo --listen 127.0.0.1:9999
  $0 --check
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

# The mountpoints of the host's FUSE filesystems, first those that can be written to.
fuse_mounts() {
  awk '{
    for (i = 7; $i != "-"; i++);
    if ($(i + 1) !~ /^(fuse(\..*)?|fuseblk|virtiofs)$/) next
    if (($6 "," $(i + 3)) ~ /(^|,)ro(,|$)/) others = others $5 "\n"
    else print $5
  } END { printf "%s", others }' /proc/self/mountinfo
}

need_fuse() {
  [[ -e /dev/fuse ]] ||
    refuse "no /dev/fuse: try 'modprobe fuse'; a container needs --device /dev/fuse"
}

clean_up() {
  local mount
  trap '' INT TERM HUP
  end_all
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

# launch_agent ADDRESS: false if it ended before it listened there.
launch_agent() {
  setsid "$AGENT" serve --web.listen-address="$1" --log.format=logfmt >"$agent_log" 2>&1 &
  agent=$!
  wait_for "$agent_log" 'listening on' "$agent"
}

# How the agent says that its port is taken, and by whom; false if it ended for another reason.
taken() { grep -o 'Address already in use[^:]*' "$agent_log"; }

start_agent() {
  local address=${listen:-$DEFAULT_ADDRESS} reason
  agent_log=${LOG%/*}/agent.txt
  if ! launch_agent "$address"; then
    reason=$(taken) || fail "the agent did not start: $(tail -n 1 "$agent_log")"
    [[ ! $listen ]] || refuse "--listen $listen: $reason: choose another, or none for a free port"
    say "$address: $reason: taking another port"
    launch_agent :0 || fail "the agent did not start: $(tail -n 1 "$agent_log")"
  fi
  address=$(sed -n 's/.*listening on \([^"]*\).*/\1/p;T;q' "$agent_log")
  case ${address%:*} in
    0.0.0.0 | '[::]') url=http://localhost:${address##*:}/ ;;
    *) url=http://$address/ ;;
  esac
  say "Agent started, process $agent, log $agent_log"
}

# mount_one NAME COUNTFS_OPTION...
mount_one() {
  local mount=$work/$1
  mkdir "$mount"
  mounts+=("$mount")
  setsid "$COUNTFS" --file data:1M --stats "$mount.json" "${@:2}" "$mount" \
    >"$mount.out" 2>>"$LOG" &
  filesystems+=($!)
  wait_for "$mount.out" '^ready' $! || fail "countfs did not mount $mount: see $LOG"
}

# drive NAME: reads and writes the whole file with each call, as 256 segments of 4 KiB.
drive() {
  local op
  for op in read write; do
    logged "$SGIO" --direct --same --op "$op" --calls "$CALLS" "$work/$1/data" ||
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
    example=$work/$name
  done
  apart sleep 0.5 # until all of it is visible
}

observe() {
  local observed
  mapfile -t observed < <(fuse_mounts)
  example=$(printf '%b' "${observed[0]}") # %b: mountinfo escapes blanks
  say "Observing the FUSE mounts of this host for 5 s, from inside the kernel:"
  printf '  %b\n' "${observed[@]}"
  say "  (for a demonstration of what splitting looks like: $0 --demo)"
  apart sleep 5
}

# summarize [MOUNTPOINT...]: the table; the metrics stay in $work.
summarize() {
  apart /usr/bin/python3 -B "$ROOT/deploy/exposition.py" "${url}metrics" >"$work/metrics.txt"
  say ""
  apart /usr/bin/python3 -B "$ROOT/deploy/summary.py" "$work/metrics.txt" "$@"
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
  apart /usr/bin/python3 -B "$ROOT/deploy/check_counts.py" "$work/metrics.txt" "$CALLS" "${arguments[@]}"
}

# The words that give root's rights to the user's next command.
giver_used() { printf '%s' "${SUDO_USER:+sudo }${DOAS_USER:+doas }"; }

say_what_next() {
  say "1 request a call is as good as it gets. What to do next:"
  say "  see it live      $url   (for Prometheus: ${url}metrics)"
  say "  check a mount    $(giver_used)$AGENT verify $(printf '%q' "$example")"
  say "  stop             Ctrl-C ends the agent${demo:+ and the demonstration}"
}

stay_up() {
  say_what_next
  wait "$agent" || true
  fail "the agent ended by itself: $(tail -n 1 "$agent_log")"
}

main() {
  end_on_signals
  parse_options "$@"
  as_root "$@"
  trap clean_up EXIT
  if [[ ! $(fuse_mounts) ]]; then demo=yes; fi
  if [[ $demo ]]; then need_fuse; fi
  set_log "quickstart${check:+-check}"

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
