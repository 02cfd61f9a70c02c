"""SQL of annotations, their history and the setting of an app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from server.annotation.model import Hit, Listed, Page, Setting, Text, Wanted
from server.db.annotation_tables import annotation_hits, annotation_settings, app_annotations
from server.db.engine import UnitOfWork
from server.db.tables import accounts, apps, jobs, messages
from server.kit.ids import new_id

_LONGEST_PAGE = 100
_UNKNOWN_AUTHOR = "Dify user"
_A, _H, _S = app_annotations.c, annotation_hits.c, annotation_settings.c
_now = sa.func.now()
_SHOWN = (_A.id, _A.question, _A.answer, _A.hit_count, _A.created_at)
_MATCHED = (
    sa.select(
        sa.func.coalesce(_A.question, "").label("question"), sa.func.coalesce(_A.answer, "").label("answer"),
        accounts.c.id.label("account_id"), sa.func.coalesce(accounts.c.name, _UNKNOWN_AUTHOR).label("account_name"),
    )
    .outerjoin(accounts, accounts.c.id == _A.account_id)
    .where(_A.tenant_id == sa.bindparam("tenant"), _A.app_id == sa.bindparam("app"), _A.id == sa.bindparam("id"))
)


class AnnotationStore:
    """The annotations of one app in one transaction."""

    def __init__(self, uow: UnitOfWork, tenant_id: str, app_id: str) -> None:
        self._uow = uow
        self._tenant_id = tenant_id
        self._app_id = app_id
        self._mine = sa.and_(_A.tenant_id == tenant_id, _A.app_id == app_id)

    @property
    def scope(self) -> dict[str, str]:
        """Whose annotations these are, for the payload of a job."""
        return {"tenant_id": self._tenant_id, "app_id": self._app_id}

    def is_there(self) -> bool:
        """Whether the workspace has this app."""
        statement = sa.select(apps.c.id).where(apps.c.tenant_id == self._tenant_id, apps.c.id == self._app_id)
        return self._uow.execute(statement).first() is not None

    def page(self, wanted: Wanted) -> Page:
        """Annotations, newest first."""
        matches = self._mine
        if wanted.keyword:
            found = [column.icontains(wanted.keyword, autoescape=True) for column in (_A.question, _A.answer)]
            matches = sa.and_(matches, sa.or_(*found))
        return self._page(wanted, app_annotations, _SHOWN, matches)

    def hits(self, annotation_id: str, wanted: Wanted) -> Page:
        """When an annotation answered, newest first."""
        matches = sa.and_(
            _H.tenant_id == self._tenant_id, _H.app_id == self._app_id, _H.annotation_id == annotation_id
        )
        return self._page(wanted, annotation_hits, tuple(annotation_hits.c), matches)

    def _page(self, wanted: Wanted, table: sa.Table, columns: Sequence[Any], matches: Any) -> Page:
        total = self._uow.execute(sa.select(sa.func.count()).select_from(table).where(matches)).scalar_one()
        size = min(wanted.limit, _LONGEST_PAGE)
        statement = sa.select(*columns).where(matches).order_by(table.c.created_at.desc(), table.c.id.desc())
        rows = self._uow.execute(statement.limit(size).offset((wanted.page - 1) * size)).all()
        return Page(list(rows), wanted, total)

    def count(self) -> int:
        """How many there are."""
        return int(self._uow.execute(sa.select(sa.func.count()).where(self._mine)).scalar_one())

    def has(self, annotation_id: str) -> bool:
        """Whether it is there."""
        return self._uow.execute(sa.select(_A.id).where(self._mine, _A.id == annotation_id)).first() is not None

    def add(self, text: Text, account_id: str | None, message: Any = None) -> Listed:
        """Add an annotation, of a message perhaps."""
        of = {"message_id": message.id, "conversation_id": message.conversation_id} if message else {}
        made = (
            sa.insert(app_annotations)
            .values(
                id=new_id(), tenant_id=self._tenant_id, app_id=self._app_id, question=text.question,
                answer=text.answer, account_id=account_id, **of,
            )
            .returning(*_SHOWN)
        )
        return Listed(**self._uow.execute(made).one()._mapping)

    def update(self, annotation_id: str, text: Text) -> Listed | None:
        """Replace question and answer; another question loses its vector. None: there is no such annotation."""
        same = _A.question.is_not_distinct_from(text.question)
        changed = (
            sa.update(app_annotations).where(self._mine, _A.id == annotation_id)
            .values(
                question=text.question, answer=text.answer, updated_at=_now,
                vector=sa.case((same, _A.vector)), vector_space=sa.case((same, _A.vector_space)),
            )
            .returning(*_SHOWN)
        )  # fmt: skip
        row = self._uow.execute(changed).one_or_none()
        return Listed(**row._mapping) if row else None

    def delete(self, annotation_ids: Sequence[str] | None) -> int:
        """Delete annotations with their history, None: all; how many there were."""
        ids = self._mine if annotation_ids is None else sa.and_(self._mine, _A.id.in_(annotation_ids))
        mine = sa.and_(_H.tenant_id == self._tenant_id, _H.app_id == self._app_id)
        hits = mine if annotation_ids is None else sa.and_(mine, _H.annotation_id.in_(annotation_ids))
        self._uow.execute(sa.delete(annotation_hits).where(hits))
        return self._uow.execute(sa.delete(app_annotations).where(ids)).rowcount

    def message(self, message_id: str) -> Any:
        """A message of the app: id, conversation_id, query, and the annotation that it has."""
        statement = (
            sa.select(messages.c.id, messages.c.conversation_id, messages.c.query, _A.id.label("annotation_id"))
            .outerjoin(app_annotations, sa.and_(_A.message_id == messages.c.id, self._mine))
            .where(
                messages.c.tenant_id == self._tenant_id, messages.c.app_id == self._app_id, messages.c.id == message_id
            )
            .limit(1)
        )
        return self._uow.execute(statement).one_or_none()

    # What answers

    def setting(self) -> Setting | None:
        """How annotations answer; None: they do not."""
        statement = sa.select(_S.id, _S.score_threshold, _S.provider, _S.model, _S.revision).where(
            _S.tenant_id == self._tenant_id, _S.app_id == self._app_id, _S.enabled
        )
        row = self._uow.execute(statement).one_or_none()
        return Setting(**row._mapping) if row else None

    def set_threshold(self, setting_id: str, threshold: float) -> bool:
        """Change the lowest score of a match; False when no such setting is on."""
        changed = (
            sa.update(annotation_settings)
            .where(_S.tenant_id == self._tenant_id, _S.app_id == self._app_id, _S.id == setting_id, _S.enabled)
            .values(score_threshold=threshold, revision=_S.revision + 1, updated_at=_now)
        )
        return self._uow.execute(changed).rowcount == 1

    def vectors(self, space: str) -> Sequence[Any]:
        """(id, vector) of every question that has one in a space."""
        usable = sa.func.length(_A.vector) > 0
        statement = sa.select(_A.id, _A.vector).where(self._mine, _A.vector_space == space, usable)
        return self._uow.execute(statement.order_by(_A.created_at, _A.id)).all()

    def matched(self, annotation_id: str) -> Any:
        """question, answer, account_id and account_name of an annotation."""
        values = {"tenant": self._tenant_id, "app": self._app_id, "id": annotation_id}
        return self._uow.execute(_MATCHED, values).one_or_none()

    def add_hit(self, hit: Hit) -> None:
        """Count an answer and keep it."""
        counted = (
            sa.update(app_annotations).where(self._mine, _A.id == hit.match.annotation_id)
            .values(hit_count=_A.hit_count + 1).returning(_A.id)
        )
        if self._uow.execute(counted).one_or_none() is None:
            return
        self._uow.execute(
            sa.insert(annotation_hits).values(
                id=new_id(), tenant_id=self._tenant_id, app_id=self._app_id, annotation_id=hit.match.annotation_id,
                message_id=hit.message_id, end_user_id=hit.end_user_id, source=hit.source, query=hit.query,
                question=hit.match.question, answer=hit.match.answer, score=hit.match.score,
            )
        )

    def touch(self) -> bool:
        """Say that annotations have changed, after what is under way; whether they answer."""
        changed = (
            sa.update(annotation_settings).where(_S.tenant_id == self._tenant_id, _S.app_id == self._app_id)
            .values(revision=_S.revision + 1).returning(_S.enabled)
        )
        return bool(self._uow.execute(changed).scalar_one_or_none())

    def order(self, kind: str, payload: Any) -> None:
        """Order a job of the worker."""
        self._uow.execute(sa.insert(jobs).values(kind=kind, payload=dict(payload)))

    def job(self, kept: timedelta) -> Any:
        """The newest job: id, action, status, error; None when it ended longer ago than ``kept``."""
        statement = sa.select(_S.job_id, _S.job_action, _S.job_status, _S.job_error).where(
            _S.tenant_id == self._tenant_id, _S.app_id == self._app_id,
            sa.or_(_S.job_ended_at.is_(None), _S.job_ended_at > _now - kept),
        )
        return self._uow.execute(statement).one_or_none()
