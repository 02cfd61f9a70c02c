"""Keeps runs alive and ends what is dead: log writes, partial answers, stop requests, lease, sweep.

Every loop survives the loss of PostgreSQL or Redis: it logs, waits and tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from redis.exceptions import RedisError

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.tasks import end
from server.runs.log import EventLog
from server.runs.registry import Runs
from server.runs.run import Run
from server.runs.store import RunStore, StoredRun
from server.runs.wire import ends_of
from server.settings import Settings
from transom.run.v1.event_pb2 import RunEvent

log = logging.getLogger("transom.runs")

# Database threads, and connections, that a process keeps for this.
KEEPER_THREADS = 2
_WRITE_SECONDS = 0.04
# With many runs, writes are made rarer, so that they take at most this share of the time.
_WRITE_SHARE = 0.05
_SLOWEST_WRITE_SECONDS = 0.25
# Events of one entry of a log.
_ENTRY_EVENTS = 1000
# While the log is away, the events of a run that ended longer ago are given up: readers get its stored answer.
_UNWRITTEN_SECONDS = 60.0
_STOP_POLL_SECONDS = 0.3
# After a time in which no lease could be renewed, all processes get so many heartbeats to do it.
_PATIENCE_HEARTBEATS = 3


class Keeper:
    """The background loops of one server process.

    ``db`` are threads of its own: a process whose other threads wait for slow statements must not
    lose its lease.
    """

    def __init__(
        self, runs: Runs, event_log: EventLog, db: Database, uow: UowFactory, settings: Settings,
        housekeeping: Callable[[], Awaitable[None]],
    ) -> None:
        self._runs = runs
        self._log = event_log
        self._db = db
        self._uow = uow
        self._settings = settings
        self._housekeeping = housekeeping
        self._tasks: list[asyncio.Task[None]] = []
        self._in_log_trouble = False
        self._renewed_at = float("-inf")
        self._sweep_from = 0.0
        # Runs of this process that it did not know at the last beat.
        self._unknown: set[str] = set()

    async def start(self) -> None:
        """Take the lease (no run may start without it), then begin to keep."""
        await self._renew_lease()
        settings = self._settings
        self._tasks = [
            asyncio.create_task(self._runs.pace.watch(), name="watch the loop"),
            self._every(_WRITE_SECONDS, self._write_at_pace, "write logs"),
            self._every(settings.answer_flush_seconds, self._store_partials, "store partial answers"),
            self._every(_STOP_POLL_SECONDS, self._poll_stops, "look for stop requests"),
            self._every(settings.heartbeat_seconds, self._beat, "renew the lease and sweep"),
            self._every(60, self._housekeeping, "housekeeping"),
        ]

    def _every(self, seconds: float, work: Callable[[], Awaitable[object]], name: str) -> asyncio.Task[None]:
        async def loop() -> None:
            in_trouble = False
            while True:
                await asyncio.sleep(seconds)
                try:
                    await work()
                except Exception as error:
                    # Once, and not several times a second while a database is away.
                    log.log(
                        logging.DEBUG if in_trouble else logging.WARNING,
                        "cannot %s: %s", name, str(error).partition("\n")[0],
                    )
                    in_trouble = True
                else:
                    if in_trouble:
                        log.info("can %s again", name)
                    in_trouble = False

        return asyncio.create_task(loop(), name=name)

    async def stop(self) -> None:
        """Write what is left and give the lease back."""
        await end(self._tasks)
        with contextlib.suppress(Exception):
            while await self.write_logs():
                pass
        with contextlib.suppress(Exception):
            await self._db(self._leave)

    # The log

    async def _write_at_pace(self) -> None:
        begun = time.monotonic()
        await self.write_logs()
        spent = time.monotonic() - begun
        await asyncio.sleep(min(spent / _WRITE_SHARE, _SLOWEST_WRITE_SECONDS) - _WRITE_SECONDS)

    async def write_logs(self) -> bool:
        """Write new events of all runs in one round trip; forget runs that are finished and written.

        Whether something was written.
        """
        batches: list[tuple[Run, list[RunEvent]]] = []
        for run in list(self._runs.active.values()):
            fresh = [] if run.lost else run.unlogged(_ENTRY_EVENTS)
            if fresh:
                batches.append((run, fresh))
            elif run.outcome is not None or run.lost:
                self._runs.forget(run)
        if not batches:
            return False
        try:
            written = await self._log.append([(run.key.task_id, events) for run, events in batches])
        except (RedisError, OSError) as error:
            await self._wait_for_log(error)
            return False
        if self._in_log_trouble:
            self._in_log_trouble = False
            log.info("event log: back")
        for (run, events), accepted in zip(batches, written, strict=True):
            if accepted:
                run.logged = events[-1].sequence
                run.trim(self._settings.reader_lag_events)
            else:
                log.warning("run %s: another process has ended it", run.key.task_id)
                run.give_up()
        return True

    async def _wait_for_log(self, error: Exception) -> None:
        if not self._in_log_trouble:
            log.warning("event log: events wait in memory: %s", error)
        self._in_log_trouble = True
        too_old = time.monotonic() - _UNWRITTEN_SECONDS
        for run in list(self._runs.active.values()):
            if run.ended_at is not None and run.ended_at < too_old:
                self._runs.forget(run)
        await asyncio.sleep(0.3)

    # Partial answers and stops

    async def _store_partials(self) -> None:
        dirty = [
            run for run in self._runs.active.values()
            if run.answer_dirty and run.outcome is None and run.key.message_id
        ]
        if not dirty:
            return
        answers = {run.key.message_id: run.answer for run in dirty}
        for run in dirty:
            run.answer_dirty = False
        try:
            await self._db(self._partial, answers)
        except Exception:
            for run in dirty:
                run.answer_dirty = True
            raise

    def _partial(self, answers: dict[str, str]) -> None:
        with self._uow() as uow:
            RunStore(uow).store_partial(answers)
            uow.commit()

    async def _poll_stops(self) -> None:
        for run in self._runs.active.values():
            run.insist()
        # Stops of other processes come over the bus; this finds those that it lost.
        if any(run.outcome is None for run in self._runs.active.values()):
            for task_id in await self._db(self._stops):
                run_here = self._runs.active.get(task_id)
                if run_here is not None:
                    run_here.request_stop()

    def _stops(self) -> list[str]:
        with self._uow() as uow:
            return RunStore(uow).stop_requests(self._runs.owner)

    # Lease and sweep

    async def _beat(self) -> None:
        strays: list[str] | None = None
        # One sweep ends some hundred runs; what a process with thousands left must not take many heartbeats.
        while True:
            await self._renew_lease()
            if time.monotonic() < self._sweep_from:
                return
            strays = await self._strays() if strays is None else strays
            dead = await self._db(self._sweep, strays)
            if not dead:
                return
            for stored in dead:
                await self._announce_end(stored)

    async def _strays(self) -> list[str]:
        """Runs of this process that it does not know, for a whole beat: one that goes on after a pause is as old as
        any, and is known only a moment after it was taken.
        """
        unknown = set(await self._db(self._owned)) - set(self._runs.active)
        strays, self._unknown = unknown & self._unknown, unknown
        return list(strays)

    def _owned(self) -> list[str]:
        with self._uow.reading() as uow:
            return RunStore(uow).owned(self._runs.owner, self._settings.lease_seconds)

    async def _renew_lease(self) -> None:
        """Renew; when that was not possible in time, the fault may be the database's: let others renew first."""
        await self._db(self._renew)
        now = time.monotonic()
        heartbeat = self._settings.heartbeat_seconds
        if now - self._renewed_at > 2 * heartbeat:
            self._sweep_from = now + _PATIENCE_HEARTBEATS * heartbeat
        self._renewed_at = now

    def _renew(self) -> None:
        with self._uow() as uow:
            RunStore(uow).renew_lease(self._runs.owner, self._settings.lease_seconds)
            uow.commit()

    def _sweep(self, strays: Sequence[str]) -> list[StoredRun]:
        with self._uow() as uow:
            store = RunStore(uow)
            dead = store.sweep(self._runs.owner, strays)
            store.drop_old_leases()
            uow.commit()
            return dead

    def _leave(self) -> None:
        with self._uow() as uow:
            RunStore(uow).drop_lease(self._runs.owner)
            uow.commit()

    async def _announce_end(self, stored: StoredRun) -> None:
        """Close the log of a run that its process left behind, and store of its answer what readers saw."""
        key = stored.key
        log.warning("run %s: its process is gone; %s", key.task_id, stored.status)
        try:
            events = await self._log.whole(key.task_id)
            told = events[-1].sequence if events else 0
            ends = [key.event(told + at, **body) for at, body in enumerate(ends_of(stored), 1)]
            ends[-1].last = True
            await self._log.close(key.task_id, ends)
        except (RedisError, OSError) as error:
            # Readers find the end in the database instead.
            log.warning("run %s: its log stays open: %s", key.task_id, error)
            return
        answer = _told(events) if key.message_id else ""
        if len(answer) > len(stored.answer):
            await self._db(self._keep_more, key.message_id, answer)

    def _keep_more(self, message_id: str, answer: str) -> None:
        with self._uow() as uow:
            RunStore(uow).keep_more(message_id, answer)
            uow.commit()


def _told(events: Sequence[RunEvent]) -> str:
    """The text that a reader of these events shows."""
    parts: list[str] = []
    for event in events:
        kind = event.WhichOneof("body")
        if kind in ("message", "agent_message"):
            parts.append(getattr(event, kind).answer)
        elif kind == "message_replace":
            parts = [event.message_replace.answer]
    return "".join(parts)
