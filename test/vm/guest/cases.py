# SPDX-License-Identifier: Apache-2.0
"""The cases of a hook mode: tests of test/e2e, as they are, and some that only guests have."""

import dataclasses
import fnmatch
import itertools

import guest_tests
import test_other_io
import test_workloads

FUSE = (
    test_workloads.test_equals_the_filesystem,
    test_other_io.test_is_exact,
    test_other_io.test_is_exact_when_requests_fail,
    test_other_io.test_counts_every_opcode,
    guest_tests.test_sixty_four_threads,
)
IO_URING = (guest_tests.test_requests_come_over_io_uring,)
VIRTIOFS = (guest_tests.test_virtiofs,)


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

    def mount_options(self):
        """Cases that mount alike come one after the other: they share the mount."""
        return [(getattr(value, "max_pages", 0), getattr(value, "fs", ()))
                for value in self.arguments.values()]


def for_a_guest(value):
    """A parameter as it is, or with what a slow processor makes uncertain left open."""
    if "writeback" in getattr(value, "origins", {}):
        return dataclasses.replace(value, origins=AnyNumber(value.origins))
    return value


def of_test(function):
    parameters = getattr(function, "parameters", [])
    short = function.__name__.removeprefix("test_")
    for chosen in itertools.product(*(values for _, values, _ in parameters)):
        arguments = {}
        labels = []
        for (names, _, label), value in zip(parameters, chosen):
            values = value if len(names) > 1 else [value]
            arguments |= zip(names, map(for_a_guest, values))
            labels.append(label(value))
        yield Case("/".join([short, *labels]), function, arguments)


def functions(plan):
    if plan["virtiofs"]:
        return VIRTIOFS
    return FUSE + (IO_URING if "--io-uring" in plan["countfs"] else ())


def cases(plan):
    for function in functions(plan):
        yield from sorted(of_test(function), key=Case.mount_options)


def chosen(all_cases, pattern):
    return [case for case in all_cases if fnmatch.fnmatchcase(case.name, pattern or "*")]
