"""The ledger of usage: what it says is what the model's provider reported, whoever asked and however it ended (G8)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.doubles.behaviour import prompt_tokens
from tests.doubles.openai_server import OpenAIServer, text_of
from tests.harness.product import COMPATIBLE, App, Workspace
from tests.rest.flows import chain, flow, llm, start
from tests.rest.flows import node as a_node
from tests.rest.knowledge import Knowledge


@pytest.fixture(scope="module")
def workspace(indexed: Knowledge) -> Workspace:
    return indexed.workspace


@pytest.fixture
def model(indexed: Knowledge, brain: OpenAIServer) -> str:
    """A model that nothing else asks; what it was asked is in ``brain.calls``."""
    return indexed.add_model(brain.url, f"usage-{uuid.uuid4().hex[:8]}", "llm")


def asking(workspace: Workspace, model: str) -> App:
    app = workspace.app()
    place = f"/console/api/apps/{app.id}"
    document = workspace.ok(workspace.console.get(place))["model_config"]
    chosen = {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}}
    workspace.ok(workspace.console.post(f"{place}/model-config", json={**document, "model": chosen}))
    return app


def ledger(workspace: Workspace, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workspace.ok(workspace.console.get("/console/api/usage", params=asked))["data"]
    return found


def reported(brain: OpenAIServer, model: str) -> dict[str, int]:
    """What the double told of its answers, which have ten tokens each."""
    calls = [call.json() for call in brain.calls if call.model == model]
    # The test call of the credential asks for less.
    real = [call for call in calls if not call.get("max_tokens")]
    prompts = sum(prompt_tokens([text_of(message["content"]) for message in call["messages"]]) for call in real)
    return {"calls": len(real), "prompt_tokens": prompts, "completion_tokens": 10 * len(real)}


def cut(line: dict[str, Any]) -> dict[str, int]:
    return {name: int(line[name]) for name in ("calls", "prompt_tokens", "completion_tokens")}


def test_messages_are_in_the_ledger_as_the_provider_reported_them(
    workspace: Workspace, brain: OpenAIServer, model: str
) -> None:
    app = asking(workspace, model)
    for user in ("ann", "ann", "bob"):
        workspace.ok(app.send("some words", user=user, auto_generate_name=False))
    (line,) = ledger(workspace, app_id=app.id)
    assert cut(line) == reported(brain, model) | {"calls": 3}
    assert (line["model"], line["app_name"], line["is_estimated"]) == (model, "a chat", False)
    assert line["provider"].startswith("langgenius/openai_api_compatible")
    workspace.ok(workspace.console.delete(f"/console/api/apps/{app.id}"))
    (kept,) = ledger(workspace, app_id=app.id)
    assert cut(kept) == cut(line)


@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_nodes_of_a_workflow_are_in_the_ledger_by_model(
    workspace: Workspace, brain: OpenAIServer, indexed: Knowledge, model: str, mode: str
) -> None:
    other = indexed.add_model(brain.url, f"{model}-b", "llm")
    last = (
        a_node("end", "end", outputs=[{"variable": "text", "value_selector": ["c", "text"]}]) if mode == "workflow"
        else a_node("answer", "answer", answer="{{#c.text#}}")
    )  # fmt: skip
    asked = (llm(at, name, "say") for at, name in zip("abc", (model, other, model), strict=True))
    graph = chain(start("name"), *asked, last)
    app = flow(workspace, graph, mode)
    run(workspace, app, mode)
    found = {line["model"]: cut(line) for line in ledger(workspace, app_id=app.id)}
    assert found == {model: reported(brain, model) | {"calls": 2}, other: reported(brain, other) | {"calls": 1}}


def run(workspace: Workspace, app: App, mode: str) -> None:
    if mode == "workflow":
        body = {"inputs": {"name": "x"}, "user": "u", "response_mode": "blocking"}
        assert workspace.ok(app.http.post("/v1/workflows/run", json=body))["data"]["status"] == "succeeded"
    else:
        workspace.ok(app.send("hi", auto_generate_name=False))


def test_pages_and_filters(workspace: Workspace, model: str) -> None:
    app = asking(workspace, model)
    workspace.ok(app.send("hi", auto_generate_name=False))
    reply = workspace.ok(workspace.console.get("/console/api/usage", params={"limit": 1}))
    assert (reply["page"], reply["limit"], len(reply["data"])) == (1, 1, 1)
    (line,) = ledger(workspace, app_id=app.id)
    assert ledger(workspace, app_id=app.id, start_date=line["date"], end_date=line["date"]) == [line]
    assert ledger(workspace, app_id=app.id, end_date="2020-01-01") == []
    assert ledger(workspace, app_id=str(uuid.uuid4())) == []


@pytest.mark.parametrize("asked", [{"start_date": "yesterday"}, {"limit": 501}, {"page": 0}, {"app_id": "x"}])
def test_what_cannot_be_asked(workspace: Workspace, asked: dict[str, Any]) -> None:
    reply = workspace.console.get("/console/api/usage", params=asked)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
