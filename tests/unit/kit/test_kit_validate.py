"""The form of validation messages (errors.md 1.2)."""

from __future__ import annotations

import pytest

from server.kit.errors import AppError, Reason
from server.kit.validate import Checks, id_or_none


def test_checks_without_problems_return_values_and_defaults() -> None:
    checks = Checks("Q")
    assert checks.number("limit", None, 20, 1, 100) == 20
    assert checks.number("limit", 7, 20, 1, 100) == 7
    assert checks.choice("sort", "", ("a", "b"), "b") == "b"
    assert checks.uuid("id", "") == ""
    assert checks.uuid("id", "0190A6B0000070008000000000000001") == "0190a6b0-0000-7000-8000-000000000001"
    checks.done()


def test_checks_tell_every_problem_at_once() -> None:
    checks = Checks("Query")
    checks.number("limit", 101, 20, 1, 100)
    checks.choice("sort", "x" * 200, ("a", "b", "c"))
    checks.uuid("id", "x")
    checks.uuid("other", "", required=True)
    with pytest.raises(AppError) as caught:
        checks.done()
    assert caught.value.reason == Reason.INVALID_PARAM
    assert caught.value.message == (
        "4 validation errors for Query\n"
        "limit\n  Input should be less than or equal to 100 "
        "[type=less_than_equal, input_value='101', input_type=str]\n"
        f"sort\n  Input should be 'a', 'b' or 'c' [type=literal_error, input_value='{'x' * 100}...', input_type=str]\n"
        "id\n  Value error, id must be a valid UUID [type=value_error, input_value='x', input_type=str]\n"
        "other\n  Field required [type=missing]"
    )


def test_id_of_a_path_is_canonical_or_none() -> None:
    assert id_or_none("0190A6B0-0000-7000-8000-000000000001") == "0190a6b0-0000-7000-8000-000000000001"
    assert id_or_none("x") is None
    assert id_or_none("") is None
