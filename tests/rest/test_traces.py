"""Traces of calls, from the gateway to what they end in, as a collector gets them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest

from tests.doubles.collector import Collector, Span
from tests.doubles.loopback import in_thread
from tests.doubles.web_server import WebServer
from tests.harness.product import Product, Workspace
from tests.harness.stores import DataStores, wait_until
from tests.rest.flows import chain, end, flow, llm, node, start
from tests.rest.sse import answer, events

QUESTION = "a question that stays inside"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced(
    stores: DataStores, collector: Collector, model_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """A workspace of a product that is traced."""
    settings = {"otlp_endpoint": collector.endpoint, "outbound_allow": "127.0.0.0/8"}
    folder = tmp_path_factory.mktemp("traced")
    with Product(stores.postgres_url(), stores.redis_url(), folder, worker=True, settings=settings) as running:
        yield Workspace(running, model_url)


def caller() -> tuple[str, str, dict[str, str]]:
    """A trace that begins at the caller: its id, the caller's span, and the header that says so."""
    trace, span = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    return trace, span, {"traceparent": f"00-{trace}-{span}-01"}


class Tree:
    """The spans of one trace, once all that are waited for are there."""

    def __init__(self, collector: Collector, trace: str, *wanted: str) -> None:
        deadline = time.monotonic() + 15
        while missing := set(wanted) - {span.name for span in collector.spans(trace)}:
            assert time.monotonic() < deadline, (missing, [span.name for span in collector.spans(trace)])
            time.sleep(0.05)
        self.spans = collector.spans(trace)
        self._by_id = {span.id: span for span in self.spans}

    def one(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def way(self, name: str) -> list[str]:
        """Names from the outermost span of ours down to one."""
        span: Span | None = self.one(name)
        names: list[str] = []
        while span is not None:
            names.insert(0, span.name)
            span = self._by_id.get(span.parent)
        return names

    def below(self, name: str) -> list[str]:
        """Names right below a span, in order."""
        above = self.one(name)
        return [span.name for span in self.spans if span.parent == above.id]

    def text(self) -> str:
        """Everything that left the product."""
        return "\n".join(f"{span.name} {span.values}" for span in self.spans)


def test_a_chat_is_one_tree_below_its_caller(traced: Workspace, collector: Collector) -> None:
    app = traced.app(model="traced@tokens=3")
    trace, span, headers = caller()
    with app.stream(QUESTION, headers | {"X-Request-Id": "my-request"}, auto_generate_name=False) as reply:
        assert reply.headers["x-request-id"] == "my-request"
        found = events(reply.iter_text())
    assert answer(found) == "tok0 tok1 tok2 "
    rpc, model = "transom.chat.v1.ChatStreamService/StreamChatMessage", "chat traced@tokens=3"
    tree = Tree(collector, trace, f"POST /{rpc}", rpc, "run chat", model, "POST")
    gateway = tree.one(f"POST /{rpc}")
    assert (gateway.parent, gateway.service, gateway.kind) == (span, "transom-gateway", "server")
    assert (gateway.values["http.method"], gateway.values["http.url"]) == ("POST", "/v1/chat-messages")
    assert tree.way("POST") == [f"POST /{rpc}", rpc, "run chat", model, "POST"]
    call = tree.one(rpc)
    assert (call.service, call.kind, call.failed) == ("transom-server", "server", False)
    assert call.values["http.response.status_code"] == 200
    assert (call.values["transom.app.id"], call.values["transom.request.id"]) == (app.id, "my-request")
    run = tree.one("run chat")
    assert run.values["transom.task.id"] == found[0]["task_id"]
    assert run.values["transom.run.status"] == "succeeded"
    usage = found[-1]["metadata"]["usage"]
    asked = tree.one(model)
    assert asked.kind == "client"
    assert asked.values | {
        "gen_ai.operation.name": "chat", "gen_ai.system": "openai_api_compatible",
        "gen_ai.request.model": model.removeprefix("chat "), "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": usage["prompt_tokens"], "gen_ai.usage.output_tokens": usage["completion_tokens"],
    } == asked.values  # fmt: skip
    request = tree.one("POST")
    assert request.values["server.address"] == "127.0.0.1" and request.values["http.response.status_code"] == 200
    assert "database" in tree.below("run chat")
    assert QUESTION not in tree.text() and "tok1" not in tree.text() and app.key not in tree.text()


def test_a_workflow_has_a_span_for_each_node_and_what_it_does(traced: Workspace, collector: Collector) -> None:
    with in_thread(WebServer()) as site:
        graph = chain(
            start("name"),
            node("look", "http-request", method="get", url=f"{site.url}/echo?secret=hidden", authorization={"type": "no-auth"},
                 headers="", params="", body={"type": "none", "data": []}),
            llm("think", "thinker", "{{#start.name#}}"), end(output=("think", "text")),
        )  # fmt: skip
        traced.add_model("thinker")
        app = flow(traced, graph)
        trace, _, headers = caller()
        body = {"inputs": {"name": QUESTION}, "user": "u"}
        done = traced.ok(app.http.post("/v1/workflows/run", json=body, headers=headers))
    tree = Tree(collector, trace, "run workflow", "node end")
    nodes = [name for name in tree.below("run workflow") if name.startswith("node ")]
    assert nodes == ["node start", "node http-request", "node llm", "node end"]
    assert tree.way("chat thinker")[-3:] == ["run workflow", "node llm", "chat thinker"]
    assert tree.below("node http-request") == ["GET"]
    assert tree.one("run workflow").values["transom.run.id"] == done["workflow_run_id"]
    assert tree.one("node llm").values["transom.node.id"] == "think"
    assert QUESTION not in tree.text() and "hidden" not in tree.text()


def test_a_failed_call_says_where_and_by_what(traced: Workspace, collector: Collector) -> None:
    app = traced.app(model="broken@error=auth,skip=1")
    trace, _, headers = caller()
    refused = app.http.post(
        "/v1/chat-messages", json={"inputs": {}, "query": QUESTION, "user": "u"},
        headers=headers | {"X-Request-Id": "a-failed-one"},
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "completion_request_error")
    rpc = "transom.chat.v1.ChatService/SendChatMessage"
    tree = Tree(collector, trace, f"POST /{rpc}", rpc, "run chat")
    run, asked = tree.one("run chat"), tree.one("chat broken@error=auth,skip=1")
    assert run.failed and run.values["error.type"] == "completion_request_error"
    assert asked.failed and asked.values["error.type"] == "auth"
    # The caller is told of the fault, and it is not one of the server.
    assert not tree.one(rpc).failed
    assert tree.one(rpc).values["transom.error.code"] == "completion_request_error"
    assert tree.one(f"POST /{rpc}").values["transom.error.code"] == "completion_request_error"
    told = [line for line in traced.product.log("server-1").splitlines() if trace in line]
    assert all(f"(request a-failed-one, trace {trace})" in line for line in told)
    assert any("WARNING" in line and "failed by completion_request_error: " in line for line in told)
    access = [line for line in _access(traced.product) if trace in line]
    assert len(access) == 1 and '"request_id":"a-failed-one"' in access[0]


def _access(product: Product) -> list[str]:
    """Envoy writes its log after a moment."""
    file = product.folder / "access.log"
    wait_until(lambda: "a-failed-one" in file.read_text(), "the access log has the call", seconds=15)
    return file.read_text().splitlines()


def test_a_job_is_below_the_call_that_ordered_it(traced: Workspace, collector: Collector) -> None:
    app = traced.app()
    trace, _, headers = caller()
    path = f"/console/api/apps/{app.id}?token=secret"
    assert traced.console.delete(path, headers=headers).status_code == 204
    rpc = "transom.console.v1.AppService/DeleteApp"
    tree = Tree(collector, trace, "job purge_app", rpc, f"DELETE /{rpc}")
    job = tree.one("job purge_app")
    assert (job.service, job.kind, job.failed) == ("transom-worker", "consumer", False)
    assert tree.way("job purge_app")[:2] == [f"DELETE /{rpc}", rpc]
    assert tree.one(f"DELETE /{rpc}").values["http.url"] == f"/console/api/apps/{app.id}"
    assert "secret" not in tree.text()


def test_a_call_that_says_so_is_not_traced(traced: Workspace, collector: Collector) -> None:
    app = traced.app()
    trace, span, _ = caller()
    body = {"inputs": {}, "query": "hi", "user": "u"}
    assert app.http.post("/v1/chat-messages", json=body, headers={"traceparent": f"00-{trace}-{span}-00"}).is_success
    other, _, headers = caller()
    assert app.http.post("/v1/chat-messages", json=body, headers=headers).is_success
    Tree(collector, other, "POST /transom.chat.v1.ChatService/SendChatMessage", "run chat")
    assert collector.spans(trace) == []


def test_a_call_that_no_server_gets_is_told_by_the_gateway(traced: Workspace, collector: Collector) -> None:
    trace, _, headers = caller()
    missing = traced.console.get("/v1/nothing/here?token=secret", headers=headers)
    assert missing.status_code == 404
    tree = Tree(collector, trace, "GET /v1/nothing/here")
    (span,) = tree.spans
    assert (span.values["http.url"], span.values["http.status_code"]) == ("/v1/nothing/here", "404")
    assert "secret" not in tree.text()
