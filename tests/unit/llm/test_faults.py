"""Refusals are told apart by status, code and text; keys never reach a message."""

from __future__ import annotations

from email.utils import formatdate
from time import time

import pytest

from server.kit.errors import Reason
from server.llm.calls import Timings, pause_before
from server.llm.faults import Refusal, classify, retry_after_of
from server.llm.port import ModelFault


@pytest.mark.parametrize(
    ("refusal", "fault"),
    [
        (Refusal(401, "", "no"), "auth"),
        (Refusal(403, "", "no"), "auth"),
        (Refusal(400, "INVALID_ARGUMENT API_KEY_INVALID", "no"), "auth"),
        (Refusal(402, "", "pay"), "quota"),
        (Refusal(429, "insufficient_quota", "no", 5.0), "quota"),
        (Refusal(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"), "quota"),
        (Refusal(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", 5.0), "rate_limit"),
        (Refusal(429, "RESOURCE_EXHAUSTED", "quota", 5.0, daily_quota=True), "quota"),
        (Refusal(429, "rate_limit_exceeded", "slow down"), "rate_limit"),
        (Refusal(404, "", "no such model"), "model"),
        (Refusal(400, "model_not_found", "no such model"), "model"),
        (Refusal(408, "", "late"), "unavailable"),
        (Refusal(529, "", "overloaded"), "unavailable"),
        (Refusal(400, "context_length_exceeded", "too long"), "request"),
    ],
)
def test_refusal_is_classified(refusal: Refusal, fault: str) -> None:
    assert classify(refusal).fault == fault


def test_keys_are_cut_out_of_messages_and_details() -> None:
    fault = classify(Refusal(400, "", "bad key sk-abcdefgh12345678 or AIzaSyABCDEFGH12345"))
    assert "abcdefgh" not in str(fault) and "SyABCD" not in str(fault)
    assert "abcdefgh" not in fault.detail
    assert fault.reason == Reason.COMPLETION_REQUEST_ERROR


def test_empty_refusal_still_says_something() -> None:
    assert "503" in str(classify(Refusal(503, "", "")))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "7"}, 7.0), ({"retry-after": "x"}, None), ({"retry-after-ms": "250"}, 0.25)],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == seconds


def test_retry_after_may_be_a_date() -> None:
    seconds = retry_after_of({"retry-after": formatdate(time() + 30, usegmt=True)})
    assert seconds is not None and 25 < seconds <= 30


def test_retries_end_and_follow_the_provider_up_to_a_limit() -> None:
    timings = Timings(retries=2, backoff=1.0, longest_wait=20.0)
    passing = ModelFault("unavailable", "x")
    first, second = pause_before(0, passing, timings), pause_before(1, passing, timings)
    assert first is not None and second is not None
    assert 0.75 <= first <= 1.25 and 1.5 <= second <= 2.5
    assert pause_before(2, passing, timings) is None
    assert pause_before(0, ModelFault("rate_limit", "x", retry_after=3.0), timings) == 3.0
    assert pause_before(0, ModelFault("rate_limit", "x", retry_after=21.0), timings) is None
    assert pause_before(0, ModelFault("quota", "x"), timings) is None
