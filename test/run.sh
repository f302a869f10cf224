#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds and runs them; its last line counts them.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/common.sh"

EVERYDAY=(lint unit e2e quickstart)
PARTS=("${EVERYDAY[@]}" tidy changed extending slow fuzz sanitizers packages bench soak core vm)
ALL=("${EVERYDAY[@]}" tidy extending slow fuzz sanitizers packages bench soak vm) # vm has all of core
SANITIZERS=(asan tsan)                                             # presets
SANITIZED=(http web lifecycle endings)                             # the tests of e2e for these
VM_ROWS=() # of the kernel matrix; none: all
RUN_AGAIN=(e2e core vm)               # parts in which a few failures may be the host's: again.py
PART_LIMIT=120m # a hung mount must not hang the run; the whole kernel matrix takes an hour
export PYTHONDONTWRITEBYTECODE=1

passed=0
failed=0
bad_ones=() # what failed or was skipped, a line for each
times=()    # of what has ended

usage() {
  cat <<HELP
Installs what the tests need, builds, and runs them.
Usage: $0 [everyday | all | PART...] [KERNEL...]    (default: everyday)

Parts of the everyday tests:
  lint        layers, documents, pylint, codespell, shellcheck, clang-format
  unit        the unit tests; these two need no root
  e2e         the agent against the counting filesystem
  quickstart  deploy/quickstart.sh, also interrupted, and without sudo
The others:
  tidy        clang-tidy, over all of the agent
  changed     the same over those that the last ten commits changed, or all since FUSESCOPE_SINCE
  extending   whether docs/extending.md is complete: adds a cause, hook, metric, command and kernel
              row to a copy, and builds that
  slow        tests of e2e that wait a minute or more
  fuzz        each fuzzer of test/fuzz for a minute, or for FUSESCOPE_FUZZ_MINUTES
  sanitizers  unit tests, and e2e of HTTP, privileges and endings, with asan and ubsan, and with tsan
  packages    the packages of deploy/package.sh, in clean Debian roots
  bench       test/bench/overhead --quick
  soak        test/soak/run for three minutes, and test/soak/big_host
  core        the kernel matrix: every kernel, in the modes that matter most
  vm          all of the kernel matrix, or the rows named as KERNEL (test/vm/run --list)

'all' is what a release has to pass. The last line is 'N passed, N failed', below the time of each
part and the names of the tests that did not pass; the exit code is 0 only if some passed and none
failed. A few tests of e2e, core or vm that fail are run once more, one by one: what passes then is
passed, and named too. With CI=true in the environment a skipped test counts as failed. What the tests print is in
build/test as well.

Examples:
  $0
  $0 unit e2e
  $0 vm 5.10 6.12-rt
  $0 all
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
  if ((${#times[@]})); then printf '%s\n' "== times" "${times[@]}"; fi
  if ((${#bad_ones[@]})); then printf '%s\n' "== not passed, or not at once" "${bad_ones[@]}"; fi
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

# output NAME KIND: a file in build/test.
output() { printf '%s\n' "${LOG%/*}/$1.$2"; }

# counted_by_report NAME COMMAND...: a test runner that is told to write $(output NAME xml).
counted_by_report() {
  local name=$1 status=0 good bad skipped counts report
  report=$(output "$name" xml)
  rm -f "$report"
  limited "${@:2}" 2>&1 | "$ROOT/test/progress.py" "$name" "$(output "$name" txt)" || status=$?
  # 1: some tests failed, and nothing else went wrong
  if ((status == 1)) && is_among "$name" "${RUN_AGAIN[@]}" && [[ -s $report ]]; then
    env -C "$ROOT" "$ROOT/test/again.py" "$report" && status=0
  fi
  mapfile -t counts < <(/usr/bin/python3 "$ROOT/test/junit_counts.py" "$report")
  read -r good bad skipped <<<"${counts[0]}"
  bad_ones+=("${counts[@]:1}")
  if [[ ${CI-} == true ]]; then bad=$((bad + skipped)); fi
  passed=$((passed + good))
  failed=$((failed + bad))
  say "$name: $good passed, $bad failed, $skipped skipped"
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

# Those of Python have no suffix where they are programs.
python_files() {
  files '*.py'
  find "$ROOT/test" "$ROOT/deploy" "$ROOT/dashboards" -type f ! -name '*.*' -executable \
    -exec grep -l '^#!/usr/bin/python3' {} +
}

part_lint() {
  local scripts sources programs texts
  mapfile -t scripts < <(files '*.sh' .ci/run deploy/completion/fusescope test/packages/root)
  counted_once layers "$ROOT/test/checks/layers"
  counted_once "bpf/ in docs" "$ROOT/test/checks/bpf_files"
  mapfile -t programs < <(python_files)
  counted_once pylint env -C "$ROOT" pylint --score=n "${programs[@]#"$ROOT/"}"
  mapfile -t texts < <(files '*.md' '*.cc' '*.h' '*.c' '*.py' '*.sh' '*.yml' '*.yaml' '*.html')
  counted_once codespell codespell --config "$ROOT/.codespellrc" "${texts[@]}"
  counted_once shellcheck shellcheck -x -P "$ROOT" "${scripts[@]}"
  if [[ -e $ROOT/.clang-format ]]; then
    mapfile -t sources < <(files '*.c' '*.cc' '*.h')
    counted_once clang-format clang-format-19 --dry-run --Werror -ferror-limit=1 \
      "${sources[@]}"
  fi
}

# run_ctest NAME BUILD OPTION...
run_ctest() {
  counted_by_report "$1" ctest --test-dir "$2" --output-on-failure --no-tests=error \
    --parallel "$(nproc)" --output-junit "$(output "$1" xml)" "${@:3}"
}

part_unit() { run_ctest unit "$BUILD"; }

# run_pytest NAME OPTION...: the part of that name.
run_pytest() {
  counted_by_report "$1" /usr/bin/python3 -m pytest -p no:cacheprovider --no-header -v \
    -o console_output_style=count --durations=5 --junitxml="$(output "$1" xml)" "${@:2}"
}

part_e2e() { run_pytest e2e -n 2 -m "not slow" "$ROOT/test/e2e"; }

part_tidy() { counted_once clang-tidy "$ROOT/test/checks/tidy"; }

part_changed() { counted_once "clang-tidy of what changed" "$ROOT/test/checks/tidy" --changed; }

part_extending() { counted_once extending "$ROOT/test/extending/run"; }

part_slow() { run_pytest slow -m slow "$ROOT/test/e2e"; }

# build_counted PRESET TARGET...: a build that fails is a test that fails.
build_counted() {
  build_preset "$@" && return
  part_failed "build of $1"
  return 1
}

part_fuzz() {
  build_counted asan fuzz || return 0
  counted_by_report fuzz "$ROOT/test/fuzz/run" --minutes "${FUSESCOPE_FUZZ_MINUTES:-1}" \
    --junitxml "$(output fuzz xml)"
}

# Which sanitizer is at work is in the names of the reports.
part_sanitizers() {
  local kind build reports tests=()
  for kind in "${SANITIZED[@]}"; do tests+=("$ROOT/test/e2e/test_$kind.py"); done
  for kind in "${SANITIZERS[@]}"; do
    build=$ROOT/build/$kind reports=$ROOT/build/test/reports-$kind
    build_counted "$kind" fusescope unit_tests || continue
    run_ctest "unit-$kind" "$build"
    rm -rf "$reports"
    FUSESCOPE_AGENT=$build/agent/fusescope FUSESCOPE_SANITIZER_REPORTS=$reports \
      run_pytest "e2e-$kind" -n 2 "${tests[@]}"
  done
}

part_quickstart() { run_pytest quickstart "$ROOT/test/quickstart"; }

part_packages() { run_pytest packages "$ROOT/test/packages"; }

part_bench() { counted_once bench "$ROOT/test/bench/overhead" --quick; }

part_soak() {
  counted_once soak "$ROOT/test/soak/run" 3
  counted_once "a big host" "$ROOT/test/soak/big_host"
}

# run_matrix NAME OPTION...
run_matrix() {
  counted_by_report "$1" "$ROOT/test/vm/run" --verbose --junitxml "$(output "$1" xml)" "${@:2}"
}

part_core() { run_matrix core --size core; }

part_vm() { run_matrix vm "${VM_ROWS[@]}"; }

# needs_root PART: of the parts that load BPF programs, make a root or serve a directory to a guest.
needs_root() { ! is_among "$1" lint unit fuzz tidy changed extending; }

# run_part PART NUMBER: the one of that number of those that were chosen.
run_part() {
  local begin=$SECONDS
  say "== $1 ($2 of ${#chosen[@]})"
  "part_$1"
  times+=("$(printf '%-11s %4d s' "$1" $((SECONDS - begin)))")
}

prepare() {
  local lists=("$ROOT/deploy/packages-build.txt" "$ROOT/test/packages.txt") begin=$SECONDS
  if is_among packages "$@"; then
    lists+=("$ROOT/deploy/packages-deb.txt" "$ROOT/test/packages/packages.txt")
  fi
  if is_among packages "$@" || is_among vm "$@" || is_among core "$@"; then
    lists+=("$ROOT/test/vm/packages.txt")
  fi
  if is_among fuzz "$@" || is_among sanitizers "$@"; then
    lists+=("$ROOT/test/fuzz/packages.txt")
  fi
  install_packages "${lists[@]}" || return 1
  if [[ $* != lint ]]; then build all || return 1; fi
  times+=("$(printf '%-11s %4d s' "preparation" $((SECONDS - begin)))")
}

# is_among WORD WORDS...
is_among() { [[ " ${*:2} " == *" $1 "* ]]; }

# The parts to run are those named; a word after vm that names no part is a row of it.
choose_parts() {
  local word
  chosen=()
  for word in "${@:-everyday}"; do
    case $word in
      -h | --help) usage && exit 0 ;;
      everyday) chosen+=("${EVERYDAY[@]}") ;;
      all) chosen+=("${ALL[@]}") ;;
      *)
        if is_among "$word" "${PARTS[@]}"; then
          chosen+=("$word")
        elif is_among vm "${chosen[@]}"; then
          VM_ROWS+=("$word")
        else
          refuse "unknown part '$word': everyday, all, or some of ${PARTS[*]}; see $0 --help"
        fi
        ;;
    esac
  done
}

main() {
  local chosen part number=0
  choose_parts "$@"
  for part in "${chosen[@]}"; do
    if needs_root "$part"; then as_root "$@"; fi
  done
  set_log test
  trap print_counts EXIT
  end_on_signals
  if prepare "${chosen[@]}"; then
    for part in "${chosen[@]}"; do run_part "$part" $((number += 1)); done
  else
    failed=${#chosen[@]}
  fi
}

main "$@"
