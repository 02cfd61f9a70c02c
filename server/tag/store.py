"""SQL of tags and their bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import apps, tag_bindings, tags
from server.kit.ids import new_id

TYPE, APP_TYPE = "knowledge", "app"
_COUNT = (
    sa.select(sa.func.count()).where(tag_bindings.c.tag_id == tags.c.id).scalar_subquery().label("binding_count")
)
Row = sa.Row[Any]


class TagStore:
    """Tags of one type in one transaction."""

    def __init__(self, uow: UnitOfWork, kind: str = TYPE) -> None:
        self._uow = uow
        self._kind = kind

    def all(self, tenant_id: str, keyword: str = "") -> Sequence[Row]:
        """Every tag whose name contains a word, with its use, newest first."""
        statement = sa.select(tags.c.id, tags.c.name, tags.c.type, _COUNT).where(
            tags.c.tenant_id == tenant_id, tags.c.type == self._kind
        )
        if keyword:
            statement = statement.where(tags.c.name.icontains(keyword, autoescape=True))
        return self._uow.execute(statement.order_by(tags.c.created_at.desc(), tags.c.id.desc())).all()

    def find(self, tenant_id: str, tag_id: str) -> Row | None:
        """One tag with its use."""
        statement = sa.select(tags.c.id, tags.c.name, tags.c.type, _COUNT).where(
            tags.c.tenant_id == tenant_id, tags.c.id == tag_id, tags.c.type == self._kind
        )
        return self._uow.execute(statement).one_or_none()

    def add(self, tenant_id: str, account_id: str, name: str) -> str | None:
        """Make a tag; its id, None when the name is taken."""
        statement = (
            insert(tags).values(id=new_id(), tenant_id=tenant_id, type=self._kind, name=name, created_by=account_id)
            .on_conflict_do_nothing(index_elements=["tenant_id", "type", "name"]).returning(tags.c.id)
        )
        return self._uow.execute(statement).scalar_one_or_none()

    def name_taken(self, tenant_id: str, name: str, besides: str) -> bool:
        """Whether another tag has that name."""
        statement = sa.select(tags.c.id).where(
            tags.c.tenant_id == tenant_id, tags.c.type == self._kind, tags.c.name == name, tags.c.id != besides
        )
        return self._uow.execute(statement).first() is not None

    def rename(self, tenant_id: str, tag_id: str, name: str) -> None:
        """Give a tag another name."""
        self._uow.execute(sa.update(tags).where(tags.c.tenant_id == tenant_id, tags.c.id == tag_id).values(name=name))

    def delete(self, tenant_id: str, tag_id: str) -> None:
        """Delete a tag and its bindings."""
        bindings = tag_bindings
        self._uow.execute(
            sa.delete(bindings).where(bindings.c.tenant_id == tenant_id, bindings.c.tag_id == tag_id)
        )
        self._uow.execute(sa.delete(tags).where(tags.c.tenant_id == tenant_id, tags.c.id == tag_id))

    def bind(self, tenant_id: str, target_id: str, tag_ids: Sequence[str]) -> None:
        """Bind those of the tags that exist."""
        known = self._uow.execute(
            sa.select(tags.c.id).where(tags.c.tenant_id == tenant_id, tags.c.type == self._kind, tags.c.id.in_(tag_ids))
        ).scalars()
        rows = [{"id": new_id(), "tenant_id": tenant_id, "tag_id": one, "target_id": target_id} for one in known]
        if rows:
            statement = insert(tag_bindings).on_conflict_do_nothing(index_elements=["tag_id", "target_id"])
            self._uow.execute(statement, rows)

    def unbind(self, tenant_id: str, target_id: str, tag_ids: Sequence[str]) -> None:
        """Unbind tags."""
        bindings = tag_bindings
        self._uow.execute(
            sa.delete(bindings).where(
                bindings.c.tenant_id == tenant_id, bindings.c.target_id == target_id, bindings.c.tag_id.in_(tag_ids)
            )
        )

    def of_target(self, tenant_id: str, target_id: str) -> Sequence[Row]:
        """Tags of one dataset, by name."""
        joined = tag_bindings.join(tags, tags.c.id == tag_bindings.c.tag_id)
        statement = (
            sa.select(tags.c.id, tags.c.name).select_from(joined)
            .where(tags.c.tenant_id == tenant_id, tags.c.type == self._kind, tag_bindings.c.target_id == target_id)
            .order_by(tags.c.name)
        )
        return self._uow.execute(statement).all()

    def type_of(self, tenant_id: str, tag_id: str) -> str | None:
        """What a tag is for."""
        statement = sa.select(tags.c.type).where(tags.c.tenant_id == tenant_id, tags.c.id == tag_id)
        return self._uow.execute(statement).scalar_one_or_none()

    def has_app(self, tenant_id: str, app_id: str) -> bool:
        """Whether the workspace has this app."""
        statement = sa.select(apps.c.id).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        return self._uow.execute(statement).first() is not None
