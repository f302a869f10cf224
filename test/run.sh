#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds and runs them; the last line counts them.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/common.sh"

PARTS=(lint unit e2e quickstart packages bench vm)
VM_ROWS=() # of the kernel matrix; none: all
PART_LIMIT=60m # a hung mount must not hang the run
export PYTHONDONTWRITEBYTECODE=1

passed=0
failed=0
bad_ones=() # what failed or was skipped, a line for each

usage() {
  cat <<HELP
Usage: sudo $0 [PART...] [KERNEL...]    (default: all parts)

Parts:
  lint        shellcheck, clang-format
  unit        the unit tests; needs no root
  e2e         the agent against the counting filesystem
  quickstart  deploy/quickstart.sh --check
  packages    the packages of deploy/package.sh, in clean Debian roots
  bench       test/bench/overhead --quick
  vm          the kernel matrix: all of it, or the rows named as KERNEL (test/vm/run --list)

The last line is 'N passed, N failed', below the names of those that did not pass; the exit code is
0 only if some passed and none failed.
With CI=true in the environment a skipped test counts as failed.

Examples:
  sudo $0
  sudo $0 unit e2e
  sudo $0 vm 5.10 6.12-rt
HELP
}

part_failed() {
  failed=$((failed + 1))
  bad_ones+=("$*")
  complain "$@"
}

print_counts() {
  local status=$?
  if ((status != 0 && failed == 0)); then part_failed "ended early with exit code $status"; fi
  if ((${#bad_ones[@]})); then printf '%s\n' "== not passed" "${bad_ones[@]}"; fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  if ((failed > 0 || passed == 0)); then exit 1; fi
}

limited() { timeout --foreground -k 60 -s INT "$PART_LIMIT" "$@"; }

# counted_once WHAT COMMAND...: a command whose exit code is its verdict.
counted_once() {
  if limited "${@:2}"; then
    passed=$((passed + 1))
  else
    part_failed "$1: exit code $?"
  fi
}

report() { printf '%s\n' "${LOG%/*}/$1.xml"; }

# counted_by_report NAME COMMAND...: a test runner that is told to write $(report NAME).
counted_by_report() {
  local name=$1 status=0 good bad skipped counts
  rm -f "$(report "$name")"
  limited "${@:2}" || status=$?
  mapfile -t counts < <(/usr/bin/python3 "$ROOT/test/junit_counts.py" "$(report "$name")")
  read -r good bad skipped <<<"${counts[0]}"
  bad_ones+=("${counts[@]:1}")
  if [[ ${CI-} == true ]]; then bad=$((bad + skipped)); fi
  passed=$((passed + good))
  failed=$((failed + bad))
  if ((skipped)); then say "$name: $skipped skipped"; fi
  if ((bad == 0 && (status != 0 || good == 0))); then
    part_failed "$name: exit code $status after $good tests"
  fi
}

# files NAME...: the project's own, by name.
files() {
  local name patterns=()
  for name in "$@"; do patterns+=(-o -path "$ROOT/$name"); done
  find "$ROOT" -path "$ROOT/build" -prune -o -type f \( "${patterns[@]:1}" \) -print
}

part_lint() {
  local scripts sources
  mapfile -t scripts < <(files '*.sh' .ci/run deploy/completion/fusescope test/packages/root)
  counted_once shellcheck shellcheck -x -P "$ROOT" "${scripts[@]}"
  if [[ -e $ROOT/.clang-format ]]; then
    mapfile -t sources < <(files '*.c' '*.cc' '*.h')
    counted_once clang-format clang-format-19 --dry-run --Werror -ferror-limit=1 \
      "${sources[@]}"
  fi
}

part_unit() {
  counted_by_report unit ctest --test-dir "$BUILD" --output-on-failure --no-tests=error \
    --output-junit "$(report unit)"
}

# part_pytest NAME: the folder of that name.
part_pytest() {
  counted_by_report "$1" /usr/bin/python3 -m pytest "$ROOT/test/$1" -p no:cacheprovider \
    --durations=5 --junitxml="$(report "$1")"
}

part_e2e() { part_pytest e2e; }

part_quickstart() { counted_once quickstart "$ROOT/deploy/quickstart.sh" --check; }

part_packages() { part_pytest packages; }

part_bench() { counted_once bench "$ROOT/test/bench/overhead" --quick; }

part_vm() {
  counted_by_report vm "$ROOT/test/vm/run" --junitxml "$(report vm)" "${VM_ROWS[@]}"
}

# needs_root PART: of the parts that load BPF programs, make a root or serve a folder to a guest.
needs_root() { ! is_among "$1" lint unit; }

run_part() {
  say "== $1"
  if needs_root "$1" && ((EUID != 0)); then
    part_failed "$1: needs root: sudo $0"
  else
    "part_$1"
  fi
}

prepare() {
  local lists=("$ROOT/deploy/packages-build.txt" "$ROOT/test/packages.txt")
  if is_among packages "$@"; then
    lists+=("$ROOT/deploy/packages-deb.txt" "$ROOT/test/packages/packages.txt"
      "$ROOT/test/vm/packages.txt")
  fi
  if is_among vm "$@"; then lists+=("$ROOT/test/vm/packages.txt"); fi
  install_packages "${lists[@]}" || return 1
  [[ $* == lint ]] || build all
}

# is_among WORD WORDS...
is_among() { [[ " ${*:2} " == *" $1 "* ]]; }

# The parts to run are those named, or all; a word after vm that names no part is a row of it.
choose_parts() {
  local word
  chosen=()
  for word in "$@"; do
    if is_among "$word" "${PARTS[@]}"; then
      chosen+=("$word")
    elif is_among "$word" -h --help; then
      usage
      exit 0
    elif is_among vm "${chosen[@]}"; then
      VM_ROWS+=("$word")
    else
      refuse "unknown part '$word': one of ${PARTS[*]}; see $0 --help"
    fi
  done
  if (($# == 0)); then chosen=("${PARTS[@]}"); fi
}

main() {
  local chosen part
  choose_parts "$@"
  trap print_counts EXIT
  trap 'exit 130' INT TERM HUP
  set_log test
  if prepare "${chosen[@]}"; then
    for part in "${chosen[@]}"; do run_part "$part"; done
  else
    failed=${#chosen[@]}
  fi
}

main "$@"
