"""SQL that deletes what belonged to a deleted app, in batches (data-model.md section 9)."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.annotation_tables import annotation_hits, annotation_imports, annotation_settings, app_annotations
from server.db.engine import UnitOfWork
from server.db.tables import (
    api_keys,
    app_configs,
    conversation_variables,
    conversations,
    dataset_queries,
    end_users,
    message_agent_thoughts,
    message_feedbacks,
    message_files,
    messages,
    pinned_conversations,
    runs,
    saved_messages,
    sites,
    tag_bindings,
)
from server.db.tool_tables import workflow_tool_providers
from server.db.trigger_tables import triggers
from server.db.workflow_tables import (
    human_input_forms,
    workflow_draft_variables,
    workflow_node_data,
    workflow_node_executions,
    workflow_pauses,
    workflow_run_data,
    workflow_runs,
    workflows,
)

_BATCH = 1000
# Soft-deleted conversations are few and stand in no index: larger batches, fewer scans.
_SOFT_BATCH = 20_000
# A run has tens of nodes.
_RUN_BATCH = 100
_OF_APP: tuple[tuple[sa.Table, sa.Column[str]], ...] = (
    (runs, runs.c.task_id), (end_users, end_users.c.id), (api_keys, api_keys.c.id), (sites, sites.c.id),
    (app_configs, app_configs.c.id), (dataset_queries, dataset_queries.c.id), (workflows, workflows.c.id),
    (workflow_draft_variables, workflow_draft_variables.c.id), (workflow_pauses, workflow_pauses.c.run_id),
    (human_input_forms, human_input_forms.c.id), (workflow_tool_providers, workflow_tool_providers.c.id),
    (triggers, triggers.c.id),
    (annotation_hits, annotation_hits.c.id), (app_annotations, app_annotations.c.id),
    (annotation_settings, annotation_settings.c.app_id), (annotation_imports, annotation_imports.c.id),
)  # fmt: skip


class PurgeStore:
    """One batch a call; each returns how many rows of its table went, 0 when nothing is left."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def messages(self, tenant_id: str, app_id: str) -> int:
        """Messages with their files and feedback."""
        batch = sa.select(messages.c.id).where(messages.c.tenant_id == tenant_id, messages.c.app_id == app_id)
        ids = self._ids(batch, _BATCH)
        for child in (message_files, message_feedbacks, saved_messages, message_agent_thoughts):
            self._uow.execute(sa.delete(child).where(child.c.tenant_id == tenant_id, child.c.message_id.in_(ids)))
        self._uow.execute(sa.delete(messages).where(messages.c.tenant_id == tenant_id, messages.c.id.in_(ids)))
        return len(ids)

    def conversations(self, tenant_id: str, app_id: str, *, soft_deleted: bool) -> int:
        """Conversations with their variables."""
        table = conversations
        hidden = table.c.is_deleted if soft_deleted else ~table.c.is_deleted
        batch = sa.select(table.c.id).where(table.c.tenant_id == tenant_id, table.c.app_id == app_id, hidden)
        ids = self._ids(batch, _SOFT_BATCH if soft_deleted else _BATCH)
        for child in (conversation_variables, pinned_conversations):
            self._uow.execute(sa.delete(child).where(child.c.tenant_id == tenant_id, child.c.conversation_id.in_(ids)))
        self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.id.in_(ids)))
        return len(ids)

    def workflow_runs(self, tenant_id: str, app_id: str) -> int:
        """Runs of the workflow, their nodes, and what went in and out."""
        batch = sa.select(workflow_runs.c.id).where(
            workflow_runs.c.tenant_id == tenant_id, workflow_runs.c.app_id == app_id
        )
        ids = self._ids(batch, _RUN_BATCH)
        self._executions(tenant_id, workflow_node_executions.c.workflow_run_id.in_(ids))
        data = workflow_run_data.c
        self._uow.execute(
            sa.delete(workflow_run_data).where(data.tenant_id == tenant_id, data.run_id.in_(ids))
        )
        self._uow.execute(
            sa.delete(workflow_runs).where(workflow_runs.c.tenant_id == tenant_id, workflow_runs.c.id.in_(ids))
        )
        return len(ids)

    def steps(self, tenant_id: str, app_id: str) -> int:
        """Nodes of the draft that were run alone; few."""
        steps = workflow_node_executions.c
        return self._executions(tenant_id, sa.and_(steps.app_id == app_id, steps.is_draft))

    def _executions(self, tenant_id: str, which: sa.ColumnElement[bool]) -> int:
        executions, data = workflow_node_executions.c, workflow_node_data.c
        found = sa.select(executions.id).where(executions.tenant_id == tenant_id, which)
        self._uow.execute(
            sa.delete(workflow_node_data).where(data.tenant_id == tenant_id, data.execution_id.in_(found))
        )
        return self._uow.execute(
            sa.delete(workflow_node_executions).where(executions.tenant_id == tenant_id, which)
        ).rowcount

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
