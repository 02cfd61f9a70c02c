"""Who listens to an answer while it is told, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from server.runs.run import Run

Outlet = Callable[..., None]
"""``say(text, selector=())``: takes the next piece of an answer."""


class Ear(Protocol):
    """Listens to one answer."""

    def hear(self, text: str) -> None:
        """Take note of a piece that has just been told. Returns at once: whatever takes time is a task."""
        ...


def outlet(run: Run, ears: Sequence[Ear]) -> Outlet:
    """Where the pieces of an answer go. While nobody listens it is ``run.delta``: a token costs nothing more."""
    if not ears:
        return run.delta
    heard = [ear.hear for ear in ears]

    def say(text: str, selector: Sequence[str] = ()) -> None:
        run.delta(text, selector)
        for hear in heard:
            hear(text)

    return say
