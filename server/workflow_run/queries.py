"""Use cases around runs that are there: look at them, stop them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import not_found
from server.kit.validate import id_or_none
from server.runs.registry import Runs
from server.workflow_run.lookup_store import LogFilter, WorkflowLookup


class WorkflowQueries:
    """Runs of an app."""

    def __init__(self, db: Database, uow: UowFactory, runs: Runs) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs

    async def stop(self, caller: Caller, task_id: str) -> None:
        """Stop the calling end user's run, wherever it is; anything else is left alone without an error."""
        await self._runs.stop(caller, task_id)

    async def one(self, caller: Caller, run_id: str) -> Any:
        """A run of the app. Raises not_found."""
        wanted = id_or_none(run_id)
        row = await self._db(self._one, caller.the_app.app_id, wanted) if wanted else None
        if row is None:
            raise not_found("Workflow run not found.")
        return row

    def _one(self, app_id: str, run_id: str) -> Any:
        with self._uow() as uow:
            return WorkflowLookup(uow).one(app_id, run_id)

    async def logs(
        self, caller: Caller, wanted: LogFilter, email: str, page: int, limit: int
    ) -> tuple[Sequence[Any], int]:
        """A page of the app's log and how many rows there are. Raises invalid_param for an unknown ``email``."""
        return await self._db(self._logs, caller, wanted, email, page, limit)

    def _logs(
        self, caller: Caller, wanted: LogFilter, email: str, page: int, limit: int
    ) -> tuple[Sequence[Any], int]:
        with self._uow() as uow:
            store = WorkflowLookup(uow)
            return store.logs(caller.the_app.app_id, store.by(caller.tenant_id, email, wanted), page, limit)
