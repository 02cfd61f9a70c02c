"""A server is killed while it works on a workflow: nothing stays running, the reason is told, readers get an end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from server.runs.store import INTERRUPTED
from tests.durability.cluster import Cluster, polled
from tests.harness.product import App
from tests.rest.flows import chain, edge, end, flow, human, llm, node, start
from tests.rest.sse import event, events, frames

MODEL = "killed@tokens=600,delay=50"


@pytest.fixture(scope="module")
def talking(_standing: Cluster) -> dict[str, App]:
    """A workflow and a chatflow whose model speaks for half a minute."""
    workspace = _standing.workspace
    workspace.add_model(MODEL)
    before = (start("name"), llm("llm", MODEL, "hello"))
    return {
        "workflow": flow(workspace, chain(*before, end(text=("llm", "text")))),
        "advanced-chat": flow(
            workspace, chain(*before, node("answer", "answer", answer="{{#llm.text#}}")), "advanced-chat"
        ),
    }  # fmt: skip


def _begun(standing: Cluster, app: App, path: str) -> Iterator[dict[str, Any]]:
    """A stream's events, until its server is killed."""
    body = {"inputs": {}, "query": "q", "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", path, json=body) as reply:
        for frame in frames(reply.iter_text()):
            yield event(frame)


@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_g5_killed_server_leaves_no_workflow_running(standing: Cluster, talking: dict[str, App], mode: str) -> None:
    app = talking[mode]
    said = "text_chunk" if mode == "workflow" else "message"
    told = _begun(standing, app, "/v1/workflows/run" if mode == "workflow" else "/v1/chat-messages")
    seen: list[dict[str, Any]] = []
    for one in told:
        seen.append(one)
        # Long enough for what was done so far to be stored.
        if sum(item["event"] == said for item in seen) == 60:
            break
    # The log is written a moment behind.
    time.sleep(0.5)
    run_id, task_id = seen[0]["workflow_run_id"], seen[0]["task_id"]
    standing.product.kill(standing.server_of(task_id))
    told.close()
    standing.mend()
    place = f"/v1/workflows/run/{run_id}"
    polled(lambda: app.http.get(place).json()["status"], "failed", "the run is ended", seconds=30)
    detail = app.http.get(place).json()
    assert (detail["error"], detail["outputs"]) == (INTERRUPTED, {})
    assert detail["finished_at"] is not None
    nodes = standing.rows(
        "SELECT node_id, status, error FROM workflow_node_executions WHERE workflow_run_id = %s ORDER BY index", run_id
    )
    assert [(row["node_id"], row["status"]) for row in nodes] == [("start", "succeeded"), ("llm", "failed")]
    assert nodes[1]["error"] == INTERRUPTED
    rejoined = app.http.get(f"/v1/workflow/{run_id}/events?user=u", headers={"Last-Event-ID": "0"})
    again = events([rejoined.text])
    assert [one["_id"] for one in again] == list(range(1, len(again) + 1))
    strip = [{name: value for name, value in one.items() if name != "_id"} for one in again]
    assert json.dumps(strip[: len(seen)]) == json.dumps(seen), "what was told stays told"
    last = [one["event"] for one in again][-2:]
    assert last == (["text_chunk", "workflow_finished"] if mode == "workflow" else ["workflow_finished", "error"])
    assert not standing.rows("SELECT task_id FROM runs WHERE status = 'running' AND task_id = %s", task_id)


@pytest.fixture(scope="module")
def asking(_standing: Cluster) -> App:
    """A workflow that asks somebody in the middle."""
    return flow(_standing.workspace, {
        "nodes": [start("name"), human("ask"), end(said=("ask", "said"), name=("start", "name"))],
        "edges": [edge("start", "ask"), edge("ask", "end", "ok")],
    })  # fmt: skip


def _paused(standing: Cluster, app: App) -> tuple[dict[str, Any], str]:
    """A run that waits, and the server that it waited on when that was killed."""
    body = {"inputs": {"name": "bo"}, "user": "u"}
    made: dict[str, Any] = app.http.post("/v1/workflows/run", json=body).json()
    assert made["data"]["status"] == "paused", made
    # The log is written a moment behind.
    time.sleep(0.5)
    name = standing.server_of(made["task_id"])
    standing.product.kill(name)
    return made, name


def _whole(app: App, run_id: str) -> list[dict[str, Any]]:
    """All events of a run, across its pauses."""
    place = f"/v1/workflow/{run_id}/events?user=u&continue_on_pause=true"
    return events([app.http.get(place, headers={"Last-Event-ID": "0"}).text])


def _check(standing: Cluster, app: App, made: dict[str, Any], killed: str) -> None:
    run_id = made["workflow_run_id"]
    place = f"/v1/workflows/run/{run_id}"
    polled(lambda: app.http.get(place).json()["status"], "succeeded", "the run goes on", seconds=30)
    assert app.http.get(place).json()["outputs"] == {"said": "yes", "name": "bo"}
    assert standing.server_of(made["task_id"]) != killed
    told = _whole(app, run_id)
    assert [one["_id"] for one in told] == list(range(1, len(told) + 1))
    assert [one["event"] for one in told if one["event"] != "text_chunk"] == [
        "workflow_started", "node_started", "node_finished", "node_started", "human_input_required", "workflow_paused",
        "human_input_form_filled", "workflow_started", "node_finished", "node_started", "node_finished",
        "workflow_finished",
    ]  # fmt: skip
    nodes = standing.rows(
        "SELECT node_id, status FROM workflow_node_executions WHERE workflow_run_id = %s ORDER BY index", run_id
    )
    assert [(row["node_id"], row["status"]) for row in nodes] == [
        (name, "succeeded") for name in ("start", "ask", "end")
    ]  # fmt: skip


def test_g5_paused_run_goes_on_elsewhere_after_its_server_was_killed(standing: Cluster, asking: App) -> None:
    made, killed = _paused(standing, asking)
    token = made["data"]["reasons"][0]["form_token"]
    answer = {"inputs": {"said": "yes"}, "action": "ok", "user": "somebody"}
    polled(
        lambda: asking.http.post(f"/v1/form/human_input/{token}", json=answer).status_code in {200, 412}, True,
        "the form is taken",
    )  # fmt: skip
    _check(standing, asking, made, killed)


def test_g5_answer_that_its_server_did_not_hear_any_more_is_heard_by_another(standing: Cluster, asking: App) -> None:
    made, killed = _paused(standing, asking)
    # As a process leaves it that dies when it has stored the answer.
    standing.change(
        "UPDATE human_input_forms SET status = 'submitted', action_id = 'ok', submitted_data = '{\"said\": \"yes\"}'"
        f" WHERE workflow_run_id = '{made['workflow_run_id']}'"
    )
    _check(standing, asking, made, killed)
