"""Times of queries: `YYYY-MM-DD HH:MM` in the time zone of whoever asks (console-api.md section 1)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.kit.errors import bad_request, invalid_param

_MINUTES = "%Y-%m-%d %H:%M"
Span = tuple[datetime | None, datetime | None]


def zone_of(name: str | None) -> ZoneInfo:
    """A time zone by its name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment(field: str, text: str, zone: ZoneInfo) -> datetime | None:
    """A minute; None for an empty text. Raises invalid_param."""
    if not text:
        return None
    try:
        return datetime.strptime(text, _MINUTES).replace(tzinfo=zone)
    except ValueError:
        raise invalid_param(f"{field} must be in the form YYYY-MM-DD HH:MM") from None


def span(start: str, end: str, zone: ZoneInfo) -> Span:
    """From a minute to another. Raises invalid_param; bad_request when the end is before the start."""
    since, until = moment("start", start, zone), moment("end", end, zone)
    if since and until and since > until:
        raise bad_request("start must be earlier than or equal to end")
    return since, until


def days(first: str, last: str, zone: ZoneInfo) -> Span:
    """From the beginning of a day, to the end of another, `YYYY-MM-DD`. Raises invalid_param."""
    since, until = _day("start_date", first, zone), _day("end_date", last, zone)
    try:
        return since, until and until + timedelta(days=1)
    except OverflowError:
        return since, None


def _day(field: str, text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        raise invalid_param(f"Invalid {field} format. Please use YYYY-MM-DD") from None
