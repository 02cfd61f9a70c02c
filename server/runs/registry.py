"""The runs of this process: start, find, read, stop, end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from redis.exceptions import RedisError

from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit import trace
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, not_found
from server.kit.ids import canonical, is_uuid, new_id
from server.kit.plain import clean_text
from server.kit.tasks import end
from server.ops.meters import RUNS_ENDED, RUNS_STARTED
from server.runs.log import EventLog
from server.runs.pace import Pace
from server.runs.reader import Batches, read_local, read_remote, rebuilt_ends
from server.runs.run import Outcome, Run, RunKey
from server.runs.store import RunStore, StoredRun
from server.settings import Settings
from transom.run.v1.event_pb2 import RunEvent

log = logging.getLogger("transom.runs")

Work = Callable[[Run], Awaitable[None]]
# Makes a stream that also speaks, with a voice.
Speaking = Callable[[Run, str, Batches], Batches]
# Topic of the bus: a run that has ended is not to be spoken on.
HUSH = "hush"
# Stores a run that begins, or takes one that was paused. When it returns the run cannot be lost (G1).
Commit = Callable[[], Awaitable[RunKey | Run]]
# What callers are told of a failure that is ours to explain.
INTERNAL = "Internal Server Error, please contact support."
# How long the end of a stopped run may take to be stored when this process ends.
_STOP_SECONDS = 3.0


class Runs:
    """Runs that this process works on, and how any process looks at any run."""

    def __init__(self, db: Database, uow: UowFactory, event_log: EventLog, bus: Bus, settings: Settings) -> None:
        self.owner = new_id()
        self.active: dict[str, Run] = {}
        self.pace = Pace()
        # This process ends: who starts runs by itself starts no more.
        self.draining = False
        self.speaking: Speaking | None = None
        self._db = db
        self._uow = uow
        self._log = event_log
        self._bus = bus
        self._settings = settings
        self._tasks: set[asyncio.Task[Any]] = set()
        self._background: set[asyncio.Task[None]] = set()
        bus.on("stop", self._stop_local)

    # Start and end

    async def start(self, commit: Commit, work: Work) -> Run:
        """Store a run by ``commit`` and do its ``work``, detached from the caller.

        One that was paused goes on as the ``Run`` that ``commit`` makes of it.

        A caller that is cancelled meanwhile leaves both to go on. ``work`` ends the run itself.
        """
        begun: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self._keep(asyncio.create_task(self._carry_out(commit, work, begun), name="run"))
        return await begun

    async def _carry_out(self, commit: Commit, work: Work, begun: asyncio.Future[Run]) -> None:
        try:
            stored = await commit()
        except Exception as error:
            # For the caller, unless it has left.
            if not begun.done():
                begun.set_exception(error)
            return
        except asyncio.CancelledError:
            begun.cancel()
            raise
        run = stored if isinstance(stored, Run) else Run(stored)
        self.active[run.key.task_id] = run
        RUNS_STARTED.add((run.key.mode,))
        if not begun.done():
            begun.set_result(run)
        await self._guard(run, work)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._drop)

    def _drop(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _guard(self, run: Run, work: Work) -> None:
        """Work on a run, below the span of the call that asked for it: it may well outlast that one."""
        with trace.begin(f"run {run.key.mode}") as span:
            try:
                await work(run)
            except Exception as error:
                log.exception("run %s broke", run.key.task_id)
                await self._break(run, repr(error))
            finally:
                RUNS_ENDED.add((run.key.mode, run.outcome.status if run.outcome else "lost"))
                if span:
                    _describe(span, run)

    async def _break(self, run: Run, cause: str) -> None:
        """End a run that our code failed to end; should that fail too, the sweep does it (keeper.py)."""
        try:
            await self._db(self._abandon, run.key, clean_text(cause), run.answer)
        except Exception as error:
            log.warning("run %s is left to the sweep: %s", run.key.task_id, error)
            run.lost = True
        shown = AppError(Reason.INTERNAL_SERVER_ERROR, INTERNAL)
        run.end(Outcome(status="failed", answer=run.answer, error=shown), http_status=500, message=INTERNAL)

    def _abandon(self, key: RunKey, cause: str, answer: str) -> None:
        with self._uow() as uow:
            store = RunStore(uow)
            if store.abandon(key.task_id, cause):
                store.keep_more(key.message_id, answer)
            uow.commit()

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
        """Follow a run of this process, for whoever began it: aloud, if its app says so."""
        batches = self._read(run, after)
        if run.voice is None or self.speaking is None:
            return batches
        return self.speaking(run, run.voice, batches)

    def _read(self, run: Run, after: int) -> Batches:
        return read_local(
            run, after, self._log, self.pace,
            ping_seconds=self._settings.ping_seconds, lag_limit=self._settings.reader_lag_events,
        )

    async def rejoin(self, caller: Caller, task_id: str, after: int) -> Batches:
        """Follow any run of the calling end user from event ``after`` on.

        Raises not_found for an unknown or foreign task.
        """
        stored = await self.find(caller, task_id)
        return self.local(stored, after) or self.remote(stored, after)

    def local(self, stored: StoredRun, after: int) -> Batches | None:
        """Follow a run if this process works on it."""
        run = self.active.get(stored.key.task_id)
        if run is None or run.lost or (run.outcome is not None and run.outcome.status == "paused"):
            return None
        return self._read(run, after)

    def remote(self, stored: StoredRun, after: int) -> Batches:
        """Follow a run by its log and its row, whoever works on it."""
        key = stored.key

        async def refresh() -> StoredRun | None:
            return await self._db(self._find, key.app_id, key.end_user_id or "", key.task_id)

        return read_remote(stored, after, self._log, refresh, ping_seconds=self._settings.ping_seconds)

    async def logged(self, task_id: str) -> list[RunEvent]:
        """What the log holds of a run, without a gap; nothing when the log is away."""
        try:
            return await self._log.whole(task_id)
        except (RedisError, OSError) as error:
            log.warning("cannot read the log of run %s: %s", task_id, error)
            return []

    async def is_told_from(self, stored: StoredRun, after: int) -> bool:
        """Whether readers can still get what followed event ``after`` of a run that has not ended."""
        run = self.active.get(stored.key.task_id)
        if run is not None and run.base <= after:
            return True
        try:
            first = await self._log.first(stored.key.task_id)
        except (RedisError, OSError):
            return True
        if first is not None:
            return first <= after + 1
        return stored.status != "paused" or stored.last_sequence <= after

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
            await self.tell_stop(task)
        else:
            await self.stop_paused(caller.the_app.app_id, task, caller.the_user.id)
            # One that has ended may still be spoken.
            await self._bus.publish(HUSH, hush_key(caller.the_app.app_id, caller.the_user.id, task))

    async def stop_paused(self, app_id: str, task_id: str, end_user_id: str | None) -> None:
        """Stop an app's run that waits for somebody, that end user's alone unless None; others are left alone."""
        stored = await self._db(self._stop_paused, app_id, task_id, end_user_id)
        if stored is None:
            return
        # Readers without the log find the end in the database.
        try:
            await self._log.close(task_id, rebuilt_ends(stored))
        except (RedisError, OSError) as error:
            log.warning("run %s: its log stays open: %s", task_id, error)

    def _stop_paused(self, app_id: str, task_id: str, end_user_id: str | None) -> StoredRun | None:
        with self._uow() as uow:
            stopped = RunStore(uow).stop_paused(app_id, task_id, end_user_id)
            uow.commit()
            return stopped

    async def tell_stop(self, task_id: str) -> None:
        """Tell every process of a stop that is in the database."""
        await self._bus.publish("stop", task_id)

    def _request_stop(self, app_id: str, end_user_id: str, task_id: str) -> bool:
        with self._uow() as uow:
            found = RunStore(uow).request_stop(app_id, end_user_id, task_id)
            uow.commit()
            return found

    def _stop_local(self, task_id: str) -> None:
        run = self.active.get(task_id)
        if run is not None:
            run.request_stop()

    async def drain(self, grace: float) -> None:
        """Let runs finish for ``grace`` seconds, then stop the rest as a user would; their parts are kept."""
        self.draining = True
        await self._wait(grace)
        for run in list(self.active.values()):
            run.request_stop()
        await self._wait(_STOP_SECONDS)

    async def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._tasks and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left)

    async def close(self) -> None:
        """End what is left; what of it did not reach the database is for the sweep of another process."""
        await self.drain(0)
        await end([*self._tasks, *self._background])


def _describe(span: trace.Span, run: Run) -> None:
    key, outcome = run.key, run.outcome
    for name, value in (
        ("mode", key.mode), ("task.id", key.task_id), ("tenant.id", key.tenant_id), ("app.id", key.app_id),
        ("message.id", key.message_id), ("conversation.id", key.conversation_id), ("run.id", key.workflow_run_id),
        ("run.status", outcome.status if outcome else "lost"),
    ):
        span.set(f"transom.{name}", value)
    if outcome is None or outcome.status == "failed":
        span.fail(outcome.error.reason.value if outcome and outcome.error else "failed")


def hush_key(app_id: str, user_id: str, task_id: str) -> str:
    """Whose speech is to end."""
    return f"{app_id}/{user_id}/{task_id}"


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
