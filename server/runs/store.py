"""SQL of runs, leases and the end of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.direct import Order
from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import accounts, conversations, end_users, messages, process_leases, runs
from server.db.workflow_tables import (
    human_input_forms,
    workflow_node_executions,
    workflow_pauses,
    workflow_run_data,
    workflow_runs,
)
from server.runs.ledger import Cost, ledger_of, ledger_text, run_columns
from server.runs.run import RunKey

INTERRUPTED = "The server stopped while the answer was being written."
# What the record of a workflow run says that a user stopped.
STOPPED = "Aborted: User requested stop"

_STOP = (
    sa.update(runs)
    .where(
        runs.c.task_id == sa.bindparam("b_task"), runs.c.app_id == sa.bindparam("b_app"),
        runs.c.end_user_id == sa.bindparam("b_user"), runs.c.status == "running",
    )
    .values(stop_requested_at=sa.func.coalesce(runs.c.stop_requested_at, sa.func.now()))
    .returning(runs.c.owner)
)
_STOPPED = sa.select(runs.c.task_id).where(
    runs.c.owner == sa.bindparam("owner"), runs.c.status == "running", runs.c.stop_requested_at.is_not(None)
)
_ENDED_RUN = (
    sa.update(runs)
    .where(runs.c.task_id == sa.bindparam("b_task"), runs.c.status == "running")
    .values(
        status=sa.bindparam("b_status"), error=sa.bindparam("b_error"), last_sequence=sa.bindparam("b_last"),
        finished_at=sa.func.now(),
    )
    .returning(runs.c.message_id, runs.c.conversation_id, *run_columns(runs))
    .cte("ended")
)
_FINISH_MESSAGE = (
    sa.update(messages)
    .where(messages.c.id == _ENDED_RUN.c.message_id)
    .values(
        answer=sa.bindparam("b_answer"), message_tokens=sa.bindparam("b_prompt_tokens"),
        answer_tokens=sa.bindparam("b_answer_tokens"), total_price=sa.bindparam("b_price"),
        currency=sa.bindparam("b_currency"), latency=sa.bindparam("b_latency"),
        status=sa.bindparam("b_message_status"), error=sa.bindparam("b_error"), metadata=sa.bindparam("b_metadata"),
        updated_at=sa.func.now(),
    )
    .cte("message")
)
_TOUCH = (
    sa.update(conversations)
    .where(conversations.c.id == _ENDED_RUN.c.conversation_id)
    .values(updated_at=sa.func.now(), dialogue_count=conversations.c.dialogue_count + 1)
    .cte("conversation")
)
_HAS_FINISHED = sa.exists().where(
    runs.c.task_id == sa.bindparam("b_task"), runs.c.status == sa.bindparam("b_status"),
    runs.c.last_sequence == sa.bindparam("b_last"),
)
# The end of a run in one statement. Its last part sees the rows as they were before.
_FINISH = hot(
    sa.select(sa.exists(sa.select(_ENDED_RUN.c.message_id)) | _HAS_FINISHED)
    .add_cte(_FINISH_MESSAGE, _TOUCH, ledger_of(_ENDED_RUN))
)
# Rows of runs are locked before those of messages, here as in the end of a run: whoever comes second sees
# what the first has done.
_PARTIAL = sa.text(
    "WITH live AS (SELECT message_id FROM runs WHERE message_id = ANY(CAST(:ids AS uuid[])) AND status = 'running'"
    " ORDER BY task_id FOR SHARE)"
    " UPDATE messages SET answer = v.answer"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:answers AS text[])) AS v(id, answer)"
    " WHERE messages.id = v.id AND v.id IN (SELECT message_id FROM live)"
)
# What a dead process left: runs without a living lease; and what this process left.
_DEAD = sa.text(
    "SELECT runs.task_id FROM runs LEFT JOIN process_leases AS lease ON lease.owner = runs.owner"
    " WHERE runs.status = 'running' AND (lease.owner IS NULL OR lease.expires_at < now()"
    " OR (runs.owner = :owner AND runs.task_id = ANY(CAST(:strays AS uuid[]))))"
    " LIMIT :most FOR UPDATE OF runs SKIP LOCKED"
)
_OWNED = sa.text(
    "SELECT CAST(task_id AS text) FROM runs WHERE status = 'running' AND owner = :owner"
    " AND created_at < now() - make_interval(secs => :age)"
)
_WAS_STOPPED = runs.c.stop_requested_at.is_not(None)
_END_DEAD = (
    sa.update(runs)
    .where(runs.c.task_id.in_(sa.bindparam("ids", expanding=True)), runs.c.status == "running")
    .values(
        status=sa.case((_WAS_STOPPED, "stopped"), else_="failed"),
        error=sa.case((_WAS_STOPPED, None), else_=sa.bindparam("b_error")), finished_at=sa.func.now(),
    )
)
_END_DEAD_MESSAGES = (
    sa.update(messages)
    .where(messages.c.id == runs.c.message_id, runs.c.task_id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        status=sa.case((runs.c.status == "stopped", "normal"), else_="error"), error=runs.c.error,
        updated_at=sa.func.now(),
    )
)
_OF_WORKFLOW = workflow_runs.c.task_id.in_(sa.bindparam("ids", expanding=True))
_END_DEAD_WORKFLOWS = (
    sa.update(workflow_runs)
    .where(_OF_WORKFLOW, runs.c.task_id == workflow_runs.c.task_id, workflow_runs.c.status == "running")
    .values(
        status=runs.c.status, error=sa.case((runs.c.status == "stopped", STOPPED), else_=runs.c.error),
        finished_at=sa.func.now(),
        elapsed_time=sa.func.extract("epoch", sa.func.now() - workflow_runs.c.created_at),
    )
)
_END_DEAD_NODES = (
    sa.update(workflow_node_executions)
    .where(
        _OF_WORKFLOW, workflow_node_executions.c.workflow_run_id == workflow_runs.c.id,
        workflow_node_executions.c.status.in_(("running", "paused")),
    )
    .values(status="failed", error=workflow_runs.c.error, finished_at=sa.func.now())
)
_PAUSED = (
    sa.select(runs.c.message_id)
    .where(
        runs.c.task_id == sa.bindparam("b_task"), runs.c.app_id == sa.bindparam("b_app"),
        runs.c.status == "paused",
    )
    .with_for_update()
)
_STOP_PAUSED = (
    sa.update(runs)
    .where(runs.c.task_id == sa.bindparam("b_task"))
    .values(
        status="stopped", stop_requested_at=sa.func.now(), finished_at=sa.func.now(),
        last_sequence=runs.c.last_sequence + sa.bindparam("b_ends", type_=sa.Integer),
    )
)
_STOP_PAUSED_WORKFLOW = (
    sa.update(workflow_runs)
    .where(_OF_WORKFLOW)
    .values(status="stopped", error=STOPPED, finished_at=sa.func.now())
)
_ITS_RUN = sa.select(workflow_runs.c.id).where(workflow_runs.c.task_id == sa.bindparam("b_task")).scalar_subquery()
_CLOSE_FORMS = (
    sa.update(human_input_forms)
    .where(human_input_forms.c.workflow_run_id == _ITS_RUN, human_input_forms.c.status == "waiting")
    .values(status="expired")
)
_DROP_PAUSE = sa.delete(workflow_pauses).where(workflow_pauses.c.run_id == _ITS_RUN)
_KEEP_MORE = (
    sa.update(messages)
    .where(
        messages.c.id == sa.bindparam("b_message"),
        sa.func.length(messages.c.answer) < sa.func.length(sa.bindparam("b_answer")),
    )
    .values(answer=sa.bindparam("b_answer"))
)


_NEW = (
    "task_id", "tenant_id", "app_id", "mode", "message_id", "conversation_id", "end_user_id", "api_key_id", "owner",
)  # fmt: skip
# A run that a process is about to start, for the statement that stores what it is asked (chat/store.py).
NEW_RUN = sa.insert(runs).values({name: sa.bindparam(f"run_{name}") for name in _NEW}).cte("run")


def new_run(key: RunKey, owner: str) -> dict[str, object]:
    """Parameters of ``NEW_RUN``."""
    return {f"run_{name}": owner if name == "owner" else getattr(key, name) or None for name in _NEW}


@dataclass(frozen=True, slots=True)
class FinalMessage:
    """What is stored when a run ends."""

    answer: str
    metadata: Mapping[str, Any]
    prompt_tokens: int = 0
    answer_tokens: int = 0
    price: Decimal | None = None
    currency: str = "USD"
    latency: float = 0.0
    error: str | None = None
    costs: Sequence[Cost] = ()


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """The workflow run of a run. ``outputs`` is JSON text, ``created_by`` who started it, as events tell it."""

    id: str
    workflow_id: str
    status: str
    error: str | None
    outputs: str | None
    elapsed_time: float
    total_tokens: int
    total_steps: int
    exceptions_count: int
    created_by: Mapping[str, Any]
    # Unix seconds.
    created_at: int
    finished_at: int


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as the database knows it."""

    key: RunKey
    status: str
    error: str | None
    last_sequence: int
    answer: str
    metadata: Mapping[str, Any]
    # How long ago it ended; 0 while it runs.
    ended_seconds: float = 0.0
    workflow: StoredWorkflow | None = None


_ENDED = sa.func.coalesce(sa.func.extract("epoch", sa.func.now() - runs.c.finished_at), 0.0).label("ended_seconds")
_W = workflow_runs.c
_STORED = (
    sa.select(
        runs, _ENDED, messages.c.answer, messages.c.metadata, messages.c.created_at.label("message_created_at"),
        _W.id.label("w_id"), _W.workflow_id.label("w_workflow_id"), _W.status.label("w_status"),
        _W.error.label("w_error"), _W.elapsed_time, _W.total_tokens, _W.total_steps, _W.exceptions_count,
        _W.created_by_role, _W.created_by, _W.created_at.label("w_created_at"), _W.finished_at.label("w_finished_at"),
        sa.cast(workflow_run_data.c.outputs, sa.Text).label("w_outputs"),
        end_users.c.session_id, accounts.c.name.label("account_name"), accounts.c.email,
    )
    .outerjoin(messages, messages.c.id == runs.c.message_id)
    .outerjoin(workflow_runs, _W.task_id == runs.c.task_id)
    .outerjoin(workflow_run_data, workflow_run_data.c.run_id == _W.id)
    .outerjoin(end_users, end_users.c.id == _W.created_by)
    .outerjoin(accounts, accounts.c.id == _W.created_by)
)


class RunStore:
    """Runs and leases in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def count_running(self, app_id: str) -> int:
        """Runs of an app in progress, counted under a lock that lasts to the end of the transaction."""
        self._uow.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:app, 7))"), {"app": app_id})
        statement = sa.select(sa.func.count()).where(runs.c.app_id == app_id, runs.c.status == "running")
        return int(self._uow.execute(statement).scalar_one())

    @staticmethod
    def finishing(key: RunKey, status: str, message: FinalMessage, last_sequence: int) -> Order:
        """What enters a terminal state, once, and tells whether the run was in none before; else it changes nothing.

        ``last_sequence`` is the number of the last event. To send it again, because the reply to a
        commit was lost, is harmless.
        """
        return Order(
            _FINISH,
            {
                "b_task": key.task_id, "b_status": status, "b_last": last_sequence, "b_error": message.error,
                "b_answer": message.answer, "b_prompt_tokens": message.prompt_tokens,
                "b_answer_tokens": message.answer_tokens, "b_price": message.price, "b_currency": message.currency,
                "b_latency": message.latency, "b_message_status": "error" if status == "failed" else "normal",
                "b_metadata": dict(message.metadata), "b_usage": ledger_text(message.costs),
            },
        )

    def finish(self, key: RunKey, status: str, message: FinalMessage, last_sequence: int) -> bool:
        """Send ``finishing``."""
        ended: bool = self._uow.execute(*self.finishing(key, status, message, last_sequence)).scalar_one()
        return ended

    def store_partial(self, answers: Mapping[str, str]) -> None:
        """Store answers in progress, by message id, in one statement; finished messages are left alone."""
        self._uow.execute(_PARTIAL, {"ids": list(answers), "answers": list(answers.values())})

    def request_stop(self, app_id: str, end_user_id: str, task_id: str) -> bool:
        """Note the wish to stop; False when the run is unknown, finished or someone else's."""
        found = self._uow.execute(_STOP, {"b_task": task_id, "b_app": app_id, "b_user": end_user_id})
        return found.one_or_none() is not None

    def stop_paused(self, app_id: str, task_id: str, end_user_id: str | None) -> StoredRun | None:
        """End an app's run that waits for somebody, that end user's alone unless None; None when there is none."""
        waits = _PAUSED if end_user_id is None else _PAUSED.where(runs.c.end_user_id == end_user_id)
        row = self._uow.execute(waits, {"b_task": task_id, "b_app": app_id}).one_or_none()
        if row is None:
            return None
        ids = {"ids": [task_id]}
        # A chatflow tells its message's end too.
        self._uow.execute(_STOP_PAUSED, {"b_task": task_id, "b_ends": 2 if row.message_id else 1})
        for statement in (_END_DEAD_MESSAGES, _STOP_PAUSED_WORKFLOW, _END_DEAD_NODES):
            self._uow.execute(statement, ids)
        self._uow.execute(_CLOSE_FORMS, {"b_task": task_id})
        self._uow.execute(_DROP_PAUSE, {"b_task": task_id})
        return _stored(self._uow.execute(_STORED.where(runs.c.task_id == task_id)).one())

    def stop_requests(self, owner: str) -> list[str]:
        """Running runs of a process that someone wants stopped."""
        return list(self._uow.execute(_STOPPED, {"owner": owner}).scalars())

    def find(self, app_id: str, end_user_id: str, task_id: str) -> StoredRun | None:
        """A run of an end user, with what its message holds."""
        statement = _STORED.where(
            runs.c.task_id == task_id, runs.c.app_id == app_id, runs.c.end_user_id == end_user_id
        )
        row = self._uow.execute(statement).one_or_none()
        return None if row is None else _stored(row)

    def find_workflow(self, app_id: str, end_user_id: str, workflow_run_id: str) -> StoredRun | None:
        """The run of an end user's workflow run."""
        statement = _STORED.where(
            _W.id == workflow_run_id, runs.c.app_id == app_id, runs.c.end_user_id == end_user_id
        )
        row = self._uow.execute(statement).one_or_none()
        return None if row is None else _stored(row)

    # Leases

    def renew_lease(self, owner: str, seconds: float) -> None:
        """Say that a process lives, for ``seconds`` from now."""
        until = sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        statement = insert(process_leases).values(owner=owner, expires_at=until)
        self._uow.execute(
            statement.on_conflict_do_update(index_elements=["owner"], set_={"expires_at": until})
        )

    def drop_lease(self, owner: str) -> None:
        """A process that leaves in good order."""
        self._uow.execute(sa.delete(process_leases).where(process_leases.c.owner == owner))

    def owned(self, owner: str, age_seconds: float) -> list[str]:
        """Runs that a process should be working on, but for those that began less than ``age_seconds`` ago."""
        return list(self._uow.execute(_OWNED, {"owner": owner, "age": age_seconds}).scalars())

    def sweep(self, owner: str, strays: Sequence[str], most: int = 500) -> list[StoredRun]:
        """End up to ``most`` runs that nobody works on any more; returns them.

        That is those of processes without a living lease, and ``strays`` of ``owner``, the caller. A run that was to be
        stopped is stopped, others have failed; parts of answers stay. Safe from many processes at once.
        """
        ids = list(
            self._uow.execute(
                _DEAD, {"owner": owner, "strays": list(strays), "most": most}
            ).scalars()
        )
        if not ids:
            return []
        self._abandon(ids, INTERRUPTED)
        return [_stored(row) for row in self._uow.execute(_STORED.where(runs.c.task_id.in_(ids)))]

    def abandon(self, task_id: str, error: str) -> bool:
        """End a run as failed and keep the stored part of its answer; False when it had ended already."""
        return self._abandon([task_id], error)

    def _abandon(self, task_ids: Sequence[str], error: str) -> bool:
        ended = self._uow.execute(_END_DEAD, {"ids": task_ids, "b_error": error}).rowcount > 0
        if ended:
            for statement in (_END_DEAD_MESSAGES, _END_DEAD_WORKFLOWS, _END_DEAD_NODES):
                self._uow.execute(statement, {"ids": task_ids})
        return ended

    def keep_more(self, message_id: str, answer: str) -> None:
        """Store a longer part of the answer of a run that was swept."""
        self._uow.execute(_KEEP_MORE, {"b_message": message_id, "b_answer": answer})

    def drop_old_leases(self) -> None:
        """Forget processes that are long gone."""
        old = sa.func.now() - sa.text("interval '1 hour'")
        self._uow.execute(sa.delete(process_leases).where(process_leases.c.expires_at < old))


def _stored(row: sa.Row[Any]) -> StoredRun:
    created: datetime | None = row.message_created_at
    key = RunKey(
        task_id=row.task_id, tenant_id=row.tenant_id, app_id=row.app_id, mode=row.mode,
        message_id=row.message_id or "", conversation_id=row.conversation_id or "", end_user_id=row.end_user_id,
        created_at=int(created.timestamp()) if created else 0, workflow_run_id=row.w_id or "",
    )
    return StoredRun(
        key=key, status=row.status, error=row.error, last_sequence=row.last_sequence, answer=row.answer or "",
        metadata=row.metadata or {}, ended_seconds=float(row.ended_seconds),
        workflow=_stored_workflow(row) if row.w_id else None,
    )


def _stored_workflow(row: sa.Row[Any]) -> StoredWorkflow:
    by: dict[str, Any] = {"id": row.created_by, "user": row.session_id}
    if row.created_by_role == "account":
        by = {"id": row.created_by, "name": row.account_name, "email": row.email}
    return StoredWorkflow(
        id=row.w_id, workflow_id=row.w_workflow_id, status=row.w_status, error=row.w_error, outputs=row.w_outputs,
        elapsed_time=row.elapsed_time, total_tokens=row.total_tokens, total_steps=row.total_steps,
        exceptions_count=row.exceptions_count, created_by=by, created_at=int(row.w_created_at.timestamp()),
        finished_at=int(row.w_finished_at.timestamp()) if row.w_finished_at else 0,
    )
