"""Tool providers of a workspace: packaged ones, APIs, MCP servers, workflows, through Envoy."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.tool_tables import api_tool_providers, mcp_tool_providers
from server.kit.crypto import Sealer
from tests.doubles.loopback import in_thread
from tests.doubles.mcp_server import TOOLS, McpServer
from tests.doubles.web_server import WebServer
from tests.harness.product import App, Workspace
from tests.rest.flows import chain, edge, end, flow, human, node, start
from tests.rest.knowledge import Knowledge, new_name
from tests.rest.parties import database

HERE = "/console/api/workspaces/current"
API, MCP, WORKFLOW = (f"{HERE}/tool-provider/{kind}" for kind in ("api", "mcp", "workflow"))


@pytest.fixture(scope="module")
def workspace(indexed: Knowledge) -> Workspace:
    return indexed.workspace


@pytest.fixture(scope="module")
def console(workspace: Workspace) -> httpx.Client:
    return workspace.console


@pytest.fixture(scope="module")
def site() -> Iterator[WebServer]:
    with in_thread(WebServer()) as double:
        yield double


@pytest.fixture(scope="module")
def mcp() -> Iterator[McpServer]:
    with in_thread(McpServer()) as double:
        yield double


def ok(reply: httpx.Response) -> Any:
    assert reply.is_success, reply.text
    return reply.json()


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    return reply.status_code, body["code"], body["message"]


def schema(url: str) -> str:
    argument = {"name": "q", "in": "query", "required": True, "description": "what", "schema": {"type": "string"}}
    operation = {"operationId": "say", "summary": "Say", "parameters": [argument]}
    return json.dumps({"openapi": "3.0.0", "info": {"description": "d"}, "servers": [{"url": url}], "paths": {"/echo": {"get": operation}}})


KEY = {"auth_type": "api_key_header", "api_key_header": "X-Key", "api_key_header_prefix": "custom", "api_key_value": "secret-key-123"}


def api_body(site: WebServer, **fields: Any) -> dict[str, Any]:
    return {
        "provider": new_name(), "schema": schema(site.url), "schema_type": "openapi", "credentials": KEY,
        "icon": {"content": "🔧", "background": "#fff"}, "privacy_policy": "", "labels": ["utilities"], **fields,
    }  # fmt: skip


# Packaged


def test_packaged_providers_are_listed_with_their_tools(console: httpx.Client) -> None:
    listed = {one["name"]: one for one in ok(console.get(f"{HERE}/tools/builtin"))}
    assert set(listed) == {"time", "code", "json_process", "webscraper", "chart"}
    tools = {tool["name"]: tool for tool in listed["time"]["tools"]}
    assert set(tools) == {"current_time", "localtime_to_timestamp", "timestamp_to_localtime", "timezone_conversion", "weekday"}
    format_ = tools["current_time"]["parameters"][0]
    assert (format_["name"], format_["form"], format_["default"], format_["required"]) == ("format", "form", "%Y-%m-%d %H:%M:%S", False)
    for name in ("time", "langgenius/time/time"):
        assert ok(console.get(f"{HERE}/tool-provider/builtin/{name}/tools")) == listed["time"]["tools"]
        assert ok(console.get(f"{HERE}/tool-provider/builtin/{name}/info"))["name"] == "time"
    assert console.get(f"{HERE}/tool-provider/builtin/none/tools").status_code == 404
    assert {one["name"] for one in ok(console.get(f"{HERE}/tool-labels"))} >= {"search", "utilities"}


# APIs


def test_api_is_added_shown_changed_and_deleted(workspace: Workspace, console: httpx.Client, site: WebServer) -> None:
    body = api_body(site)
    name = body["provider"]
    assert ok(console.post(f"{API}/add", json=body)) == {"result": "success"}
    shown = ok(console.get(f"{API}/get", params={"provider": name}))
    assert (shown["schema"], shown["schema_type"], shown["description"]) == (body["schema"], "openapi", "d")
    assert shown["credentials"] == {**KEY, "api_key_value": "secret" + "*" * 12 + "23"}
    assert [tool["name"] for tool in ok(console.get(f"{API}/tools", params={"provider": name}))] == ["say"]
    listed = {one["name"]: one for one in ok(console.get(f"{HERE}/tool-providers", params={"type": "api"}))}
    assert (listed[name]["type"], listed[name]["labels"], listed[name]["tools"]) == ("api", ["utilities"], [])
    with database(workspace.product) as connection:
        row = connection.execute(sa.select(api_tool_providers).where(api_tool_providers.c.name == name)).one()
    assert "secret-key" not in str(tuple(row))

    assert refusal(console.post(f"{API}/add", json=body)) == (400, "invalid_param", f"provider {name} already exists")
    renamed = {**body, "provider": f"{name} 2", "original_provider": name, "credentials": shown["credentials"]}
    ok(console.post(f"{API}/update", json=renamed))
    call = {"tool_name": "say", "provider_name": f"{name} 2", "credentials": shown["credentials"], "parameters": {"q": "hi"}, "schema": body["schema"]}
    said = ok(console.post(f"{API}/test/pre", json=call))
    echoed = json.loads(said["result"])
    assert (echoed["query"], echoed["headers"]["x-key"]) == ({"q": "hi"}, "secret-key-123")

    assert ok(console.post(f"{API}/delete", json={"provider": f"{name} 2"})) == {"result": "success"}
    assert console.get(f"{API}/get", params={"provider": f"{name} 2"}).status_code == 404
    assert console.post(f"{API}/delete", json={"provider": name}).status_code == 404


def test_schema_is_read_and_fetched_before_it_is_stored(console: httpx.Client, site: WebServer) -> None:
    text = schema(site.url)
    read = ok(console.post(f"{API}/schema", json={"schema": text}))
    (operation,) = read["parameters_schema"]
    assert (read["schema_type"], operation["operation_id"], operation["method"]) == ("openapi", "say", "get")
    assert operation["parameters"][0]["name"] == "q"
    site.pages["/schema"] = (200, {}, text.encode())
    assert ok(console.get(f"{API}/remote", params={"url": f"{site.url}/schema"})) == {"schema": text}
    for url, reason in ((f"{site.url}/none", "status 404"), (f"{site.url}/echo", "invalid schema"), ("http://10.0.0.1/", "not on the public internet"), ("", "required")):
        status, code, message = refusal(console.get(f"{API}/remote", params={"url": url}))
        assert (status, code) == (400, "invalid_param") and reason in message


@pytest.mark.parametrize(("changes", "reason"), [
    ({"provider": ""}, "provider"), ({"schema": ""}, "schema"), ({"schema": "{}"}, "invalid schema: No paths found"),
    ({"credentials": {"auth_type": "magic"}}, "auth_type"), ({"labels": ["x"] * 21}, "labels"),
    ({"provider": "x" * 41}, "provider"),
])  # fmt: skip
def test_api_that_makes_no_sense_is_refused(console: httpx.Client, site: WebServer, changes: dict[str, Any], reason: str) -> None:
    status, code, message = refusal(console.post(f"{API}/add", json=api_body(site, **changes)))
    assert (status, code) == (400, "invalid_param") and reason in message


def test_key_that_was_sealed_under_another_secret_spoils_no_list(
    workspace: Workspace, console: httpx.Client, site: WebServer
) -> None:
    body = api_body(site)
    ok(console.post(f"{API}/add", json=body))
    with database(workspace.product) as connection:
        lost = sa.update(api_tool_providers).where(api_tool_providers.c.name == body["provider"])
        connection.execute(lost.values(sealed_credentials=Sealer("another secret").seal(json.dumps(KEY))))
        connection.commit()
    assert body["provider"] in {one["name"] for one in ok(console.get(f"{HERE}/tools/api"))}
    status, code, message = refusal(console.get(f"{API}/get", params={"provider": body["provider"]}))
    assert (status, code) == (400, "invalid_param") and "enter them again" in message
    changed = {**body, "original_provider": body["provider"]}
    hidden = {**changed, "credentials": {**KEY, "api_key_value": "[__HIDDEN__]"}}
    assert refusal(console.post(f"{API}/update", json=hidden))[:2] == (400, "invalid_param")
    ok(console.post(f"{API}/update", json=changed))
    assert ok(console.get(f"{API}/get", params={"provider": body["provider"]}))["credentials"]["api_key_header"] == "X-Key"
    assert ok(console.post(f"{API}/delete", json=body)) == {"result": "success"}


def test_call_that_fails_is_an_answer(console: httpx.Client, site: WebServer) -> None:
    call = {"tool_name": "say", "credentials": {"auth_type": "none"}, "parameters": {}, "schema": schema(site.url)}
    said = ok(console.post(f"{API}/test/pre", json=call))
    assert said == {"error": "Missing required parameter q in operation say"}
    assert refusal(console.post(f"{API}/test/pre", json={**call, "tool_name": "sing"}))[0] == 400


# MCP servers


def mcp_body(mcp: McpServer, **fields: Any) -> dict[str, Any]:
    name = uuid.uuid4().hex
    return {
        "server_url": f"{mcp.url}/mcp?{name}", "name": name, "icon": "🔌", "icon_type": "emoji", "icon_background": "#eee",
        "server_identifier": name[:20], "configuration": {"timeout": 5, "sse_read_timeout": 20},
        "headers": {"Authorization": "Bearer the-long-key"}, **fields,
    }  # fmt: skip


def test_mcp_server_is_added_with_its_tools(workspace: Workspace, console: httpx.Client, mcp: McpServer) -> None:
    mcp.key = "the-long-key"
    body = mcp_body(mcp)
    added = ok(console.post(MCP, json=body))
    assert [tool["name"] for tool in added["tools"]] == ["echo", "add", "picture", "fail"]
    assert (added["is_team_authorization"], added["server_identifier"]) == (True, body["server_identifier"])
    assert (added["server_url"], added["masked_headers"]) == (f"{mcp.url}/******", {"Authorization": "Bearer************ey"})
    assert ok(console.get(f"{MCP}/tools/{added['id']}")) == added
    with database(workspace.product) as connection:
        row = connection.execute(sa.select(mcp_tool_providers).where(mcp_tool_providers.c.id == added["id"])).one()
    assert "the-long-key" not in str(tuple(row)) and mcp.url not in str(tuple(row))
    status, code, _ = refusal(console.post(MCP, json={**mcp_body(mcp), "server_url": body["server_url"]}))
    assert (status, code) == (400, "invalid_param")

    kept = {**body, "provider_id": added["id"], "name": f"{body['name'][:30]} 2", "server_url": f"{mcp.url}/[__HIDDEN__]", "headers": added["masked_headers"]}
    ok(console.put(MCP, json=kept))
    mcp.tools = mcp.tools[:1]
    refreshed = ok(console.get(f"{MCP}/update/{added['id']}"))
    assert (refreshed["name"], [tool["name"] for tool in refreshed["tools"]]) == (f"{body['name'][:30]} 2", ["echo"])

    mcp.key = "another key"
    status, code, message = refusal(console.post(f"{MCP}/auth", json={"provider_id": added["id"]}))
    assert (status, code) == (400, "invalid_param") and "asks for authorization" in message
    assert ok(console.get(f"{MCP}/tools/{added['id']}"))["is_team_authorization"] is False
    ok(console.put(MCP, json={**kept, "headers": {"Authorization": "Bearer another key"}}))
    assert ok(console.post(f"{MCP}/auth", json={"provider_id": added["id"]})) == {"result": "success"}
    assert ok(console.request("DELETE", MCP, json={"provider_id": added["id"]})) == {"result": "success"}
    assert console.get(f"{MCP}/tools/{added['id']}").status_code == 404


def test_mcp_server_that_is_away_is_added_all_the_same(console: httpx.Client, mcp: McpServer) -> None:
    added = ok(console.post(MCP, json=mcp_body(mcp, server_url="http://127.0.0.1:1/mcp")))
    assert (added["tools"], added["is_team_authorization"]) == ([], False)
    assert refusal(console.get(f"{MCP}/update/{added['id']}"))[:2] == (400, "invalid_param")


@pytest.mark.parametrize(("changes", "reason"), [
    ({"server_url": "ftp://x"}, "server_url"), ({"server_url": "[__HIDDEN__]"}, "server_url"), ({"name": ""}, "name"),
    ({"server_identifier": "Über"}, "server_identifier"), ({"headers": {"a b": "c"}}, "headers"),
    ({"headers": {"a": "b\r\nc: d"}}, "headers"), ({"configuration": {"timeout": 0}}, "timeout"),
])  # fmt: skip
def test_mcp_server_that_makes_no_sense_is_refused(console: httpx.Client, mcp: McpServer, changes: dict[str, Any], reason: str) -> None:
    status, code, message = refusal(console.post(MCP, json=mcp_body(mcp, **changes)))
    assert (status, code) == (400, "invalid_param") and reason in message


# Workflows

FILE = """
kind: app
version: "0.5.0"
app: {name: asked, mode: workflow, icon: "🤖", icon_background: "#fff", description: ""}
workflow:
  graph:
    nodes:
      - id: s
        data: {type: start, title: S, variables: [{variable: q, type: text-input, label: Question, required: true}]}
      - id: e
        data: {type: end, title: E, outputs: [{variable: a, value_selector: [s, q]}]}
    edges: [{id: s-e, source: s, target: e, sourceHandle: source, targetHandle: target}]
  features: {}
"""


def test_published_workflow_is_offered_as_a_tool(console: httpx.Client) -> None:
    app = ok(console.post("/console/api/apps/imports", json={"mode": "yaml-content", "yaml_content": FILE}))["app_id"]
    body = {
        "workflow_app_id": app, "name": f"ask_{app[-8:]}", "label": "Ask", "description": "asks",
        "icon": {"content": "🤖", "background": "#fff"},
        "parameters": [{"name": "q", "description": "the question", "form": "llm"}],
    }  # fmt: skip
    assert refusal(console.post(f"{WORKFLOW}/create", json=body)) == (
        400, "invalid_param", "workflow_app_id must be a workflow app that is published",
    )  # fmt: skip
    ok(console.post(f"/console/api/apps/{app}/workflows/publish", json={}))
    assert ok(console.post(f"{WORKFLOW}/create", json=body)) == {"result": "success"}
    assert refusal(console.post(f"{WORKFLOW}/create", json=body))[:2] == (400, "invalid_param")
    shown = ok(console.get(f"{WORKFLOW}/get", params={"workflow_app_id": app}))
    assert (shown["name"], shown["synced"], shown["workflow_app_id"]) == (body["name"], True, app)
    assert shown["parameters"] == [{"name": "q", "type": "string", "description": "the question", "required": True, "form": "llm"}]
    tool = {"workflow_tool_id": shown["workflow_tool_id"]}
    assert ok(console.get(f"{WORKFLOW}/get", params=tool)) == shown
    assert [one["name"] for one in ok(console.get(f"{WORKFLOW}/tools", params=tool))] == [body["name"]]
    assert shown["workflow_tool_id"] in {one["id"] for one in ok(console.get(f"{HERE}/tools/workflow"))}
    ok(console.post(f"/console/api/apps/{app}/workflows/publish", json={}))
    assert ok(console.get(f"{WORKFLOW}/get", params=tool))["synced"] is False
    ok(console.post(f"{WORKFLOW}/update", json={**body, **tool, "label": "Ask again"}))
    changed = ok(console.get(f"{WORKFLOW}/get", params=tool))
    assert (changed["synced"], changed["label"]) == (True, "Ask again")
    assert ok(console.post(f"{WORKFLOW}/delete", json=tool)) == {"result": "success"}
    assert console.get(f"{WORKFLOW}/get", params=tool).status_code == 404


def test_kinds_that_nobody_knows_are_refused(console: httpx.Client) -> None:
    assert console.get(f"{HERE}/tools/magic").status_code == 404
    assert refusal(console.get(f"{HERE}/tool-providers", params={"type": "magic"}))[:2] == (400, "invalid_param")


# Runs


def run(app: App, inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    body = ok(app.http.post("/v1/workflows/run", json={"inputs": inputs or {}, "user": "u"}))["data"]
    assert isinstance(body, dict)
    return body


def tool(node_id: str, kind: str, provider: str, name: str, settings: Any = None, **given: Any) -> dict[str, Any]:
    """A node that calls a tool."""
    parameters = {key: value if isinstance(value, dict) else {"type": "mixed", "value": value} for key, value in given.items()}
    return node(
        node_id, "tool", provider_type=kind, provider_id=provider, provider_name=provider, tool_name=name,
        tool_label=name, tool_parameters=parameters, tool_configurations=settings or {},
    )  # fmt: skip


def test_run_calls_tools_of_every_kind(workspace: Workspace, console: httpx.Client, site: WebServer, mcp: McpServer) -> None:
    mcp.key, mcp.tools = "", TOOLS
    api = api_body(site)
    ok(console.post(f"{API}/add", json=api))
    (api_id,) = (one["id"] for one in ok(console.get(f"{HERE}/tools/api")) if one["name"] == api["provider"])
    server = mcp_body(mcp, headers={})
    ok(console.post(MCP, json=server))
    inner = flow(workspace, chain(start("q"), end(said=("start", "q"))))
    asked = {"workflow_app_id": inner.id, "name": f"inner_{inner.id[-8:]}", "label": "Inner"}
    ok(console.post(f"{WORKFLOW}/create", json=asked))
    inner_id = ok(console.get(f"{WORKFLOW}/get", params={"workflow_app_id": inner.id}))["workflow_tool_id"]
    outer = flow(workspace, chain(
        start("q"),
        tool("day", "builtin", "time", "weekday", year="2024", month="2", day="29"),
        tool("code", "builtin", "code", "simple_code", language="python3", code="print('{{#start.q#}}' * 2)"),
        tool("chart", "builtin", "langgenius/chart/chart", "bar_chart", data="1,2,3"),
        tool("api", "api", api_id, "say", q="{{#start.q#}}"),
        tool("mcp", "mcp", server["server_identifier"], "add", a="1", b="2"),
        tool("inner", "workflow", inner_id, asked["name"], q={"type": "variable", "value": ["start", "q"]}),
        node("http", "http-request", method="POST", url=f"{site.url}/echo", headers="X-A: {{#start.q#}}", params="", authorization={"type": "no-auth"}, body={"type": "json", "data": '{"q": "{{#start.q#}}",}'}),
        end(day=("day", "text"), code=("code", "text"), chart=("chart", "files"), api=("api", "json"), sum=("mcp", "sum"), inner=("inner", "said"), http=("http", "body")),
    ))  # fmt: skip
    done = run(outer, {"q": "why"})
    assert done["status"] == "succeeded", done["error"]
    said = done["outputs"]
    assert said["day"] == "February 29, 2024 is Thursday." and said["code"] == "whywhy\n"
    assert said["api"][0]["query"] == {"q": "why"} and said["api"][0]["headers"]["x-key"] == "secret-key-123"
    assert (said["sum"], said["inner"]) == (3, "why")
    echoed = json.loads(said["http"])
    assert (echoed["body"], echoed["headers"]["x-a"]) == ('{"q":"why"}', "why")
    (picture,) = said["chart"]
    assert picture["filename"] == "bar_chart.svg" and httpx.get(picture["url"]).content.startswith(b"<svg")


def as_tool(console: httpx.Client, app: App) -> tuple[str, str]:
    """Offer a published workflow as a tool; its provider and its name."""
    asked = {"workflow_app_id": app.id, "name": f"inner_{app.id[-8:]}", "label": "Inner"}
    ok(console.post(f"{WORKFLOW}/create", json=asked))
    provider: str = ok(console.get(f"{WORKFLOW}/get", params={"workflow_app_id": app.id}))["workflow_tool_id"]
    return provider, asked["name"]


def runs_of(console: httpx.Client, app: App, source: str = "app-run") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(
        console.get(f"/console/api/apps/{app.id}/workflow-runs", params={"triggered_from": source})
    )["data"]
    return found


def test_workflow_that_a_tool_runs_has_a_record_of_its_own(workspace: Workspace, console: httpx.Client) -> None:
    inner = flow(workspace, chain(start("q"), end(said=("start", "q"))))
    outer = flow(workspace, chain(
        start("q"), tool("inner", "workflow", *as_tool(console, inner), q="{{#start.q#}}!"), end(said=("inner", "said")),
    ))  # fmt: skip
    assert run(outer, {"q": "why"})["outputs"] == {"said": "why!"}
    (its_own,) = runs_of(console, inner)
    detail = ok(console.get(f"/console/api/apps/{inner.id}/workflow-runs/{its_own['id']}"))
    assert (detail["status"], detail["outputs"], detail["inputs"]["q"]) == ("succeeded", {"said": "why!"}, "why!")
    # It belongs to the end user who called the outer one.
    assert detail["created_by_end_user"]["session_id"] == "u"
    (outer_run,) = runs_of(console, outer)
    nodes = ok(console.get(f"/console/api/apps/{outer.id}/workflow-runs/{outer_run['id']}/node-executions"))["data"]
    assert [one["node_id"] for one in nodes] == ["start", "inner", "end"]
    # An author's trial of the outer one is a trial of the inner one too.
    place = f"/console/api/apps/{outer.id}/workflows/draft/run"
    assert '"status":"succeeded"' in console.post(place, json={"inputs": {"q": "try"}}).text.replace(" ", "")
    assert [len(runs_of(console, inner, source)) for source in ("app-run", "debugging")] == [1, 1]


def test_workflow_that_asks_somebody_fails_as_a_tool_and_does_not_wait(
    workspace: Workspace, console: httpx.Client
) -> None:
    inner = flow(workspace, {
        "nodes": [start("q"), human("ask"), end(said=("ask", "said"))],
        "edges": [edge("start", "ask"), edge("ask", "end", "ok")],
    })  # fmt: skip
    outer = flow(workspace, chain(
        start("q"), tool("inner", "workflow", *as_tool(console, inner), q="x"), end(said=("inner", "text")),
    ))  # fmt: skip
    done = run(outer)
    assert (done["status"], "The workflow waits for somebody" in done["error"]) == ("failed", True)
    (its_own,) = runs_of(console, inner)
    assert its_own["status"] == "stopped"


def test_workflow_that_calls_itself_ends_at_the_fifth_level(workspace: Workspace, console: httpx.Client) -> None:
    app = flow(workspace, chain(start("q"), end(said=("start", "q"))))
    asked = {"workflow_app_id": app.id, "name": f"again_{app.id[-8:]}", "label": "Again"}
    ok(console.post(f"{WORKFLOW}/create", json=asked))
    own = ok(console.get(f"{WORKFLOW}/get", params={"workflow_app_id": app.id}))["workflow_tool_id"]
    graph = chain(start("q"), tool("again", "workflow", own, asked["name"], q="x"), end(said=("again", "text")))
    place = f"/console/api/apps/{app.id}/workflows"
    draft = ok(console.get(f"{place}/draft"))
    ok(console.post(f"{place}/draft", json={"graph": graph, "features": {}, "hash": draft["hash"]}))
    ok(console.post(f"{place}/publish", json={}))
    ok(console.post(f"{WORKFLOW}/update", json={**asked, "workflow_tool_id": own}))
    done = run(app)
    assert done["status"] == "failed" and "Max workflow call depth 5 reached." in done["error"]


def test_tool_that_the_workspace_lacks_is_told_when_it_is_published(workspace: Workspace, console: httpx.Client) -> None:
    app = workspace.app("workflow")
    place = f"/console/api/apps/{app.id}/workflows"
    graph = chain(start("q"), tool("search", "builtin", "google", "google_search", query="x"), end(said=("search", "text")))
    ok(console.post(f"{place}/draft", json={"graph": graph, "features": {}}))
    status, _, message = refusal(console.post(f"{place}/publish", json={}))
    assert status == 400 and "Search" in message and "google" in message
