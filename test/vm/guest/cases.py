# SPDX-License-Identifier: Apache-2.0
"""The cases of a hook mode: tests of test/e2e, as they are, and some that only guests have."""

import dataclasses
import fnmatch
import itertools

import guest_tests
import test_background
import test_causes
import test_endings
import test_kernel_copies
import test_nested
import test_no_requests
import test_other_io
import test_phases
import test_workloads
import workloads

WORKLOADS = (test_workloads.test_equals_the_filesystem, test_causes.test_cause_is_told)
OTHERS = (
    test_other_io.test_is_exact,
    test_other_io.test_is_exact_when_requests_fail,
    test_other_io.test_counts_every_opcode,
    test_causes.test_cause_is_unknown_where_a_cached_page_ends_the_request,
    test_causes.test_cause_is_none_where_a_short_reply_ends_the_call,
    test_background.test_background_queue,
    test_background.test_writeback_that_a_call_waits_for,
    test_no_requests.test_page_cache_hits,
    test_no_requests.test_reads_at_the_end,
    test_no_requests.test_writes_that_stay_in_the_page_cache,
    test_nested.test_page_fault_on_another_mount,
    test_nested.test_page_fault_on_another_file,
    test_nested.test_passthrough_to_another_mount,
    test_nested.test_through_overlayfs,
    test_kernel_copies.test_copy_is_a_read_and_a_write,
    test_kernel_copies.test_small_copy_counts_what_it_moved,
    test_kernel_copies.test_splice_counts_what_it_moved,
    guest_tests.test_sixty_four_threads,
    guest_tests.test_limit_of_the_host_is_followed,
    test_phases.test_a_slow_daemon_is_service,
    test_phases.test_too_few_daemon_threads_are_the_queue,
    test_phases.test_too_small_a_background_is_blocked,
)
ENDINGS = (
    test_endings.test_errors_by_operation_and_errno,
    test_endings.test_an_interrupted_request_is_counted,
    test_endings.test_every_request_leaves,
    test_endings.test_lazily_unmounted,
    guest_tests.test_hung_before_the_agent,
)
COMMANDS = (guest_tests.test_stat, guest_tests.test_verify, guest_tests.test_trace,
            guest_tests.test_top)
IO_URING = (guest_tests.test_requests_come_over_io_uring,
            guest_tests.test_hung_before_the_agent)
VIRTIOFS = (guest_tests.test_virtiofs, guest_tests.test_one_answer_virtiofs,
            guest_tests.test_verify_virtiofs)

# What hooks on functions see otherwise than the tracepoints of requests, which see system calls:
# sendfile(2) makes calls of 64 KiB, and all but the first find their data read ahead.
BY_FUNCTION = {
    "sendfile": {"calls": 1, "origins": {"call": 1, "readahead": 32}, "causes": {}},
    "sendfile-write": {"calls": 64, "causes": {}},
}


class AnyNumber(dict):
    """Expected origins of requests whose number depends on when the kernel gets to write."""

    def __eq__(self, seen):
        return self.keys() == seen.keys()

    __hash__ = None


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    function: object
    arguments: dict

    def workloads(self):
        return [value for value in self.arguments.values() if isinstance(value, workloads.Workload)]

    def mount_options(self):
        """Cases that mount alike come one after the other: they share the mount."""
        return [(getattr(value, "max_pages", 0), getattr(value, "fs", ()))
                for value in self.arguments.values()]


def for_a_guest(value, mode):
    """A parameter as it is, or changed to what a guest must see in this hook mode."""
    if mode != "tracepoint" and isinstance(value, test_other_io.Case):
        value = dataclasses.replace(value, **BY_FUNCTION.get(value.name, {}))
    if "writeback" in getattr(value, "origins", {}):
        return dataclasses.replace(value, origins=AnyNumber(value.origins))
    return value


def of_test(function, mode):
    parameters = getattr(function, "parameters", [])
    short = function.__name__.removeprefix("test_")
    for combination in itertools.product(*(values for _, values, _ in parameters)):
        arguments = {}
        labels = []
        for (names, _, label), value in zip(parameters, combination):
            values = value if len(names) > 1 else [value]
            arguments |= zip(names, (for_a_guest(value, mode) for value in values))
            labels.append(label(value))
        yield Case("/".join([short, *labels]), function, arguments)


def functions(plan, mode):
    if plan["virtiofs"]:
        return VIRTIOFS
    is_due = not plan["once"] or plan["commands"] and mode == plan["modes"][-1]
    return (WORKLOADS + (OTHERS if is_due else ())
            + (ENDINGS + COMMANDS if is_due and plan["commands"] else ())
            + (IO_URING if "--io-uring" in plan["countfs"] else ()))


def at_one_limit(found, limits):
    """Of the cases of a workload, that with the first limit which one of them has."""
    pages = {}  # by workload
    for case in found:
        for workload in case.workloads():
            pages.setdefault((workload.name, workload.op, workload.mode),
                             set()).add(workload.max_pages)
    first = {key: min(values, key=limits.index) for key, values in pages.items()}
    return [case for case in found
            if all(each.max_pages == first[each.name, each.op, each.mode]
                   for each in case.workloads())]


def cases(plan, mode):
    for function in functions(plan, mode):
        found = sorted(of_test(function, mode), key=Case.mount_options)
        yield from at_one_limit(found, plan["limits"]) if plan["limits"] else found


def chosen(all_cases, pattern):
    return [case for case in all_cases if fnmatch.fnmatchcase(case.name, pattern or "*")]
