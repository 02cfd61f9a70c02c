"""What runs are made from: read and parsed once a version, fresh for drafts, of its own workspace alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.workflow_tables import workflows
from server.kit.caller import AppContext
from server.kit.crypto import Sealer
from server.kit.errors import AppError
from server.kit.ids import new_id
from server.workflow.library import WorkflowLibrary
from server.workflow.secrets import sealed

SEALER = Sealer("a secret of these tests, long enough")
ASKED = {"variable": "name", "label": "Name", "type": "text-input"}
GRAPH = {
    "nodes": [
        {"id": "s", "data": {"type": "start", "title": "Start", "variables": [ASKED]}},
        {"id": "e", "data": {"type": "end", "title": "End", "outputs": []}},
    ],
    "edges": [{"id": "x", "source": "s", "target": "e"}],
}  # fmt: skip
BROKEN = {"nodes": [{"id": "t", "data": {"type": "teleport", "title": "Odd"}}], "edges": []}
SECRET = {"id": "i", "name": "token", "value_type": "secret", "value": "geheim", "description": ""}
TOPIC = {"id": "c", "name": "topic", "value_type": "string", "value": "sea", "description": ""}


@dataclass
class World:
    """A library, and how many statements it sent."""

    uow: UowFactory
    library: WorkflowLibrary
    bus: Bus
    tenant: str = field(default_factory=new_id)
    app: str = field(default_factory=new_id)
    statements: int = 0

    def add(self, version: str, graph: Mapping[str, Any] = GRAPH) -> str:
        row = {
            "id": new_id(), "tenant_id": self.tenant, "app_id": self.app, "version": version, "graph": graph,
            "features": {"opening_statement": "Hi"}, "conversation_variables": [TOPIC],
            "environment_variables": sealed([SECRET, {**TOPIC, "name": "city"}], SEALER),
        }  # fmt: skip
        with self.uow() as work:
            work.execute(sa.insert(workflows).values(row))
            work.commit()
        return str(row["id"])

    def context(self, workflow_id: str | None, tenant: str = "", app: str = "") -> AppContext:
        return AppContext(
            app_id=app or self.app, tenant_id=tenant or self.tenant, key_id="", name="", description="",
            mode="workflow", status="normal", enable_api=True, tenant_status="normal", has_owner=True,
            app_config_id=None, document=None, workflow_id=workflow_id, max_active_requests=0, created_by=None,
        )  # fmt: skip


@pytest.fixture
async def world(postgres_url: str, redis_url: str) -> AsyncIterator[World]:
    engine, db, redis = make_engine(postgres_url, pool_size=2), Database(2, 10), Redis.from_url(redis_url)
    uow, bus = uow_factory(engine), Bus(redis)
    made = World(uow, WorkflowLibrary(db, uow, SEALER, bus), bus)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        made.statements += 1

    yield made
    db.close()
    engine.dispose()
    await redis.aclose()


async def test_version_is_read_once_however_many_ask(world: World) -> None:
    app = world.context(world.add("1"))
    world.statements = 0
    found = await asyncio.gather(*(world.library.published(app) for _ in range(20)))
    assert world.statements == 1
    again = await world.library.version(app, (app.workflow_id or "").upper())
    assert world.statements == 1
    assert all(one is again for one in found)
    assert (again.version, again.is_draft, again.features) == ("1", False, {"opening_statement": "Hi"})
    assert again.environment == {"token": "geheim", "city": "sea"}
    assert again.secret_names == {"token"}
    assert again.start_variables == (ASKED,)
    assert again.conversation_variables == (TOPIC,)
    assert set(again.graph.nodes) == {"s", "e"}


async def test_draft_is_read_as_it_is_now(world: World) -> None:
    draft = world.add("draft")
    assert (await world.library.draft(world.tenant, world.app)).document == GRAPH
    assert (await world.library.stored(world.tenant, world.app, draft)).document == GRAPH
    with world.uow() as work:
        work.execute(sa.update(workflows).where(workflows.c.id == draft).values(graph=BROKEN))
        work.commit()
    for found in (
        await world.library.draft(world.tenant, world.app), await world.library.stored(world.tenant, world.app, draft),
    ):  # fmt: skip
        with pytest.raises(AppError, match=r"Node 'Odd' \(t\): Node type 'teleport' is not supported"):
            _ = found.graph


async def test_deleted_version_is_forgotten_when_the_others_are_told(world: World) -> None:
    app = world.context(world.add("1"))
    await world.library.published(app)
    with world.uow() as work:
        work.execute(sa.delete(workflows).where(workflows.c.id == app.workflow_id))
        work.commit()
    await world.bus.publish("workflow", app.workflow_id or "")
    with pytest.raises(AppError) as gone:
        await world.library.version(app, app.workflow_id or "")
    assert gone.value.reason == "not_found"


async def test_what_cannot_be_run_is_refused_as_documented(world: World) -> None:
    version, draft = world.add("1"), world.add("draft")
    refusals = [
        (world.library.published(world.context(None)), "app_unavailable"),
        (world.library.version(world.context(version), "zzz"), "bad_request"),
        (world.library.version(world.context(version), draft), "bad_request"),
        (world.library.version(world.context(version), new_id()), "not_found"),
        (world.library.version(world.context(version, tenant=new_id(), app=new_id()), version), "not_found"),
        (world.library.version(world.context(version, app=new_id()), version), "not_found"),
        (world.library.stored(new_id(), world.app, version), "not_found"),
        (world.library.draft(new_id(), world.app), "draft_workflow_not_exist"),
    ]
    for call, reason in refusals:
        with pytest.raises(AppError) as refused:
            await call
        assert refused.value.reason == reason
