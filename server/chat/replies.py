"""Find the JSON in a model's reply, whatever stands around it. Nothing here raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_MAX_ATTEMPTS = 20
_LONGEST_REPLY = 20_000
_DECODER = json.JSONDecoder()


def first_list(reply: str) -> list[Any]:
    """The first JSON array in a reply, or an empty list."""
    return next((value for value in _values(reply, "[") if isinstance(value, list)), [])


def first_object(reply: str) -> dict[str, Any]:
    """The first JSON object in a reply, or an empty one."""
    return next((value for value in _values(reply, "{") if isinstance(value, dict)), {})


def _values(reply: str, opening: str) -> Iterator[Any]:
    """What can be decoded from the first few places where ``opening`` stands."""
    reply = reply[:_LONGEST_REPLY]
    start = reply.find(opening)
    for _ in range(_MAX_ATTEMPTS):
        if start < 0:
            return
        try:
            yield _DECODER.raw_decode(reply, start)[0]
        except (ValueError, RecursionError):
            pass
        start = reply.find(opening, start + 1)
