"""The runs of this process: start, find, read, stop, end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, not_found
from server.kit.ids import canonical, is_uuid, new_id
from server.runs.log import EventLog
from server.runs.reader import Batches, read_local, read_remote
from server.runs.run import Run, RunKey
from server.runs.store import RunStore, StoredRun
from server.settings import Settings

log = logging.getLogger("transom.runs")

Work = Callable[[Run], Awaitable[None]]


class Runs:
    """Runs that this process works on, and how any process looks at any run."""

    def __init__(self, db: Database, uow: UowFactory, event_log: EventLog, bus: Bus, settings: Settings) -> None:
        self.owner = new_id()
        self.active: dict[str, Run] = {}
        self._db = db
        self._uow = uow
        self._log = event_log
        self._bus = bus
        self._settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[None]] = set()
        bus.on("stop", self._stop_local)

    # Start and end

    def start(self, key: RunKey, work: Work) -> Run:
        """Run ``work`` detached from the caller. The run's row must be committed already.

        ``work`` ends the run itself; whatever it raises is logged and leaves the run to the sweeper.
        """
        run = Run(key)
        self.active[key.task_id] = run
        task = asyncio.create_task(self._guard(run, work), name=f"run {key.task_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    async def _guard(self, run: Run, work: Work) -> None:
        try:
            await work(run)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("run %s broke", run.key.task_id)

    def forget(self, run: Run) -> None:
        """Called when a finished run's events are all in the log."""
        self.active.pop(run.key.task_id, None)

    def spawn(self, work: Awaitable[None], name: str) -> None:
        """Do something in the background that may fail without harm."""

        async def guard() -> None:
            try:
                await work
            except Exception as error:
                log.warning("%s: %s", name, error)

        task = asyncio.create_task(guard(), name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # Look

    def follow(self, run: Run, after: int = 0) -> Batches:
        """Follow a run of this process."""
        return read_local(
            run, after, self._log,
            ping_seconds=self._settings.ping_seconds, lag_limit=self._settings.reader_lag_events,
        )

    async def rejoin(self, caller: Caller, task_id: str, after: int) -> Batches:
        """Follow any run of the calling end user from event ``after`` on.

        Raises not_found for an unknown or foreign task.
        """
        stored = await self.find(caller, task_id)
        run = self.active.get(stored.key.task_id)
        if run is not None and not run.lost:
            return self.follow(run, after)

        async def refresh() -> StoredRun | None:
            return await self._db(self._find, caller.the_app.app_id, caller.the_user.id, stored.key.task_id)

        return read_remote(stored, after, self._log, refresh, ping_seconds=self._settings.ping_seconds)

    async def find(self, caller: Caller, task_id: str) -> StoredRun:
        """The calling end user's run. Raises not_found."""
        stored = None
        if is_uuid(task_id):
            stored = await self._db(self._find, caller.the_app.app_id, caller.the_user.id, canonical(task_id))
        if stored is None:
            raise not_found("Task Not Exists.")
        return stored

    def _find(self, app_id: str, end_user_id: str, task_id: str) -> StoredRun | None:
        with self._uow() as uow:
            return RunStore(uow).find(app_id, end_user_id, task_id)

    # Stop

    async def stop(self, caller: Caller, task_id: str) -> None:
        """Stop the calling end user's run, wherever it runs. Anything else is left alone, without an error.

        When this returns the wish is in the database (G4).
        """
        if not is_uuid(task_id):
            return
        task = canonical(task_id)
        if await self._db(self._request_stop, caller.the_app.app_id, caller.the_user.id, task):
            await self._bus.publish("stop", task)

    def _request_stop(self, app_id: str, end_user_id: str, task_id: str) -> bool:
        with self._uow() as uow:
            found = RunStore(uow).request_stop(app_id, end_user_id, task_id)
            uow.commit()
            return found

    def _stop_local(self, task_id: str) -> None:
        run = self.active.get(task_id)
        if run is not None:
            run.request_stop()

    async def close(self, grace: float) -> None:
        """Let runs finish for ``grace`` seconds, then stop the rest; partial answers are kept."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for run in list(self.active.values()):
            run.request_stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        for task in (*self._tasks, *self._background):
            task.cancel()


def limit_of(app_limit: int, settings: Settings) -> int:
    """Concurrent runs an app may have (errors.md 5.1); 0 means unlimited."""
    limits = [app_limit or settings.app_default_active_requests, settings.app_max_active_requests]
    return min([limit for limit in limits if limit > 0], default=0)


def too_many(app_id: str, limit: int) -> AppError:
    """The 429 of errors.md section 5."""
    return AppError(
        Reason.TOO_MANY_REQUESTS,
        "Too many requests. Please try again later. "
        f"The current maximum concurrent requests allowed for {app_id} is {limit}.",
        retry_after=1,
    )
