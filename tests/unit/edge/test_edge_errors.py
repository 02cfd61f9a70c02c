"""What an error looks like to native gRPC callers (style.md section 7), and what it never shows."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from redis.exceptions import ConnectionError as RedisIsAway

from server.edge.catalogue import CATALOGUE
from server.edge.details import packed_details
from server.edge.interceptor import _shortened, public_error
from server.kit.errors import AppError, Reason


def details(error: AppError, message: str = "text") -> tuple[status_pb2.Status, dict[str, bytes]]:
    """The status of an error, and its details by type."""
    status = status_pb2.Status.FromString(packed_details(CATALOGUE[error.reason].grpc, error, message))
    return status, {packed.TypeName(): packed.value for packed in status.details}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_an_error_info(reason: Reason) -> None:
    status, found = details(AppError(reason))
    info = error_details_pb2.ErrorInfo.FromString(found["google.rpc.ErrorInfo"])
    assert (info.reason, info.domain) == (reason.name, "transom")
    assert (status.code, status.message) == (CATALOGUE[reason].grpc.value[0], "text")
    assert status.code != grpc.StatusCode.OK.value[0]


def test_error_that_waiting_helps_says_how_long() -> None:
    _, found = details(AppError(Reason.TOO_MANY_REQUESTS, retry_after=1.5))
    wait = error_details_pb2.RetryInfo.FromString(found["google.rpc.RetryInfo"])
    assert wait.retry_delay.ToMilliseconds() == 1500
    assert "google.rpc.RetryInfo" not in details(AppError(Reason.TOO_MANY_REQUESTS))[1]


def test_error_of_one_field_names_it() -> None:
    _, found = details(AppError(Reason.INVALID_PARAM, "must be short", params="name"), "must be short")
    bad = error_details_pb2.BadRequest.FromString(found["google.rpc.BadRequest"])
    assert [(one.field, one.description) for one in bad.field_violations] == [("name", "must be short")]
    assert "google.rpc.BadRequest" not in details(AppError(Reason.INVALID_PARAM))[1]


@pytest.mark.parametrize("error", [ValueError("boom"), KeyError("secret"), RecursionError(), AssertionError("x = 5")])
def test_unknown_error_shows_nothing_of_itself(error: Exception) -> None:
    shown = public_error(error)
    assert (shown.reason, shown.message) == (Reason.INTERNAL_SERVER_ERROR, None)


@pytest.mark.parametrize("error", [RedisIsAway("secret host"), ConnectionRefusedError("secret host")])
def test_part_that_is_away_is_unavailable_and_worth_a_retry(error: Exception) -> None:
    shown = public_error(error)
    assert (shown.reason, shown.message, shown.retry_after) == (Reason.SERVICE_UNAVAILABLE, None, 1)


@pytest.mark.parametrize("letter", ["x", "é", "漢", "😀"])
def test_long_message_is_cut_between_letters(letter: str) -> None:
    cut = _shortened(letter * 10_000)
    assert 1400 < len(cut.encode()) <= 1500
    assert set(cut) == {letter}


def test_message_with_half_a_letter_is_sent_all_the_same() -> None:
    assert _shortened("a\ud800b") == "a?b"
