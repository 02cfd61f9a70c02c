"""Starts runs of schedules whose time has come.

Every server process looks. Whoever stores a run moves the schedule on in the same transaction, so a time is run once,
also when a process dies in between; what was due while no process ran is run once.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from server.db.bridge import Database
from server.db.engine import UnitOfWork, UowFactory
from server.engine.node import NodeDataError
from server.kit.errors import AppError, Reason
from server.runs.registry import Runs
from server.trigger.model import Due
from server.trigger.registration import due_after
from server.trigger.starting import TriggeredRuns
from server.trigger.store import TriggerStore
from server.workflow_run.versions import Versions

log = logging.getLogger("transom.triggers")

_LOOK_SECONDS = 1.0
_AT_ONCE = 20
_PAUSE = timedelta(seconds=10)
# What passes by itself.
_LATER = frozenset({Reason.TOO_MANY_REQUESTS, Reason.RATE_LIMIT_ERROR})


class _TakenError(Exception):
    """Another process was faster."""


class Schedules:
    """Looks as long as the server takes runs."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, versions: Versions, triggered: TriggeredRuns
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._versions = versions
        self._triggered = triggered

    async def run(self) -> None:
        """Look again and again; a database that is away is told of elsewhere."""
        while not self._runs.draining:
            try:
                await self._look()
            except Exception as error:
                log.debug("no look at the schedules: %s", error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        for due in await self._db(self._due):
            if self._runs.draining:
                return
            then = await asyncio.to_thread(_next, due)
            try:
                await self._start(due, then)
            except _TakenError:
                pass
            except Exception as error:
                log.warning("schedule %s of app %s cannot run now: %s", due.node_id, due.app.app_id, error)
                await self._db(self._put_off, due, _again(error, then))

    def _due(self) -> list[Due]:
        with self._uow() as uow:
            return TriggerStore(uow).due(datetime.now(UTC), _AT_ONCE)

    async def _start(self, due: Due, then: datetime | None) -> None:
        version = await self._versions.published(due.app)
        user_id = due.user_id or await self._db(self._user, due)

        def claim(uow: UnitOfWork) -> None:
            if not TriggerStore(uow).advance(due, then):
                raise _TakenError

        await self._triggered.start(due.app, user_id, version, due.node_id, {}, "schedule", claim)

    def _user(self, due: Due) -> str:
        with self._uow() as uow:
            user_id = TriggerStore(uow).user(due.app)
            uow.commit()
            return user_id

    def _put_off(self, due: Due, until: datetime | None) -> None:
        with self._uow() as uow:
            TriggerStore(uow).advance(due, until)
            uow.commit()


def _again(error: Exception, then: datetime | None) -> datetime | None:
    """When to try once more: soon, but what cannot run at all waits for its next time. Nobody's place is held up."""
    if isinstance(error, AppError) and error.reason not in _LATER:
        return then
    soon = datetime.now(UTC) + _PAUSE
    return min(then, soon) if then else soon


def _next(due: Due) -> datetime | None:
    """The first time that is not past, so that what was missed is made up for once."""
    try:
        return due_after(due.schedule, max(due.due_at, datetime.now(UTC)))
    except NodeDataError as error:
        log.warning("schedule %s of app %s ends: %s", due.node_id, due.app.app_id, error)
        return None
