"""The provider ``time``."""

from __future__ import annotations

import calendar
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from server.engine.ports import ToolFaultError, ToolMessage
from server.tools.builtin.part import Field, Provider, Tool, World, told

_FORMAT = "%Y-%m-%d %H:%M:%S"
_LOCAL = "Asia/Shanghai"
_FORMATS = (
    _FORMAT, "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%d",
)  # fmt: skip


async def _current(world: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    name = given.get("timezone") or "UTC"
    zone = _zone(name)
    if zone is None:
        yield told(f"Invalid timezone: {name}")
        return
    now = world.now().astimezone(zone)
    chosen = given.get("format") or ""
    yield told(now.strftime(chosen) if chosen.strip() else f"{now.strftime(_FORMAT)} {now.tzname()}")


async def _to_timestamp(_: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    yield told(str(int(_parsed(given.get("localtime"), given.get("timezone") or "UTC").timestamp())))


async def _to_local(_: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    zone = _known_zone(given.get("timezone") or "UTC")
    try:
        moment = datetime.fromtimestamp(float(given.get("timestamp") or 0), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        yield told(f"Invalid timestamp: {given.get('timestamp')}")
        return
    yield told(moment.astimezone(zone).strftime(_FORMAT))


async def _convert(_: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    moment = _parsed(given.get("current_time"), given.get("current_timezone") or _LOCAL)
    yield told(moment.astimezone(_known_zone(given.get("target_timezone") or "Asia/Tokyo")).strftime(_FORMAT))


async def _weekday(_: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    year, month, day = (given.get(name) for name in ("year", "month", "day"))
    try:
        date = datetime(int(year or 0), int(month or 0), int(day or 0), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        yield told(f"Invalid date: Year {year}, Month {month}, Day {day}.")
        return
    name = calendar.day_name[date.weekday()]
    yield told(f"{calendar.month_name[date.month]} {date.day}, {date.year} is {name}.")


def _zone(name: str) -> tzinfo | None:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _known_zone(name: str) -> tzinfo:
    if (zone := _zone(name)) is None:
        raise ToolFaultError(f"Invalid timezone: {name}")
    return zone


def _parsed(text: Any, zone: str) -> datetime:
    """A local time in a zone. Raises ToolFaultError."""
    for form in _FORMATS:
        try:
            return datetime.strptime(str(text).strip(), form).replace(tzinfo=_known_zone(zone))
        except ValueError:
            continue
    raise ToolFaultError(f"Unable to parse datetime string '{text}' with common formats")


def _zone_field(name: str, label: tuple[str, str], default: str, *, required: bool = False) -> Field:
    return Field(name, label, "A time zone, such as Asia/Shanghai", required=required, default=default)


PROVIDER = Provider(
    "time", ("CurrentTime", "时间"), ("A tool for getting the current time.", "一个用于获取当前时间的工具。"),
    ("utilities",),
    (
        Tool(
            "current_time", ("Current Time", "获取当前时间"), "A tool for getting the current time.",
            (
                Field(
                    "format", ("Format", "格式"), "A strftime format of the time", required=False, form="form",
                    default=_FORMAT,
                ),
                Field(
                    "timezone", ("Timezone", "时区"), "A time zone, such as Asia/Shanghai", required=False, form="form",
                    default="UTC",
                ),
            ),
            _current,
        ),
        Tool(
            "localtime_to_timestamp", ("localtime to timestamp", "获取时间戳"),
            "A tool for localtime convert to timestamp",
            (
                Field("localtime", ("localtime", "本地时间"), "localtime, such as 2024-1-1 0:0:0"),
                _zone_field("timezone", ("Timezone", "时区"), _LOCAL),
            ),
            _to_timestamp,
        ),
        Tool(
            "timestamp_to_localtime", ("Timestamp to localtime", "时间戳转换"),
            "A tool for timestamp convert to localtime",
            (
                Field("timestamp", ("Timestamp", "时间戳"), "Seconds since 1970", type="number"),
                _zone_field("timezone", ("Timezone", "时区"), _LOCAL),
            ),
            _to_local,
        ),
        Tool(
            "timezone_conversion", ("convert time to equivalent time zone", "时区转换"),
            "A tool to convert time to equivalent time zone",
            (
                Field("current_time", ("current time", "当前时间"), "current time, such as 2024-1-1 0:0:0"),
                _zone_field("current_timezone", ("Current Timezone", "当前时区"), _LOCAL, required=True),
                _zone_field("target_timezone", ("Target Timezone", "目标时区"), "Asia/Tokyo", required=True),
            ),
            _convert,
        ),
        Tool(
            "weekday", ("Weekday Calculator", "星期几计算器"), "A tool for calculating the weekday of a given date",
            (
                Field("year", ("Year", "年"), "Year", type="number"),
                Field("month", ("Month", "月"), "Month, 1 to 12", type="number"),
                Field("day", ("Day", "日"), "Day of the month", type="number"),
            ),
            _weekday,
        ),
    ),
)
