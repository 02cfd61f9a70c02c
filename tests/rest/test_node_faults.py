"""What goes wrong outside of a node, for every node that reaches outside, through Envoy.

The world's faults: it is silent, refuses for its rate, answers nonsense, or without end; and the run is stopped while
a node waits. Each fails the node alone: the branch for failures gets a text and a kind, and nobody waits long. Where
patience is a minute and can be set, it is tested below Envoy: models in tests/engine/models/test_flows.py, MCP in
tests/tools/test_mcp.py, code in tests/sandbox.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.doubles.behaviour import Behaviour
from tests.doubles.external_server import ExternalServer
from tests.doubles.loopback import Call, LoopbackServer, Reply, in_thread
from tests.doubles.mcp_server import McpServer
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.web_server import WebServer
from tests.harness.product import App
from tests.harness.stores import wait_until
from tests.rest.flows import edge, end, flow, node, start
from tests.rest.knowledge import Knowledge, new_name
from tests.rest.sse import event, frames
from tests.rest.test_model_nodes import chosen
from tests.rest.test_tools import API, HERE, MCP, tool

SILENT, RATE, NONSENSE, ENDLESS = "slow", "rate", "nonsense", "drip"


class OddMcpServer(McpServer):
    """An MCP server that does to ``echo`` what its text says."""

    async def handle(self, call: Call, reply: Reply) -> None:
        how = call.json().get("params", {}).get("arguments", {}).get("text") if call.body else None
        if how == SILENT:
            await asyncio.Event().wait()
        elif how == RATE:
            reply.json(429, {"error": "slowly, please"})
        elif how == NONSENSE:
            reply.body(200, b"<html>", {"content-type": "application/json"})
        elif how == ENDLESS:
            reply.stream("application/json")
            while True:
                await reply.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
                await asyncio.sleep(0)
        else:
            await super().handle(call, reply)


class OddSite(WebServer):
    """A site at which everything is a document too, when its address ends so."""

    async def handle(self, call: Call, reply: Reply) -> None:
        call.path, ends, _ = call.path.partition(".pdf")
        if ends and call.method == "HEAD":
            reply.body(200, b"", {"Content-Type": "application/pdf"})
        else:
            await super().handle(call, reply)


@dataclass
class World:
    """What the nodes reach, and the apps that have one of them each."""

    knowledge: Knowledge
    brain: OpenAIServer
    site: OddSite
    mcp: OddMcpServer
    elsewhere: ExternalServer
    model: str
    apps: dict[str, App]

    def app(self, kind: str) -> App:
        """The app of a kind of node: what goes wrong is its input."""
        if kind not in self.apps:
            graph_node = MAKERS[kind](self)
            graph_node["data"]["error_strategy"] = "fail-branch"
            failed = {**end(said=("x", "error_message"), kind=("x", "error_type")), "id": "failed"}
            file = {"variable": "file", "label": "file", "type": "file", "required": False,
                    "allowed_file_types": ["document"], "allowed_file_upload_methods": ["remote_url"]}  # fmt: skip
            self.apps[kind] = flow(self.knowledge.workspace, {
                "nodes": [start("how", more=[file]), graph_node, end(all=("start", "how")), failed],
                "edges": [edge("start", "x"), edge("x", "end"), edge("x", "failed", "fail-branch")],
            })  # fmt: skip
        return self.apps[kind]

    def body(self, kind: str, fault: str, **fields: Any) -> dict[str, Any]:
        """A call in which that goes wrong."""
        self.brain.script(self.model, ASKED.get(fault, Behaviour()))
        self.elsewhere.script("faulty", SEARCHED.get(fault, Behaviour()))
        self.elsewhere.records["faulty"] = LARGE if fault == ENDLESS else []
        inputs: dict[str, Any] = {"how": fault}
        if kind == "document-extractor":
            url = f"{self.site.url}/{fault}.pdf"
            inputs["file"] = {"type": "document", "transfer_method": "remote_url", "url": url}
        return {"inputs": inputs, "user": "u", **fields}

    def waits(self) -> bool:
        """Whether a double has a call that is neither answered nor given up."""
        doubles: list[LoopbackServer] = [self.brain, self.site, self.mcp, self.elsewhere]
        return any(
            not call.finished and call.disconnected_at is None for double in doubles for call in list(double.calls)[-1:]
        )


# The scripts of models and of knowledge elsewhere.
ASKED = {
    SILENT: Behaviour(hang=True), RATE: Behaviour(status=429, retry_after=0), NONSENSE: Behaviour(malformed=2),
}  # fmt: skip
SEARCHED = {SILENT: Behaviour(first=60_000), RATE: Behaviour(status=429), NONSENSE: Behaviour(garbage=True)}
LARGE = [{"content": "a" * (17 << 20), "score": 0.9, "title": "t", "metadata": {}}]


def _http(world: World) -> dict[str, Any]:
    return node(
        "x", "http-request", method="get", url=f"{world.site.url}/{{{{#start.how#}}}}", headers="", params="",
        authorization={"type": "no-auth"}, body={"type": "none", "data": []},
        timeout={"connect": 1, "read": 1, "write": 1},
    )  # fmt: skip


def _api(world: World) -> dict[str, Any]:
    where = {"name": "where", "in": "path", "required": True, "description": "d", "schema": {"type": "string"}}
    operation = {"operationId": "go", "summary": "Go", "parameters": [where]}
    document = {
        "openapi": "3.0.0", "info": {"description": "d"}, "servers": [{"url": world.site.url}],
        "paths": {"/{where}": {"get": operation}},
    }
    name, console = new_name(), world.knowledge.workspace.console
    world.knowledge.workspace.ok(console.post(f"{API}/add", json={
        "provider": name, "schema": json.dumps(document), "schema_type": "openapi", "credentials": {"auth_type": "none"},
        "icon": {"content": "x", "background": "#fff"}, "privacy_policy": "", "labels": [],
    }))  # fmt: skip
    (provider,) = (one["id"] for one in console.get(f"{HERE}/tools/api").json() if one["name"] == name)
    return tool("x", "api", provider, "go", where="{{#start.how#}}")


def _scraper(world: World) -> dict[str, Any]:
    return tool("x", "builtin", "webscraper", "webscraper", url=f"{world.site.url}/{{{{#start.how#}}}}")


def _mcp(world: World) -> dict[str, Any]:
    name = uuid.uuid4().hex
    world.knowledge.workspace.ok(world.knowledge.workspace.console.post(MCP, json={
        "server_url": f"{world.mcp.url}/mcp?{name}", "name": name, "icon": "x", "icon_type": "emoji",
        "icon_background": "#eee", "server_identifier": name[:20], "headers": {},
        "configuration": {"timeout": 1, "sse_read_timeout": 1},
    }))  # fmt: skip
    return tool("x", "mcp", name[:20], "echo", text="{{#start.how#}}")


def _llm(world: World) -> dict[str, Any]:
    prompt = [{"role": "user", "text": "{{#start.how#}}"}]
    return node("x", "llm", model=chosen(world.model), prompt_template=prompt, context={"enabled": False})


def _classifier(world: World) -> dict[str, Any]:
    classes = [{"id": "source", "name": "a"}, {"id": "b", "name": "b"}]
    return node(
        "x", "question-classifier", model=chosen(world.model), query_variable_selector=["start", "how"], classes=classes
    )


def _extractor(world: World) -> dict[str, Any]:
    parameters = [{"name": "city", "type": "string", "description": "d", "required": True}]
    return node(
        "x", "parameter-extractor", model=chosen(world.model), query=["start", "how"], parameters=parameters,
        reasoning_mode="prompt",
    )  # fmt: skip


def _agent(world: World) -> dict[str, Any]:
    parameters = {
        "model": {"type": "constant", "value": chosen(world.model)}, "tools": {"type": "constant", "value": []},
        "instruction": {"type": "constant", "value": "Help."}, "query": {"type": "constant", "value": "{{#start.how#}}"},
        "maximum_iterations": {"type": "constant", "value": 2},
    }
    return node(
        "x", "agent", agent_strategy_provider_name="langgenius/agent/agent", agent_strategy_name="function_calling",
        agent_strategy_label="x", agent_parameters=parameters,
    )  # fmt: skip


def _code(_: World) -> dict[str, Any]:
    code = (
        "def main(how):\n"
        "    if how == 'slow':\n        import time\n        time.sleep(60)\n"
        "    if how == 'nonsense':\n        return {'a': {1, 2}}\n"
        "    return {'a': 'x' * 6_000_000}\n"
    )
    variables = [{"variable": "how", "value_selector": ["start", "how"]}]
    return node(
        "x", "code", code_language="python3", code=code, variables=variables, outputs={"a": {"type": "string"}}
    )


def _knowledge(world: World) -> dict[str, Any]:
    api = world.knowledge.workspace.ok(world.knowledge.workspace.console.post(
        "/console/api/datasets/external-knowledge-api",
        json={"name": "faulty", "settings": {"endpoint": world.elsewhere.url, "api_key": "k"}},
    ))  # fmt: skip
    made = world.knowledge.dataset(
        provider="external", external_knowledge_api_id=api["id"], external_knowledge_id="faulty"
    )
    return node(
        "x", "knowledge-retrieval", dataset_ids=[made["id"]], retrieval_mode="multiple",
        query_variable_selector=["start", "how"], multiple_retrieval_config={"top_k": 4, "reranking_enable": False},
    )  # fmt: skip


def _document(_: World) -> dict[str, Any]:
    return node("x", "document-extractor", variable_selector=["start", "file"])


MODELS = ("llm", "question-classifier", "parameter-extractor", "agent")
MAKERS: dict[str, Callable[[World], dict[str, Any]]] = {
    "http-request": _http, "tool (api)": _api, "tool (builtin)": _scraper, "tool (mcp)": _mcp, "llm": _llm,
    "question-classifier": _classifier, "parameter-extractor": _extractor, "agent": _agent, "code": _code,
    "knowledge-retrieval": _knowledge, "document-extractor": _document,
}  # fmt: skip


@pytest.fixture(scope="module")
def world(indexed: Knowledge, brain: OpenAIServer, elsewhere: ExternalServer) -> Iterator[World]:
    model = f"faults-{uuid.uuid4().hex[:8]}"
    brain.script(model, Behaviour())
    indexed.add_model(brain.url, model, "llm")
    with in_thread(OddSite()) as site, in_thread(OddMcpServer()) as mcp:
        site.pages[f"/{RATE}"] = (429, {}, b"slowly, please")
        site.pages[f"/{NONSENSE}"] = (200, {"Content-Type": "application/json"}, b"{not: json")
        yield World(indexed, brain, site, mcp, elsewhere, model, {})


TOOL, HTTP = "ToolInvokeError", "HttpRequestNodeError"
_LATE = ("InvokeRateLimitError", "Rate limit reached for ")
_BROKEN = ("InvokeConnectionError", "The model provider sent a malformed answer.")
# (kind of node, fault) -> the kind of the failure and a part of its text; None: the node does not fail, as documented.
CELLS: dict[tuple[str, str], tuple[str, str] | None] = {
    ("http-request", SILENT): (HTTP, "The address did not answer within 1 seconds."),
    # workflow-engine.md 8.15.
    ("http-request", RATE): (HTTP, "Reached maximum retries (0) for URL http"),
    ("http-request", NONSENSE): None,
    ("http-request", ENDLESS): ("ResponseSizeError", "Text size is too large, max size is 1.00 MB, but current size is "),
    ("tool (api)", RATE): (TOOL, "Request failed with status code 429 and slowly, please"),
    ("tool (api)", NONSENSE): None,
    ("tool (api)", ENDLESS): (TOOL, "The body is too large."),
    # The tool says what the page answered.
    ("tool (builtin)", RATE): None,
    ("tool (builtin)", NONSENSE): None,
    ("tool (builtin)", ENDLESS): (TOOL, "The body is too large."),
    ("tool (mcp)", SILENT): (TOOL, "The MCP server did not answer within 1 seconds."),
    ("tool (mcp)", RATE): (TOOL, "The MCP server answered with status 429."),
    ("tool (mcp)", NONSENSE): (TOOL, "The MCP server answered no JSON."),
    ("tool (mcp)", ENDLESS): (TOOL, "The MCP server answers too much."),
    **{(kind, RATE): _LATE for kind in MODELS}, **{(kind, NONSENSE): _BROKEN for kind in MODELS},
    ("code", NONSENSE): ("CodeExecutionError", "TypeError: Object of type set is not JSON serializable"),
    ("code", ENDLESS): ("OutputValidationError", "The result is larger than 4096 KiB."),
    ("knowledge-retrieval", RATE): ("KnowledgeRetrievalNodeError", "The external knowledge API answered 429: "),
    ("knowledge-retrieval", NONSENSE): ("KnowledgeRetrievalNodeError", "The external knowledge API answered no JSON"),
    ("knowledge-retrieval", ENDLESS): ("KnowledgeRetrievalNodeError", "The body is too large."),
    ("document-extractor", RATE): ("FileReadError", "File rate.pdf could not be fetched: status 429"),
    ("document-extractor", NONSENSE): ("DocumentExtractorError", "Failed to extract text from PDF: "),
    ("document-extractor", ENDLESS): ("FileReadError", "Text size is too large, max size is 15.00 MB"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "fault"), CELLS)
def test_fault_fails_the_node_with_its_kind_and_text(world: World, kind: str, fault: str) -> None:
    reply = world.app(kind).http.post("/v1/workflows/run", json=world.body(kind, fault))
    assert reply.status_code == 200, reply.text
    done = reply.json()["data"]
    wanted = CELLS[kind, fault]
    if wanted is None:
        assert (done["status"], done["outputs"]) == ("succeeded", {"all": fault})
    else:
        assert (done["status"], done["error"]) == ("partial-succeeded", None)
        assert done["outputs"]["kind"] == wanted[0]
        assert wanted[1] in done["outputs"]["said"]


@pytest.mark.parametrize("kind", MAKERS)
def test_stop_ends_a_node_that_waits(world: World, kind: str) -> None:
    app = world.app(kind)
    body = world.body(kind, SILENT, response_mode="streaming")
    with app.http.stream("POST", "/v1/workflows/run", json=body) as reply:
        told = (event(frame) for frame in frames(reply.iter_text()))
        task = next(one["task_id"] for one in told if one["event"] == "node_started" and one["data"]["node_id"] == "x")
        if kind != "code":
            wait_until(world.waits, "the node waits for the world")
        asked = time.monotonic()
        app.http.post(f"/v1/workflows/tasks/{task}/stop", json={"user": "u"}).raise_for_status()
        last = list(told)[-1]
        took = time.monotonic() - asked
    assert (last["event"], last["data"]["status"]) == ("workflow_finished", "stopped")
    assert took < 3
    wait_until(lambda: not world.waits(), "what it waited for is given up")
