"""SQL of those who look at runs: one run, an app's log. Lists read no inputs or outputs, unless searched in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import accounts, end_users, memberships, messages
from server.db.workflow_tables import (
    workflow_node_data,
    workflow_node_executions,
    workflow_pauses,
    workflow_run_data,
    workflow_runs,
)
from server.kit.errors import invalid_param
from server.kit.ids import canonical, is_uuid

_R, _D, _P = workflow_runs.c, workflow_run_data.c, workflow_pauses.c
_N, _ND = workflow_node_executions.c, workflow_node_data.c
_ONE = hot(
    sa.select(
        workflow_runs, sa.cast(_D.inputs, sa.Text).label("inputs"), sa.cast(_D.outputs, sa.Text).label("outputs"),
    )
    .outerjoin(workflow_run_data, _D.run_id == _R.id)
    .where(_R.id == sa.bindparam("b_id"), _R.app_id == sa.bindparam("b_app"))
)
_SO_FAR = (
    sa.select(
        _R.id, _R.workflow_id, _R.created_at, _R.elapsed_time, _R.total_tokens, _R.total_steps,
        sa.cast(_D.inputs, sa.Text).label("inputs"), _P.reasons, _P.created_at.label("paused_at"), messages.c.answer,
    )
    .outerjoin(workflow_run_data, _D.run_id == _R.id)
    .outerjoin(workflow_pauses, _P.run_id == _R.id)
    .outerjoin(messages, messages.c.id == _R.message_id)
    .where(_R.id == sa.bindparam("b_id"), _R.app_id == sa.bindparam("b_app"))
)
_DONE = (
    sa.select(
        _N.id, _N.index, _N.node_id, _N.node_type, _N.title, _N.status, _N.error, _N.elapsed_time, _N.created_at,
        _N.finished_at,
        *(
            sa.cast(_ND[name], sa.Text).label(name)
            for name in ("inputs", "process_data", "outputs", "execution_metadata")
        ),
    )
    .outerjoin(workflow_node_data, _ND.execution_id == _N.id)
    .where(_N.workflow_run_id == sa.bindparam("b_id"), _N.app_id == sa.bindparam("b_app"))
    .order_by(_N.index, _N.created_at, _N.id)
)
_SHOWN = (
    _R.id, _R.version, _R.status, _R.triggered_from, _R.error, _R.elapsed_time, _R.total_tokens, _R.total_steps,
    _R.created_at, _R.finished_at, _R.exceptions_count, _R.created_from, _R.created_by_role,
    end_users.c.id.label("user_id"), end_users.c.type.label("user_type"), end_users.c.is_anonymous,
    end_users.c.session_id, accounts.c.id.label("account_id"), accounts.c.name.label("account_name"),
    accounts.c.email,
)  # fmt: skip
_MEMBER = (
    sa.select(accounts.c.id)
    .join(memberships, memberships.c.account_id == accounts.c.id)
    .where(memberships.c.tenant_id == sa.bindparam("tenant"), accounts.c.email_lower == sa.bindparam("email"))
)
_KEYWORD = 30


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of an app's log is wanted (service-api.md 4.5)."""

    keyword: str = ""
    status: str = ""
    before: datetime | None = None
    after: datetime | None = None
    session_id: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class SoFar:
    """A run and its executions in their order; free values are JSON text. ``reasons`` None: it does not wait."""

    run: sa.Row[Any]
    executions: Sequence[sa.Row[Any]]


class WorkflowLookup:
    """Workflow runs in one transaction, for readers."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def one(self, app_id: str, run_id: str) -> sa.Row[Any] | None:
        """A run of an app; ``inputs`` and ``outputs`` are JSON text."""
        return self._uow.execute(_ONE, {"b_id": run_id, "b_app": app_id}).one_or_none()

    def so_far(self, app_id: str, run_id: str) -> SoFar | None:
        """All that a run has done."""
        found = {"b_id": run_id, "b_app": app_id}
        run = self._uow.execute(_SO_FAR, found).one_or_none()
        return None if run is None else SoFar(run, self._uow.execute(_DONE, found).all())

    def by(self, tenant_id: str, email: str, wanted: LogFilter) -> LogFilter:
        """The filter, of runs by a member of a workspace unless ``email`` is empty. Raises invalid_param."""
        if not email:
            return wanted
        found = {"tenant": tenant_id, "email": email.lower()}
        account_id = self._uow.execute(_MEMBER, found).scalar_one_or_none()
        if account_id is None:
            raise invalid_param(f"Account not found: {email}")
        return replace(wanted, account_id=account_id)

    def logs(self, app_id: str, wanted: LogFilter, page: int, limit: int) -> tuple[Sequence[sa.Row[Any]], int]:
        """A page of an app's log, newest first, and how many rows there are. ``page`` counts from 1."""
        conditions = [_R.app_id == app_id, _R.triggered_from != "debugging", _R.type == "workflow"]
        if wanted.status:
            conditions.append(_R.status == wanted.status)
        if wanted.before:
            conditions.append(_R.created_at <= wanted.before)
        if wanted.after:
            conditions.append(_R.created_at >= wanted.after)
        if wanted.session_id:
            conditions += [_R.created_by_role == "end_user", end_users.c.session_id == wanted.session_id]
        if wanted.account_id:
            conditions += [_R.created_by_role == "account", _R.created_by == wanted.account_id]
        source = workflow_runs.outerjoin(end_users, end_users.c.id == _R.created_by).outerjoin(
            accounts, accounts.c.id == _R.created_by
        )
        if wanted.keyword:
            source = source.outerjoin(workflow_run_data, _D.run_id == _R.id)
            conditions.append(_about(wanted.keyword))
        total = self._uow.execute(sa.select(sa.func.count()).select_from(source).where(*conditions)).scalar_one()
        rows = self._uow.execute(
            sa.select(*_SHOWN).select_from(source).where(*conditions)
            .order_by(_R.created_at.desc(), _R.id.desc()).limit(limit).offset((page - 1) * limit)
        )  # fmt: skip
        return rows.all(), int(total)


def _about(keyword: str) -> sa.ColumnElement[bool]:
    """Runs with a word in their inputs, outputs or the end user's name; or the run of that id."""
    text = keyword[:_KEYWORD]
    places = (sa.cast(_D.inputs, sa.Text), sa.cast(_D.outputs, sa.Text), end_users.c.session_id)
    found = [place.icontains(text, autoescape=True) for place in places]
    if is_uuid(keyword):
        found.append(_R.id == canonical(keyword))
    return sa.or_(*found)
