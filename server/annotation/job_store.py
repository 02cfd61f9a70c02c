"""SQL of the jobs that let annotations answer, or not any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.annotation.model import COMPLETED, DISABLE, ENABLE, PROCESSING, WAITING, Order
from server.db.annotation_tables import annotation_settings, app_annotations
from server.db.engine import UnitOfWork
from server.kit.ids import new_id

_A, _S = app_annotations.c, annotation_settings.c
_now = sa.func.now()
# A question that was changed meanwhile is embedded anew.
_KEEP = (
    sa.update(app_annotations)
    .where(
        _A.id == sa.bindparam("b_id"), _A.app_id == sa.bindparam("b_app"),
        sa.func.coalesce(_A.question, "") == sa.bindparam("b_question"),
    )
    .values(vector=sa.bindparam("b_vector"), vector_space=sa.bindparam("b_space"))
)


class JobStore:
    """The setting of one app and the vectors behind it, in one transaction."""

    def __init__(self, uow: UnitOfWork, tenant_id: str, app_id: str) -> None:
        self._uow = uow
        self._tenant_id = tenant_id
        self._app_id = app_id
        self._mine = sa.and_(_S.tenant_id == tenant_id, _S.app_id == app_id)

    def enter(self, order: Order) -> str:
        """Make a job the newest one; the id of the newest, another's when one like it came first."""
        job = {
            "job_id": order.job_id, "job_action": order.action, "job_status": WAITING, "job_error": "",
            "job_ended_at": None,
        }  # fmt: skip
        free = sa.or_(_S.job_action != order.action, _S.job_status.not_in((WAITING, PROCESSING)))
        entered = (
            insert(annotation_settings)
            .values(app_id=self._app_id, tenant_id=self._tenant_id, id=new_id(), **job)
            .on_conflict_do_update(index_elements=["app_id"], set_={**job, "updated_at": _now}, where=free)
            .returning(_S.job_id)
        )
        mine: str | None = self._uow.execute(entered).scalar_one_or_none()
        return mine or str(self._uow.execute(sa.select(_S.job_id).where(self._mine)).scalar_one())

    def begin(self, job_id: str) -> bool:
        """Say that a job is worked on, and lock its app's setting; False when it is not the newest or has ended."""
        begun = (
            sa.update(annotation_settings)
            .where(self._mine, _S.job_id == job_id, _S.job_status.in_((WAITING, PROCESSING)))
            .values(job_status=PROCESSING).returning(_S.job_id)
        )
        return self._uow.execute(begun).scalar_one_or_none() is not None

    def missing(self, space: str, most: int) -> Sequence[Any]:
        """(id, question) of annotations without a vector in a space."""
        lacking = sa.or_(_A.vector.is_(None), _A.vector_space.is_distinct_from(space))
        statement = sa.select(_A.id, sa.func.coalesce(_A.question, "").label("question")).where(
            _A.tenant_id == self._tenant_id, _A.app_id == self._app_id, lacking
        )
        return self._uow.execute(statement.order_by(_A.created_at, _A.id).limit(most)).all()

    def keep(self, space: str, found: Sequence[Any], vectors: Sequence[bytes]) -> None:
        """Keep the vectors of what ``missing`` found."""
        same = {"b_space": space, "b_app": self._app_id}
        values = [
            {**same, "b_id": row.id, "b_question": row.question, "b_vector": vector}
            for row, vector in zip(found, vectors, strict=True)
        ]
        if values:
            self._uow.execute(_KEEP, values)

    def drop_vectors(self) -> None:
        """Forget all vectors of the app."""
        mine = sa.and_(_A.tenant_id == self._tenant_id, _A.app_id == self._app_id)
        self._uow.execute(sa.update(app_annotations).where(mine).values(vector=None, vector_space=None))

    def complete(self, order: Order) -> None:
        """Set what a job was to set, and end it."""
        values: dict[str, Any] = {"enabled": order.action == ENABLE}
        if order.action == ENABLE:
            values |= {
                "score_threshold": order.score_threshold, "provider": order.provider, "model": order.model,
            }  # fmt: skip
        elif order.action == DISABLE:
            values["id"] = new_id()
        self._end(order.job_id, COMPLETED, "", values)

    def fail(self, job_id: str, status: str, error: str) -> None:
        """End a job that cannot be done; the setting stays."""
        self._end(job_id, status, error, {})

    def _end(self, job_id: str, status: str, error: str, values: dict[str, Any]) -> None:
        self._uow.execute(
            sa.update(annotation_settings).where(self._mine, _S.job_id == job_id).values(
                job_status=status, job_error=error, job_ended_at=_now, revision=_S.revision + 1, updated_at=_now,
                **values,
            )
        )
