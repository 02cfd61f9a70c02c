"""SQL that removes old runs of workflows, of all workspaces, in batches."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.workflow_tables import (
    human_input_forms,
    workflow_node_data,
    workflow_node_executions,
    workflow_pauses,
    workflow_run_data,
    workflow_runs,
)

_R, _E = workflow_runs.c, workflow_node_executions.c
# Ids begin with the milliseconds of their time (server/kit/ids.py), so old rows stand at the beginning of the key.
_BOUND = (
    "CAST(lpad(to_hex(CAST(extract(epoch FROM now() - CAST(:age AS interval)) * 1000 AS bigint)), 12, '0')"
    " || '00000000000000000000' AS uuid)"
)
# What waits for somebody may still go on.
_UNFINISHED = ("running", "paused")


class PruneStore:
    """One batch a call; each returns how many rows it looked for went."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def runs(self, age: timedelta, most: int) -> int:
        """Runs older than ``age`` that are over, with all that belongs to them."""
        old = sa.text(f"workflow_runs.id < {_BOUND}").bindparams(age=age)
        statement = sa.select(_R.id).where(old, _R.status.not_in(_UNFINISHED)).order_by(_R.id).limit(most)
        ids = list(self._uow.execute(statement.with_for_update(skip_locked=True)).scalars())
        steps = sa.select(_E.id).where(_E.workflow_run_id.in_(ids))
        data, through = workflow_node_data.c, workflow_run_data.c
        self._uow.execute(sa.delete(workflow_node_data).where(data.execution_id.in_(steps)))
        self._uow.execute(sa.delete(workflow_node_executions).where(_E.workflow_run_id.in_(ids)))
        self._uow.execute(sa.delete(human_input_forms).where(human_input_forms.c.workflow_run_id.in_(ids)))
        self._uow.execute(sa.delete(workflow_pauses).where(workflow_pauses.c.run_id.in_(ids)))
        self._uow.execute(sa.delete(workflow_run_data).where(through.run_id.in_(ids)))
        self._uow.execute(sa.delete(workflow_runs).where(_R.id.in_(ids)))
        return len(ids)

    def steps(self, age: timedelta, most: int) -> int:
        """Nodes older than ``age`` that authors ran alone."""
        old = sa.text(f"workflow_node_executions.id < {_BOUND}").bindparams(age=age)
        statement = sa.select(_E.id).where(old, _E.is_draft, _E.workflow_run_id.is_(None)).limit(most)
        ids = list(self._uow.execute(statement).scalars())
        data = workflow_node_data.c
        self._uow.execute(sa.delete(workflow_node_data).where(data.execution_id.in_(ids)))
        self._uow.execute(sa.delete(workflow_node_executions).where(_E.id.in_(ids)))
        return len(ids)
