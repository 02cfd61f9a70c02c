"""JSON as models and people write it, with the small mistakes that can be mended."""

from __future__ import annotations

import json
from typing import Any


def repaired(text: str) -> Any:
    """The JSON that a text was meant to hold; an empty text when it held none."""
    from json_repair import repair_json

    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        return ""
    try:
        return repair_json(text[start:], return_objects=True)
    except (ValueError, RecursionError):
        return ""


def object_of(text: str) -> dict[str, Any] | None:
    """The object that a text is, repaired if need be; None when it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        found = repaired(text)
    return found if isinstance(found, dict) else None
