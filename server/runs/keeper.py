"""Keeps runs alive and ends what is dead: log writes, partial answers, stop requests, lease, sweep.

Every loop survives the loss of PostgreSQL or Redis: it logs, waits and tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from redis.exceptions import RedisError

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.runs.log import EventLog
from server.runs.reader import run_error
from server.runs.registry import Runs
from server.runs.run import Run
from server.runs.store import RunStore, StoredRun
from server.settings import Settings
from transom.run.v1.event_pb2 import RunEvent

log = logging.getLogger("transom.runs")

_WRITE_SECONDS = 0.04
_STOP_POLL_SECONDS = 0.5


class Keeper:
    """The background loops of one server process."""

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

    async def start(self) -> None:
        """Take the lease (no run may start without it), then begin to keep."""
        await self._db(self._renew)
        settings = self._settings
        self._tasks = [
            self._every(_WRITE_SECONDS, self.write_logs, "write logs"),
            self._every(settings.answer_flush_seconds, self._store_partials, "store partial answers"),
            self._every(_STOP_POLL_SECONDS, self._poll_stops, "look for stop requests"),
            self._every(settings.heartbeat_seconds, self._beat, "renew the lease and sweep"),
            self._every(60, self._housekeeping, "housekeeping"),
        ]

    def _every(self, seconds: float, work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
        async def loop() -> None:
            while True:
                await asyncio.sleep(seconds)
                try:
                    await work()
                except Exception as error:
                    log.warning("cannot %s: %s", name, str(error).partition("\n")[0])

        return asyncio.create_task(loop(), name=name)

    async def stop(self) -> None:
        """Write what is left and give the lease back."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        with contextlib.suppress(Exception):
            await self.write_logs()
            await self._db(self._leave)

    # The log

    async def write_logs(self) -> None:
        """Write new events of all runs in one round trip; forget runs that are finished and written."""
        batches: list[tuple[Run, list[RunEvent]]] = []
        for run in list(self._runs.active.values()):
            fresh = [] if run.lost else run.unlogged()
            if fresh:
                batches.append((run, fresh))
            elif run.outcome is not None or run.lost:
                self._runs.forget(run)
        if not batches:
            return
        try:
            written = await self._log.append([(run.key.task_id, events) for run, events in batches])
        except (RedisError, OSError) as error:
            if not self._in_log_trouble:
                log.warning("event log: events wait in memory: %s", error)
            self._in_log_trouble = True
            await asyncio.sleep(0.3)
            return
        if self._in_log_trouble:
            self._in_log_trouble = False
            log.info("event log: back, nothing lost")
        for (run, events), accepted in zip(batches, written, strict=True):
            if accepted:
                run.logged = events[-1].sequence
                run.trim(self._settings.reader_lag_events)
            else:
                run.logged = run.last
                log.warning("run %s: its log was ended by another process", run.key.task_id)

    # Partial answers and stops

    async def _store_partials(self) -> None:
        dirty = [run for run in self._runs.active.values() if run.answer_dirty and run.outcome is None]
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
        # Stops of other processes come over the bus; this finds those that it lost.
        if any(run.outcome is None for run in self._runs.active.values()):
            for task_id in await self._db(self._stops):
                run = self._runs.active.get(task_id)
                if run is not None:
                    run.request_stop()

    def _stops(self) -> list[str]:
        with self._uow() as uow:
            return RunStore(uow).stop_requests(self._runs.owner)

    # Lease and sweep

    async def _beat(self) -> None:
        for stored in await self._db(self._renew_and_sweep):
            await self._announce_end(stored)

    def _renew(self) -> None:
        with self._uow() as uow:
            RunStore(uow).renew_lease(self._runs.owner, self._settings.lease_seconds)
            uow.commit()

    def _renew_and_sweep(self) -> list[StoredRun]:
        self._renew()
        with self._uow() as uow:
            dead = RunStore(uow).sweep()
            uow.commit()
            return dead

    def _leave(self) -> None:
        with self._uow() as uow:
            RunStore(uow).drop_lease(self._runs.owner)
            uow.commit()

    async def _announce_end(self, stored: StoredRun) -> None:
        """Close the log of a run that its process left behind, so that its readers see the end."""
        key = stored.key
        log.warning("run %s: its process is gone; ended", key.task_id)
        try:
            last = await self._log.last(key.task_id)
            event = RunEvent(
                sequence=last + 1, task_id=key.task_id, message_id=key.message_id,
                conversation_id=key.shown_conversation_id, created_at=key.created_at, error=run_error(stored),
            )
            await self._log.append([(key.task_id, [event])])
        except (RedisError, OSError) as error:
            # Readers find the end in the database instead.
            log.warning("run %s: its log stays open: %s", key.task_id, error)
