"""What the features of chat and completion apps do at run time, through Envoy (feature-semantics.md).

The loopback model can say what it was sent: ``{system}``, ``{user}``, ``{count}`` messages.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.product import COMPATIBLE, App, Workspace
from tests.rest.parties import OPENAI, PNG, PROVIDERS, UPLOADS
from tests.rest.sse import event, events, frames

NAME = {"text-input": {"label": "name", "variable": "name", "required": False, "max_length": 48}}


def _conversation(app: App, user: str) -> dict[str, Any]:
    (found,) = app.http.get("/v1/conversations", params={"user": user}).json()["data"]
    return found


def _messages(app: App, user: str) -> list[dict[str, Any]]:
    conversation = _conversation(app, user)["id"]
    page = app.http.get("/v1/messages", params={"user": user, "conversation_id": conversation}).json()
    return list(page["data"])


def _said(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.json()["answer"]).strip()


def _custom(workspace: Workspace, model_url: str, model: str, **form: str) -> None:
    """A custom model of the loopback double with a form of its own."""
    filled = {"endpoint_url": f"{model_url}/v1", "api_key": "sk-test-key", "mode": "chat", "context_size": "8192", **form}
    body = {"model": model, "model_type": "llm", "credentials": filled}
    workspace.ok(workspace.console.post(f"{PROVIDERS}/{COMPATIBLE}/models/credentials", json=body))


def _app_of(
    workspace: Workspace, model: str, *, kind: str = "chat", parameters: Any = None, **config: Any
) -> App:
    """A chat app of a custom model that is there already."""
    chosen = {"provider": COMPATIBLE, "name": model, "mode": kind, "completion_params": parameters or {}}
    return _saved(workspace, "chat", {"model": chosen, **config})


def _saved(workspace: Workspace, mode: str, config: dict[str, Any]) -> App:
    app = workspace.app(mode)
    made = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["model_config"]
    workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/model-config", json={**made, **config}))
    return app


# Opening statement (3.1)


def test_opening_statement_introduces_the_conversation_and_is_not_sent_to_the_model(workspace: Workspace) -> None:
    app = workspace.app(
        model="counting@text={count}", opening_statement="Hello {{name}}, this is {{unknown}}.",
        suggested_questions=["What is x?"], user_input_form=[NAME],
    )
    assert _said(app.send(user="opened", inputs={"name": "Bo", "other": "dropped"})) == "1"
    conversation = _conversation(app, "opened")
    assert conversation["introduction"] == "Hello Bo, this is {{unknown}}."
    assert conversation["inputs"] == {"name": "Bo"}
    parameters = app.http.get("/v1/parameters").json()
    assert parameters["opening_statement"] == "Hello {{name}}, this is {{unknown}}."
    assert parameters["suggested_questions"] == ["What is x?"]
    assert [message["query"] for message in _messages(app, "opened")] == ["hello"]


def test_conversation_keeps_the_configuration_it_began_with(workspace: Workspace) -> None:
    app = workspace.app(model="echoing@text={system}", pre_prompt="the old way")
    first = app.send(user="early").json()
    made = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["model_config"]
    changed = {**made, "pre_prompt": "the new way"}
    workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/model-config", json=changed))
    assert _said(app.send(user="early", conversation_id=first["conversation_id"])) == "the old way"
    assert {_said(app.send(user="late")) for _ in range(4)} == {"the new way"}


# Suggested questions after the answer (3.2)


def test_suggested_questions_come_from_the_model_that_the_feature_names(workspace: Workspace) -> None:
    suggester = 'suggester@text=Sure: ["How deep is it?"]'
    workspace.add_model(suggester)
    feature = {"enabled": True, "model": {"provider": COMPATIBLE, "name": suggester, "mode": "chat"}}
    app = workspace.app(suggested_questions_after_answer=feature)
    message = app.send(user="curious").json()["message_id"]
    reply = app.http.get(f"/v1/messages/{message}/suggested", params={"user": "curious"})
    assert (reply.status_code, reply.json()) == (200, {"result": "success", "data": ["How deep is it?"]})


def test_suggested_questions_are_none_when_the_model_gives_none(workspace: Workspace) -> None:
    app = workspace.app(suggested_questions_after_answer={"enabled": True})
    message = app.send(user="curious").json()["message_id"]
    reply = app.http.get(f"/v1/messages/{message}/suggested", params={"user": "curious"})
    assert (reply.status_code, reply.json()) == (200, {"result": "success", "data": []})


# Input form (5)


def test_inputs_are_taken_by_their_type_and_kept_with_each_message(workspace: Workspace) -> None:
    form = [
        NAME, {"paragraph": {"label": "text", "variable": "text", "required": False}},
        {"select": {"label": "kind", "variable": "kind", "required": False, "options": ["a", "b"]}},
        {"number": {"label": "age", "variable": "age", "required": False}},
        {"checkbox": {"label": "sure", "variable": "sure", "required": False}},
    ]
    app = workspace.app(
        model="echoing@text={system}", user_input_form=form, pre_prompt="{{name}}/{{kind}}/{{age}}/{{sure}}/{{nobody}}"
    )
    given = {"name": "a\x00b", "kind": "b", "age": "4", "sure": "yes", "undeclared": 1}
    first = app.send(user="forms", inputs=given)
    assert _said(first) == "ab/b/4/True/{{nobody}}"
    conversation = first.json()["conversation_id"]
    second = app.send(user="forms", inputs={"age": 1.5, "sure": 0}, conversation_id=conversation)
    # Nothing is remembered from earlier turns; a value that was not given reads as Dify prints it.
    assert _said(second) == "None/None/1.5/False/{{nobody}}"
    one, two = _messages(app, "forms")
    assert one["inputs"] == {"name": "ab", "text": None, "kind": "b", "age": 4, "sure": True}
    assert two["inputs"] == {"name": None, "text": None, "kind": None, "age": 1.5, "sure": False}
    assert _conversation(app, "forms")["inputs"] == one["inputs"]


def test_input_that_looks_like_a_placeholder_is_not_filled_in_again(workspace: Workspace) -> None:
    app = workspace.app(model="echoing@text={system}", user_input_form=[NAME], pre_prompt="Dear {{name}}")
    assert _said(app.send(inputs={"name": "{{name}}{{#query#}}"})) in {"Dear {name}{#query#}", "Dear {name}{{#query#}}"}


# Prompts: section 6


def test_completion_prompt_is_the_only_message(workspace: Workspace) -> None:
    form = [{"paragraph": {"label": "topic", "variable": "topic", "required": True}}]
    app = workspace.app("completion", model="asked@text={count}:{user}", pre_prompt="On {{topic}}:", user_input_form=form)
    body = {"inputs": {"topic": "whales"}, "user": "u"}
    reply = app.http.post("/v1/completion-messages", json=body)
    assert _said(reply) == "1:On whales:"
    reply = app.http.post("/v1/completion-messages", json={**body, "query": "Now."})
    assert reply.status_code == 200


def test_advanced_chat_prompt_keeps_its_messages_then_history_then_query(workspace: Workspace) -> None:
    prompt = [
        {"role": "system", "text": "S {{name}}"}, {"role": "user", "text": "first"},
        {"role": "assistant", "text": "second"}, {"role": "system", "text": ""},
    ]
    app = workspace.app(
        model="asked@text={count}:{system}:{user}", prompt_type="advanced", user_input_form=[NAME],
        chat_prompt_config={"prompt": prompt},
    )
    first = app.send("why", user="advanced", inputs={"name": "Bo"})
    assert _said(first) == "4:S Bo:why"
    second = app.send("how", user="advanced", inputs={"name": "Bo"}, conversation_id=first.json()["conversation_id"])
    assert _said(second) == "6:S Bo:how"


def test_advanced_completion_prompt_is_one_text_with_histories_and_query(workspace: Workspace, model_url: str) -> None:
    name = "textual@text=[{user}]"
    _custom(workspace, model_url, name, mode="completion")
    config = {
        "prompt_type": "advanced", "chat_prompt_config": {"prompt": []},
        "completion_prompt_config": {
            "prompt": {"text": "H<{{#histories#}}> Q<{{#query#}}>"},
            "conversation_histories_role": {"user_prefix": "Me", "assistant_prefix": "It"},
        },
    }  # fmt: skip
    app = _app_of(workspace, name, kind="completion", **config)
    first = app.send("one", user="textual")
    assert _said(first) == "[H<> Q<one>]"
    second = app.send("two", user="textual", conversation_id=first.json()["conversation_id"])
    said = _said(second)
    assert "Me: one" in said
    assert "It: [H<> Q<one>]" in said
    assert said.endswith("Q<two>]")


# Memory: section 6.4


def test_history_that_does_not_fit_is_dropped_oldest_first(workspace: Workspace, model_url: str) -> None:
    name = "small@text={count}"
    _custom(workspace, model_url, name, context_size="120")
    app = _app_of(workspace, name, parameters={"max_tokens": 16})
    long = "word " * 30
    first = app.send(long, user="forgetful")
    counts = [_said(first)]
    for _ in range(5):
        counts.append(_said(app.send(long, user="forgetful", conversation_id=first.json()["conversation_id"])))
    assert counts[0] == "1"
    assert int(counts[-1]) > 1, "some history is sent"
    assert int(counts[-1]) < 11, "not all of it fits"
    assert len(_messages(app, "forgetful")) == 6, "all of it is kept"


def test_failed_turn_stays_in_the_thread(workspace: Workspace) -> None:
    app = workspace.app(model="flaky@status=400,times=1,skip=1,text={count}")
    failed = app.send("one", user="flaky")
    assert failed.status_code == 400
    conversation = _conversation(app, "flaky")["id"]
    # The failed question, its empty answer, the new question.
    assert _said(app.send("two", user="flaky", conversation_id=conversation)) in {"2", "3"}
    assert [message["status"] for message in _messages(app, "flaky")] == ["error", "normal"]


# Files: section 3.7


def test_files_are_ignored_unless_the_app_takes_them(workspace: Workspace) -> None:
    app = workspace.app(file_upload={"image": {"enabled": True, "number_limits": 3}})
    made = app.http.post("/v1/files/upload", files={"file": ("a.png", PNG, "image/png")}, data={"user": "filer"}).json()
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": made["id"]}
    assert app.send(user="filer", files=[file, {"nonsense": True}]).status_code == 200
    assert _messages(app, "filer")[0]["message_files"] == []


def test_file_types_extensions_and_methods_of_the_app_hold(workspace: Workspace) -> None:
    rules = {
        **UPLOADS, "allowed_file_types": ["document", "custom"], "allowed_file_extensions": [".LOG"],
        "allowed_file_upload_methods": ["local_file"], "number_limits": 2,
    }  # fmt: skip
    app = workspace.app(file_upload=rules)

    def sent(name: str, declared: str) -> httpx.Response:
        upload = app.http.post("/v1/files/upload", files={"file": (name, b"text", "text/plain")}, data={"user": "filer"})
        entry = {"type": declared, "transfer_method": "local_file", "upload_file_id": upload.json()["id"]}
        return app.send(user="filer", files=[entry])

    assert sent("a.txt", "document").status_code == 200
    assert sent("a.log", "custom").status_code == 200
    for name, declared in (("a.exe", "custom"), ("a.png", "image")):
        refused = sent(name, declared)
        assert (refused.status_code, refused.json()["message"]) == (400, f"File validation failed for file: {name}")
    remote = {"type": "document", "transfer_method": "remote_url", "url": "http://example.com/a.txt"}
    assert app.send(user="filer", files=[remote]).json()["message"] == "File validation failed for file: a.txt"


# Answers


def test_stored_answer_is_trimmed_and_defused_and_the_stream_is_not(workspace: Workspace) -> None:
    app = workspace.app(model="odd@text=  Say {{name}}")
    with app.stream(user="odd") as reply:
        found = events(reply.iter_text())
    assert "".join(item.get("answer", "") for item in found) == "  Say {{name}}"
    assert _messages(app, "odd")[0]["answer"] == "Say {name}"


def test_nul_characters_leave_the_question(workspace: Workspace) -> None:
    app = workspace.app(model="echoing@text={user}")
    assert _said(app.send("a\x00b", user="nul")) == "ab"
    assert _messages(app, "nul")[0]["query"] == "ab"


def test_completion_conversations_are_listed_nowhere(workspace: Workspace) -> None:
    app = workspace.app("completion")
    made = app.http.post("/v1/completion-messages", json={"inputs": {"query": "x"}, "user": "hidden"}).json()
    assert "conversation_id" not in made
    feedback = app.http.post(f"/v1/messages/{made['message_id']}/feedbacks", json={"user": "hidden", "rating": "like"})
    assert feedback.json() == {"result": "success"}
    (item,) = app.http.get("/v1/app/feedbacks").json()["data"]
    assert (item["message_id"], item["rating"], item["from_source"]) == (made["message_id"], "like", "user")


def test_completion_stream_can_be_stopped_and_joined_again(workspace: Workspace) -> None:
    app = workspace.app("completion", model="paced@tokens=200,delay=20")
    body = {"inputs": {"query": "x"}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/completion-messages", json=body, headers={"Last-Event-ID": "0"}) as reply:
        seen = frames(reply.iter_text())
        task = [event(next(seen))["task_id"] for _ in range(3)].pop()
        stopped = app.http.post(f"/v1/completion-messages/{task}/stop", json={"user": "u"})
        assert stopped.json() == {"result": "success"}
    with app.http.stream(
        "GET", f"/v1/completion-messages/{task}/events", params={"user": "u"}, headers={"Last-Event-ID": "3"}
    ) as reply:
        rest = events(reply.iter_text())
    assert rest[0]["_id"] == 4
    assert rest[-1]["event"] == "message_end"
    assert "conversation_id" not in rest[-1]


# Modes


def test_agent_app_refuses_blocking_calls(workspace: Workspace) -> None:
    app = workspace.app("agent-chat")
    for fields in ({}, {"response_mode": "blocking"}):
        reply = app.send(**fields)
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (
            400, "invalid_param", "Agent Chat App does not support blocking mode",
        )  # fmt: skip

@pytest.mark.parametrize("spelling", ["agent_chat", "advanced_chat"])
def test_mode_in_its_old_spelling_is_the_same_mode(workspace: Workspace, spelling: str) -> None:
    made = workspace.ok(workspace.console.post("/console/api/apps", json={"name": "n", "mode": spelling}))
    assert made["mode"] == spelling.replace("_", "-")


# What clients ask about the app


def test_parameters_show_what_is_on_and_only_where_it_means_something(workspace: Workspace) -> None:
    on = {
        "more_like_this": {"enabled": True}, "speech_to_text": {"enabled": True},
        "text_to_speech": {"enabled": True, "voice": "v", "language": "en", "autoPlay": "enabled"},
        "suggested_questions_after_answer": {"enabled": True}, "retriever_resource": {"enabled": False},
        "opening_statement": "Hi", "file_upload": UPLOADS,
    }
    chat = workspace.app(**on).http.get("/v1/parameters").json()
    completion = workspace.app("completion", **on).http.get("/v1/parameters").json()
    assert chat["more_like_this"] == {"enabled": False}
    assert completion["more_like_this"] == {"enabled": True}
    assert chat["suggested_questions_after_answer"] == {"enabled": True}
    assert completion["suggested_questions_after_answer"] == {"enabled": False}
    assert (chat["opening_statement"], completion["opening_statement"] or "") == ("Hi", "")
    for shown in (chat, completion):
        assert shown["speech_to_text"] == {"enabled": True}
        assert shown["text_to_speech"] == on["text_to_speech"]
        assert shown["retriever_resource"] == {"enabled": False}
        for name, value in UPLOADS.items():
            assert shown["file_upload"][name] == value


def test_meta_gives_custom_tools_without_an_icon_the_plain_one(workspace: Workspace) -> None:
    tool = {"provider_type": "api", "provider_id": "p", "tool_name": "weather", "tool_parameters": {}, "enabled": True}
    app = _saved(workspace, "chat", {"agent_mode": {"enabled": False, "tools": [tool]}})
    icons = app.http.get("/v1/meta").json()
    assert icons == {"tool_icons": {"weather": {"background": "#252525", "content": "\U0001F601"}}}


def test_end_users_are_known_by_their_own_ids(workspace: Workspace) -> None:
    app = workspace.app()
    upload = {"file": ("a.txt", b"x", "text/plain")}
    named = app.http.post("/v1/files/upload", files=upload, data={"user": "Zoë"}).json()["created_by"]
    shared = app.http.post("/v1/files/upload", files=upload).json()["created_by"]
    found = app.http.get(f"/v1/end-users/{named}").json()
    assert list(found) == [
        "id", "tenant_id", "app_id", "type", "external_user_id", "name", "is_anonymous", "session_id", "created_at",
        "updated_at",
    ]
    expected = (named, app.id, "service-api", "Zoë", None, False, "Zoë")
    assert tuple(found[key] for key in (
        "id", "app_id", "type", "external_user_id", "name", "is_anonymous", "session_id"
    )) == expected  # fmt: skip
    default = app.http.get(f"/v1/end-users/{shared}").json()
    assert (default["session_id"], default["is_anonymous"]) == ("DEFAULT-USER", True)
    assert app.http.post("/v1/files/upload", files=upload, data={"user": ""}).json()["created_by"] == shared


def test_content_types_are_as_documented(workspace: Workspace) -> None:
    """service-api.md 1.3."""
    app = workspace.app()
    assert app.send().headers["content-type"] == "application/json; charset=utf-8"
    assert app.http.get("/v1/parameters").headers["content-type"] == "application/json"
    with app.stream() as reply:
        assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"


def test_site_shows_what_the_console_set(workspace: Workspace) -> None:
    body = {"name": "A site", "mode": "chat", "icon_type": "emoji", "icon": "\U0001F40B", "icon_background": "#000000"}
    made = workspace.ok(workspace.console.post("/console/api/apps", json=body))
    key = workspace.ok(workspace.console.post(f"/console/api/apps/{made['id']}/api-keys"))["token"]
    site = App(workspace.product.url, made["id"], key).http.get("/v1/site").json()
    assert site["title"] == "A site"
    assert (site["icon_type"], site["icon"], site["icon_background"], site["icon_url"]) == (
        "emoji", "\U0001F40B", "#000000", None,
    )  # fmt: skip
    assert site["default_language"] == "en-US"


def test_default_model_of_an_openai_workspace_is_priced(workspace: Workspace, model_url: str) -> None:
    form = {"openai_api_key": "sk-test-key", "openai_api_base": f"{model_url}/v1"}
    workspace.ok(
        workspace.console.post(f"{PROVIDERS}/{OPENAI}/credentials", json={"credentials": form, "name": "priced"})
    )
    config = {"model": {"provider": OPENAI, "name": "gpt-4o-mini", "mode": "chat", "completion_params": {}}}
    app = _saved(workspace, "chat", config)
    usage = app.send(user="priced").json()["metadata"]["usage"]
    assert (usage["prompt_unit_price"], usage["completion_unit_price"], usage["currency"]) == ("0.15", "0.60", "USD")
    assert (usage["completion_tokens"], usage["completion_price"]) == (10, "0.000006")
    (message,) = _messages(app, "priced")
    assert float(message["total_price"]) == float(usage["total_price"])
    assert (message["message_tokens"], message["answer_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])
