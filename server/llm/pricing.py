"""The ``usage`` object of answers (sse-events.md 8.1), in the recordings' key order.

Amounts are decimal strings in plain notation, never ``8E-7``. A price is tokens times
unit price times unit, rounded half up to 7 decimals. (A recorded ``0.0000031`` for 21
tokens at 0.15 is a binary floating-point error of the recorded server; exact is 0.0000032.)
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from server.llm.port import Pricing, Usage

_STEP = Decimal("0.0000001")
_NOTHING = "0.0"


def plain(amount: Decimal) -> str:
    """A rounded amount without an exponent or trailing zeros; zero is ``0.0``."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if Decimal(text) else _NOTHING


def price(tokens: int, unit_price: Decimal, unit: Decimal) -> Decimal:
    """The price of so many tokens, rounded to 7 decimals."""
    return (tokens * unit_price * unit).quantize(_STEP, ROUND_HALF_UP)


def total_price(usage: Usage, pricing: Pricing | None) -> Decimal:
    """The sum of both parts; 0 without prices."""
    if pricing is None:
        return Decimal(0)
    return price(usage.prompt_tokens, pricing.prompt, pricing.unit) + price(
        usage.completion_tokens, pricing.completion, pricing.unit
    )


def usage_dict(
    usage: Usage,
    pricing: Pricing | None,
    *,
    latency: float = 0.0,
    time_to_first_token: float | None = None,
    time_to_generate: float | None = None,
) -> dict[str, object]:
    """The ``usage`` object. Times are seconds; without prices every amount is ``0.0``."""
    prompt = completion = Decimal(0)
    units = (_NOTHING, _NOTHING, _NOTHING)
    if pricing is not None:
        prompt = price(usage.prompt_tokens, pricing.prompt, pricing.unit)
        completion = price(usage.completion_tokens, pricing.completion, pricing.unit)
        units = (f"{pricing.prompt:f}", f"{pricing.completion:f}", f"{pricing.unit:f}")
    return {
        "prompt_tokens": usage.prompt_tokens,
        "prompt_unit_price": units[0],
        "prompt_price_unit": units[2],
        "prompt_price": plain(prompt),
        "completion_tokens": usage.completion_tokens,
        "completion_unit_price": units[1],
        "completion_price_unit": units[2],
        "completion_price": plain(completion),
        "total_tokens": usage.total_tokens,
        "total_price": plain(prompt + completion),
        "currency": pricing.currency if pricing is not None else "USD",
        "latency": latency,
        "time_to_first_token": time_to_first_token,
        "time_to_generate": time_to_generate,
    }
