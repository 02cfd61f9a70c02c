"""Ways to look at a run: live in this process, from the log, or rebuilt from the database.

All yield lists of events that may leave in one write, and a ping when nothing came for a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from redis.exceptions import RedisError

from server.kit.errors import AppError, Reason
from server.runs.log import EventLog
from server.runs.run import TERMINAL, Run
from server.runs.store import StoredRun
from server.runs.wire import to_metadata
from transom.run.v1.event_pb2 import MessageEnd, MessageReplace, Ping, RunError, RunEvent

log = logging.getLogger("transom.runs")

PING = RunEvent(ping=Ping())
Batches = AsyncIterator[list[RunEvent]]

_LOOK_SECONDS = 1.0
# The end of a run is stored a moment before its last events are in the log (keeper.py).
_SETTLE_SECONDS = 3.0


def is_terminal(event: RunEvent) -> bool:
    """Whether nothing follows."""
    return event.WhichOneof("body") in TERMINAL


async def read_local(run: Run, after: int, event_log: EventLog, *, ping_seconds: float, lag_limit: int) -> Batches:
    """Follow a run of this process from memory, without a Redis round trip a token.

    A reader that cannot keep up is cut off with an error event that says where to resume; the
    run never waits for it.
    """
    waker = run.attach(after)
    try:
        if after < run.base:
            older = [event for event in await event_log.read(run.key.task_id, after) if event.sequence <= run.base]
            if older:
                after = older[-1].sequence
                run.seen(waker, after)
                yield older
        while True:
            waker.clear()
            if after < run.base or run.last - after > lag_limit:
                yield [_cut_off(run, after)]
                return
            batch = run.after(after)
            if batch:
                after = batch[-1].sequence
                run.seen(waker, after)
                yield batch
                if is_terminal(batch[-1]):
                    return
                continue
            if run.lost or run.outcome is not None:
                return
            try:
                async with asyncio.timeout(ping_seconds):
                    await waker.wait()
            except TimeoutError:
                yield [PING]
    finally:
        run.detach(waker)


def _cut_off(run: Run, after: int) -> RunEvent:
    key = run.key
    return RunEvent(
        sequence=after, task_id=key.task_id, message_id=key.message_id, created_at=key.created_at,
        conversation_id=key.shown_conversation_id,
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

    What the log no longer has (it expired, or Redis lost its tail) is rebuilt from the stored
    answer: one `message_replace` with the whole text, then the end.
    """
    quiet_since = time.monotonic()
    checked = 0.0
    current = stored
    while True:
        events = await _next(event_log, current, after, ping_seconds)
        if events:
            after = events[-1].sequence
            quiet_since = time.monotonic()
            yield events
            if is_terminal(events[-1]):
                return
            continue
        if time.monotonic() - checked >= _LOOK_SECONDS:
            checked = time.monotonic()
            try:
                found = await refresh()
            except Exception as error:
                log.warning("cannot look at run %s: %s", stored.key.task_id, error)
            else:
                if found is None:
                    raise AppError(Reason.NOT_FOUND, "Task Not Exists.")
                current = found
        if _is_settled(current):
            yield rebuilt(current, after)
            return
        if time.monotonic() - quiet_since >= ping_seconds:
            quiet_since = time.monotonic()
            yield [PING]


def _is_settled(stored: StoredRun) -> bool:
    """The run ended long enough ago for its last events to be in the log, if they ever will be."""
    return stored.status != "running" and stored.ended_seconds > _SETTLE_SECONDS


async def _next(event_log: EventLog, stored: StoredRun, after: int, ping_seconds: float) -> list[RunEvent]:
    try:
        if _is_settled(stored):
            return await event_log.read(stored.key.task_id, after)
        return await event_log.wait(stored.key.task_id, after, int(min(_LOOK_SECONDS, ping_seconds) * 1000))
    except (RedisError, OSError) as error:
        log.warning("cannot read the log of run %s: %s", stored.key.task_id, error)
        await asyncio.sleep(0.3)
        return []


def rebuilt(stored: StoredRun, after: int) -> list[RunEvent]:
    """The end of a finished run as its row tells it."""
    sequence = max(stored.last_sequence, after + 1)

    def event(number: int, **body: object) -> RunEvent:
        key = stored.key
        return RunEvent(
            sequence=number, time_ms=time.time_ns() // 1_000_000, task_id=key.task_id, message_id=key.message_id,
            conversation_id=key.shown_conversation_id, created_at=key.created_at, **body,  # type: ignore[arg-type]
        )

    if stored.status == "failed":
        return [event(sequence, error=run_error(stored))]
    how = MessageEnd.OUTCOME_STOPPED if stored.status == "stopped" else MessageEnd.OUTCOME_SUCCEEDED
    replaced = event(max(sequence - 1, after + 1), message_replace=MessageReplace(answer=stored.answer))
    end = MessageEnd(metadata=to_metadata(stored.metadata), outcome=how)
    return [replaced, event(replaced.sequence + 1, message_end=end)]


def run_error(stored: StoredRun) -> RunError:
    """The error event of a run that was ended by the sweeper or whose log is gone."""
    return RunError(
        code=Reason.INTERNAL_SERVER_ERROR.value, status=500,
        message=stored.error or "Internal Server Error, please contact support.",
    )
