"""``trigger-schedule``: when a run is due (workflow-engine.md 8.21)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from server.engine.node import Context, NodeDataError, Result
from server.engine.nodes import data as read
from server.engine.nodes.start import given
from server.engine.values import Selector

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MACROS = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_TIME = re.compile(r"(\d{1,2}):(\d{2})\s*([AaPp][Mm])?")
_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
# The 29th of February on a given weekday comes at most 40 years apart.
_HORIZON = timedelta(days=41 * 366)


@dataclass(frozen=True, slots=True)
class Cron:
    """Minutes of days: five fields. ``on_last`` is the last day of a month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    on_last: bool
    months: frozenset[int]
    weekdays: frozenset[int]
    # A day must be one of both, or of either one when both are restricted.
    both_restricted: bool

    @classmethod
    def parse(cls, expression: str) -> Cron:
        """Raises NodeDataError."""
        fields = _MACROS.get(expression.strip().lower(), expression).lower().split()
        if len(fields) != 5:
            raise NodeDataError(f"Cron expression '{expression}' must have five fields.")
        minute, hour, day, month, weekday = fields
        days = [part for part in day.split(",") if part != "l"]
        return cls(
            tuple(sorted(_field(minute, 0, 59))), tuple(sorted(_field(hour, 0, 23))),
            frozenset(_field(",".join(days), 1, 31)) if days else frozenset(), "l" in day.split(","),
            frozenset(_field(month, 1, 12, _MONTHS, 1)),
            frozenset(number % 7 for number in _field(weekday, 0, 7, _DAYS)),
            not day.startswith(("*", "?")) and not weekday.startswith(("*", "?")),
        )  # fmt: skip

    def fits(self, day: date) -> bool:
        """Whether a day is one of its days."""
        if day.month not in self.months:
            return False
        by_date = day.day in self.days or (self.on_last and (day + timedelta(days=1)).day == 1)
        by_weekday = day.isoweekday() % 7 in self.weekdays
        return by_date or by_weekday if self.both_restricted else by_date and by_weekday


@dataclass(frozen=True, slots=True)
class TriggerScheduleNode:
    """A schedule in a time zone."""

    cron: Cron
    zone: ZoneInfo

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads a cron expression or the choices of the editor."""
        zone = _zone(read.text(data.get("timezone") or "UTC", "timezone"))
        if data.get("mode") == "cron":
            return cls(Cron.parse(read.required(data, "cron_expression")), zone)
        return cls(Cron.parse(_expression(data)), zone)

    def due_after(self, moment: datetime) -> datetime | None:
        """The first minute after a moment at which a run is due, in UTC; None when there is none ever.

        A time of day that a change of clocks leaves out is due when the clocks have changed; one that comes twice is
        due once.
        """
        local = moment.astimezone(self.zone)
        day, last = local.date(), local.date() + _HORIZON
        while day <= last:
            if self.cron.fits(day):
                for hour in self.cron.hours:
                    for minute in self.cron.minutes:
                        due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(UTC)
                        if due > moment:
                            return due
            day += timedelta(days=1)
        return None

    async def run(self, ctx: Context) -> Result:
        """Pass all inputs on."""
        return given(ctx, ctx.inputs)

    def uses(self) -> Sequence[Selector]:
        """Nothing."""
        return ()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise NodeDataError(f"Time zone '{name}' is not known.") from None


def _field(text: str, low: int, high: int, names: Sequence[str] = (), offset: int = 0) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.replace("?", "*"))
        if match is None:
            raise NodeDataError(f"'{part}' is no part of a cron expression.")
        first, last, step = match.groups()
        begin = low if first == "*" else _number(first, names, offset)
        end = _number(last, names, offset) if last else high if first == "*" or step else begin
        if not low <= begin <= end <= high or step == "0":
            raise NodeDataError(f"'{part}' is not within {low} to {high}.")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(text: str, names: Sequence[str], offset: int) -> int:
    if text in names:
        return names.index(text) + offset
    if not text.isdecimal():
        raise NodeDataError(f"'{text}' is no part of a cron expression.")
    return int(text)


def _expression(data: Mapping[str, Any]) -> str:
    """What the editor's choices are as a cron expression."""
    chosen = read.mapping(data.get("visual_config"), "visual_config")
    frequency = read.text(data.get("frequency") or "daily", "frequency")
    if frequency == "hourly":
        return f"{read.whole(chosen.get('on_minute'), 'on_minute', 0)} * * * *"
    hour, minute = _time(read.text(chosen.get("time") or "12:00 AM", "time"))
    if frequency == "daily":
        return f"{minute} {hour} * * *"
    if frequency == "weekly":
        return f"{minute} {hour} * * {_list(chosen, 'weekdays')}"
    if frequency == "monthly":
        return f"{minute} {hour} {_list(chosen, 'monthly_days').replace('last', 'L')} * *"
    raise NodeDataError(f"frequency '{frequency}' is not one of hourly, daily, weekly, monthly.")


def _list(chosen: Mapping[str, Any], name: str) -> str:
    items = chosen.get(name)
    if not isinstance(items, list) or not items:
        raise NodeDataError(f"{name} must list at least one day.")
    return ",".join(str(item) for item in items)


def _time(text: str) -> tuple[int, int]:
    match = _TIME.fullmatch(text.strip())
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 99)
    if match and match[3]:
        hour = hour % 12 + 12 * (match[3].lower() == "pm") if 1 <= hour <= 12 else 99
    if hour > 23 or minute > 59:
        raise NodeDataError(f"'{text}' is no time of day such as '2:30 PM'.")
    return hour, minute
