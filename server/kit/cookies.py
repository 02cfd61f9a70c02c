"""Reading cookies of a call."""

from __future__ import annotations

from collections.abc import Mapping


def read_cookies(metadata: Mapping[str, str]) -> dict[str, str]:
    """The cookies of a call; of two with one name the first counts, the one with the longer path."""
    found: dict[str, str] = {}
    for item in metadata.get("cookie", "").split(";"):
        name, equals, value = item.strip().partition("=")
        if equals:
            found.setdefault(name, value.strip('"'))
    return found
