"""SQL that deletes what belonged to a deleted app, in batches (data-model.md section 9)."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import (
    api_keys,
    app_configs,
    conversation_variables,
    conversations,
    dataset_queries,
    end_users,
    message_feedbacks,
    message_files,
    messages,
    runs,
    sites,
    tag_bindings,
)

_BATCH = 1000
# Soft-deleted conversations are few and stand in no index: larger batches, fewer scans.
_SOFT_BATCH = 20_000
_OF_APP: tuple[tuple[sa.Table, sa.Column[str]], ...] = (
    (runs, runs.c.task_id), (end_users, end_users.c.id), (api_keys, api_keys.c.id), (sites, sites.c.id),
    (app_configs, app_configs.c.id), (dataset_queries, dataset_queries.c.id),
)  # fmt: skip


class PurgeStore:
    """One batch a call; each returns how many rows of its table went, 0 when nothing is left."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def messages(self, tenant_id: str, app_id: str) -> int:
        """Messages with their files and feedback."""
        batch = sa.select(messages.c.id).where(messages.c.tenant_id == tenant_id, messages.c.app_id == app_id)
        ids = self._ids(batch, _BATCH)
        for child in (message_files, message_feedbacks):
            self._uow.execute(sa.delete(child).where(child.c.tenant_id == tenant_id, child.c.message_id.in_(ids)))
        self._uow.execute(sa.delete(messages).where(messages.c.tenant_id == tenant_id, messages.c.id.in_(ids)))
        return len(ids)

    def conversations(self, tenant_id: str, app_id: str, *, soft_deleted: bool) -> int:
        """Conversations with their variables."""
        table = conversations
        hidden = table.c.is_deleted if soft_deleted else ~table.c.is_deleted
        batch = sa.select(table.c.id).where(table.c.tenant_id == tenant_id, table.c.app_id == app_id, hidden)
        ids = self._ids(batch, _SOFT_BATCH if soft_deleted else _BATCH)
        variables = conversation_variables
        self._uow.execute(
            sa.delete(variables).where(variables.c.tenant_id == tenant_id, variables.c.conversation_id.in_(ids))
        )
        self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.id.in_(ids)))
        return len(ids)

    def of_app(self, tenant_id: str, app_id: str) -> int:
        """Rows that name the app: runs, end users, keys, site, configurations."""
        gone = 0
        for table, key in _OF_APP:
            batch = sa.select(key).where(table.c.tenant_id == tenant_id, table.c.app_id == app_id).limit(_BATCH)
            gone += self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, key.in_(batch))).rowcount
        return gone

    def tags(self, tenant_id: str, app_id: str) -> int:
        """Bindings of tags; an app has few."""
        return self._uow.execute(
            sa.delete(tag_bindings).where(tag_bindings.c.tenant_id == tenant_id, tag_bindings.c.target_id == app_id)
        ).rowcount

    def _ids(self, statement: sa.Select[tuple[str]], limit: int) -> list[str]:
        return list(self._uow.execute(statement.limit(limit)).scalars())
