"""Deletes what belonged to a deleted app; handler of the job ``purge_app``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from server.app.purge_store import PurgeStore
from server.db.engine import UowFactory

Step = Callable[[PurgeStore, str, str], int]

# Children before parents, so that a purge that was cut off finds the rest the next time.
_STEPS: tuple[Step, ...] = (
    PurgeStore.messages,
    partial(PurgeStore.conversations, soft_deleted=False),
    partial(PurgeStore.conversations, soft_deleted=True),
    PurgeStore.workflow_runs,
    PurgeStore.steps,
    PurgeStore.tags,
    PurgeStore.of_app,
)


class AppPurge:
    """Runs in the worker. Uploaded files stay (data-model.md section 9)."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def purge(self, payload: Mapping[str, Any]) -> None:
        """Delete everything of ``payload["app_id"]``, one batch a transaction; may be repeated."""
        for step in _STEPS:
            while self._batch(step, payload["tenant_id"], payload["app_id"]):
                pass

    def _batch(self, step: Step, tenant_id: str, app_id: str) -> int:
        with self._uow() as uow:
            gone = step(PurgeStore(uow), tenant_id, app_id)
            uow.commit()
            return gone
