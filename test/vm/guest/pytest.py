# SPDX-License-Identifier: Apache-2.0
"""Stands in for pytest in a guest, where starting the real one takes long: keeps what the tests of
test/e2e say of their parameters, for cases.py."""


def fixture(*_args, **_kwargs):
    return lambda function: function


class mark:
    @staticmethod
    def serial(function):
        return function

    @staticmethod
    def parametrize(names, values, ids=str):
        def note(function):
            # The decorator nearest to the function comes first, as in pytest's own names.
            function.parameters = [*getattr(function, "parameters", []),
                                   (names.split(","), list(values), ids)]
            return function
        return note
