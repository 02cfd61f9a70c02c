"""Apps: create, read, list, change, delete (console-api.md section 6)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.app.purge import AppPurge
from server.db import tables
from server.db import workflow_tables as work
from server.db.annotation_tables import annotation_hits, annotation_imports, annotation_settings, app_annotations
from server.db.tool_tables import workflow_tool_providers
from server.db.trigger_tables import triggers
from server.kit.ids import new_id
from server.llm.catalogue import LOCAL_MODEL
from server.llm.names import LOCAL
from tests.rpc.console import make
from tests.rpc.console.backend import Backend, Client

MODEL = {"provider": "local", "name": LOCAL_MODEL, "mode": "chat", "completion_params": {"temperature": 0.5}}
DETAIL = [
    "id", "name", "description", "mode", "icon", "icon_background", "enable_site", "enable_api", "model_config",
    "workflow", "tracing", "use_icon_as_answer_icon", "created_by", "created_at", "updated_by", "updated_at",
    "access_mode", "tags",
]  # fmt: skip


async def create(client: Client, name: str = "My app", mode: str = "chat", **fields: Any) -> dict[str, Any]:
    app: dict[str, Any] = await client.done("CreateApp", {"name": name, "mode": mode, **fields})
    return app


async def test_create_app_gives_the_default_model_and_a_site(owner: Client) -> None:
    icon = {"icon_type": "emoji", "icon": "🤖", "icon_background": "#FFF"}
    reply = await owner.call("CreateApp", {"name": "A", "mode": "chat", "description": "d", **icon})
    assert reply.status == 201
    app = reply.body
    assert list(app) == DETAIL
    assert (app["name"], app["mode"], app["icon"], app["enable_api"]) == ("A", "chat", "🤖", True)
    model = app["model_config"]["model"]
    assert (model["provider"], model["name"], model["mode"]) == (LOCAL, LOCAL_MODEL, "chat")
    whole = await owner.done("GetApp", {"app_id": app["id"]})
    assert whole["site"]["title"] == "A"
    assert whole["site"]["code"] == whole["site"]["access_token"]
    assert len(whole["site"]["code"]) == 16
    assert whole["site"]["default_language"] == "en-US"
    assert whole["api_base_url"] == "http://localhost:8080/v1"
    assert whole["deleted_tools"] == []
    profile = await owner.done("GetProfile")
    assert whole["created_by"] == whole["model_config"]["created_by"] == profile["id"]


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion", "advanced-chat", "workflow"])
async def test_create_app_of_every_mode_reads_back(owner: Client, mode: str) -> None:
    app = await create(owner, mode=mode)
    assert app["mode"] == mode
    assert (app["model_config"] is None) == (mode in ("advanced-chat", "workflow"))


async def test_create_app_with_bad_fields_names_the_field(owner: Client) -> None:
    good = {"name": "A", "mode": "chat"}
    for field, value in (
        ("name", ""), ("name", "x" * 256), ("mode", ""), ("mode", "channel"), ("description", "x" * 401),
        ("icon_type", "photo"), ("icon", "x" * 256), ("icon_background", "x" * 256),
    ):  # fmt: skip
        reply = await owner.call("CreateApp", {**good, field: value})
        assert (reply.status, reply.body["code"]) == (400, "invalid_param"), field
        assert field in reply.body["message"]
    assert (await owner.done("ListApps"))["total"] == 0
    assert (await create(owner, name="nul\x00 inside"))["name"] == "nul inside"


async def test_list_apps_pages_newest_first(owner: Client) -> None:
    ids = [(await create(owner, name=f"app {number}"))["id"] for number in range(5)][::-1]
    first = await owner.done("ListApps", {"limit": 2})
    assert (first["page"], first["limit"], first["total"], first["has_more"]) == (1, 2, 5, True)
    last = await owner.done("ListApps", {"limit": 2, "page": 3})
    assert last["has_more"] is False
    second = await owner.done("ListApps", {"limit": 2, "page": 2})
    assert [app["id"] for page in (first, second, last) for app in page["data"]] == ids
    beyond = await owner.done("ListApps", {"limit": 2, "page": 99_999})
    assert (beyond["data"], beyond["total"], beyond["has_more"]) == ([], 5, False)
    for query in ({"page": 0}, {"page": 100_000}, {"limit": 0}, {"limit": 101}, {"mode": "odd"}, {"tag_ids": "x"}):
        assert await owner.refused("ListApps", query) == (400, "invalid_param")


async def test_list_apps_item_shows_what_lists_show(owner: Client) -> None:
    await create(owner)
    (item,) = (await owner.done("ListApps"))["data"]
    assert list(item) == [
        "id", "name", "max_active_requests", "description", "mode", "icon_type", "icon", "icon_background", "icon_url",
        "model_config", "workflow", "use_icon_as_answer_icon", "created_by", "created_at", "updated_by", "updated_at",
        "tags", "access_mode", "create_user_name", "author_name", "has_draft_trigger",
    ]  # fmt: skip
    assert set(item["model_config"]) == {"model", "pre_prompt", "created_by", "created_at", "updated_by", "updated_at"}
    assert item["author_name"] == item["create_user_name"] == "Olga Owner"


async def test_list_apps_filters(owner: Client, backend: Backend) -> None:
    chat = await create(owner, name="Fifty 50% done")
    flow = await create(owner, name="fifty_flow", mode="workflow")
    colleague = await make.colleague(backend, owner, "editor")
    theirs = await create(colleague, name="theirs", mode="completion")

    async def found(**query: Any) -> set[str]:
        return {app["name"] for app in (await owner.done("ListApps", query))["data"]}

    everything = {chat["name"], flow["name"], theirs["name"]}
    assert await found() == await found(mode="all") == everything
    assert await found(mode="workflow") == {flow["name"]}
    assert await found(mode="channel") == set()
    assert await found(name="FIFTY") == {chat["name"], flow["name"]}
    assert await found(name="50%") == {chat["name"]}
    assert await found(name="y_") == {flow["name"]}
    assert await found(is_created_by_me=True) == {chat["name"], flow["name"]}
    tag = tagged(backend, chat["id"])
    assert await found(tag_ids=f"{tag},{new_id()}") == {chat["name"]}
    assert await found(tag_ids=new_id()) == set()
    shown = await owner.done("GetApp", {"app_id": chat["id"]})
    assert shown["tags"] == [{"id": tag, "name": "blue", "type": "app"}]


def tagged(backend: Backend, app_id: str) -> str:
    """Bind a new tag to an app; the tag's id."""
    tag_id = new_id()
    with backend.uow() as uow:
        tenant = uow.execute(sa.select(tables.apps.c.tenant_id).where(tables.apps.c.id == app_id)).scalar_one()
        uow.execute(sa.insert(tables.tags).values(id=tag_id, tenant_id=tenant, type="app", name="blue"))
        uow.commit()
    tagged_with(backend, tenant, app_id, tag_id)
    return tag_id


async def test_list_apps_takes_at_most_three_statements(owner: Client, backend: Backend) -> None:
    for number in range(3):
        await create(owner, name=f"app {number}")
    statements: list[str] = []
    with backend.uow() as uow:
        engine = uow.connection.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    await owner.done("ListApps")
    assert len(statements) <= 3


async def test_old_chat_app_with_tools_reads_as_agent(owner: Client, backend: Backend) -> None:
    app = await create(owner)
    agent = {"enabled": True, "strategy": "react", "tools": []}
    with backend.uow() as uow:
        uow.execute(sa.update(tables.app_configs).values(document={"model": MODEL, "agent_mode": agent}))
        uow.commit()
    assert (await owner.done("ListApps"))["data"][0]["mode"] == "agent-chat"
    assert (await owner.done("GetApp", {"app_id": app["id"]}))["mode"] == "agent-chat"


async def test_image_icon_links_only_to_files_of_the_workspace(owner: Client, backend: Backend) -> None:
    tenant_id = (await owner.done("GetCurrentWorkspace"))["id"]
    own, foreign = upload(backend, tenant_id), upload(backend, new_id())
    for icon, link in ((own, f"/files/{own}/file-preview"), (foreign, None), ("no id", None)):
        app = await create(owner, icon_type="image", icon=icon)
        whole = await owner.done("GetApp", {"app_id": app["id"]})
        assert whole["icon_url"] == whole["site"]["icon_url"] == link


def upload(backend: Backend, tenant_id: str) -> str:
    """A stored file; its id."""
    file_id = new_id()
    with backend.uow() as uow:
        uow.execute(sa.insert(tables.upload_files).values(id=file_id, tenant_id=tenant_id, size=1))
        uow.commit()
    return file_id


async def test_update_app_replaces_its_fields(owner: Client) -> None:
    app = await create(owner, description="old", icon_type="emoji", icon="🤖")
    change = {
        "app_id": app["id"], "name": "New", "description": "new", "icon_type": "link", "icon": "https://x/y.png",
        "icon_background": "#000", "use_icon_as_answer_icon": True, "max_active_requests": 3,
    }  # fmt: skip
    changed = await owner.done("UpdateApp", change)
    assert changed | change | {"id": app["id"]} == changed | {"app_id": app["id"]}
    changed = await owner.done("UpdateApp", {"app_id": app["id"], "name": "New", "max_active_requests": 0})
    assert changed["max_active_requests"] is None
    assert changed["description"] == ""
    for field, value in (("name", ""), ("description", "x" * 401), ("max_active_requests", 2**32 - 1)):
        body = {"app_id": app["id"], "name": "New", field: value}
        assert await owner.refused("UpdateApp", body) == (400, "invalid_param")


async def test_enable_switches_show_in_the_reply_and_close_the_service_api(owner: Client, backend: Backend) -> None:
    app_id = (await create(owner))["id"]
    token = (await owner.done("CreateAppKey", {"app_id": app_id}))["token"]
    assert (await backend.access.app_of_key(token)).app_id == app_id
    closed = await owner.done("SetApiEnabled", {"app_id": app_id, "enable_api": False})
    assert list(closed) == DETAIL
    assert (closed["enable_api"], closed["enable_site"]) == (False, True)
    with pytest.raises(Exception, match="API service has been disabled"):
        await backend.access.app_of_key(token)
    await owner.done("SetApiEnabled", {"app_id": app_id, "enable_api": True})
    await backend.access.app_of_key(token)
    assert (await owner.done("SetSiteEnabled", {"app_id": app_id, "enable_site": False}))["enable_site"] is False
    assert await owner.refused("SetSiteEnabled", {"app_id": app_id}) == (400, "invalid_param")
    assert await owner.refused("SetApiEnabled", {"app_id": app_id}) == (400, "invalid_param")


async def test_model_config_saved_makes_a_new_version(owner: Client, backend: Backend) -> None:
    app_id = (await create(owner))["id"]
    token = (await owner.done("CreateAppKey", {"app_id": app_id}))["token"]
    before = await backend.access.app_of_key(token)
    document = {"model": MODEL, "pre_prompt": "Be brief.", "user_input_form": []}
    assert await owner.done("UpdateModelConfig", {"app_id": app_id, "model_config": document}) == {"result": "success"}
    shown = (await owner.done("GetApp", {"app_id": app_id}))["model_config"]
    assert shown["pre_prompt"] == "Be brief."
    assert shown["model"]["provider"] == LOCAL
    assert shown["model"]["completion_params"]["temperature"] == 0.5
    assert shown["retriever_resource"] == {"enabled": False}
    after = await backend.access.app_of_key(token)
    assert after.app_config_id != before.app_config_id
    with backend.uow() as uow:
        assert uow.execute(sa.select(sa.func.count()).select_from(tables.app_configs)).scalar_one() == 2


async def test_model_config_with_tools_makes_the_app_an_agent(owner: Client) -> None:
    app_id = (await create(owner))["id"]
    agent = {"enabled": True, "strategy": "function_call", "tools": []}
    await owner.done("UpdateModelConfig", {"app_id": app_id, "model_config": {"model": MODEL, "agent_mode": agent}})
    assert [app["id"] for app in (await owner.done("ListApps", {"mode": "agent-chat"}))["data"]] == [app_id]


async def test_model_config_that_is_not_valid_is_refused(owner: Client) -> None:
    app_id = (await create(owner))["id"]
    for document, word in (
        (None, "model"), ({}, "model"), ({"model": {**MODEL, "name": "gpt-4o"}}, "model.name"),
        ({"model": {**MODEL, "provider": "openai"}}, "model.provider"),
        ({"model": MODEL, "pre_prompt": 1}, "pre_prompt"),
    ):  # fmt: skip
        body = {"app_id": app_id} if document is None else {"app_id": app_id, "model_config": document}
        reply = await owner.call("UpdateModelConfig", body)
        assert (reply.status, reply.body["code"]) == (400, "invalid_param")
        assert word in reply.body["message"]
    workflow = (await create(owner, mode="workflow"))["id"]
    body = {"app_id": workflow, "model_config": {"model": MODEL}}
    assert await owner.refused("UpdateModelConfig", body) == (404, "app_not_found")


APP_RPCS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GetApp", {}), ("UpdateApp", {"name": "x"}), ("DeleteApp", {}), ("ExportApp", {}),
    ("CheckImportDependencies", {}), ("UpdateModelConfig", {"model_config": {"model": MODEL}}),
    ("SetSiteEnabled", {"enable_site": False}), ("SetApiEnabled", {"enable_api": False}), ("ListAppKeys", {}),
    ("CreateAppKey", {}), ("DeleteAppKey", {"key_id": "0190a0a0-0000-7000-8000-000000000000"}),
)  # fmt: skip


@pytest.mark.parametrize(("rpc", "body"), APP_RPCS, ids=[rpc for rpc, _ in APP_RPCS])
async def test_app_of_another_workspace_is_not_found(owner: Client, rpc: str, body: dict[str, Any]) -> None:
    other = make.other_client(owner.backend)
    app_id = (await create(owner))["id"]
    for unknown in (app_id, new_id(), "nonsense", "' OR 1=1"):
        assert await other.refused(rpc, {**body, "app_id": unknown}) == (404, "app_not_found")
    assert (await owner.done("GetApp", {"app_id": app_id}))["enable_api"] is True
    assert (await other.done("ListApps"))["total"] == 0


async def test_roles_bound_what_members_may_do(owner: Client, backend: Backend) -> None:
    app_id = (await create(owner))["id"]
    key_id = (await owner.done("CreateAppKey", {"app_id": app_id}))["id"]
    editor = await make.colleague(backend, owner, "editor")
    await create(editor)
    await editor.done("CreateAppKey", {"app_id": app_id})
    for rpc, body in (
        ("DeleteAppKey", {"app_id": app_id, "key_id": key_id}), ("CreateDatasetKey", {}),
        ("DeleteDatasetKey", {"key_id": key_id}), ("SetApiEnabled", {"app_id": app_id, "enable_api": False}),
    ):  # fmt: skip
        assert await editor.refused(rpc, body) == (403, "forbidden")
    reader = await make.colleague(backend, owner, "normal", "reader@example.com")
    assert (await reader.done("ListApps"))["total"] == 2
    await reader.done("GetApp", {"app_id": app_id})
    await reader.done("ListAppKeys", {"app_id": app_id})
    for rpc in ("CreateApp", "UpdateApp", "DeleteApp", "ExportApp", "ImportApp", "UpdateModelConfig", "CreateAppKey"):
        assert await reader.refused(rpc, {}) == (403, "forbidden")


async def test_delete_app_hides_it_at_once_and_purges_its_data(owner: Client, backend: Backend) -> None:
    app_id, kept_id = (await create(owner))["id"], (await create(owner, name="kept"))["id"]
    token = (await owner.done("CreateAppKey", {"app_id": app_id}))["token"]
    await backend.access.app_of_key(token)
    tenant_id = (await owner.done("GetCurrentWorkspace"))["id"]
    for filled in (app_id, kept_id):
        fill(backend, tenant_id, filled, conversations=3, messages=4)
        tagged_with(backend, tenant_id, filled, new_id())
    reply = await owner.call("DeleteApp", {"app_id": app_id.upper()})
    assert (reply.status, reply.body) == (204, {})
    assert await owner.refused("GetApp", {"app_id": app_id}) == (404, "app_not_found")
    assert await owner.refused("DeleteApp", {"app_id": app_id}) == (404, "app_not_found")
    with pytest.raises(Exception, match=r"The app no longer exists\."):
        await backend.access.app_of_key(token)
    with backend.uow() as uow:
        (job,) = uow.execute(sa.select(tables.jobs.c.kind, tables.jobs.c.payload)).all()
    assert job.kind == "purge_app"
    before = rows_of(backend, kept_id)
    AppPurge(backend.uow).purge(job.payload)
    AppPurge(backend.uow).purge(job.payload)
    assert set(rows_of(backend, app_id).values()) == {0}
    assert rows_of(backend, kept_id) == before
    with backend.uow() as uow:
        for table in (work.workflow_run_data, work.workflow_node_data):
            left = uow.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            assert left == before[table.name], "data of a purged run stayed"
    assert all(before.values())


APP_TABLES = [
    table for table in tables.metadata.sorted_tables
    if "app_id" in table.c and table.name not in {"upload_files", "usage_records"}
]  # fmt: skip


def rows_of(backend: Backend, app_id: str) -> dict[str, int]:
    """How many rows of every table name the app; uploaded files and the ledger stay and do not count."""
    with backend.uow() as uow:
        count = sa.select(sa.func.count())
        found = {
            table.name: uow.execute(count.select_from(table).where(table.c.app_id == app_id)).scalar_one()
            for table in APP_TABLES
        }
        bound = tables.tag_bindings
        for data, owner in (
            (work.workflow_run_data.c.run_id, work.workflow_runs),
            (work.workflow_node_data.c.execution_id, work.workflow_node_executions),
        ):
            mine = sa.select(owner.c.id).where(owner.c.app_id == app_id)
            found[data.table.name] = uow.execute(sa.select(sa.func.count()).where(data.in_(mine))).scalar_one()
        found["tag_bindings"] = uow.execute(count.select_from(bound).where(bound.c.target_id == app_id)).scalar_one()
        return found


def fill(backend: Backend, tenant_id: str, app_id: str, *, conversations: int, messages: int) -> None:
    """Give an app a row in every table that names it; one conversation is deleted softly."""
    shared = {"tenant_id": tenant_id, "app_id": app_id}
    with backend.uow() as uow:
        for number in range(conversations):
            conversation = {"conversation_id": new_id()}
            uow.execute(
                sa.insert(tables.conversations).values(
                    id=conversation["conversation_id"], is_deleted=number == 0, **shared
                )
            )
            uow.execute(sa.insert(tables.conversation_variables).values(id=new_id(), **shared, **conversation))
            pinned = {"end_user_id": new_id(), **shared, **conversation}
            uow.execute(sa.insert(tables.pinned_conversations).values(pinned))
            for _ in range(messages):
                message = {"message_id": new_id()}
                uow.execute(sa.insert(tables.messages).values(id=message["message_id"], **shared, **conversation))
                uow.execute(sa.insert(tables.message_files).values(id=new_id(), **shared, **message))
                uow.execute(sa.insert(tables.saved_messages).values(end_user_id=new_id(), **shared, **message))
                uow.execute(sa.insert(tables.message_agent_thoughts).values(id=new_id(), **shared, **message))
                both = message | conversation
                uow.execute(sa.insert(tables.message_feedbacks).values(id=new_id(), **shared, **both))
                uow.execute(sa.insert(tables.runs).values(task_id=new_id(), **shared, **both))
        run, workflow = new_id(), {"workflow_id": new_id()}
        draft = {"id": new_id(), "node_id": "n", "name": "x"}
        uow.execute(sa.insert(work.workflows).values(id=workflow["workflow_id"], **shared))
        uow.execute(sa.insert(work.workflow_runs).values(id=run, **workflow, **shared))
        uow.execute(sa.insert(work.workflow_run_data).values(run_id=run, tenant_id=tenant_id))
        for executed in ({"workflow_run_id": run}, {"is_draft": True}):
            step = new_id()
            uow.execute(sa.insert(work.workflow_node_executions).values(id=step, **executed, **workflow, **shared))
            uow.execute(sa.insert(work.workflow_node_data).values(execution_id=step, tenant_id=tenant_id))
        uow.execute(sa.insert(work.workflow_pauses).values(run_id=run, **shared))
        uow.execute(sa.insert(work.human_input_forms).values(id=new_id(), workflow_run_id=run, **shared))
        uow.execute(sa.insert(work.workflow_draft_variables).values(**draft, **shared))
        tool = {"id": new_id(), "name": new_id(), "created_by": new_id()}
        uow.execute(sa.insert(workflow_tool_providers).values(**tool, **workflow, **shared))
        uow.execute(sa.insert(triggers).values(id=new_id(), node_id="n", **shared))
        uow.execute(sa.insert(app_annotations).values(id=new_id(), **shared))
        hit = {"id": new_id(), "annotation_id": new_id(), "message_id": new_id(), "score": 1.0}
        uow.execute(sa.insert(annotation_hits).values(**hit, **shared))
        uow.execute(sa.insert(annotation_imports).values(id=new_id(), **shared))
        uow.execute(sa.insert(annotation_settings).values(id=new_id(), job_id=new_id(), **shared))
        uow.execute(sa.insert(tables.end_users).values(id=new_id(), session_id="u", **shared))
        uow.execute(sa.insert(tables.api_keys).values(id=new_id(), token_hash=new_id(), **shared))
        uow.execute(sa.insert(tables.app_datasets).values(dataset_id=new_id(), **shared))
        uow.execute(sa.insert(tables.dataset_queries).values(id=new_id(), dataset_id=new_id(), content=[], **shared))
        uow.commit()


def tagged_with(backend: Backend, tenant_id: str, app_id: str, tag_id: str) -> None:
    """Bind a tag to an app."""
    values = {"id": new_id(), "tenant_id": tenant_id, "tag_id": tag_id, "target_id": app_id}
    with backend.uow() as uow:
        uow.execute(sa.insert(tables.tag_bindings).values(values))
        uow.commit()
