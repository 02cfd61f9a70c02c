"""What clients learn of the app behind their key (service-api.md section 10)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from server.db.tables import app_configs, sites, tag_bindings, tags, upload_files
from server.kit.ids import new_id
from tests.rpc.service_api import recorded
from tests.rpc.service_api.backend import Backend, Client
from tests.rpc.service_api.world import DOCUMENT, App, World

# What the recorded app had set.
RECORDED_APP = {
    **DOCUMENT, "retriever_resource": {"enabled": True},
    "text_to_speech": {"enabled": False, "language": "", "voice": ""},
}  # fmt: skip


async def test_root_greets_without_a_key(backend: Backend) -> None:
    keyless = Client(backend, App("", "", None, ""))
    assert await keyless.ok("GetRoot") == {"welcome": "Dify OpenAPI", "api_version": "v1", "server_version": "1.2.3"}


async def test_parameters_are_as_recorded(backend: Backend, world: World) -> None:
    client = backend.client(world.app(document=RECORDED_APP))
    wanted = recorded.body("chat10 /v1/parameters")
    for _ in range(2):
        body = await client.ok("GetParameters")
        assert list(body) == list(wanted)
        assert body == wanted


async def test_parameters_ask_the_database_nothing_once_known(client: Client, backend: Backend) -> None:
    await client.ok("GetParameters")
    backend.statements.clear()
    await client.ok("GetParameters")
    assert backend.statements == []


async def test_parameters_follow_a_new_configuration(backend: Backend, world: World) -> None:
    first, second = world.app(), world.app(document={**DOCUMENT, "opening_statement": "Ahoy"})
    assert (await backend.client(first).ok("GetParameters"))["opening_statement"] == "Hello there"
    assert (await backend.client(second).ok("GetParameters"))["opening_statement"] == "Ahoy"
    assert len(world.rows(app_configs, app_configs.c.app_id == first.app_id)) == 1


@pytest.mark.parametrize("mode", ["chat", "workflow", "advanced-chat"])
async def test_parameters_without_a_usable_configuration_are_unavailable(
    backend: Backend, world: World, mode: str
) -> None:
    refused = await backend.client(world.app(mode=mode, document=None)).refused("GetParameters")
    assert refused == (400, "app_unavailable", "App unavailable, please check your app configurations.")


async def test_info_is_as_recorded(client: Client, world: World, app: App) -> None:
    body, wanted = await client.ok("GetInfo"), recorded.body("completion /v1/info")
    assert recorded.shape(body) == recorded.shape(wanted)
    assert body == {**wanted, "name": "chat10", "description": "chat10 app", "mode": "chat"}
    for name in ("b", "a"):
        tag_id = world.insert(tags, tenant_id=app.tenant_id, type="app", name=name)
        world.insert(tag_bindings, tenant_id=app.tenant_id, tag_id=tag_id, target_id=app.app_id)
    assert (await client.ok("GetInfo"))["tags"] == ["a", "b"]


async def test_meta_without_tools_is_as_recorded(client: Client) -> None:
    assert await client.ok("GetMeta") == recorded.body("chat10 /v1/meta")


async def test_meta_shows_plain_icons_of_custom_tools(backend: Backend, world: World) -> None:
    builtin = {"provider_type": "builtin", "tool_name": "x"}
    tools: list[Any] = [{"provider_type": "api", "tool_name": "weather"}, builtin, 1]
    client = backend.client(world.app(document={**DOCUMENT, "agent_mode": {"tools": tools}}))
    assert await client.ok("GetMeta") == {"tool_icons": {"weather": {"background": "#252525", "content": "😁"}}}


async def test_site_is_as_recorded(client: Client) -> None:
    body, wanted = await client.ok("GetSite"), recorded.body("completion /v1/site")
    assert list(body) == [*wanted, "input_placeholder"]
    assert body == {**wanted, "title": "chat10", "input_placeholder": None}


async def test_site_links_an_uploaded_icon_of_the_same_workspace_only(
    client: Client, stranger: Client, world: World, app: App
) -> None:
    def set_icon(icon: str) -> None:
        with world.uow() as work:
            work.execute(sa.update(sites).where(sites.c.app_id == app.app_id).values(icon_type="image", icon=icon))
            work.commit()

    own, foreign = (
        world.insert(upload_files, tenant_id=tenant_id, key="k", name="i.png", size=1, extension="png")
        for tenant_id in (app.tenant_id, stranger.app.tenant_id)
    )
    set_icon(own)
    assert urlsplit((await client.ok("GetSite"))["icon_url"]).path == f"/files/{own}/file-preview"
    for other in (foreign, "🤖"):
        set_icon(other)
        assert (await client.ok("GetSite"))["icon_url"] is None


async def test_site_that_is_missing_is_forbidden(backend: Backend, world: World) -> None:
    refused = await backend.client(world.app(with_site=False)).refused("GetSite")
    assert refused[:2] == (403, "forbidden")
    assert refused[2].startswith("You don't have the permission to access the requested resource.")


async def test_end_user_is_shown_with_dates_in_iso_form(client: Client, world: World, app: App) -> None:
    user_id = world.end_user(app, "cap-user")
    body = await client.ok("GetEndUser", end_user_id=user_id)
    names = "id tenant_id app_id type external_user_id name is_anonymous session_id created_at updated_at"
    assert list(body) == names.split()
    assert body["created_at"].count(":") == 2
    assert {name: body[name] for name in names.split()[:8]} == {
        "id": user_id, "tenant_id": app.tenant_id, "app_id": app.app_id, "type": "service-api",
        "external_user_id": "cap-user", "name": None, "is_anonymous": False, "session_id": "cap-user",
    }  # fmt: skip


async def test_end_user_of_anyone_else_is_not_found(
    client: Client, neighbour: Client, stranger: Client, world: World, app: App
) -> None:
    user_id = world.end_user(app, "cap-user")
    wanted = (404, "end_user_not_found", "End user not found.")
    for caller, end_user_id in ((neighbour, user_id), (stranger, user_id), (client, new_id()), (client, "nonsense")):
        assert await caller.refused("GetEndUser", end_user_id=end_user_id) == wanted
