"""App files in and out (app-dsl.md sections 6 and 7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from server.app.dsl import CURRENT_VERSION
from server.db import tables
from server.db.workflow_tables import workflows
from server.kit.ids import new_id
from server.llm.catalogue import LOCAL_MODEL
from server.llm.names import LOCAL
from tests.rpc.console import make
from tests.rpc.console.backend import OWNER, Backend, Client, everywhere, running

RESULT = [
    "id", "status", "app_id", "app_mode", "current_dsl_version", "imported_dsl_version", "error", "warnings",
]  # fmt: skip


def chat_file(version: str | None = CURRENT_VERSION, provider: str = "local", model: str = LOCAL_MODEL) -> str:
    """A chat app as a file."""
    document: dict[str, Any] = {
        "kind": "app",
        "app": {
            "name": "Imported", "mode": "chat", "description": "from a file", "icon": "🤖", "icon_background": "#FFF",
        },
        "model_config": {
            "model": {"provider": provider, "name": model, "mode": "chat", "completion_params": {"stop": []}},
            "pre_prompt": "You are {{who}}.", "opening_statement": "Hello",
            "user_input_form": [{"text-input": {"label": "Who", "variable": "who", "required": True}}],
        },
    }  # fmt: skip
    return yaml.safe_dump(document | ({"version": version} if version else {}), allow_unicode=True)


def workflow_file(name: str = "Flow") -> str:
    """A workflow app as a file, with a secret, a tool credential and a webhook."""
    nodes = [
        {"id": "2", "data": {"type": "tool", "title": "T", "credential_id": "c"}},
        {"id": "3", "data": {"type": "trigger-webhook", "title": "W", "webhook_url": "https://x"}},
        {"id": "4", "data": {"type": "agent", "agent_parameters": {"tools": {"value": [{"credential_id": "c"}]}}}},
    ]
    variables = [
        {"id": "a", "name": "key", "value_type": "secret", "value": "s3cret"},
        {"id": "b", "name": "city", "value_type": "string", "value": "Oslo"},
    ]
    workflow = {"graph": {"nodes": nodes, "edges": []}, "features": {}, "environment_variables": variables}
    return yaml.safe_dump(
        {"version": CURRENT_VERSION, "kind": "app", "app": {"name": name, "mode": "workflow"}, "workflow": workflow}
    )


async def load(client: Client, text: str, **fields: Any) -> Any:
    return await client.done("ImportApp", {"mode": "yaml-content", "yaml_content": text, **fields})


async def failed(client: Client, **body: Any) -> str:
    """An import that fails; its text."""
    reply = await client.call("ImportApp", body)
    assert (reply.status, reply.body["status"], reply.body["app_id"]) == (400, "failed", None)
    return str(reply.body["error"])


async def test_import_of_this_version_completes(owner: Client) -> None:
    reply = await owner.call("ImportApp", {"mode": "yaml-content", "yaml_content": chat_file()})
    assert reply.status == 200
    assert list(reply.body) == RESULT
    assert (reply.body["status"], reply.body["app_mode"], reply.body["error"]) == ("completed", "chat", "")
    assert reply.body["imported_dsl_version"] == reply.body["current_dsl_version"] == CURRENT_VERSION
    app = await owner.done("GetApp", {"app_id": reply.body["app_id"]})
    assert (app["name"], app["description"], app["icon"]) == ("Imported", "from a file", "🤖")
    assert app["model_config"]["pre_prompt"] == "You are {{who}}."
    assert app["model_config"]["model"]["provider"] == LOCAL
    assert app["model_config"]["retriever_resource"] == {"enabled": True}
    assert (app["enable_site"], app["enable_api"], app["site"]["title"]) == (True, True, "Imported")


async def test_import_of_an_older_minor_completes_with_warnings(owner: Client) -> None:
    for version in ("0.1.0", None):
        result = await load(owner, chat_file(version))
        assert (result["status"], result["imported_dsl_version"]) == ("completed-with-warnings", "0.1.0")


async def test_import_of_a_newer_version_waits_for_confirmation(owner: Client) -> None:
    reply = await owner.call("ImportApp", {"mode": "yaml-content", "yaml_content": chat_file("9.0.0"), "name": "Mine"})
    assert (reply.status, reply.body["status"], reply.body["app_id"]) == (202, "pending", None)
    assert (await owner.done("ListApps"))["total"] == 0
    other = make.other_client(owner.backend)
    stolen = await other.call("ConfirmImport", {"import_id": reply.body["id"]})
    assert (stolen.status, stolen.body["error"]) == (400, "Import information expired or does not exist")
    confirms = await asyncio.gather(*(owner.call("ConfirmImport", {"import_id": reply.body["id"]}) for _ in range(3)))
    assert sorted(confirm.status for confirm in confirms) == [200, 400, 400]
    result = next(confirm.body for confirm in confirms if confirm.status == 200)
    assert (result["id"], result["status"], result["imported_dsl_version"]) == (reply.body["id"], "completed", "9.0.0")
    assert (await owner.done("GetApp", {"app_id": result["app_id"]}))["name"] == "Mine"
    assert (await owner.done("ListApps"))["total"] == 1


async def test_confirm_after_ten_minutes_fails(owner: Client, backend: Backend) -> None:
    import_id = (await load(owner, chat_file("9.0.0")))["id"]
    with backend.uow() as uow:
        life = tables.pending_imports.c.expires_at - sa.func.now()
        assert 590 < uow.execute(sa.select(life)).scalar_one().total_seconds() <= 600
        uow.execute(sa.update(tables.pending_imports).values(expires_at=sa.func.now()))
        uow.commit()
    for unknown in (import_id, new_id(), "nonsense"):
        reply = await owner.call("ConfirmImport", {"import_id": unknown})
        assert (reply.status, reply.body["status"], reply.body["id"]) == (400, "failed", unknown)
    await load(owner, chat_file("9.0.0"))
    with backend.uow() as uow:
        assert uow.execute(sa.select(sa.func.count()).select_from(tables.pending_imports)).scalar_one() == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"mode": "yaml-content"}, "yaml_content is required when import_mode is yaml-content"),
        ({"mode": "yaml-url"}, "yaml_url is required when import_mode is yaml-url"),
        ({"mode": "yaml-content", "yaml_content": "[1]"}, "Invalid YAML format: content must be a mapping"),
        ({"mode": "yaml-content", "yaml_content": "kind: app"}, "Missing app data in YAML content"),
        ({"mode": "yaml-content", "yaml_content": "version: 0.1\napp: {mode: chat}"}, "Invalid version type, expected"),
        ({"mode": "yaml-content", "yaml_content": "app: {name: x}"}, "loss app mode"),
        ({"mode": "yaml-content", "yaml_content": "app: {mode: chat}"}, "Missing model_config for"),
        ({"mode": "yaml-content", "yaml_content": "app: {mode: workflow}"}, "Missing workflow data for"),
        ({"mode": "yaml-content", "yaml_content": "a: [\x00"}, "Invalid YAML format"),
        ({"mode": "yaml-content", "yaml_content": chat_file(), "name": "x" * 256}, "name cannot exceed"),
        ({"mode": "yaml-content", "yaml_content": chat_file(), "app_id": new_id()}, "App not found"),
        ({"mode": "yaml-content", "yaml_content": chat_file(), "app_id": "nonsense"}, "App not found"),
        ({"mode": "yaml-url", "yaml_url": "file:///etc/passwd"}, "Cannot read yaml_url"),
    ],
)
async def test_import_that_cannot_be_done_says_why(owner: Client, body: dict[str, Any], error: str) -> None:
    assert error in await failed(owner, **body)
    assert (await owner.done("ListApps"))["total"] == 0


async def test_import_with_a_model_that_is_missing_warns_and_makes_the_app(owner: Client) -> None:
    result = await load(owner, chat_file(provider="openai", model="gpt-4o"))
    assert result["status"] == "completed-with-warnings"
    assert result["warnings"] == [
        "Model gpt-4o (llm) of langgenius/openai/openai is not available in this workspace."
    ]
    app = await owner.done("GetApp", {"app_id": result["app_id"]})
    assert app["model_config"]["model"]["name"] == "gpt-4o"


async def test_import_with_use_default_model_replaces_it(owner: Client) -> None:
    result = await load(owner, chat_file(provider="openai", model="gpt-4o"), use_default_model=True)
    assert (result["status"], result["warnings"]) == ("completed", [])
    model = (await owner.done("GetApp", {"app_id": result["app_id"]}))["model_config"]["model"]
    assert (model["provider"], model["name"]) == (LOCAL, LOCAL_MODEL)


async def test_import_fields_of_the_request_win(owner: Client) -> None:
    fields = {
        "name": "Mine", "description": "my own", "icon_type": "link", "icon": "https://x", "icon_background": "#1",
    }  # fmt: skip
    app_id = (await load(owner, chat_file(), **fields))["app_id"]
    app = await owner.done("GetApp", {"app_id": app_id})
    assert {key: app[key] for key in fields} == fields
    body = {"mode": "yaml-content", "yaml_content": chat_file(), "icon_type": "photo"}
    assert await owner.refused("ImportApp", body) == (400, "invalid_param")


async def test_export_then_import_gives_the_same_app(owner: Client) -> None:
    first = (await load(owner, chat_file()))["app_id"]
    text = (await owner.done("ExportApp", {"app_id": first}))["data"]
    assert yaml.safe_load(text)["version"] == CURRENT_VERSION
    assert "🤖" in text
    result = await load(owner, text)
    assert (result["status"], result["warnings"]) == ("completed", [])
    again = (await owner.done("ExportApp", {"app_id": result["app_id"]}))["data"]
    assert again == text


async def test_export_of_a_workflow_leaves_secrets_out_unless_asked(owner: Client, backend: Backend) -> None:
    app_id = (await load(owner, workflow_file()))["app_id"]
    with backend.uow() as uow:
        stored = uow.execute(sa.select(workflows.c.environment_variables)).scalar_one()
        assert "s3cret" not in json.dumps(stored)
    for include, secret in ((False, ""), (True, "s3cret")):
        text = (await owner.done("ExportApp", {"app_id": app_id, "include_secret": include}))["data"]
        workflow = yaml.safe_load(text)["workflow"]
        values = {item["name"]: item["value"] for item in workflow["environment_variables"]}
        assert values == {"key": secret, "city": "Oslo"}
        tool, webhook, agent = (node["data"] for node in workflow["graph"]["nodes"])
        assert ("credential_id" in tool) is include
        assert ("credential_id" in agent["agent_parameters"]["tools"]["value"][0]) is include
        assert webhook["webhook_url"] == ""


async def test_export_of_a_workflow_app_without_draft_is_refused(owner: Client) -> None:
    app_id = (await owner.done("CreateApp", {"name": "F", "mode": "workflow"}))["id"]
    reply = await owner.call("ExportApp", {"app_id": app_id})
    assert (reply.status, reply.body["message"]) == (400, "Missing draft workflow configuration, please check.")


async def test_import_over_an_app_replaces_its_draft_only_for_workflows(owner: Client) -> None:
    app_id = (await owner.done("CreateApp", {"name": "F", "mode": "workflow"}))["id"]
    result = await load(owner, workflow_file("Renamed"), app_id=app_id)
    assert result["app_id"] == app_id
    assert (await owner.done("GetApp", {"app_id": app_id}))["name"] == "Renamed"
    assert (await owner.done("ListApps"))["data"][0]["has_draft_trigger"] is True
    chat = (await load(owner, chat_file()))["app_id"]
    for target, text in ((chat, workflow_file()), (app_id, chat_file())):
        error = await failed(owner, mode="yaml-content", yaml_content=text, app_id=target)
        assert error == "Only workflow or advanced chat apps can be overwritten"
    other = make.other_client(owner.backend)
    assert await failed(other, mode="yaml-content", yaml_content=workflow_file(), app_id=app_id) == "App not found"
    assert (await owner.done("ListApps"))["total"] == 2


async def test_check_dependencies_names_plugins_that_are_not_built_in(owner: Client) -> None:
    def plugin(identifier: str) -> dict[str, Any]:
        value = {"marketplace_plugin_unique_identifier": identifier, "version": None}
        return {"type": "marketplace", "value": value, "current_identifier": None}

    wanted = [plugin("langgenius/openai:0.2.0@" + "0" * 64), plugin("author/weather:1.0.0@" + "1" * 64)]
    document = yaml.safe_load(chat_file()) | {"dependencies": wanted}
    app_id = (await load(owner, yaml.safe_dump(document)))["app_id"]
    checked = await owner.done("CheckImportDependencies", {"app_id": app_id})
    assert checked == {"leaked_dependencies": [wanted[1]]}
    plain = (await load(owner, chat_file()))["app_id"]
    assert await owner.done("CheckImportDependencies", {"app_id": plain}) == {"leaked_dependencies": []}


@asynccontextmanager
async def web_server(bodies: dict[str, bytes]) -> AsyncIterator[str]:
    """A loopback web server; its address. A body that begins with ``->`` is a redirect."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = bodies.get(path)
        if body is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif body.startswith(b"->"):
            writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + body[2:] + b"\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_import_from_an_address(fresh_postgres_url: str, redis_url: str) -> None:
    bodies = {"/a.yml": chat_file().encode(), "/empty": b"", "/moved": b"->/a.yml", "/big": b"#" * 11_000_000}
    async with (
        running(fresh_postgres_url, redis_url, allow=everywhere) as backend,
        web_server(bodies | {"/binary": b"\xff\xfe\x00"}) as url,
    ):
        owner = Client(backend)
        await owner.done("Setup", OWNER)
        await owner.login()
        for path in ("/a.yml", "/moved"):
            result = await owner.done("ImportApp", {"mode": "yaml-url", "yaml_url": url + path})
            assert result["status"] == "completed"
        for path, error in (
            ("/empty", "Empty content from url"), ("/big", "File size exceeds the limit of 10MB"),
            ("/missing", "status 404"), ("/binary", "Cannot read yaml_url"),
        ):  # fmt: skip
            assert error in await failed(owner, mode="yaml-url", yaml_url=url + path)


async def test_import_from_an_address_of_our_network_is_refused(owner: Client) -> None:
    async with web_server({"/a.yml": chat_file().encode()}) as url:
        for address in (url, url.replace("127.0.0.1", "localhost"), url.replace("127.0.0.1", "[::ffff:127.0.0.1]")):
            error = await failed(owner, mode="yaml-url", yaml_url=f"{address}/a.yml")
            assert "not on the public internet" in error


