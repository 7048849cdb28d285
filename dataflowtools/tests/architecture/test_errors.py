"""Every error has one place in the tree, one code and one status."""

import re

from dataflowtools.src import errors
from dataflowtools.src.driveradapters.error_table import ERROR_TABLE


def leaves(root: type = errors.DataflowError) -> set[type]:
    below = root.__subclasses__()
    return {root} if not below else set().union(*(leaves(kind) for kind in below))


def test_the_leaves_of_the_tree_are_the_keys_of_the_table():
    assert leaves() == set(ERROR_TABLE)


def test_codes_are_unique_and_stable_looking():
    codes = [kind.code for kind in leaves()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


def test_every_error_is_exported_drawn_and_explained():
    for kind in leaves():
        assert getattr(errors, kind.__name__) is kind
        assert kind.__name__ in errors.__doc__, kind
        assert kind.__name__ in errors.__all__, kind
        assert (kind.__doc__ or "").strip(), kind


def test_the_service_is_at_fault_with_5xx_and_the_caller_with_4xx():
    for kind, entry in ERROR_TABLE.items():
        if issubclass(kind, errors.ServiceTrouble):
            assert entry.status >= 500, kind
        else:
            assert 400 <= entry.status < 500 or entry.status in {500, 502, 504, 507}, kind
