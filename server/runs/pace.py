"""How readers share a busy process: by fewer, larger writes.

A write costs the same for one event as for ten: some 50 us here and as much in the gateway. While
the event loop keeps up, each event leaves at once. When it comes late, readers let events
gather for some milliseconds between two writes, which nobody who reads along can see.
"""

from __future__ import annotations

import asyncio

_LOOK_SECONDS = 0.02
# How much later than asked for the loop may be before anything changes, and when the pause is longest.
_FINE_SECONDS = 0.002
_LATE_SECONDS = 0.006
_LONGEST_PAUSE_SECONDS = 0.04
# Share of the newest look in the average.
_WEIGHT = 0.1


class Pace:
    """``pause`` is how many seconds a reader waits after a write; 0 while the loop keeps up."""

    def __init__(self) -> None:
        self.pause = 0.0
        self._late = 0.0

    async def watch(self) -> None:
        """Measure for ever how late the loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            self.note(loop.time() - due)

    def note(self, late: float) -> None:
        """Take in one measurement, in seconds."""
        self._late += (late - self._late) * _WEIGHT
        share = (self._late - _FINE_SECONDS) / (_LATE_SECONDS - _FINE_SECONDS)
        self.pause = _LONGEST_PAUSE_SECONDS * min(max(share, 0.0), 1.0)
