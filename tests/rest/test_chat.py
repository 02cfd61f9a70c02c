"""Chat and completion through Envoy and two server processes, against a model over a real socket."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until
from tests.rest.sse import answer, event, events, frames

TOKENS = "".join(f"tok{at} " for at in range(10))
RECORDED = Path(__file__).parent.parent / "golden"


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> App:
    return workspace.app()


@pytest.fixture(scope="module")
def paced(workspace: Workspace) -> App:
    return workspace.app(model="paced@tokens=60,delay=50")


def golden(name: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{name}.json").read_text())


def kinds(value: Any) -> Any:
    """The shape of a JSON value: names, order and types; ids, times and texts are its content."""
    if isinstance(value, dict):
        return {name: kinds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def test_blocking_answer_has_the_recorded_shape(chat: App) -> None:
    reply = chat.send(user="blocking")
    assert reply.status_code == 200, reply.text
    body = reply.json()
    wanted = golden("chat_blocking")
    for usage in (body["metadata"]["usage"], wanted["metadata"]["usage"]):
        # Null in the recorded version, seconds in newer ones (sse-events.md 8.1).
        for name in ("time_to_first_token", "time_to_generate"):
            assert isinstance(usage.pop(name), (float, type(None)))
    assert list(body) == list(wanted)
    assert kinds(body) == kinds(wanted)
    assert body["answer"] == TOKENS
    assert body["mode"] == "chat"


def test_streamed_events_have_the_recorded_shape_and_order(chat: App) -> None:
    with chat.stream(user="streaming") as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
        raw = list(frames(reply.iter_text()))
    wanted = golden("chat_streaming")
    found = [event(frame) for frame in raw]
    assert all(frame.startswith("data: ") for frame in raw)
    assert [item["event"] for item in found] == ["message"] * 10 + ["message_end"]
    assert list(found[0]) == list(wanted["message"])
    assert kinds(found[0]) == kinds(wanted["message"])
    assert list(found[-1]) == list(wanted["message_end"])
    assert len({item["created_at"] for item in found}) == 1
    assert len({item["task_id"] for item in found}) == 1
    assert answer(found) == TOKENS


def test_completion_stream_has_no_conversation(workspace: Workspace) -> None:
    app = workspace.app("completion", pre_prompt="Write about {{query}}", user_input_form=[
        {"paragraph": {"label": "Query", "variable": "query", "required": True, "default": ""}},
    ])
    body = {"inputs": {"query": "the sea"}, "user": "u"}
    blocking = app.http.post("/v1/completion-messages", json=body)
    assert blocking.status_code == 200, blocking.text
    assert list(blocking.json()) == list(golden("completion_blocking"))
    with app.http.stream("POST", "/v1/completion-messages", json={**body, "response_mode": "streaming"}) as reply:
        found = events(reply.iter_text())
    assert all("conversation_id" not in item for item in found)
    assert list(found[0]) == list(golden("completion_streaming")["message"])
    missing = app.http.post("/v1/completion-messages", json={"inputs": {}, "user": "u"})
    assert (missing.status_code, missing.json()["message"]) == (400, "query is required in input form")


def test_follow_up_is_told_the_history(workspace: Workspace) -> None:
    app = workspace.app(model="counting@text={count}")
    first = app.send("one", user="history").json()
    second = app.send("two", user="history", conversation_id=first["conversation_id"]).json()
    assert second["conversation_id"] == first["conversation_id"]
    # one user message; then user, assistant, user
    assert (first["answer"].strip(), second["answer"].strip()) == ("1", "3")


def test_pre_prompt_reaches_the_model_with_inputs_filled_in(workspace: Workspace) -> None:
    app = workspace.app(
        model="echo-system@text={system}", pre_prompt="Speak of {{topic}}.",
        user_input_form=[{"text-input": {"label": "Topic", "variable": "topic", "required": True, "max_length": 20}}],
    )
    assert app.send(inputs={"topic": "whales"}).json()["answer"].strip() == "Speak of whales."
    refused = app.send(inputs={"topic": "x" * 21})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")


def test_event_ids_are_dense_and_rejoin_continues_exactly_after(paced: App) -> None:
    seen = []
    with paced.stream(user="rejoin", headers={"Last-Event-ID": "0"}) as reply:
        for frame in frames(reply.iter_text()):
            seen.append(event(frame))
            if len(seen) == 5:
                break
    task = seen[0]["task_id"]
    with paced.http.stream(
        "GET", f"/v1/chat-messages/{task}/events", params={"user": "rejoin"}, headers={"Last-Event-ID": "5"}
    ) as reply:
        assert reply.status_code == 200
        rest = events(reply.iter_text())
    ids = [item["_id"] for item in (*seen, *rest)]
    assert ids == list(range(1, 62))
    assert answer([*seen, *rest]) == "".join(f"tok{at} " for at in range(60))


def test_every_reader_sees_the_same_events_from_any_process(paced: App) -> None:
    with paced.stream(user="same", headers={"Last-Event-ID": "0"}) as reply:
        first = events(reply.iter_text())
    task = first[0]["task_id"]
    for _ in range(4):  # the gateway spreads these over both processes
        with paced.http.stream(
            "GET", f"/v1/chat-messages/{task}/events", params={"user": "same"}, headers={"Last-Event-ID": "0"}
        ) as reply:
            assert events(reply.iter_text()) == first


def test_event_ids_come_by_query_parameter_too(chat: App) -> None:
    body = {"inputs": {}, "query": "x", "user": "u", "response_mode": "streaming"}
    with chat.http.stream("POST", "/v1/chat-messages?event_ids=true", json=body) as reply:
        found = events(reply.iter_text())
    assert [item["_id"] for item in found] == list(range(1, 12))


def test_rejoin_is_refused_to_another_user(chat: App) -> None:
    task = chat.send(user="mine").json()["task_id"]
    refused = chat.http.get(f"/v1/chat-messages/{task}/events", params={"user": "theirs"})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    nonsense = chat.http.get(
        f"/v1/chat-messages/{task}/events", params={"user": "mine"}, headers={"Last-Event-ID": "x"}
    )
    assert nonsense.status_code == 400


def test_stop_keeps_the_part_and_ends_within_a_second(paced: App) -> None:
    found = []
    stopped_at = 0.0
    with paced.stream(user="stopper") as reply:
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if len(found) == 3:
                done = paced.http.post(f"/v1/chat-messages/{found[0]['task_id']}/stop", json={"user": "stopper"})
                assert (done.status_code, done.json()) == (200, {"result": "success"})
                stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 1.5
    assert found[-1]["event"] == "message_end"
    usage = found[-1]["metadata"]["usage"]
    assert 0 < usage["completion_tokens"] < 200
    page = paced.http.get(
        "/v1/messages", params={"user": "stopper", "conversation_id": found[0]["conversation_id"]}
    ).json()
    (message,) = page["data"]
    assert message["status"] == "normal"
    assert message["answer"] == answer(found).strip()
    assert message["answer_tokens"] == usage["completion_tokens"]


def test_stop_of_a_foreign_task_is_silent_and_changes_nothing(paced: App, chat: App) -> None:
    found = []
    with paced.stream(user="owner") as reply:
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if len(found) == 2:
                path = f"/v1/chat-messages/{found[0]['task_id']}/stop"
                for app, user in ((paced, "thief"), (chat, "owner")):
                    assert app.http.post(path, json={"user": user}).json() == {"result": "success"}
    assert answer(found) == "".join(f"tok{at} " for at in range(60))
    assert chat.http.post(f"/v1/chat-messages/{uuid.uuid4()}/stop", json={"user": "u"}).status_code == 200
    assert chat.http.post("/v1/chat-messages/none/stop", json={"user": "u"}).status_code == 200


def test_run_goes_on_when_its_client_leaves(paced: App) -> None:
    with paced.stream(user="leaver") as reply:
        first = event(next(frames(reply.iter_text())))

    def finished() -> bool:
        page = paced.http.get(
            "/v1/messages", params={"user": "leaver", "conversation_id": first["conversation_id"]}
        ).json()
        return bool(page["data"][0]["answer_tokens"] == 60)

    wait_until(finished, "the answer is stored whole", every=0.1)


def test_idle_stream_is_kept_alive_by_bare_pings(
    stores: Any, tmp_path: Path, model_url: str
) -> None:
    settings = {"ping_seconds": "0.3"}
    with Product(stores.postgres_url(), stores.redis_url(), tmp_path, settings=settings) as product:
        app = Workspace(product, model_url).app(model="slow@tokens=2,first=1200")
        with app.stream() as reply:
            raw = list(frames(reply.iter_text()))
    assert raw[:2] == ["event: ping", "event: ping"]
    assert [event(frame)["event"] for frame in raw if frame != "event: ping"] == ["message", "message", "message_end"]


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ("status=401", 400, "completion_request_error"),
        ("status=404", 400, "model_currently_not_support"),
        ("error=quota", 400, "provider_quota_exceeded"),
        ("status=400", 400, "completion_request_error"),
        ("cut=3", 400, "completion_request_error"),
        ("malformed=3", 400, "completion_request_error"),
    ],
)
def test_model_fault_is_an_error_of_the_call_or_of_the_stream(
    workspace: Workspace, script: str, status: int, code: str
) -> None:
    # The first call is the test call that adds the model.
    app = workspace.app(model=f"faulty@{script},skip=1")
    blocking = app.send()
    assert (blocking.status_code, blocking.json()["code"], blocking.json()["status"]) == (status, code, status)
    with app.stream(user="faults") as reply:
        assert reply.status_code == 200
        found = events(reply.iter_text())
    assert found[-1]["event"] == "error"
    assert (found[-1]["code"], found[-1]["status"]) == (code, status)
    assert "task_id" not in found[-1]
    conversations = app.http.get("/v1/conversations", params={"user": "faults"}).json()["data"]
    messages = app.http.get(
        "/v1/messages", params={"user": "faults", "conversation_id": conversations[0]["id"]}
    ).json()["data"]
    assert messages[0]["status"] == "error"
    assert messages[0]["error"]


def test_429_with_retry_after_is_retried_before_the_first_token(workspace: Workspace) -> None:
    app = workspace.app(model="limited@status=429,retry_after=0,times=1,skip=1")
    reply = app.send()
    assert (reply.status_code, reply.json().get("answer")) == (200, TOKENS), reply.text


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"inputs": {}, "query": "x"}, "invalid_param", "Arg user must be provided."),
        ({"query": "x", "user": "u"}, "invalid_param", "inputs"),
        ({"inputs": {}, "user": "u"}, "invalid_param", "query"),
        ({"inputs": {}, "query": "", "user": "u"}, "invalid_param", "query is required"),
        ({"inputs": {}, "query": "x", "user": "u", "conversation_id": "zzz"}, "invalid_param", "conversation_id"),
        ({"inputs": {}, "query": "x", "user": "u", "response_mode": "later"}, "invalid_param", "response_mode"),
        ({"inputs": [], "query": "x", "user": "u"}, "invalid_param", "list"),
        ({"inputs": {}, "query": 5, "user": "u"}, "invalid_param", "query"),
    ],
)
def test_bad_chat_request_is_a_clear_400(chat: App, body: dict[str, Any], code: str, message: str) -> None:
    reply = chat.http.post("/v1/chat-messages", json=body)
    error = reply.json()
    assert (reply.status_code, error["code"], error["status"]) == (400, code, 400), reply.text
    assert message in error["message"]
    assert set(error) == {"code", "message", "status"}


def test_unknown_conversation_is_not_found(chat: App) -> None:
    reply = chat.send(conversation_id=str(uuid.uuid4()))
    assert (reply.status_code, reply.json()["message"]) == (404, "Conversation Not Exists.")
    other = chat.send(user="somebody").json()["conversation_id"]
    assert chat.send(user="somebody else", conversation_id=other).status_code == 404


def test_wrong_mode_and_wrong_key_are_told_apart(workspace: Workspace, chat: App) -> None:
    completion = workspace.app("completion")
    assert completion.send().json()["code"] == "not_chat_app"
    reply = chat.http.post("/v1/completion-messages", json={"inputs": {}, "user": "u"})
    assert (reply.status_code, reply.json()["code"]) == (400, "app_unavailable")
    bad = httpx.post(f"{workspace.product.url}/v1/chat-messages", json={}, headers={"Authorization": "Bearer app-x"})
    assert (bad.status_code, bad.json()["message"]) == (401, "Access token is invalid")
    assert bad.headers["www-authenticate"] == 'Bearer realm="api"'


def test_uploaded_image_reaches_the_model_and_is_listed(workspace: Workspace) -> None:
    upload = {
        "enabled": True, "allowed_file_types": ["image"], "allowed_file_upload_methods": ["local_file"],
        "number_limits": 2, "image": {"enabled": True, "number_limits": 2, "transfer_methods": ["local_file"]},
    }
    app = workspace.app(file_upload=upload)
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    made = app.http.post("/v1/files/upload", files={"file": ("dot.png", png, "image/png")}, data={"user": "artist"})
    assert made.status_code == 201, made.text
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": made.json()["id"]}
    stolen = app.send(user="thief", files=[file])
    assert (stolen.status_code, stolen.json()["message"]) == (400, "Invalid upload file")
    sent = app.send(user="artist", files=[file])
    assert sent.status_code == 200, sent.text
    page = app.http.get(
        "/v1/messages", params={"user": "artist", "conversation_id": sent.json()["conversation_id"]}
    ).json()
    (kept,) = page["data"][0]["message_files"]
    assert (kept["type"], kept["belongs_to"], kept["upload_file_id"]) == ("image", "user", made.json()["id"])
    assert httpx.get(kept["url"]).content == png
    preview = app.http.get(f"/v1/files/{made.json()['id']}/preview", params={"user": "artist"})
    assert (preview.status_code, preview.content, preview.headers["content-type"]) == (200, png, "image/png")


def test_conversation_is_named_in_the_background(workspace: Workspace) -> None:
    app = workspace.app()
    made = app.send("a question that is longer than twenty characters", user="namer").json()

    def name() -> str:
        page = app.http.get("/v1/conversations", params={"user": "namer"}).json()
        return next(item["name"] for item in page["data"] if item["id"] == made["conversation_id"])

    wait_until(lambda: not name().endswith("…"), "the conversation has a better name", every=0.1)
    kept = app.send("another question that is longer than that", user="keeper", auto_generate_name=False).json()
    page = app.http.get("/v1/conversations", params={"user": "keeper"}).json()
    assert page["data"][0]["id"] == kept["conversation_id"]
    assert page["data"][0]["name"] == "another question tha…"
