"""Authors who try an app out in the console with a configuration that is not saved, through Envoy."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App, Workspace
from tests.harness.stores import wait_until
from tests.rest.sse import answer, event, events, frames

TOKENS = " ".join(f"tok{at}" for at in range(10))


def place(app: App) -> str:
    return f"/console/api/apps/{app.id}"


def posted(workspace: Workspace, app: App, **changes: Any) -> dict[str, Any]:
    """The app's configuration with changes that are not saved."""
    document: dict[str, Any] = workspace.ok(workspace.console.get(place(app)))["model_config"]
    return {**document, **changes}


def chosen(model: str) -> dict[str, Any]:
    return {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}}


def ask(workspace: Workspace, app: App, route: str = "chat-messages", **body: Any) -> httpx.Response:
    return workspace.console.post(f"{place(app)}/{route}", json={"inputs": {}, "query": "hello", **body})


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> App:
    return workspace.app()


@pytest.fixture
def model(workspace: Workspace, brain: OpenAIServer) -> str:
    """A model that nothing else asks; what it was asked is in ``brain.calls``."""
    name = f"debug-{uuid.uuid4().hex[:8]}"
    credentials = {"endpoint_url": f"{brain.url}/v1", "api_key": "sk-test-key", "mode": "chat", "context_size": "8192"}
    path = f"/console/api/workspaces/current/model-providers/{COMPATIBLE}/models/credentials"
    added = {"model": name, "model_type": "llm", "credentials": credentials}
    workspace.ok(workspace.console.post(path, json=added))
    return name


def said_to(brain: OpenAIServer, model: str) -> str:
    return str(next(call for call in reversed(brain.calls) if call.model == model).json()["messages"])


def test_posted_configuration_answers_and_is_not_saved(
    workspace: Workspace, chat: App, brain: OpenAIServer, model: str
) -> None:
    tried = posted(workspace, chat, model=chosen(model), pre_prompt="Speak like a whale.")
    first = workspace.ok(ask(workspace, chat, model_config=tried))
    assert (first["answer"].strip(), first["mode"], first["event"]) == (TOKENS, "chat", "message")
    assert first["metadata"]["usage"]["total_tokens"] > 0
    assert "Speak like a whale." in said_to(brain, model)
    assert posted(workspace, chat)["pre_prompt"] != "Speak like a whale."
    # The next message may have another configuration, and remembers its conversation.
    again = {**tried, "pre_prompt": "Speak like a shark."}
    follows = {"conversation_id": first["conversation_id"], "parent_message_id": first["message_id"]}
    body = {"model_config": again, "query": "and now", "response_mode": "streaming", **follows}
    with workspace.console.stream("POST", f"{place(chat)}/chat-messages", json={"inputs": {}, **body}) as reply:
        assert reply.status_code == 200
        told = events(reply.iter_text())
    assert answer(told).strip() == TOKENS
    assert (told[-1]["event"], told[0]["conversation_id"]) == ("message_end", first["conversation_id"])
    assert told[-1]["metadata"]["usage"]["total_tokens"] > 0
    asked = said_to(brain, model)
    assert "Speak like a shark." in asked and "hello" in asked and "whale" not in asked
    detail = workspace.ok(workspace.console.get(f"{place(chat)}/chat-conversations/{first['conversation_id']}"))
    assert detail["model_config"]["pre_prompt"] == "Speak like a shark."
    assert (detail["from_source"], bool(detail["from_account_id"]), detail["from_end_user_id"]) == ("console", True, None)


def test_conversation_of_an_author_is_nobody_elses(workspace: Workspace, chat: App) -> None:
    tried = posted(workspace, chat)
    mine = workspace.ok(ask(workspace, chat, model_config=tried))["conversation_id"]
    theirs = chat.send("theirs", auto_generate_name=False).json()["conversation_id"]
    assert ask(workspace, chat, model_config=tried, conversation_id=theirs).status_code == 404
    assert chat.send("mine?", conversation_id=mine).status_code == 404
    listed = chat.http.get("/v1/conversations", params={"user": "u"}).json()["data"]
    assert mine not in [item["id"] for item in listed]
    # Figures are about users, not about authors.
    (day,) = workspace.ok(workspace.console.get(f"{place(chat)}/statistics/daily-messages"))["data"]
    assert day["message_count"] == 1


def test_author_stops_an_answer_and_its_part_is_kept(workspace: Workspace) -> None:
    app = workspace.app(model="debugslow@tokens=300,delay=30")
    body = {"inputs": {}, "query": "long", "model_config": posted(workspace, app), "response_mode": "streaming"}
    with workspace.console.stream("POST", f"{place(app)}/chat-messages", json=body) as reply:
        found: list[dict[str, Any]] = []
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if len(found) == 3:
                path = f"{place(app)}/chat-messages/{found[0]['task_id']}/stop"
                assert workspace.ok(workspace.console.post(path)) == {"result": "success"}
    assert found[-1]["event"] == "message_end" and len(found) < 100

    def kept() -> bool:
        shown = workspace.ok(workspace.console.get(f"{place(app)}/messages/{found[0]['id']}"))
        return bool(shown["answer"].strip() == answer(found).strip())

    wait_until(kept, "the part of the answer is stored")


def test_next_questions_are_those_of_the_configuration_that_was_tried(workspace: Workspace, chat: App) -> None:
    off = workspace.ok(ask(workspace, chat, model_config=posted(workspace, chat)))
    path = f"{place(chat)}/chat-messages/{off['message_id']}/suggested-questions"
    refused = workspace.console.get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "app_suggested_questions_after_answer_disabled")
    tried = posted(workspace, chat, suggested_questions_after_answer={"enabled": True})
    on = workspace.ok(ask(workspace, chat, model_config=tried))
    told = workspace.ok(workspace.console.get(path.replace(off["message_id"], on["message_id"])))
    assert list(told) == ["data"] and isinstance(told["data"], list)


def test_completion_app_is_tried_out(workspace: Workspace) -> None:
    app = workspace.app("completion")
    form = [{"paragraph": {"label": "Text", "variable": "text", "required": True, "default": ""}}]
    tried = posted(workspace, app, user_input_form=form, pre_prompt="Sum up {{text}}")
    body = {"inputs": {"text": "whales"}, "model_config": tried}
    whole = workspace.ok(workspace.console.post(f"{place(app)}/completion-messages", json=body))
    assert (whole["answer"].strip(), whole["mode"], "conversation_id" in whole) == (TOKENS, "completion", False)
    streamed = {**body, "response_mode": "streaming"}
    with workspace.console.stream("POST", f"{place(app)}/completion-messages", json=streamed) as reply:
        assert answer(events(reply.iter_text())).strip() == TOKENS
    missing = workspace.console.post(f"{place(app)}/completion-messages", json={"inputs": {}, "model_config": tried})
    assert (missing.status_code, missing.json()["code"]) == (400, "invalid_param")


def test_agent_is_tried_out_event_by_event_only(workspace: Workspace, chat: App) -> None:
    agent = {"enabled": True, "strategy": "function_call", "max_iteration": 2, "tools": []}
    tried = posted(workspace, chat, agent_mode=agent)
    refused = ask(workspace, chat, model_config=tried)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    body = {"inputs": {}, "query": "hello", "model_config": tried, "response_mode": "streaming"}
    with workspace.console.stream("POST", f"{place(chat)}/chat-messages", json=body) as reply:
        told = events(reply.iter_text())
    assert "agent_message" in {item["event"] for item in told}
    assert told[-1]["event"] == "message_end"


def test_author_sends_an_upload_of_their_own_along(workspace: Workspace, chat: App) -> None:
    upload = {"file": ("dot.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64, "image/png")}
    mine = workspace.ok(workspace.console.post("/console/api/files/upload", files=upload))["id"]
    theirs = workspace.ok(chat.http.post("/v1/files/upload", files=upload, data={"user": "u"}))["id"]
    tried = posted(workspace, chat, file_upload={
        "enabled": True, "allowed_file_types": ["image"], "allowed_file_upload_methods": ["local_file"],
        "number_limits": 1,
    })  # fmt: skip
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": mine}
    made = workspace.ok(ask(workspace, chat, model_config=tried, files=[file]))
    (shown,) = workspace.ok(workspace.console.get(f"{place(chat)}/messages/{made['id']}"))["message_files"]
    assert (shown["upload_file_id"], shown["filename"], shown["belongs_to"]) == (mine, "dot.png", "user")
    refused = ask(workspace, chat, model_config=tried, files=[{**file, "upload_file_id": theirs}])
    assert (refused.status_code, refused.json()["message"]) == (400, "Invalid upload file")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_param"),
        ({"model_config": {"model": {"provider": COMPATIBLE, "name": "nobody", "mode": "chat"}}}, 400, None),
        ({"model_config": {}, "inputs": None}, 400, "invalid_param"),
        ({"model_config": {}, "response_mode": "sometimes"}, 400, "invalid_param"),
    ],
)  # fmt: skip
def test_question_that_cannot_be_answered_is_refused(
    workspace: Workspace, chat: App, body: dict[str, Any], status: int, code: str | None
) -> None:
    reply = ask(workspace, chat, **body)
    assert reply.status_code == status, reply.text
    assert code is None or reply.json()["code"] == code


def test_apps_of_other_modes_are_not_tried_out_this_way(workspace: Workspace, chat: App) -> None:
    reply = workspace.console.post(
        f"{place(chat)}/completion-messages", json={"inputs": {}, "model_config": posted(workspace, chat)}
    )
    assert (reply.status_code, reply.json()["code"]) == (404, "app_not_found")
