"""What is asked of the ledger, and a line of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from server.kit.errors import invalid_param

GROUPS = ("day", "app", "model", "key", "user")
MOST = 500


@dataclass(frozen=True, slots=True)
class Question:
    """Sums ``by`` some of ``GROUPS``, from ``since`` on and before ``until``."""

    by: tuple[str, ...]
    app_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    limit: int = 100


@dataclass(frozen=True, slots=True)
class UsageLine:
    """Sums; what they are not by is empty."""

    day: str
    app_id: str
    app_name: str
    provider: str
    model: str
    api_key_id: str
    end_user_id: str
    end_user: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    price: Decimal
    currency: str
    is_estimated: bool


def days(first: str, last: str) -> tuple[datetime | None, datetime | None]:
    """From the beginning of a day, to the end of another, both UTC and YYYY-MM-DD. Raises invalid_param."""
    since, until = _day("start_date", first), _day("end_date", last)
    return since, until and until + timedelta(days=1)


def _day(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except (ValueError, OverflowError):
        raise invalid_param(f"{name} must be a day, as 2026-07-01") from None
