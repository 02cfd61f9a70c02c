"""SQL of registered APIs, bound to one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from server.db.engine import UnitOfWork
from server.db.tables import datasets, external_knowledge_apis

_E = external_knowledge_apis.c
_USED = (
    sa.select(
        sa.func.json_agg(
            aggregate_order_by(sa.func.json_build_array(datasets.c.id, datasets.c.name), datasets.c.created_at)
        )
    )
    .where(datasets.c.external_api_id == _E.id, datasets.c.tenant_id == _E.tenant_id)
    .scalar_subquery()
    .label("datasets")
)
_SHOWN = (
    _E.id, _E.tenant_id, _E.name, _E.description, _E.endpoint, _E.sealed_key, _E.created_by, _E.created_at, _USED,
)
Row = sa.Row[Any]


class ExternalStore:
    """Registered APIs in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def page(self, tenant_id: str, keyword: str, page: int, limit: int) -> tuple[int, Sequence[Row]]:
        """How many match, and a page of them, newest first."""
        matches = [_E.tenant_id == tenant_id]
        if keyword:
            matches.append(_E.name.icontains(keyword, autoescape=True))
        total = self._uow.execute(
            sa.select(sa.func.count()).select_from(external_knowledge_apis).where(*matches)
        ).scalar_one()
        statement = sa.select(*_SHOWN).where(*matches).order_by(_E.created_at.desc(), _E.id.desc())
        return total, self._uow.execute(statement.limit(limit).offset((page - 1) * limit)).all()

    def find(self, tenant_id: str, api_id: str) -> Row | None:
        """One registered API."""
        return self._uow.execute(
            sa.select(*_SHOWN).where(_E.tenant_id == tenant_id, _E.id == api_id)
        ).one_or_none()

    def add(self, values: Mapping[str, Any]) -> None:
        """Register one."""
        self._uow.execute(sa.insert(external_knowledge_apis).values(**values))

    def update(self, tenant_id: str, api_id: str, values: Mapping[str, Any]) -> None:
        """Change one."""
        self._uow.execute(
            sa.update(external_knowledge_apis).where(_E.tenant_id == tenant_id, _E.id == api_id)
            .values(**values, updated_at=sa.func.now())
        )

    def delete(self, tenant_id: str, api_id: str) -> None:
        """Forget one."""
        self._uow.execute(
            sa.delete(external_knowledge_apis).where(_E.tenant_id == tenant_id, _E.id == api_id)
        )
