"""Drafts of imported apps move from the app to its workflow."""

import json
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_INSERT = sa.text(
    "INSERT INTO workflows (id, tenant_id, app_id, type, version, graph, features, environment_variables,"
    " conversation_variables, has_trigger, created_by, updated_by, created_at, updated_at)"
    " SELECT CAST(:id AS uuid), tenant_id, id, CASE mode WHEN 'advanced-chat' THEN 'chat' ELSE 'workflow' END, 'draft',"
    " CAST(:graph AS json), CAST(:features AS json), CAST(:environment AS json), CAST(:conversation AS json), :trigger,"
    " created_by, updated_by, created_at, updated_at FROM apps WHERE id = :app"
)


def upgrade() -> None:
    """Add the column, move the drafts, drop where they were."""
    op.execute("ALTER TABLE workflows ADD COLUMN has_trigger BOOLEAN DEFAULT 'false' NOT NULL")
    bind = op.get_bind()
    for app_id, draft in bind.execute(sa.text("SELECT id, draft_workflow FROM apps WHERE draft_workflow IS NOT NULL")):
        section = draft if isinstance(draft, dict) else json.loads(draft)
        graph = section.get("graph") or {}
        kinds = [str((node.get("data") or {}).get("type") or "") for node in graph.get("nodes") or []]
        bind.execute(_INSERT, {
            "id": str(uuid.uuid4()), "app": app_id, "graph": json.dumps(graph),
            "features": json.dumps(section.get("features") or {}),
            "environment": json.dumps(_variables(section, "environment_variables", "env")),
            "conversation": json.dumps(_variables(section, "conversation_variables", "conversation")),
            "trigger": any(kind.startswith("trigger-") for kind in kinds),
        })  # fmt: skip
    op.execute("ALTER TABLE apps DROP COLUMN draft_workflow")


def _variables(section: dict[str, Any], key: str, prefix: str) -> list[dict[str, Any]]:
    items = section.get(key)
    return [
        {
            "id": item.get("id") or str(uuid.uuid4()), "name": item["name"],
            "value_type": item.get("value_type") or "string", "value": item.get("value", ""),
            "description": item.get("description") or "", "selector": [prefix, item["name"]],
        }
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and isinstance(item.get("name"), str)
    ]  # fmt: skip
