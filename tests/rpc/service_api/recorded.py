"""Replies that the real product gave, and how ours are compared with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))


def body(label: str) -> Any:
    """The recorded body."""
    return _RECORDED[label]["body"]


def error(label: str) -> tuple[int, str, str]:
    """The recorded status, code and first line of the message, without Dify's guess at other routes."""
    found = body(label)
    message = found["message"].split(" You have requested", 1)[0]
    return _RECORDED[label]["status"], found["code"], message.split("\n")[0]


def shape(value: Any) -> Any:
    """Names in their order, with the type of each value; a list is its first item."""
    if isinstance(value, dict):
        return [(name, shape(item)) for name, item in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """A copy without some fields."""
    return {name: item for name, item in value.items() if name not in names}
