"""SQL of tool providers, bound to one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import apps
from server.db.tool_tables import api_tool_providers, mcp_tool_providers, workflow_tool_providers
from server.db.workflow_tables import workflows
from server.tools.model import Kind

_TABLES: Mapping[str, sa.Table] = {
    "api": api_tool_providers, "mcp": mcp_tool_providers, "workflow": workflow_tool_providers,
}
_BIG = frozenset({"schema"})
Row = sa.Row[Any]


class ToolStore:
    """Tool providers in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def all(self, tenant_id: str, kind: Kind) -> Sequence[Row]:
        """Every provider of a kind, oldest first, without the documents of APIs."""
        table = _TABLES[kind]
        columns = [column for column in table.c if column.name not in _BIG]
        return self._uow.execute(
            sa.select(*columns).where(table.c.tenant_id == tenant_id).order_by(table.c.created_at, table.c.id)
        ).all()

    def find(self, tenant_id: str, kind: Kind, column: str, value: str, *, whole: bool = False) -> Row | None:
        """The provider with this id, name, identifier or app; with its document when ``whole``."""
        table = _TABLES[kind]
        wanted = table.c.get(column, table.c.id)
        columns = [one for one in table.c if whole or one.name not in _BIG]
        return self._uow.execute(
            sa.select(*columns).where(table.c.tenant_id == tenant_id, wanted == value)
        ).one_or_none()

    def add(self, kind: Kind, values: Mapping[str, Any]) -> bool:
        """Add one; False when another has its name, address or app."""
        added = self._uow.execute(insert(_TABLES[kind]).values(**values).on_conflict_do_nothing())
        return bool(added.rowcount)

    def update(self, tenant_id: str, kind: Kind, provider_id: str, values: Mapping[str, Any]) -> None:
        """Change one."""
        table = _TABLES[kind]
        self._uow.execute(
            sa.update(table).where(table.c.tenant_id == tenant_id, table.c.id == provider_id)
            .values(**values, updated_at=sa.func.now())
        )

    def delete(self, tenant_id: str, kind: Kind, provider_id: str) -> None:
        """Forget one."""
        table = _TABLES[kind]
        self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.id == provider_id))

    def published(self, tenant_id: str, app_id: str) -> Row | None:
        """(name, mode, workflow_id, graph) of an app; the last two are None before it is published."""
        return self._uow.execute(
            sa.select(apps.c.name, apps.c.mode, apps.c.workflow_id, workflows.c.graph)
            .outerjoin(workflows, sa.and_(workflows.c.id == apps.c.workflow_id, workflows.c.tenant_id == tenant_id))
            .where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        ).one_or_none()

    def versions(self, tenant_id: str, app_ids: Sequence[str]) -> dict[str, str]:
        """The published version of each app."""
        found = self._uow.execute(
            sa.select(apps.c.id, apps.c.workflow_id).where(apps.c.tenant_id == tenant_id, apps.c.id.in_(app_ids))
        )
        return {row.id: row.workflow_id or "" for row in found}
