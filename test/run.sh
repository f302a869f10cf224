#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds and runs them; the last line counts them.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/common.sh"

PARTS=(lint unit e2e quickstart bench)
PART_LIMIT=40m # a hung mount must not hang the run
export PYTHONDONTWRITEBYTECODE=1

passed=0
failed=0

usage() {
  cat <<HELP
Usage: sudo $0 [PART...]    (default: all parts)

Parts:
  lint        shellcheck, clang-format
  unit        the unit tests; needs no root
  e2e         the agent against the counting filesystem
  quickstart  deploy/quickstart.sh --check
  bench       test/bench/overhead --quick

The last line is 'N passed, N failed'; the exit code is 0 only if some passed and none failed.
With CI=true in the environment a skipped test counts as failed.

Examples:
  sudo $0
  sudo $0 unit e2e
HELP
}

part_failed() {
  failed=$((failed + 1))
  complain "$@"
}

print_counts() {
  local status=$?
  if ((status != 0 && failed == 0)); then part_failed "ended early with exit code $status"; fi
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
  local name=$1 status=0 good bad skipped
  rm -f "$(report "$name")"
  limited "${@:2}" || status=$?
  read -r good bad skipped < <(/usr/bin/python3 "$ROOT/test/junit_counts.py" "$(report "$name")")
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
  mapfile -t scripts < <(files '*.sh' .ci/run)
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

part_e2e() {
  counted_by_report e2e /usr/bin/python3 -m pytest "$ROOT/test/e2e" -p no:cacheprovider \
    --durations=5 --junitxml="$(report e2e)"
}

part_quickstart() { counted_once quickstart "$ROOT/deploy/quickstart.sh" --check; }

part_bench() { counted_once bench "$ROOT/test/bench/overhead" --quick; }

# needs_root PART: of the parts that load BPF programs.
needs_root() { [[ $1 == e2e || $1 == quickstart || $1 == bench ]]; }

run_part() {
  say "== $1"
  if needs_root "$1" && ((EUID != 0)); then
    part_failed "$1: needs root, to load BPF programs: sudo $0"
  else
    "part_$1"
  fi
}

prepare() {
  install_packages "$ROOT/deploy/packages-build.txt" "$ROOT/test/packages.txt" || return 1
  [[ $* == lint ]] || build all
}

# The parts to run: those named, or all that are there.
chosen_parts() {
  local part
  for part in "${@:-${PARTS[@]}}"; do
    if [[ $# -gt 0 || $part != bench || -x $ROOT/test/bench/overhead ]]; then echo "$part"; fi
  done
}

check_options() {
  local part
  for part in "$@"; do
    case " -h --help ${PARTS[*]} " in
      *" $part "*) if [[ $part == -* ]]; then usage && exit 0; fi ;;
      *) refuse "unknown part '$part': one of ${PARTS[*]}; see $0 --help" ;;
    esac
  done
}

main() {
  local parts part
  check_options "$@"
  mapfile -t parts < <(chosen_parts "$@")
  trap print_counts EXIT
  trap 'exit 130' INT TERM HUP
  set_log test
  if prepare "${parts[@]}"; then
    for part in "${parts[@]}"; do run_part "$part"; done
  else
    failed=${#parts[@]}
  fi
}

main "$@"
