"""Runs as REST callers see them: usage, stop, re-join, follow-ups, for chat and completion apps."""

from __future__ import annotations

import contextlib
import threading
import uuid
from typing import Any

import httpx
import psycopg2
import pytest

from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until
from tests.rest.sse import answer, event, events, frames


@pytest.fixture(scope="module")
def completion(workspace: Workspace) -> App:
    return workspace.app("completion", model="paced-completion@tokens=100,delay=50")


@pytest.fixture(scope="module")
def paced(workspace: Workspace) -> App:
    return workspace.app(model="paced-runs@tokens=100,delay=50")


def _task_of(product: Product, app: App) -> str:
    """The running task of an app; "" while there is none."""
    with contextlib.closing(psycopg2.connect(product.postgres_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT task_id::text FROM runs WHERE app_id = %s AND status = 'running'", (app.id,))
        row = cursor.fetchone()
    return row[0] if row else ""


def _message(app: App, user: str, conversation_id: str) -> dict[str, Any]:
    page = app.http.get("/v1/messages", params={"user": user, "conversation_id": conversation_id})
    assert page.status_code == 200, page.text
    (message,) = page.json()["data"]
    return message


def test_usage_told_and_stored_is_the_usage_that_the_provider_reported(workspace: Workspace) -> None:
    """G8: the provider counts more than can be counted here, as models that think do."""
    app = workspace.app(model="thinking@tokens=12,thoughts=30")
    query = "a question of forty-two characters or so.."
    with app.stream(query, user="g8") as reply:
        found = events(reply.iter_text())
    usage = found[-1]["metadata"]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (len(query) // 4, 42)
    assert usage["total_tokens"] == usage["prompt_tokens"] + 42
    message = _message(app, "g8", found[0]["conversation_id"])
    assert (message["message_tokens"], message["answer_tokens"]) == (usage["prompt_tokens"], 42)
    blocking = app.send(query, user="g8 blocking").json()["metadata"]["usage"]
    assert (blocking["prompt_tokens"], blocking["completion_tokens"]) == (usage["prompt_tokens"], 42)


def test_completion_is_stopped_keeps_its_part_and_is_re_joined(completion: App) -> None:
    found = []
    body = {"inputs": {"query": "x"}, "user": "stopper", "response_mode": "streaming"}
    headers = {"Last-Event-ID": "0"}
    with completion.http.stream("POST", "/v1/completion-messages", json=body, headers=headers) as reply:
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if len(found) == 3:
                task = found[0]["task_id"]
                done = completion.http.post(f"/v1/completion-messages/{task}/stop", json={"user": "stopper"})
                assert (done.status_code, done.json()) == (200, {"result": "success"})
    assert [item["_id"] for item in found] == list(range(1, len(found) + 1))
    assert found[-1]["event"] == "message_end"
    assert 3 <= len(found) < 101
    with completion.http.stream(
        "GET", f"/v1/completion-messages/{task}/events", params={"user": "stopper"}, headers={"Last-Event-ID": "2"}
    ) as reply:
        assert events(reply.iter_text()) == found[2:]


def test_blocking_call_that_is_stopped_returns_its_part(product: Product, paced: App) -> None:
    replies: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: replies.append(paced.send(user="blocker")))
    caller.start()
    wait_until(lambda: bool(_task_of(product, paced)), "the run works", every=0.05)
    task = _task_of(product, paced)
    assert paced.http.post(f"/v1/chat-messages/{task}/stop", json={"user": "blocker"}).status_code == 200
    caller.join()
    (reply,) = replies
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["task_id"] == task
    assert body["metadata"]["usage"]["completion_tokens"] < 100
    assert _message(paced, "blocker", body["conversation_id"])["answer"] == body["answer"].strip()


@pytest.mark.parametrize(
    ("mode", "path", "code"),
    [
        ("completion", "/v1/chat-messages/{task}/stop", "not_chat_app"),
        ("chat", "/v1/completion-messages/{task}/stop", "app_unavailable"),
    ],
)
def test_stop_of_the_wrong_kind_of_app_is_refused(workspace: Workspace, mode: str, path: str, code: str) -> None:
    app = workspace.app(mode)
    reply = app.http.post(path.format(task=uuid.uuid4()), json={"user": "u"})
    assert (reply.status_code, reply.json()["code"]) == (400, code)


def test_stop_without_a_user_is_refused(paced: App) -> None:
    reply = paced.http.post(f"/v1/chat-messages/{uuid.uuid4()}/stop", json={})
    assert (reply.status_code, reply.json()["message"]) == (400, "Arg user must be provided.")


def test_re_join_after_the_last_event_gives_nothing_more(workspace: Workspace) -> None:
    app = workspace.app()
    task = app.send(user="late").json()["task_id"]
    for last, rest in (("0", 11), ("10", 1), ("11", 0), ("999", 0)):
        reply = app.http.get(
            f"/v1/chat-messages/{task}/events", params={"user": "late"}, headers={"Last-Event-ID": last}
        )
        assert reply.status_code == 200
        assert len(events([reply.text])) == rest, last


@pytest.mark.parametrize("last", ["-1", "1.5", "x", "1" * 30])
def test_re_join_after_no_number_is_a_clear_400(workspace: Workspace, last: str) -> None:
    reply = workspace.app().http.get(
        f"/v1/chat-messages/{uuid.uuid4()}/events", params={"user": "u"}, headers={"Last-Event-ID": last}
    )
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")


@pytest.mark.parametrize("task", ["none", "00000000-0000-0000-0000-000000000000"])
def test_re_join_of_an_unknown_task_is_not_found(paced: App, task: str) -> None:
    reply = paced.http.get(f"/v1/chat-messages/{task}/events", params={"user": "u"})
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_two_answers_of_one_conversation_at_once_are_both_kept(paced: App) -> None:
    first = paced.http.stream
    body = {"inputs": {}, "query": "one", "user": "twice", "response_mode": "streaming"}
    with first("POST", "/v1/chat-messages", json=body) as reply:
        stream = frames(reply.iter_text())
        head = event(next(stream))
        second = {**body, "query": "two", "conversation_id": head["conversation_id"]}
        with first("POST", "/v1/chat-messages", json=second) as other:
            there = events(other.iter_text())
        here = [head, *(event(frame) for frame in stream)]
    text = "".join(f"tok{at} " for at in range(100))
    assert answer(here) == answer(there) == text
    page = paced.http.get(
        "/v1/messages", params={"user": "twice", "conversation_id": head["conversation_id"]}
    ).json()["data"]
    assert [(item["query"], item["answer"]) for item in page] == [("one", text.strip()), ("two", text.strip())]


def test_follow_up_needs_required_inputs_again_and_keeps_the_configuration_of_its_conversation(
    workspace: Workspace,
) -> None:
    form = [{"text-input": {"label": "Topic", "variable": "topic", "required": True, "max_length": 20}}]
    app = workspace.app(model="keeper@text={system}", pre_prompt="Speak of {{topic}}.", user_input_form=form)
    first = app.send(inputs={"topic": "whales"}).json()
    without = app.send(conversation_id=first["conversation_id"])
    assert (without.status_code, without.json()["message"]) == (400, "topic is required in input form")
    detail = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))
    changed = {**detail["model_config"], "pre_prompt": "Sing of {{topic}}."}
    workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/model-config", json=changed))

    def said(**fields: str) -> str:
        return str(app.send(inputs={"topic": "bees"}, **fields).json()["answer"].strip())

    wait_until(lambda: said() == "Sing of bees.", "new conversations have the new configuration", every=0.1)
    assert said(conversation_id=first["conversation_id"]) == "Speak of bees."
