"""Drafts of the time before there were workflows are there afterwards, secrets and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import server.db.migrate
from server.db.engine import make_engine
from server.db.workflow_tables import workflows
from server.embedded import postgres
from server.kit.ids import new_id
from tests.harness.stores import DataStores

MIGRATIONS = Path(server.db.migrate.__file__).parent / "migrations"


@pytest.fixture
def connection(stores: DataStores) -> Iterator[sa.Connection]:
    """An empty database."""
    name = f"empty_{new_id()}"
    postgres.ensure_database(stores.postgres, name, template="template0")
    engine = make_engine(stores.postgres.url(name), pool_size=1)
    with engine.connect() as found:
        yield found
    engine.dispose()


def upgrade(connection: sa.Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_drafts_move_from_apps_to_workflows(connection: sa.Connection) -> None:
    upgrade(connection, "0008")
    graph = {"nodes": [{"id": "1", "data": {"type": "trigger-webhook"}}], "edges": []}
    section = {
        "graph": graph, "features": {"own": 1},
        "environment_variables": [{"id": "a", "name": "key", "value_type": "secret", "value": "<sealed>"}],
        "conversation_variables": [{"name": "n", "value_type": "number", "value": 1}],
    }  # fmt: skip
    sections = {"workflow": section, "advanced-chat": {"graph": {"nodes": None}}, "chat": None}
    ids = {mode: new_id() for mode in sections}
    tenant = new_id()
    for mode, draft in sections.items():
        connection.execute(
            sa.text("INSERT INTO apps (id, tenant_id, mode, draft_workflow) VALUES (:id, :tenant, :mode, :draft)"),
            {"id": ids[mode], "tenant": tenant, "mode": mode, "draft": None if draft is None else json.dumps(draft)},
        )
    connection.commit()
    upgrade(connection, "head")
    rows = {row.app_id: row for row in connection.execute(sa.select(workflows))}
    assert set(rows) == {ids["workflow"], ids["advanced-chat"]}
    moved = rows[ids["workflow"]]
    assert (moved.type, moved.version, moved.tenant_id, moved.has_trigger) == ("workflow", "draft", tenant, True)
    assert (moved.graph, moved.features) == (graph, {"own": 1})
    assert moved.environment_variables == [
        {"id": "a", "name": "key", "value_type": "secret", "value": "<sealed>", "description": "", "selector": ["env", "key"]}
    ]
    (number,) = moved.conversation_variables
    assert (number["value"], number["selector"], bool(number["id"])) == (1, ["conversation", "n"], True)
    bare = rows[ids["advanced-chat"]]
    assert (bare.type, bare.has_trigger, bare.environment_variables) == ("chat", False, [])
