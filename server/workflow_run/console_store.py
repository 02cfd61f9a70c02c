"""SQL of runs as the authors of an app see them. Lists read no inputs, outputs or graphs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import accounts, apps, end_users, memberships, runs
from server.db.workflow_tables import (
    workflow_node_data,
    workflow_node_executions,
    workflow_run_data,
    workflow_runs,
    workflows,
)

_R, _D, _N, _ND = workflow_runs.c, workflow_run_data.c, workflow_node_executions.c, workflow_node_data.c
_PEOPLE = (
    end_users.c.id.label("user_id"), end_users.c.type.label("user_type"), end_users.c.is_anonymous,
    end_users.c.session_id, accounts.c.id.label("account_id"), accounts.c.name.label("account_name"),
    accounts.c.email,
)  # fmt: skip
_APP = sa.select(apps.c.id, apps.c.mode).where(
    apps.c.id == sa.bindparam("b_app"), apps.c.tenant_id == sa.bindparam("b_tenant")
)
_AUTHOR = (
    sa.select(accounts.c.id, accounts.c.name, accounts.c.email)
    .join(memberships, memberships.c.account_id == accounts.c.id)
    .where(accounts.c.id == sa.bindparam("b_account"), memberships.c.tenant_id == sa.bindparam("b_tenant"))
)
_OF_APP = sa.and_(_R.app_id == sa.bindparam("b_app"), _R.tenant_id == sa.bindparam("b_tenant"))
_ITEM = (
    _R.id, _R.conversation_id, _R.message_id, _R.version, _R.status, _R.elapsed_time, _R.total_tokens, _R.total_steps,
    _R.created_at, _R.finished_at, _R.exceptions_count, _R.created_by_role, *_PEOPLE,
)  # fmt: skip


def _with_people(source: Any, created_by: Any) -> Any:
    return source.outerjoin(end_users, end_users.c.id == created_by).outerjoin(accounts, accounts.c.id == created_by)


_DETAIL = (
    sa.select(
        *_ITEM, _R.error, sa.cast(_D.inputs, sa.Text).label("inputs"), sa.cast(_D.outputs, sa.Text).label("outputs"),
        sa.func.coalesce(sa.cast(_D.graph, sa.Text), sa.cast(workflows.c.graph, sa.Text)).label("graph"),
    )
    .select_from(
        _with_people(
            workflow_runs.outerjoin(workflow_run_data, _D.run_id == _R.id).outerjoin(
                workflows, sa.and_(workflows.c.id == _R.workflow_id, workflows.c.app_id == _R.app_id)
            ),
            _R.created_by,
        )
    )
    .where(_OF_APP, _R.id == sa.bindparam("b_run"))
)
_EXECUTIONS = (
    sa.select(
        _N.id, _N.index, _N.node_id, _N.node_type, _N.title, _N.status, _N.error, _N.elapsed_time, _N.created_at,
        _N.finished_at, _N.created_by_role,
        *(sa.cast(_ND[name], sa.Text).label(name) for name in ("inputs", "process_data", "outputs")),
        sa.cast(_ND.execution_metadata, sa.Text).label("execution_metadata"), *_PEOPLE,
    )
    .select_from(
        _with_people(
            workflow_node_executions.outerjoin(workflow_node_data, _ND.execution_id == _N.id), _N.created_by
        )
    )
    .where(_N.app_id == sa.bindparam("b_app"), _N.tenant_id == sa.bindparam("b_tenant"))
)
_OF_RUN = _EXECUTIONS.where(_N.workflow_run_id == sa.bindparam("b_run")).order_by(_N.index, _N.created_at)
_LAST = (
    _EXECUTIONS.where(_N.node_id == sa.bindparam("b_node"), _N.is_draft)
    .order_by(_N.created_at.desc(), _N.id.desc())
    .limit(1)
)
_STOP = (
    sa.update(runs)
    .where(
        runs.c.task_id == sa.bindparam("b_task"), runs.c.app_id == sa.bindparam("b_app"),
        runs.c.tenant_id == sa.bindparam("b_tenant"), runs.c.status == "running",
    )
    .values(stop_requested_at=sa.func.coalesce(runs.c.stop_requested_at, sa.func.now()))
    .returning(runs.c.task_id)
)
_AT = sa.select(_R.created_at).where(_OF_APP, _R.id == sa.bindparam("b_run"))

Row = sa.Row[Any]


class ConsoleStore:
    """Runs of an app in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def app_mode(self, tenant_id: str, app_id: str) -> str | None:
        """The mode of an app of a workspace; None when there is none."""
        row = self._uow.execute(_APP, {"b_app": app_id, "b_tenant": tenant_id}).one_or_none()
        return None if row is None else str(row.mode)

    def author(self, tenant_id: str, account_id: str) -> Row:
        """A member of a workspace."""
        return self._uow.execute(_AUTHOR, {"b_account": account_id, "b_tenant": tenant_id}).one()

    def created_at(self, tenant_id: str, app_id: str, run_id: str) -> datetime | None:
        """When a run of an app began; None when there is none."""
        found = {"b_app": app_id, "b_tenant": tenant_id, "b_run": run_id}
        return self._uow.execute(_AT, found).scalar_one_or_none()

    def page(
        self, tenant_id: str, app_id: str, triggered_from: str, status: str, before: datetime | None, count: int
    ) -> Sequence[Row]:
        """At most ``count`` runs that began before a time, newest first."""
        statement = (
            sa.select(*_ITEM).select_from(_with_people(workflow_runs, _R.created_by))
            .where(_R.app_id == app_id, _R.tenant_id == tenant_id, _R.triggered_from == triggered_from)
            .order_by(_R.created_at.desc(), _R.id.desc()).limit(count)
        )  # fmt: skip
        if status:
            statement = statement.where(_R.status == status)
        if before is not None:
            statement = statement.where(_R.created_at < before)
        return self._uow.execute(statement).all()

    def counts(
        self, tenant_id: str, app_id: str, triggered_from: str, status: str, seconds: int
    ) -> dict[str, int]:
        """Numbers of runs by status; ``seconds`` 0: of all times."""
        statement = (
            sa.select(_R.status, sa.func.count().label("number"))
            .where(_R.app_id == app_id, _R.tenant_id == tenant_id, _R.triggered_from == triggered_from)
            .group_by(_R.status)
        )  # fmt: skip
        if status:
            statement = statement.where(_R.status == status)
        if seconds:
            age = sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
            statement = statement.where(_R.created_at >= sa.func.now() - age)
        return {row.status: row.number for row in self._uow.execute(statement)}

    def detail(self, tenant_id: str, app_id: str, run_id: str) -> Row | None:
        """A run with what it went through, as JSON text."""
        return self._uow.execute(_DETAIL, {"b_app": app_id, "b_tenant": tenant_id, "b_run": run_id}).one_or_none()

    def executions(self, tenant_id: str, app_id: str, run_id: str) -> Sequence[Row]:
        """The executions of nodes of a run."""
        return self._uow.execute(_OF_RUN, {"b_app": app_id, "b_tenant": tenant_id, "b_run": run_id}).all()

    def last(self, tenant_id: str, app_id: str, node_id: str) -> Row | None:
        """The last execution of a node of the draft."""
        return self._uow.execute(_LAST, {"b_app": app_id, "b_tenant": tenant_id, "b_node": node_id}).one_or_none()

    def request_stop(self, tenant_id: str, app_id: str, task_id: str) -> bool:
        """Note the wish to stop a run of an app; False when it does not run."""
        found = {"b_task": task_id, "b_app": app_id, "b_tenant": tenant_id}
        return self._uow.execute(_STOP, found).one_or_none() is not None
