"""Runs that wait for somebody: forms over REST, and how a run goes on when they are filled in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import redis
import sqlalchemy as sa

from server.db.tables import runs
from server.db.workflow_tables import human_input_forms
from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import chain, edge, end, flow, human, node, start
from tests.rest.parties import database
from tests.rest.sse import answer, events
from tests.rest.test_workflow_runs import run, streamed


@pytest.fixture(scope="module")
def asking(workspace: Workspace) -> App:
    return flow(workspace, {
        "nodes": [start("name"), human("ask", "Hi {{#start.name#}}: {{#$output.said#}}"), end(said=("ask", "said"))],
        "edges": [
            {"id": "1", "source": "start", "target": "ask", "sourceHandle": "source"},
            {"id": "2", "source": "ask", "target": "end", "sourceHandle": "ok"},
        ],
    })  # fmt: skip


def fill_in(app: App, token: str, **changes: Any) -> Any:
    body = {"inputs": {"said": "yes"}, "action": "ok", "user": "somebody", **changes}
    return app.http.post(f"/v1/form/human_input/{token}", json=body)


def status(app: App, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = app.http.get(f"/v1/workflows/run/{run_id}").json()
    return found


def test_a_run_waits_and_goes_on(asking: App) -> None:
    told = streamed(asking, {"name": "bo"})
    assert [event["event"] for event in told][-2:] == ["human_input_required", "workflow_paused"]
    required, paused = told[-2]["data"], told[-1]["data"]
    assert sorted(required) == sorted([
        "form_id", "node_id", "node_title", "form_content", "inputs", "actions", "display_in_ui", "form_token",
        "resolved_default_values", "expiration_time",
    ])  # fmt: skip
    assert required["form_content"] == "Hi bo: {{#$output.said#}}"
    assert (paused["paused_nodes"], paused["status"], paused["outputs"]) == (["ask"], "paused", {})
    assert paused["reasons"][0]["TYPE"] == "human_input_required"
    assert paused["reasons"][0]["form_token"] == required["form_token"]
    run_id, token = paused["workflow_run_id"], required["form_token"]
    assert (status(asking, run_id)["status"], status(asking, run_id)["finished_at"]) == ("paused", None)
    form = asking.http.get(f"/v1/form/human_input/{token}").json()
    assert form["user_actions"] == [{"id": "ok", "title": "Go on", "button_style": "primary"}]
    assert form["inputs"][0]["output_variable_name"] == "said"
    assert form["expiration_time"] == required["expiration_time"]
    place = f"/v1/workflow/{run_id}/events?user=u&include_state_snapshot=true&continue_on_pause=true"
    after: list[dict[str, Any]] = []

    def follow() -> None:
        with asking.http.stream("GET", place) as reply:
            after.extend(events(reply.iter_text()))

    reader = threading.Thread(target=follow)
    reader.start()
    for wrong, told_why in (({"inputs": {}}, "Missing required inputs: said"), ({"action": "no such"}, "no such")):
        refused = fill_in(asking, token, **wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_form_data"), refused.text
        assert told_why in refused.json()["message"]
    reply = fill_in(asking, token)
    assert (reply.status_code, reply.json()) == (200, {})
    wait_until(lambda: status(asking, run_id)["status"] == "succeeded", "the run goes on")
    assert status(asking, run_id)["outputs"] == {"said": "yes"}
    again = fill_in(asking, token)
    assert again.json() == {
        "code": "human_input_form_submitted", "status": 412,
        "message": f"This form has already been submitted by another user, form_id={required['form_id']}",
    }  # fmt: skip
    assert again.status_code == 412
    assert asking.http.get(f"/v1/form/human_input/{token}").status_code == 412
    reader.join(20)
    names = [event["event"] for event in after]
    assert names[:2] == ["workflow_started", "node_started"]
    pause = names.index("workflow_paused")
    assert names[pause + 1 : pause + 3] == ["human_input_form_filled", "workflow_started"]
    assert names[-1] == "workflow_finished"
    filled = after[pause + 1]["data"]
    assert (filled["rendered_content"], filled["action_id"], filled["action_text"]) == ("Hi bo: yes", "ok", "Go on")
    assert after[pause + 2]["data"]["reason"] == "resumption"
    whole = asking.http.get(f"/v1/workflow/{run_id}/events?user=u", headers={"Last-Event-ID": "0"})
    numbers = [event["_id"] for event in events([whole.text])]
    assert numbers == list(range(1, len(numbers) + 1))


def test_blocking_call_tells_that_it_waits(asking: App) -> None:
    data = run(asking, {"name": "bo"})["data"]
    assert (data["status"], data["paused_nodes"], data["finished_at"]) == ("paused", ["ask"], None)
    assert data["reasons"][0]["node_id"] == "ask"


def test_a_waiting_run_is_stopped(asking: App) -> None:
    made = run(asking, {"name": "bo"})
    token = made["data"]["reasons"][0]["form_token"]
    asking.http.post(f"/v1/workflows/tasks/{made['task_id']}/stop", json={"user": "u"})
    assert status(asking, made["workflow_run_id"])["status"] == "stopped"
    late = fill_in(asking, token)
    assert (late.status_code, late.json()["code"]) == (412, "human_input_form_expired")
    assert late.json()["message"].startswith("This form has expired, form_id=")
    told = events([
        asking.http.get(
            f"/v1/workflow/{made['workflow_run_id']}/events?user=u", headers={"Last-Event-ID": "0"}
        ).text
    ])  # fmt: skip
    assert told[-1]["data"]["status"] == "stopped"


def test_form_and_node_that_wait_end_with_their_run(workspace: Workspace) -> None:
    fails = node(
        "fails", "code", code_language="python3", variables=[], outputs={}, code="def main():\n    raise ValueError('no')",
    )
    app = flow(workspace, {
        "nodes": [start(), human("one"), human("two"), fails, end(said=("two", "said"))],
        "edges": [edge("start", "one"), edge("start", "two"), edge("one", "fails", "ok"), edge("two", "end", "ok")],
    })  # fmt: skip
    made = run(app)["data"]
    place = f"/console/api/apps/{app.id}/workflow-runs/{made['id']}/node-executions"

    def executions() -> dict[str, dict[str, Any]]:
        return {one["node_id"]: one for one in workspace.ok(workspace.console.get(place))["data"]}

    waiting = executions()
    assert [waiting[name]["status"] for name in ("start", "one", "two")] == ["succeeded", "paused", "paused"]
    tokens = {reason["node_id"]: reason["form_token"] for reason in made["reasons"]}
    assert fill_in(app, tokens["one"]).status_code == 200
    wait_until(lambda: status(app, made["id"])["status"] == "failed", "the run ends")
    ended = executions()
    assert (ended["one"]["status"], ended["fails"]["status"], ended["two"]["status"]) == ("succeeded", "failed", "failed")
    assert ended["two"]["error"] == ended["fails"]["error"]
    assert ended["two"]["finished_at"] is not None
    for late in (fill_in(app, tokens["two"]), app.http.get(f"/v1/form/human_input/{tokens['two']}")):
        assert (late.status_code, late.json()["code"]) == (412, "human_input_form_expired")


def test_run_whose_version_is_gone_fails_with_the_reason(workspace: Workspace) -> None:
    graph = chain(start(), human("ask"), end(said=("ask", "said")))
    graph["edges"][1]["sourceHandle"] = "ok"
    app = flow(workspace, graph)
    made = run(app)["data"]
    place = f"/console/api/apps/{app.id}/workflows"
    workspace.ok(workspace.console.post(f"{place}/publish", json={}))
    workspace.ok(workspace.console.delete(f"{place}/{made['workflow_id']}"))
    assert fill_in(app, made["reasons"][0]["form_token"]).status_code == 200
    wait_until(lambda: status(app, made["id"])["status"] == "failed", "the run ends")
    assert status(app, made["id"])["error"].startswith("The workflow cannot go on: ")


def test_unknown_form_is_not_found(asking: App) -> None:
    reply = asking.http.get("/v1/form/human_input/nobodys")
    assert reply.json() == {"code": "not_found", "message": "Form not found", "status": 404}
    assert reply.status_code == 404


def test_chatflow_waits_and_goes_on(workspace: Workspace) -> None:
    graph = chain(start(), human("ask"), node("answer", "answer", answer="You said {{#ask.said#}}."))
    graph["edges"][1]["sourceHandle"] = "ok"
    app = flow(workspace, graph, "advanced-chat")
    body = app.send("q").json()
    assert (body["event"], body["data"]["status"], body["data"]["paused_nodes"]) == ("workflow_paused", "paused", ["ask"])
    page = {"user": "u", "conversation_id": body["conversation_id"]}
    assert app.http.get("/v1/messages", params=page).json()["data"][0]["status"] == "paused"
    assert fill_in(app, body["data"]["reasons"][0]["form_token"]).status_code == 200
    run_id = body["workflow_run_id"]
    wait_until(lambda: status(app, run_id)["status"] == "succeeded", "the run goes on")
    message = app.http.get("/v1/messages", params=page).json()["data"][0]
    assert (message["status"], message["answer"]) == ("normal", "You said yes.")
    told = events([app.http.get(f"/v1/chat-messages/{body['task_id']}/events?user=u").text])
    assert answer(told) == "You said yes."


# The time limit of a form

TIMED = {
    "nodes": [
        start("name"), human("ask", timeout=1, timeout_unit="day"), end(said=("ask", "said")),
        {**end(late=("ask", "__action_id"), name=("start", "name")), "id": "late"},
    ],
    "edges": [edge("start", "ask"), edge("ask", "end", "ok"), edge("ask", "late", "__timeout")],
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(product: Product) -> Iterator[sa.Connection]:
    with database(product) as found:
        yield found.execution_options(isolation_level="AUTOCOMMIT")


def close_form(connection: sa.Connection, token: str) -> None:
    """Let the time of a form be over."""
    over = sa.func.now() - sa.text("interval '1 minute'")
    forms = sa.update(human_input_forms).where(human_input_forms.c.token == token)
    connection.execute(forms.values(expires_at=over))


def test_form_is_open_for_the_time_that_its_node_says(workspace: Workspace) -> None:
    started, required, _ = [
        event["data"] for event in streamed(flow(workspace, TIMED), {"name": "bo"})
        if event["event"] in {"workflow_started", "human_input_required", "workflow_paused"}
    ]  # fmt: skip
    assert 86_390 < required["expiration_time"] - started["created_at"] < 86_410


def test_form_whose_time_is_over_goes_the_way_of_the_timeout(workspace: Workspace, connection: sa.Connection) -> None:
    app = flow(workspace, TIMED)
    made = run(app, {"name": "bo"})
    run_id, token = made["workflow_run_id"], made["data"]["reasons"][0]["form_token"]
    with following(app, run_id, "continue_on_pause=true") as after:
        close_form(connection, token)
        # Also before anybody has looked at the run.
        assert (fill_in(app, token).status_code, fill_in(app, token).json()["code"]) == (412, "human_input_form_expired")
        assert app.http.get(f"/v1/form/human_input/{token}").json()["code"] == "human_input_form_expired"
        wait_until(lambda: status(app, run_id)["status"] == "succeeded", "the run goes on without an answer")
    assert status(app, run_id)["outputs"] == {"late": "__timeout", "name": "bo"}
    names = [event["event"] for event in after]
    assert names[:2] == ["human_input_form_timeout", "workflow_started"]
    assert after[0]["data"]["node_id"] == "ask"
    assert isinstance(after[0]["data"]["expiration_time"], int)
    assert names[-1] == "workflow_finished"


def test_form_without_a_way_for_its_timeout_ends_the_run_with_nothing(
    asking: App, connection: sa.Connection
) -> None:
    made = run(asking, {"name": "bo"})
    close_form(connection, made["data"]["reasons"][0]["form_token"])
    wait_until(lambda: status(asking, made["workflow_run_id"])["status"] == "succeeded", "the run ends")
    assert status(asking, made["workflow_run_id"])["outputs"] == {}


# A pause that is longer than the log is kept


@contextlib.contextmanager
def following(app: App, run_id: str, query: str = "", **headers: str) -> Iterator[list[dict[str, Any]]]:
    """The events of a run that a reader in the background gets until its stream ends."""
    told: list[dict[str, Any]] = []
    opened = threading.Event()

    def follow() -> None:
        place = f"{app.http.base_url}/v1/workflow/{run_id}/events?user=u&{query}"
        sent = {**app.http.headers, **headers}
        with httpx.stream("GET", place, headers=sent, timeout=60) as reply:
            chunks = reply.iter_text()
            first = next(chunks)
            opened.set()
            told.extend(events([first, *chunks]))

    reader = threading.Thread(target=follow)
    reader.start()
    assert opened.wait(10)
    yield told
    reader.join(20)
    assert not reader.is_alive(), "the stream goes on"


@pytest.fixture
def lose_log(product: Product, connection: sa.Connection) -> Iterator[Callable[[str], None]]:
    """Removes the log of a task that waits, as time does, when all of it is there."""
    with redis.Redis.from_url(product.redis_url) as client:

        def lose(task_id: str) -> None:
            log = f"run:{task_id}:log"
            last = connection.execute(sa.select(runs.c.last_sequence).where(runs.c.task_id == task_id)).scalar_one()
            wait_until(lambda: [at for at, _ in client.xrevrange(log, count=1)] == [f"{last}-0".encode()], "the log is written")
            assert client.delete(log) == 1

        yield lose


def test_run_that_waits_longer_than_its_log_is_joined_and_goes_on(
    asking: App, lose_log: Callable[[str], None]
) -> None:
    told = streamed(asking, {"name": "bo"})
    run_id, token = told[-1]["workflow_run_id"], told[-2]["data"]["form_token"]
    lose_log(told[0]["task_id"])
    place = f"/v1/workflow/{run_id}/events?user=u&include_state_snapshot=true"
    again = events([asking.http.get(place).text])
    assert [event["event"] for event in again] == [event["event"] for event in told]
    for before, now in zip(told, again, strict=True):
        for name in ("id", "node_id", "outputs", "inputs", "form_token", "reasons", "paused_nodes", "created_at"):
            assert now["data"].get(name) == before["data"].get(name), (before["event"], name)
    with (
        following(asking, run_id, "include_state_snapshot=true&continue_on_pause=true&event_ids=true") as whole,
        following(asking, run_id, "continue_on_pause=true") as live,
        following(asking, run_id, "continue_on_pause=true", **{"Last-Event-ID": "2"}) as lost,
    ):
        assert fill_in(asking, token).status_code == 200
    assert status(asking, run_id)["outputs"] == {"said": "yes"}
    rest = [event["event"] for event in live]
    assert rest[:2] == ["human_input_form_filled", "workflow_started"]
    assert rest[-1] == "workflow_finished"
    assert [event["event"] for event in whole] == [event["event"] for event in lost]
    assert [event["event"] for event in whole] == [*(event["event"] for event in told), *rest]
    numbers = [event.get("_id") for event in whole][len(told) - 1 :]
    assert numbers == list(range(len(told), len(told) + len(rest) + 1)), "what follows the pause has its numbers"


def test_chatflow_that_waits_longer_than_its_log_keeps_its_words(
    workspace: Workspace, lose_log: Callable[[str], None]
) -> None:
    app = flow(workspace, {
        "nodes": [start(), node("first", "answer", answer="Wait. "), human("ask"),
                  node("answer", "answer", answer="You said {{#ask.said#}}.")],
        "edges": [edge("start", "first"), edge("first", "ask"), edge("ask", "answer", "ok")],
    }, "advanced-chat")  # fmt: skip
    body = app.send("q").json()
    assert body["data"]["answer"] == "Wait. "
    lose_log(body["task_id"])
    place = f"/v1/chat-messages/{body['task_id']}/events?user=u"
    joined: list[dict[str, Any]] = []

    def follow() -> None:
        with app.http.stream("GET", place, headers={"Last-Event-ID": "0"}) as reply:
            joined.extend(events(reply.iter_text()))

    reader = threading.Thread(target=follow)
    reader.start()
    assert fill_in(app, body["data"]["reasons"][0]["form_token"]).status_code == 200
    reader.join(20)
    assert not reader.is_alive()
    assert answer(joined) == "Wait. You said yes."
    page = app.http.get("/v1/messages", params={"user": "u", "conversation_id": body["conversation_id"]}).json()
    assert page["data"][0]["answer"] == "Wait. You said yes."


def test_two_people_are_asked_at_once_and_answer_one_after_the_other(workspace: Workspace) -> None:
    app = flow(workspace, {
        "nodes": [start(), human("one"), human("two"), end(first=("one", "said"), second=("two", "said"))],
        "edges": [edge("start", "one"), edge("start", "two"), edge("one", "end", "ok"), edge("two", "end", "ok")],
    })  # fmt: skip
    made = run(app)
    tokens = {reason["node_id"]: reason["form_token"] for reason in made["data"]["reasons"]}
    assert sorted(tokens) == sorted(made["data"]["paused_nodes"]) == ["one", "two"]
    run_id = made["workflow_run_id"]
    with following(app, run_id, "continue_on_pause=true", **{"Last-Event-ID": "0"}) as told:
        assert fill_in(app, tokens["two"], inputs={"said": "b"}).status_code == 200
        place = f"/v1/workflow/{run_id}/events?user=u&include_state_snapshot=true"

        def waits_for_one() -> bool:
            last = events([app.http.get(place).text])[-1]
            return bool(last["event"] == "workflow_paused" and last["data"]["paused_nodes"] == ["one"])

        wait_until(waits_for_one, "the run waits for the other one")
        assert status(app, run_id)["status"] == "paused"
        # The form that waited goes on waiting under its token.
        assert app.http.get(f"/v1/form/human_input/{tokens['one']}").status_code == 200
        assert fill_in(app, tokens["one"], inputs={"said": "a"}).status_code == 200
    assert status(app, run_id)["outputs"] == {"first": "a", "second": "b"}
    assert [event["_id"] for event in told] == list(range(1, len(told) + 1))
    names = [event["event"] for event in told]
    assert (names.count("workflow_paused"), names.count("human_input_form_filled")) == (2, 2)
    assert names[-1] == "workflow_finished"
