"""Checks an answer while it is told (feature-semantics.md 3.6, sse-events.md section 5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from server.moderation.model import Verdict
from server.runs.run import Outlet, Run

log = logging.getLogger("transom.chat")

EVERY = 300
"""How many new characters make another check necessary."""

CHECK_SECONDS = 10.0
"""How long one check may take; one that takes longer counts as one that failed."""

_QUICK_SECONDS = 0.5

Check = Callable[[str], Awaitable[Verdict | None]]


class OutputWatch:
    """Watches one answer. Pieces are told at once; what has been told is checked beside that, one check at a time.

    A check sees the whole answer so far. Something flagged is replaced in what readers have (``message_replace``)
    and in what is stored. Where the answer is to end with that, ``stop`` is called and nothing more is told.
    A check that fails, or takes longer than ``CHECK_SECONDS``, finds nothing: an answer never waits for a
    moderator that is away, and ends at most that much later.
    """

    def __init__(self, run: Run, check: Check, stop: Callable[[], object], *, reason: str = "") -> None:
        self._run = run
        self._check = check
        self._stop = stop
        self._reason = reason
        self._fresh = 0
        self._task: asyncio.Task[None] | None = None
        # Something was replaced; the answer has been replaced for good, and what had been said of it until then.
        self.has_replaced = False
        self.is_over = False
        self.said = ""

    def around(self, say: Outlet) -> Outlet:
        """What takes the pieces of the answer instead of ``say``."""

        def watched(text: str, selector: Sequence[str] = ()) -> None:
            if self.is_over:
                return
            say(text, selector)
            self._fresh += len(text)
            if self._fresh >= EVERY and self._task is None:
                self._task = asyncio.create_task(self._look(), name="moderate an answer")

        return watched

    async def close(self, *, quick: bool = False) -> None:
        """Check the whole answer once more; call it when nothing more will be said, before the end is stored.

        ``quick``: the run was stopped or failed, and waits for the moderator no longer than half a second (G4).
        A stop while it waits ends the wait.
        """
        if self._task is not None:
            self._task.cancel()
        if self.is_over or not self._run.answer:
            return
        last = asyncio.create_task(self._last(_QUICK_SECONDS if quick else CHECK_SECONDS), name="moderate an answer")
        self._run.interrupt = last
        try:
            await asyncio.wait([last])
        finally:
            last.cancel()
            self._run.interrupt = None

    async def _last(self, seconds: float) -> None:
        text = self._run.answer
        self._apply(text, await self._judged(text, seconds))

    async def _look(self) -> None:
        while not self.is_over and self._fresh >= EVERY:
            self._fresh = 0
            text = self._run.answer
            verdict = await self._judged(text, CHECK_SECONDS)
            if self._apply(text, verdict):
                self._stop()
        self._task = None

    def _apply(self, text: str, verdict: Verdict | None) -> bool:
        """Replace what was checked; whether the answer is over."""
        if verdict is None:
            return False
        self.has_replaced = True
        self.is_over = verdict.is_final
        self.said = self._run.answer
        later = "" if verdict.is_final else self._run.answer[len(text) :]
        self._run.replace(verdict.text + later, self._reason)
        return verdict.is_final

    async def _judged(self, text: str, seconds: float) -> Verdict | None:
        try:
            async with asyncio.timeout(seconds):
                return await self._check(text)
        except Exception as error:
            log.warning("run %s: an answer was not moderated: %r", self._run.key.task_id, error)
            return None
