"""Old runs of workflows go, with all that belongs to them; what is young or may still go on stays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.workflow_tables import (
    human_input_forms,
    workflow_node_data,
    workflow_node_executions,
    workflow_run_data,
    workflow_runs,
)
from server.kit.ids import new_id
from server.workflow.prune import RunPrune

DATA = {workflow_runs: (workflow_run_data, "run_id"), workflow_node_executions: (workflow_node_data, "execution_id")}


@pytest.fixture
def uow(postgres_url: str) -> Iterator[UowFactory]:
    engine = make_engine(postgres_url, pool_size=2)
    yield uow_factory(engine)
    engine.dispose()


def id_of(days: float) -> str:
    """An id that was made so many days ago."""
    at = int((datetime.now(UTC) - timedelta(days=days)).timestamp() * 1000)
    return str(uuid.UUID(int=(at << 80) | (uuid.UUID(new_id()).int & ((1 << 80) - 1))))


def add(uow: UowFactory, table: sa.Table, days: float, **values: object) -> str:
    row = {"id": id_of(days), "tenant_id": new_id(), "app_id": new_id(), "workflow_id": new_id(), **values}
    data, key = DATA[table]
    with uow() as work:
        work.execute(sa.insert(table).values(row))
        work.execute(sa.insert(data).values({key: row["id"], "tenant_id": row["tenant_id"]}))
        work.commit()
    return str(row["id"])


def add_form(uow: UowFactory, run: str) -> str:
    row = {"id": new_id(), "tenant_id": new_id(), "app_id": new_id(), "workflow_run_id": run}
    with uow() as work:
        work.execute(sa.insert(human_input_forms).values(row))
        work.commit()
    return str(row["id"])


def left(uow: UowFactory, table: sa.Table, ids: list[str]) -> list[bool]:
    """Which of the rows are there; their data are there exactly when they are."""
    data, key = DATA[table]
    with uow() as work:
        rows = set(work.execute(sa.select(table.c.id).where(table.c.id.in_(ids))).scalars())
        kept = set(work.execute(sa.select(data.c[key]).where(data.c[key].in_(ids))).scalars())
    assert rows == kept
    return [id_ in rows for id_ in ids]


def test_runs_older_than_kept_go_with_their_nodes(uow: UowFactory) -> None:
    runs = [
        add(uow, workflow_runs, 31, status="succeeded"), add(uow, workflow_runs, 400, status="failed"),
        add(uow, workflow_runs, 29.9, status="succeeded"), add(uow, workflow_runs, 31, status="paused"),
        add(uow, workflow_runs, 31, status="running"),
    ]
    nodes = [add(uow, workflow_node_executions, 30.5, workflow_run_id=run) for run in runs]
    steps = [add(uow, workflow_node_executions, days, is_draft=True) for days in (31, 1)]
    forms = [add_form(uow, run) for run in runs]
    RunPrune(uow, 0).prune({})
    assert left(uow, workflow_runs, runs) == [True] * 5
    RunPrune(uow, 30).prune({})
    assert left(uow, workflow_runs, runs) == [False, False, True, True, True]
    assert left(uow, workflow_node_executions, nodes) == [False, False, True, True, True]
    assert left(uow, workflow_node_executions, steps) == [False, True]
    with uow() as work:
        kept = set(work.execute(sa.select(human_input_forms.c.id)).scalars())
    assert [form in kept for form in forms] == [False, False, True, True, True]


def test_more_runs_than_a_batch_all_go(uow: UowFactory) -> None:
    tenant = {"tenant_id": new_id(), "app_id": new_id(), "workflow_id": new_id(), "status": "stopped"}
    with uow() as work:
        work.execute(sa.insert(workflow_runs), [{"id": id_of(500), **tenant} for _ in range(450)])
        work.commit()
    RunPrune(uow, 365).prune({})
    with uow() as work:
        mine = sa.select(sa.func.count()).select_from(workflow_runs).where(workflow_runs.c.app_id == tenant["app_id"])
        assert work.execute(mine).scalar_one() == 0
