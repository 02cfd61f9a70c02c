"""SQL of annotations that come and go as files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from server.annotation.model import Text
from server.db.annotation_tables import annotation_imports, app_annotations
from server.db.engine import UnitOfWork
from server.kit.ids import new_id

_A, _I = app_annotations.c, annotation_imports.c
_KEPT = timedelta(days=1)

Row = sa.Row[Any]


class AnnotationFileStore:
    """The annotations of one app in one transaction."""

    def __init__(self, uow: UnitOfWork, tenant_id: str, app_id: str) -> None:
        self._uow = uow
        self._scope = {"tenant_id": tenant_id, "app_id": app_id}
        self._mine = sa.and_(_A.tenant_id == tenant_id, _A.app_id == app_id)
        self._imports = sa.and_(_I.tenant_id == tenant_id, _I.app_id == app_id)

    def page(self, last: tuple[Any, str] | None, count: int) -> Sequence[Row]:
        """At most ``count`` annotations behind ``last``, a time and an id; newest first."""
        statement = (
            sa.select(_A.id, _A.question, _A.answer, _A.hit_count, _A.created_at)
            .where(self._mine).order_by(_A.created_at.desc(), _A.id.desc()).limit(count)
        )  # fmt: skip
        if last is not None:
            statement = statement.where(sa.tuple_(_A.created_at, _A.id) < sa.tuple_(*map(sa.literal, last)))
        return self._uow.execute(statement).all()

    def add(self, job_id: str, account_id: str, texts: Sequence[Text]) -> None:
        """Add annotations, and note that it was done; what was noted more than a day ago is forgotten."""
        old = _I.created_at < sa.func.now() - _KEPT
        self._uow.execute(sa.delete(annotation_imports).where(self._imports, old))
        made = [
            {**self._scope, "id": new_id(), "question": text.question, "answer": text.answer, "account_id": account_id}
            for text in texts
        ]
        self._uow.execute(sa.insert(app_annotations), made)
        self._uow.execute(sa.insert(annotation_imports).values(id=job_id, **self._scope))

    def has_import(self, job_id: str) -> bool:
        """Whether annotations were added under this id."""
        return self._uow.execute(sa.select(_I.id).where(self._imports, _I.id == job_id)).first() is not None
