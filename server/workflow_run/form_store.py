"""SQL of forms, and of the runs that wait for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import accounts, end_users, messages, runs
from server.db.workflow_tables import human_input_forms, workflow_pauses, workflow_run_data, workflow_runs

_F, _P, _R = human_input_forms.c, workflow_pauses.c, workflow_runs.c
# A form closes with its run, too: another one may have ended it.
_LATE = sa.or_(_F.expires_at < sa.func.now(), _R.status.not_in(("paused", "running"))).label("late")
_FORM = sa.select(
    _F.id, _F.workflow_run_id, _F.node_id, _F.definition, _F.status, _F.expires_at, _LATE
).join(workflow_runs, _R.id == _F.workflow_run_id).where(
    _F.token == sa.bindparam("b_token"), _F.app_id == sa.bindparam("b_app")
)
_SUBMIT = (
    sa.update(human_input_forms)
    .where(_F.id == sa.bindparam("b_form"), _F.app_id == sa.bindparam("b_app"), _F.status == "waiting")
    .values(
        status="submitted", action_id=sa.bindparam("b_action"), submitted_data=sa.bindparam("b_data"),
        completed_at=sa.func.now(),
    )
)
_EXPIRE = (
    sa.update(human_input_forms)
    .where(_F.status == "waiting", _F.expires_at < sa.func.now())
    .values(status="timeout", completed_at=sa.func.now())
)
# What a pause waits for stands in its reasons; a form that is answered and still stands there was not heard yet.
_ANSWERED = _F.status.in_(("submitted", "timeout"))
_STANDS_THERE = sa.func.strpos(sa.cast(_P.reasons, sa.Text), sa.cast(_F.id, sa.Text)) > 0
_READY = (
    sa.select(_P.run_id)
    .join(human_input_forms, _F.workflow_run_id == _P.run_id)
    .where(_ANSWERED, _STANDS_THERE)
    .distinct()
    .limit(sa.bindparam("b_most"))
)
_PAUSED = (
    sa.select(
        _P.state, _P.plan, _P.elapsed_time, _R.id, _R.tenant_id, _R.app_id, _R.workflow_id, _R.type,
        _R.triggered_from, _R.created_by, _R.created_by_role, _R.created_at, runs.c.task_id, runs.c.mode,
        runs.c.message_id, runs.c.conversation_id, runs.c.end_user_id, runs.c.last_sequence,
        sa.cast(workflow_run_data.c.inputs, sa.Text).label("inputs"), workflow_run_data.c.graph, messages.c.answer,
        messages.c.created_at.label("message_created_at"), end_users.c.session_id,
        accounts.c.name.label("account_name"), accounts.c.email,
    )
    .join(workflow_runs, _R.id == _P.run_id)
    .join(runs, runs.c.task_id == _R.task_id)
    .outerjoin(workflow_run_data, workflow_run_data.c.run_id == _R.id)
    .outerjoin(messages, messages.c.id == runs.c.message_id)
    .outerjoin(end_users, end_users.c.id == _R.created_by)
    .outerjoin(accounts, accounts.c.id == _R.created_by)
    .where(_P.run_id == sa.bindparam("b_run"), runs.c.status == "paused")
)
_FORMS = (
    sa.select(
        _F.id, _F.node_id, _F.token, _F.status, _F.action_id, _F.submitted_data, _F.expires_at,
        _STANDS_THERE.label("asked"),
    )
    .join(workflow_pauses, _P.run_id == _F.workflow_run_id)
    .where(_P.run_id == sa.bindparam("b_run"))
)
_LOCK = (
    sa.select(runs.c.last_sequence)
    .where(runs.c.task_id == sa.bindparam("b_task"), runs.c.status == "paused")
    .with_for_update(skip_locked=True)
)
_GO_ON = (
    sa.update(runs)
    .where(runs.c.task_id == sa.bindparam("b_task"))
    .values(status="running", owner=sa.bindparam("b_owner"), last_sequence=0)
)
_RUNNING = sa.update(workflow_runs).where(_R.id == sa.bindparam("b_run")).values(status="running")
_NORMAL = sa.update(messages).where(messages.c.workflow_run_id == sa.bindparam("b_run")).values(status="normal")
_DROP = sa.delete(workflow_pauses).where(_P.run_id == sa.bindparam("b_run"))

Row = sa.Row[Any]


class FormStore:
    """Forms and paused runs in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def form(self, app_id: str, token: str, *, lock: bool = False) -> Row | None:
        """A form of an app by its token; ``late``: its time is over, or its run."""
        statement = _FORM.with_for_update(of=human_input_forms) if lock else _FORM
        return self._uow.execute(statement, {"b_token": token, "b_app": app_id}).one_or_none()

    def place(self, token: str) -> Row | None:
        """Whose form has the token."""
        statement = sa.select(_F.tenant_id, _F.app_id).where(_F.token == token)
        return self._uow.execute(statement).one_or_none()

    def submit(self, app_id: str, form_id: str, action: str, data: Mapping[str, Any]) -> None:
        """Answer a locked form."""
        self._uow.execute(_SUBMIT, {"b_form": form_id, "b_app": app_id, "b_action": action, "b_data": dict(data)})

    def expire(self) -> None:
        """Close forms whose time is over."""
        self._uow.execute(_EXPIRE)

    def ready(self, most: int) -> list[str]:
        """Paused runs that somebody has answered, or whose time is over."""
        return list(self._uow.execute(_READY, {"b_most": most}).scalars())

    def paused(self, run_id: str) -> Row | None:
        """A paused run with all that is needed to go on."""
        return self._uow.execute(_PAUSED, {"b_run": run_id}).one_or_none()

    def forms(self, run_id: str) -> Sequence[Row]:
        """The forms of a paused run; ``asked``: those that the pause waits for."""
        return self._uow.execute(_FORMS, {"b_run": run_id}).all()

    def go_on(self, run_id: str, task_id: str, owner: str) -> int | None:
        """Take a paused run over; the number of its last event, None when another process was faster."""
        last: int | None = self._uow.execute(_LOCK, {"b_task": task_id}).scalar_one_or_none()
        if last is None:
            return None
        self._uow.execute(_GO_ON, {"b_task": task_id, "b_owner": owner})
        for statement in (_RUNNING, _NORMAL, _DROP):
            self._uow.execute(statement, {"b_run": run_id})
        return last
