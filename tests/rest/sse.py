"""Reading server-sent events as a client does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any


def frames(chunks: Iterable[str]) -> Iterator[str]:
    """Blank-line separated frames of a stream."""
    rest = ""
    for chunk in chunks:
        rest += chunk
        while "\n\n" in rest:
            frame, rest = rest.split("\n\n", 1)
            yield frame
    assert rest == "", f"the stream ended inside a frame: {rest!r}"


def event(frame: str) -> dict[str, Any]:
    """The JSON of a frame; ``id`` lines become ``_id``, a bare ping is ``{"event": "ping"}``."""
    if frame == "event: ping":
        return {"event": "ping"}
    found: dict[str, Any] = {}
    for line in frame.split("\n"):
        name, _, value = line.partition(": ")
        if name == "id":
            found["_id"] = int(value)
        else:
            assert name == "data", frame
            found |= json.loads(value)
    return found


def events(chunks: Iterable[str]) -> list[dict[str, Any]]:
    """All events but pings."""
    found = [event(frame) for frame in frames(chunks)]
    return [item for item in found if item["event"] != "ping"]


def answer(items: Iterable[dict[str, Any]]) -> str:
    """The text that a client shows."""
    text = ""
    for item in items:
        if item["event"] == "message":
            text += item["answer"]
        elif item["event"] == "message_replace":
            text = item["answer"]
    return text
