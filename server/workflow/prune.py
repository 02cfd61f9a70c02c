"""Removes runs of workflows that are older than the operator keeps them; handler of ``prune_workflow_runs``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from server.db.engine import UowFactory
from server.workflow.prune_store import PruneStore

# A run has tens of nodes.
_BATCH = 200


class RunPrune:
    """Runs in the worker; may be repeated. ``days`` 0: runs are kept for ever."""

    def __init__(self, uow: UowFactory, days: int) -> None:
        self._uow = uow
        self._age = timedelta(days=days)

    def prune(self, _payload: Mapping[str, Any]) -> None:
        """Remove what is too old, of all workspaces, one batch a transaction."""
        if not self._age:
            return
        for step in (PruneStore.runs, PruneStore.steps):
            while self._batch(step) == _BATCH:
                pass

    def _batch(self, step: Callable[[PruneStore, timedelta, int], int]) -> int:
        with self._uow() as uow:
            gone = step(PruneStore(uow), self._age, _BATCH)
            uow.commit()
            return gone
