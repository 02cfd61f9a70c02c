"""Ways to look at a run: live in this process, from the log, or rebuilt from the database.

All yield lists of events that may leave in one write, and a ping when nothing came for a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from redis.exceptions import RedisError

from server.kit.errors import Reason
from server.runs.log import EventLog, continued
from server.runs.pace import Pace
from server.runs.run import Run, is_terminal
from server.runs.store import StoredRun
from server.runs.wire import ends_of
from transom.run.v1.event_pb2 import MessageReplace, Ping, RunError, RunEvent

log = logging.getLogger("transom.runs")

PING = RunEvent(ping=Ping())
Batches = AsyncIterator[list[RunEvent]]

# How often a reader of another process' run makes sure that the run still goes on.
_LOOK_SECONDS = 3.0
_WAIT_SECONDS = 1.0
# Events of one write to a reader, and so of the memory that one holds.
_MOST = 2000
# The end of a run is stored a moment before its last events are in the log (keeper.py).
_SETTLE_SECONDS = 3.0


class _Quiet:
    """Wakes a reader when nothing came for ``seconds``, again and again.

    Its timer is left alone while events come, and moved when it rings too early: to set one for
    each event would cost as much as to print it.
    """

    def __init__(self, waker: asyncio.Event, seconds: float) -> None:
        self._waker = waker
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(seconds, self._ring)
        self.came()

    def came(self) -> None:
        """Something came."""
        self._since = self._loop.time()
        self._is_due = False

    def _ring(self) -> None:
        now = self._loop.time()
        if now >= self._since + self._seconds:
            self._since = now
            self._is_due = True
            self._waker.set()
        self._timer = self._loop.call_at(self._since + self._seconds, self._ring)

    def is_due(self) -> bool:
        """Whether it was quiet for that long; asked once, it is not due any more."""
        due, self._is_due = self._is_due, False
        return due

    def cancel(self) -> None:
        """Ring no more."""
        self._timer.cancel()


async def read_local(
    run: Run, after: int, event_log: EventLog, pace: Pace, *, ping_seconds: float, lag_limit: int
) -> Batches:
    """Follow a run of this process from memory, without a Redis round trip a token.

    A reader that cannot keep up is cut off with an error event that says where to resume; the
    run never waits for it.
    """
    waker = run.attach(after)
    quiet = _Quiet(waker, ping_seconds)
    try:
        async for batch in _older(run, after, event_log):
            after = batch[-1].sequence
            run.seen(waker, after)
            yield batch
        is_slow = False
        while True:
            waker.clear()
            if after < run.base or (is_slow and run.last - after > lag_limit):
                yield [_cut_off(run, after)]
                return
            batch = run.after(after, _MOST)
            if batch:
                after = batch[-1].sequence
                run.seen(waker, after)
                quiet.came()
                yield batch
                if is_terminal(batch[-1]):
                    return
                is_slow = True
                if pace.pause:
                    await asyncio.sleep(pace.pause)
                continue
            if run.outcome is not None:
                return
            if quiet.is_due():
                yield [PING]
            await waker.wait()
    finally:
        quiet.cancel()
        run.detach(waker)


async def _older(run: Run, after: int, event_log: EventLog) -> Batches:
    """What has left memory: from the log, or, when the log lost it, the answer so far in its place."""
    while after < run.base:
        try:
            batch, _ = continued(await event_log.read(run.key.task_id, after), after)
        except (RedisError, OSError) as error:
            log.warning("cannot read the log of run %s: %s", run.key.task_id, error)
            batch = []
        if not batch:
            newest = run.last if run.outcome is None else run.last - 1
            yield [run.key.event(newest, message_replace=MessageReplace(answer=run.answer))]
            return
        after = batch[-1].sequence
        yield batch


def _cut_off(run: Run, after: int) -> RunEvent:
    return run.key.event(
        after,
        error=RunError(
            code=Reason.TOO_MANY_REQUESTS.value, status=429,
            message=f"The stream was read too slowly. Resume it with Last-Event-ID: {after}.",
        ),
    )


Refresh = Callable[[], Awaitable[StoredRun | None]]


async def read_remote(
    stored: StoredRun, after: int, event_log: EventLog, refresh: Refresh, *, ping_seconds: float
) -> Batches:
    """Follow a run of another process, or a finished one, through the log.

    What the log no longer has (it expired, or Redis lost some of it) is rebuilt from the stored
    answer once the run has ended: one `message_replace` with the whole text, then the end.
    """
    row = _Row(stored, refresh)
    quiet_since = time.monotonic()
    goes_on = True
    while not row.is_known_to(after):
        events: list[RunEvent] = []
        if goes_on:
            wait = 0.0 if row.is_settled else min(_WAIT_SECONDS, ping_seconds)
            events, goes_on = await _next(event_log, stored.key.task_id, after, wait)
        if events:
            after = events[-1].sequence
            quiet_since = time.monotonic()
            yield events
            if is_terminal(events[-1]):
                return
            continue
        if row.is_settled or (row.has_ended and not goes_on):
            if rest := rebuilt(row.stored, after):
                yield rest
            return
        if not await row.look():
            yield [stored.key.event(after + 1, error=_GONE)]
            return
        if not goes_on:
            await asyncio.sleep(min(_WAIT_SECONDS, ping_seconds))
        if time.monotonic() - quiet_since >= ping_seconds:
            quiet_since = time.monotonic()
            yield [PING]


class _Row:
    """A run's row as it was last seen."""

    def __init__(self, stored: StoredRun, refresh: Refresh) -> None:
        self.stored = stored
        self._refresh = refresh
        self._seen_at = time.monotonic()

    @property
    def has_ended(self) -> bool:
        return self.stored.status not in {"running", "paused"}

    @property
    def is_settled(self) -> bool:
        """The run ended long enough ago for its last events to be in the log, if they ever will be."""
        since = time.monotonic() - self._seen_at
        return self.has_ended and self.stored.ended_seconds + since > _SETTLE_SECONDS

    def is_known_to(self, after: int) -> bool:
        """A reader that has seen event ``after`` has seen the end."""
        return self.has_ended and 0 < self.stored.last_sequence <= after

    async def look(self) -> bool:
        """Read the row again when that is due; False when it is gone."""
        if self.has_ended or time.monotonic() - self._seen_at < _LOOK_SECONDS:
            return True
        try:
            found = await self._refresh()
        except Exception as error:
            log.warning("cannot look at run %s: %s", self.stored.key.task_id, error)
            found = self.stored
        self._seen_at = time.monotonic()
        if found is not None:
            self.stored = found
        return found is not None


async def _next(event_log: EventLog, task_id: str, after: int, wait: float) -> tuple[list[RunEvent], bool]:
    """What follows in the log, waiting up to ``wait`` seconds, and whether more may come."""
    try:
        if not wait:
            return continued(await event_log.read(task_id, after), after)
        return continued(await event_log.wait(task_id, after, max(1, int(wait * 1000))), after)
    except (RedisError, OSError) as error:
        log.warning("cannot read the log of run %s: %s", task_id, error)
        await asyncio.sleep(0.3)
        return [], True


def rebuilt(stored: StoredRun, after: int) -> list[RunEvent]:
    """The end of a finished run as its row tells it; nothing when the reader has seen it.

    The number of the end is not stored (0) when the process of the run died: the end then
    follows what the reader has seen.
    """
    bodies = ends_of(stored)
    if stored.status != "failed" and stored.key.message_id:
        bodies.insert(0, {"message_replace": MessageReplace(answer=stored.answer)})
    last = stored.last_sequence or after + len(bodies)
    first = last - len(bodies) + 1
    events = [stored.key.event(first + at, **body) for at, body in enumerate(bodies)]
    events[-1].last = True
    return [event for event in events if event.sequence > after]


def rebuilt_ends(stored: StoredRun) -> list[RunEvent]:
    """The last events of a run that nobody worked on when it ended; its row knows the number of the last."""
    bodies = ends_of(stored)
    first = stored.last_sequence - len(bodies) + 1
    events = [stored.key.event(first + at, **body) for at, body in enumerate(bodies)]
    events[-1].last = True
    return events


_GONE = RunError(code=Reason.NOT_FOUND.value, status=404, message="Task Not Exists.")
