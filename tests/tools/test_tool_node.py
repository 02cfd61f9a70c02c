"""The node ``tool`` over the registry: every kind of provider (workflow-engine.md 8.16)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from server.engine.node import NodeDataError, NodeError, Result, RunInfo
from server.engine.nodes.tool import ToolNode
from server.engine.ports import ToolFaultError
from server.engine.values import File
from server.kit.outbound import Outbound, allowing
from server.tools.builtin.part import World
from server.tools.inputs import start_inputs
from server.tools.mcp import Server
from server.tools.model import ApiProvider, McpProvider, WorkflowTool
from server.tools.openapi import parse
from server.tools.registry import ToolRegistry
from tests.doubles.mcp_server import TOOLS, McpServer
from tests.doubles.web_server import WebServer
from tests.tools.context import RUN, Context, Ports
from tests.tools.test_openapi import document

NOW = datetime(2024, 2, 29, 23, 30, tzinfo=UTC)


@dataclass
class Stored:
    """What workspace ``t`` has."""

    apis: dict[str, ApiProvider] = field(default_factory=dict)
    mcps: dict[str, McpProvider] = field(default_factory=dict)
    tools: dict[str, WorkflowTool] = field(default_factory=dict)

    def api(self, tenant_id: str, ref: str) -> ApiProvider | None:
        return self.apis.get(ref) if tenant_id == "t" else None

    def mcp(self, tenant_id: str, ref: str) -> McpProvider | None:
        return self.mcps.get(ref) if tenant_id == "t" else None

    def workflow(self, tenant_id: str, ref: str, column: str = "id") -> WorkflowTool | None:
        found = self.tools.values() if tenant_id == "t" else ()
        return next((one for one in found if getattr(one, column) == ref), None)


async def at_once(work: Any, *arguments: Any) -> Any:
    """The port of the database, without one."""
    return work(*arguments)


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
async def ctx(stored: Stored) -> AsyncIterator[Context]:
    outbound = Outbound(allowing("127.0.0.0/8"))
    world = World(outbound, None, lambda: NOW)  # type: ignore[arg-type]
    ports = Ports()
    ports.tools = ToolRegistry(world, at_once, stored, ports.files)  # type: ignore[arg-type]
    yield Context(ports=ports)
    await outbound.close()


def data(provider: str, name: str, kind: str = "builtin", parameters: Any = None, settings: Any = None) -> dict[str, Any]:
    return {
        "provider_id": provider, "provider_type": kind, "tool_name": name, "tool_label": name,
        "tool_parameters": parameters or {}, "tool_configurations": settings or {},
    }  # fmt: skip


async def run(ctx: Any, given: Mapping[str, Any]) -> Result:
    return await ToolNode.parse(given, "n").run(ctx)


async def failure(ctx: Any, given: Mapping[str, Any]) -> str:
    with pytest.raises(NodeError) as failed:
        await run(ctx, given)
    return str(failed.value)


def mixed(value: Any) -> dict[str, Any]:
    return {"type": "mixed", "value": value}


@pytest.mark.parametrize("provider", ["time", "langgenius/time/time"])
async def test_packaged_tool_answers_text(ctx: Context, provider: str) -> None:
    settings = {"format": "%Y", "timezone": {"type": "mixed", "value": "{{#s.zone#}}"}}
    ctx.variables = {"s.zone": "UTC"}
    result = await run(ctx, data(provider, "current_time", settings=settings))
    assert result.outputs == {"text": "2024", "files": [], "json": [{"data": []}]}
    assert result.metadata["tool_info"]["provider_id"] == provider
    assert ctx.streamed == [("text", "2024")]


async def test_inputs_are_templates_variables_and_constants_in_declared_types(ctx: Context) -> None:
    ctx.variables = {"s.y": "2024", "s.m": 2}
    parameters = {
        "year": mixed("{{#s.y#}}"), "month": {"type": "variable", "value": ["s", "m"]},
        "day": {"type": "constant", "value": 29}, "nothing": mixed("x"), "dropped": {"type": "mixed", "value": None},
    }  # fmt: skip
    result = await run(ctx, data("time", "weekday", parameters=parameters))
    assert result.outputs["text"] == "February 29, 2024 is Thursday."
    assert result.inputs == {"year": 2024, "month": 2, "day": 29, "nothing": None}


async def test_missing_variable_fails_only_when_it_is_required(ctx: Context) -> None:
    wanted = {"type": "variable", "value": ["s", "gone"]}
    assert await failure(ctx, data("time", "weekday", parameters={"year": wanted})) == "Variable ['s', 'gone'] does not exist"
    result = await run(ctx, data("time", "localtime_to_timestamp", parameters={"localtime": mixed("2024-01-01"), "timezone": wanted}))
    assert result.inputs == {"localtime": "2024-01-01"}


async def test_value_of_another_type_fails(ctx: Context) -> None:
    message = await failure(ctx, data("time", "weekday", parameters={"year": mixed("soon")}))
    assert message == "Failed to invoke tool: The tool parameter value 'soon' is not in correct type of number."
    given = data("json_process", "json_replace", settings={"replace_model": "all"})
    assert "value all not in options ['key', 'value', 'pattern']" in await failure(ctx, given)


async def test_default_fills_what_is_left_out(ctx: Context) -> None:
    parameters = {"content": mixed('{"a": "ü"}'), "json_filter": mixed("$.a")}
    assert (await run(ctx, data("json_process", "parse", parameters=parameters))).outputs["text"] == "ü"
    assert (await run(ctx, data("time", "current_time"))).outputs["text"] == "2024-02-29 23:30:00"


async def test_image_becomes_a_stored_file(ctx: Context) -> None:
    result = await run(ctx, data("chart", "bar_chart", parameters={"data": mixed("1,2")}))
    (file,) = result.outputs["files"]
    assert (file.name, file.mime_type, list(result.files)) == ("bar_chart.svg", "image/svg+xml", [file])
    assert ctx.ports.files.kept[0][0].startswith(b"<svg")


@pytest.mark.parametrize(("kind", "provider", "name", "reason"), [
    ("builtin", "google", "search", "builtin provider google not found"),
    ("builtin", "time", "nap", "tool nap not found in provider time"),
    ("api", "gone", "x", "api provider gone not found"), ("mcp", "gone", "x", "mcp provider gone not found"),
    ("workflow", "gone", "x", "workflow provider gone not found"),
    ("dataset-retrieval", "time", "current_time", "dataset-retrieval provider time not found"),
])  # fmt: skip
async def test_unknown_tool_is_told(ctx: Context, kind: str, provider: str, name: str, reason: str) -> None:
    assert await failure(ctx, data(provider, name, kind)) == f"Failed to get tool runtime: {reason}"


async def test_api_is_called(ctx: Context, stored: Stored) -> None:
    async with WebServer() as site:
        schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
        body = {"content": {"application/json": {"schema": schema}}}
        text = json.dumps(document(site.url, __echo={"post": {"operationId": "say", "requestBody": body}}))
        credentials = {"auth_type": "api_key_header", "api_key_header": "X-Key", "api_key_header_prefix": "custom", "api_key_value": "k"}
        stored.apis["p"] = ApiProvider("p", "P", {}, "", "openapi", text, parse(text).operations, credentials, "", "", (), "", NOW)
        result = await run(ctx, data("p", "say", "api", {"n": mixed("5")}))
        (echoed,) = result.outputs["json"]
        assert (echoed["body"], echoed["headers"]["x-key"]) == ('{"n": 5}', "k")
        assert json.loads(result.outputs["text"]) == echoed
        assert "Missing required parameter n" in await failure(ctx, data("p", "say", "api"))
        stored.apis["Its name"] = stored.apis["p"]
        elsewhere = {**data("another id", "say", "api", {"n": mixed("6")}), "provider_name": "Its name"}
        assert (await run(ctx, elsewhere)).outputs["json"][0]["body"] == '{"n": 6}'
        site.pages["/echo"] = (500, {}, b"")
        ctx.run = replace(RUN, tenant_id="other")
        assert "api provider p not found" in await failure(ctx, data("p", "say", "api", {"n": mixed("5")}))


async def test_mcp_server_is_called(ctx: Context, stored: Stored) -> None:
    async with McpServer() as server:
        stored.mcps["double"] = McpProvider("i", "D", {}, "double", Server(f"{server.url}/mcp"), TOOLS, True, "", NOW)
        result = await run(ctx, data("double", "add", "mcp", {"a": mixed("1"), "b": {"type": "constant", "value": 2}}))
        assert result.outputs["json"] == [{"sum": 3}] and result.outputs["sum"] == 3
        result = await run(ctx, data("double", "echo", "mcp", {"text": mixed("hello")}))
        assert result.outputs["text"] == "hello"
        result = await run(ctx, data("double", "picture", "mcp"))
        assert result.outputs["files"][0].mime_type == "image/png"
        assert await failure(ctx, data("double", "fail", "mcp")) == "Failed to invoke tool: it broke"


GRAPH = {
    "nodes": [
        {"data": {"type": "start", "variables": [
            {"variable": "q", "type": "text-input", "label": "Question", "required": True},
            {"variable": "n", "type": "number"}, {"variable": "k", "type": "select", "options": ["a", "b"]},
        ]}},
        {"data": {"type": "end"}},
    ]
}  # fmt: skip


def workflow_tool() -> WorkflowTool:
    parameters = start_inputs(GRAPH, [{"name": "q", "description": "what is asked", "form": "llm"}])
    return WorkflowTool("w", "app", "ask", "Ask", "asks", {}, "v1", parameters, "", (), "", NOW)


async def test_workflow_is_called_as_a_tool(ctx: Context, stored: Stored) -> None:
    stored.tools["w"] = workflow_tool()
    calls: list[Any] = []
    file = File("document", "tool_file", name="a.txt", id="1")

    async def invoke(run: RunInfo, app_id: str, workflow_id: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        calls.append((run.depth, app_id, workflow_id, dict(inputs)))
        if inputs["q"] == "fail":
            raise ToolFaultError("the workflow failed")
        return {"answer": 42, "report": file}

    ctx.ports.tools.workflows = invoke
    given = data("w", "ask", "workflow", {"q": mixed("why"), "n": mixed("7"), "k": mixed("b")})
    result = await run(ctx, given)
    assert calls == [(1, "app", "v1", {"q": "why", "n": 7, "k": "b"})]
    assert result.outputs == {"answer": 42, "text": '{"answer": 42}', "json": [{"answer": 42}], "files": [file]}
    assert "the workflow failed" in await failure(ctx, data("w", "ask", "workflow", {"q": mixed("fail")}))
    ctx.run = replace(RUN, depth=5)
    assert await failure(ctx, given) == "Failed to invoke tool: Max workflow call depth 5 reached."


async def test_spec_is_what_a_model_reads(ctx: Context, stored: Stored) -> None:
    stored.tools["w"] = workflow_tool()
    spec = await ctx.ports.tools.spec(RUN, "workflow", "w", "ask")
    assert spec.schema["properties"]["q"] == {"type": "string", "description": "what is asked"}
    assert spec.schema["properties"]["k"]["enum"] == ["a", "b"]
    assert spec.schema["required"] == ["q"]
    stored.mcps["d"] = McpProvider("i", "D", {}, "d", Server("http://x"), TOOLS, True, "", NOW)
    assert (await ctx.ports.tools.spec(RUN, "mcp", "d", "echo")).schema == TOOLS[0]["inputSchema"]
    assert set((await ctx.ports.tools.spec(RUN, "builtin", "time", "current_time")).schema["properties"]) == set()


@pytest.mark.parametrize("changes", [
    {"provider_id": ""}, {"provider_type": "magic"}, {"tool_name": None}, {"tool_parameters": {"a": "plain"}},
    {"tool_parameters": {"a": {"type": "variable", "value": "x"}}}, {"tool_parameters": [1]},
])  # fmt: skip
def test_data_that_says_something_impossible_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NodeDataError):
        ToolNode.parse({**data("time", "current_time"), **changes}, "n")


def test_uses_names_variables_and_references() -> None:
    node = ToolNode.parse(
        data("p", "t", parameters={"a": {"type": "variable", "value": ["x", "y"]}, "b": mixed("{{#s.q#}}")}, settings={"c": mixed("{{#env.k#}}"), "d": "{{#plain.text#}}"}),
        "n",
    )  # fmt: skip
    assert list(node.uses()) == [("x", "y"), ("s", "q"), ("env", "k")]
