"""The usage object against what was recorded (sse-events.md 8.1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.llm.catalogue import find
from server.llm.names import OPENAI
from server.llm.port import Pricing, Usage
from server.llm.pricing import plain, total_price, usage_dict

MINI = Pricing(Decimal("0.15"), Decimal("0.60"))


def test_usage_dict_matches_the_recording_in_values_and_key_order() -> None:
    shown = usage_dict(Usage(8, 10, 18), MINI, latency=1.0159547009998278)
    assert list(shown.items()) == [
        ("prompt_tokens", 8),
        ("prompt_unit_price", "0.15"),
        ("prompt_price_unit", "0.000001"),
        ("prompt_price", "0.0000012"),
        ("completion_tokens", 10),
        ("completion_unit_price", "0.60"),
        ("completion_price_unit", "0.000001"),
        ("completion_price", "0.000006"),
        ("total_tokens", 18),
        ("total_price", "0.0000072"),
        ("currency", "USD"),
        ("latency", 1.0159547009998278),
        ("time_to_first_token", None),
        ("time_to_generate", None),
    ]


def test_catalogue_price_of_gpt_4o_mini_is_the_recorded_one() -> None:
    card = find(OPENAI, "gpt-4o-mini", "llm")
    assert card is not None and card.pricing == MINI


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("9E-7", "0.0000009"), ("0E-7", "0.0"), ("0.0000060", "0.000006"), ("12.5000000", "12.5"), ("100", "100")],
)
def test_plain_never_uses_an_exponent(amount: str, shown: str) -> None:
    assert plain(Decimal(amount)) == shown


def test_usage_without_prices_is_zero_and_keeps_counts() -> None:
    shown = usage_dict(Usage(3, 4, 7, estimated=True), None, time_to_first_token=0.5, time_to_generate=0.25)
    assert shown["total_tokens"] == 7
    prices = [name for name in shown if "price" in name]
    assert len(prices) == 7 and {shown[name] for name in prices} == {"0.0"}
    assert (shown["time_to_first_token"], shown["time_to_generate"]) == (0.5, 0.25)


def test_price_is_rounded_half_up_to_seven_decimals() -> None:
    assert usage_dict(Usage(5, 0, 5), MINI)["prompt_price"] == "0.0000008"
    assert total_price(Usage(6, 10, 16), MINI) == Decimal("0.0000069")
    assert total_price(Usage(6, 10, 16), None) == 0
