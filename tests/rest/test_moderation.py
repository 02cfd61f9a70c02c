"""Sensitive word avoidance through Envoy: questions and answers, in every mode (feature-semantics.md 3.6)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.tables import runs
from tests.doubles.behaviour import Behaviour
from tests.doubles.extension_server import INPUT, OUTPUT, ExtensionServer
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import App
from tests.rest.flows import chain, flow, llm, node, start
from tests.rest.knowledge import Knowledge
from tests.rest.parties import OPENAI, PROVIDERS, database
from tests.rest.sse import answer, events

BLOCKED, HIDDEN = "We do not talk about that.", "This was taken back."
BOTH = {
    "inputs_config": {"enabled": True, "preset_response": BLOCKED},
    "outputs_config": {"enabled": True, "preset_response": HIDDEN},
}  # fmt: skip
NAME = {"text-input": {"label": "name", "variable": "name", "required": False, "max_length": 48}}
QUERY = {"paragraph": {"label": "Query", "variable": "query", "required": False}}
# 200 tokens are 1,290 characters: three times 300 are told while the model speaks.
LONG = 200


def moderation(kind: str, **config: Any) -> dict[str, Any]:
    return {"enabled": True, "type": kind, "config": {**BOTH, **config}}


WORDS = moderation("keywords", keywords="Forbidden\ntok60 \n")


@pytest.fixture(scope="module")
def model(indexed: Knowledge, brain: OpenAIServer) -> str:
    """The model of the apps, which can call tools; what it was asked is in ``brain.calls``."""
    form = {"function_calling_type": "tool_call", "stream_function_calling": "supported"}
    return indexed.add_model(brain.url, f"moderated-{uuid.uuid4().hex[:8]}", "llm", **form)


@pytest.fixture(scope="module")
def extension_id(indexed: Knowledge, extension: ExtensionServer) -> str:
    """An extension that lets everything pass, until it is told otherwise."""
    body = {"name": uuid.uuid4().hex, "api_endpoint": extension.url, "api_key": "a-secret-key"}
    return str(indexed.workspace.ok(indexed.workspace.console.post("/console/api/api-based-extension", json=body))["id"])


@pytest.fixture(autouse=True)
def doubles_as_new(brain: OpenAIServer, extension: ExtensionServer) -> None:
    brain.reset()
    extension.forget()


def app_of(knowledge: Knowledge, model: str, mode: str, rule: Mapping[str, Any], **config: Any) -> App:
    """An app of a mode that moderates."""
    if mode == "advanced-chat":
        graph = chain(start("name"), llm("llm", model), node("answer", "answer", answer="{{#llm.text#}}"))
        return flow(knowledge.workspace, graph, mode, features={"sensitive_word_avoidance": dict(rule)})
    form = [NAME, QUERY] if mode == "completion" else [NAME]
    agent = {"agent_mode": {"enabled": True, "strategy": "function_call", "tools": []}} if mode == "agent-chat" else {}
    return knowledge.workspace.app(
        mode, model=model, sensitive_word_avoidance=dict(rule), user_input_form=form, **agent, **config
    )


@pytest.fixture(scope="module")
def guarded(indexed: Knowledge, model: str) -> dict[str, App]:
    """Apps that moderate by words, by mode; no test changes them."""
    return {mode: app_of(indexed, model, mode, WORDS) for mode in MODES}


MODES = ("chat", "agent-chat", "completion", "advanced-chat")
TALKS = [mode for mode in MODES if mode != "completion"]


def told(app: App, mode: str = "chat", query: str = "hello", **fields: Any) -> list[dict[str, Any]]:
    """The events of a streamed answer."""
    completion = mode == "completion"
    body = {
        "inputs": {"query": query} if completion else {}, "user": "u", "response_mode": "streaming",
        **({} if completion else {"query": query}), **fields,
    }  # fmt: skip
    with app.http.stream("POST", "/v1/completion-messages" if completion else "/v1/chat-messages", json=body) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def names(found: list[dict[str, Any]]) -> list[str]:
    return [item["event"] for item in found]


def kept(app: App, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The stored message of a stream."""
    params = {"user": "u", "conversation_id": found[-1]["conversation_id"]}
    (message,) = app.http.get("/v1/messages", params=params).json()["data"][-1:]
    return dict(message)


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    return reply.status_code, body["code"], body["message"]


# Questions


@pytest.mark.parametrize("mode", MODES)
def test_question_with_a_word_is_answered_by_the_preset_text_and_no_model(
    guarded: dict[str, App], brain: OpenAIServer, mode: str
) -> None:
    app = guarded[mode]
    found = told(app, mode, "is it FORBIDDEN?")
    assert names(found) == ["message", "message_end"]
    assert found[0]["answer"] == BLOCKED
    assert found[-1]["metadata"]["usage"]["total_tokens"] == 0
    assert not brain.calls
    if mode != "completion":
        message = kept(app, found)
        assert (message["query"], message["answer"], message["status"], message["error"]) == (
            "is it FORBIDDEN?", BLOCKED, "normal", None,
        )  # fmt: skip


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_stop_ends_the_check_of_a_question(
    indexed: Knowledge, model: str, extension: ExtensionServer, extension_id: str, mode: str
) -> None:
    app = app_of(indexed, model, mode, moderation("api", api_based_extension_id=extension_id))
    extension.script(INPUT, "hang")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(told, app, mode)
        deadline = time.monotonic() + 10
        while not extension.asked(INPUT):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with database(indexed.workspace.product) as connection:
            task = connection.execute(sa.select(runs.c.task_id).where(runs.c.app_id == app.id)).scalar_one()
        began = time.monotonic()
        assert app.http.post(f"/v1/chat-messages/{task}/stop", json={"user": "u"}).status_code == 200
        found = asked.result(10)
    assert time.monotonic() - began < 1.0
    assert names(found)[-1] == "message_end" and answer(found) == ""
    assert extension.calls[-1].disconnected_at is not None


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_blocking_caller_gets_the_preset_text_for_a_word_in_an_input(guarded: dict[str, App], mode: str) -> None:
    reply = guarded[mode].send("hello", inputs={"name": "a forbidden one"})
    assert (reply.status_code, reply.json()["answer"]) == (200, BLOCKED)


@pytest.mark.parametrize("mode", MODES)
def test_question_without_a_word_is_answered_by_the_model(guarded: dict[str, App], mode: str) -> None:
    found = told(guarded[mode], mode, "is it allowed?")
    assert "message_replace" not in names(found)
    said = "".join(item["answer"] for item in found if item["event"] in {"message", "agent_message"})
    assert said == "".join(f"tok{at} " for at in range(10))


def test_blocked_turn_of_a_chatflow_leaves_a_record_that_says_why(guarded: dict[str, App]) -> None:
    app = guarded["advanced-chat"]
    started = told(app, "advanced-chat", "fine", user="records")
    conversation = started[0]["conversation_id"]
    again = told(app, "advanced-chat", "forbidden", user="records", conversation_id=conversation)
    assert {item["conversation_id"] for item in again} == {conversation}
    page = app.http.get("/v1/messages", params={"user": "records", "conversation_id": conversation}).json()["data"]
    assert [one["answer"].strip() for one in page] == ["".join(f"tok{at} " for at in range(10)).strip(), BLOCKED]


def test_long_inputs_are_searched_for_every_word(indexed: Knowledge, model: str) -> None:
    words = "\n".join(f"word{at}word" for at in range(100))
    form = [{"paragraph": {"label": "name", "variable": "name", "required": False}}]
    app = indexed.workspace.app(
        model=model, sensitive_word_avoidance=moderation("keywords", keywords=words), user_input_form=form
    )
    text = "x" * 1_000_000
    assert app.send(inputs={"name": f"{text}WORD99word"}).json()["answer"] == BLOCKED


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_parameters_say_that_an_app_moderates_and_not_which_words(guarded: dict[str, App], mode: str) -> None:
    reply = guarded[mode].http.get("/v1/parameters")
    assert reply.json()["sensitive_word_avoidance"] == {"enabled": True, "type": "keywords"}
    assert "Forbidden" not in reply.text


@pytest.fixture(scope="module")
def openai(indexed: Knowledge, brain: OpenAIServer) -> None:
    """The workspace's credential for OpenAI, whose moderation flags what holds ``flag me``."""
    body = {"credentials": {"openai_api_key": "sk-test", "openai_api_base": brain.url}, "name": "moderation"}
    indexed.workspace.ok(indexed.workspace.console.post(f"{PROVIDERS}/{OPENAI}/credentials", json=body))


def test_openai_moderates_all_inputs_and_the_query_together(
    indexed: Knowledge, model: str, brain: OpenAIServer, openai: None
) -> None:
    app = app_of(indexed, model, "chat", moderation("openai_moderation"))
    brain.reset()
    assert app.send("please flag me").json()["answer"] == BLOCKED
    (call,) = brain.calls
    assert (call.path, call.json()) == (
        "/v1/moderations", {"model": "omni-moderation-latest", "input": ["please flag me"]},
    )  # fmt: skip
    assert app.send("fine", inputs={"name": "flag me"}).json()["answer"] == BLOCKED
    brain.script(model, Behaviour(text="I say flag me too"))
    assert app.send("fine", inputs={"name": "Bo"}).json()["answer"] == HIDDEN
    assert [call.json()["input"] for call in brain.calls if call.path == "/v1/moderations"][-2:] == [
        ["Bo\nfine"], ["I say flag me too"],
    ]  # fmt: skip


def test_question_that_openai_cannot_check_is_not_answered(
    indexed: Knowledge, model: str, brain: OpenAIServer, openai: None
) -> None:
    app = app_of(indexed, model, "chat", moderation("openai_moderation"))
    brain.script("omni-moderation-latest", "status=400")
    brain.calls.clear()
    assert refusal(app.send("hello"))[:2] == (400, "completion_request_error")
    assert [call.path for call in brain.calls] == ["/v1/moderations"]


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_extension_answers_a_question_by_its_own_preset_text(
    indexed: Knowledge, model: str, extension: ExtensionServer, extension_id: str, mode: str
) -> None:
    app = app_of(indexed, model, mode, moderation("api", api_based_extension_id=extension_id))
    extension.forget()
    extension.answers[INPUT] = {"flagged": True, "action": "direct_output", "preset_response": "The extension says no."}
    assert app.send("hello", inputs={"name": "Bo"}).json()["answer"] == "The extension says no."
    assert extension.asked(INPUT) == [{"app_id": app.id, "inputs": {"name": "Bo"}, "query": "hello"}]
    (call,) = extension.calls
    assert call.headers["authorization"] == "Bearer a-secret-key"


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_extension_replaces_a_question_and_the_turn_goes_on(
    indexed: Knowledge, model: str, brain: OpenAIServer, extension: ExtensionServer, extension_id: str, mode: str
) -> None:
    rule = moderation("api", api_based_extension_id=extension_id)
    config = {"pre_prompt": "Call me {{name}}."} if mode == "chat" else {}
    app = app_of(indexed, model, mode, rule, **config)
    brain.script(model, Behaviour(text="{system}{user}"))
    extension.answers[INPUT] = {
        "flagged": True, "action": "overridden", "inputs": {"name": "***", "other": 1}, "query": "cleaned",
    }  # fmt: skip
    found = told(app, mode, "dirty", inputs={"name": "Bo"})
    assert answer(found).split() == (["Call", "me", "***.", "cleaned"] if mode == "chat" else ["cleaned"])
    assert kept(app, found)["query"] == "dirty"
    if mode == "advanced-chat":
        assert found[0]["data"]["inputs"]["name"] == "***"


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_question_that_an_extension_cannot_check_is_not_answered(
    indexed: Knowledge, model: str, brain: OpenAIServer, extension: ExtensionServer, extension_id: str, mode: str
) -> None:
    app = app_of(indexed, model, mode, moderation("api", api_based_extension_id=extension_id))
    extension.script(INPUT, "status=500")
    brain.reset()
    message = (
        "sensitive_word_avoidance: the API-based extension failed: "
        'request error, status_code: 500, content: {"error":"out of order"}'
    )
    found = told(app, mode)
    assert [(item["event"], item["code"], item["status"], item["message"]) for item in found] == [
        ("error", "invalid_param", 400, message),
    ]  # fmt: skip
    assert refusal(app.send("hello")) == (400, "invalid_param", message)
    assert not brain.calls
    page = app.http.get("/v1/messages", params={"user": "u", "conversation_id": found[0]["conversation_id"]})
    assert [(one["status"], one["error"]) for one in page.json()["data"]] == [("error", message)]


# Answers


@pytest.mark.parametrize("mode", MODES)
def test_answer_with_a_word_is_replaced_while_it_is_told_and_ends_with_that(
    guarded: dict[str, App], model: str, brain: OpenAIServer, mode: str
) -> None:
    brain.script(model, Behaviour(tokens=LONG * 50, delay=5))
    app = guarded[mode]
    found = told(app, mode)
    replaced = names(found).index("message_replace")
    assert (found[replaced]["answer"], found[replaced]["reason"]) == (
        HIDDEN, "output_moderation" if mode == "advanced-chat" else "",
    )  # fmt: skip
    assert not {"message", "agent_message"} & set(names(found)[replaced:])
    said = "".join(item["answer"] for item in found if item["event"] in {"message", "agent_message"})
    assert 300 <= len(said) < 1200
    (call,) = [call for call in brain.calls if call.path == "/v1/chat/completions"]
    brain_deadline = time.monotonic() + 2
    while call.disconnected_at is None:
        assert time.monotonic() < brain_deadline, "the model goes on"
        time.sleep(0.01)
    end = next(item for item in found if item["event"] == "message_end")
    assert end["metadata"]["usage"]["completion_tokens"] > 0
    if mode == "advanced-chat":
        assert names(found)[-2:] == ["workflow_finished", "message_end"]
        finished = found[-2]["data"]
        assert (finished["status"], finished["error"]) == ("stopped", "Stopped by output moderation.")
        detail = app.http.get(f"/v1/workflows/run/{finished['id']}").json()
        assert (detail["status"], detail["error"]) == ("stopped", "Stopped by output moderation.")
    else:
        assert names(found)[-1] == "message_end"
    if mode != "completion":
        message = kept(app, found)
        assert (message["answer"], message["status"], message["error"]) == (HIDDEN, "normal", None)


@pytest.mark.parametrize("mode", MODES)
def test_short_answer_with_a_word_is_replaced_at_its_end(
    guarded: dict[str, App], model: str, brain: OpenAIServer, mode: str
) -> None:
    brain.script(model, Behaviour(text="that is Forbidden here"))
    app = guarded[mode]
    found = told(app, mode)
    shown = [name for name in names(found) if name.startswith("message")]
    assert shown[-2:] == ["message_replace", "message_end"]
    assert found[names(found).index("message_replace")]["answer"] == HIDDEN
    if mode == "advanced-chat":
        finished = found[-1]["data"]
        assert (finished["status"], finished["outputs"]) == ("succeeded", {"answer": HIDDEN, "files": []})
    if mode != "completion":
        assert kept(app, found)["answer"] == HIDDEN


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_blocking_caller_gets_the_replaced_answer(
    guarded: dict[str, App], model: str, brain: OpenAIServer, mode: str
) -> None:
    for behaviour in (Behaviour(text="that is Forbidden here"), Behaviour(tokens=LONG * 50, delay=2)):
        brain.script(model, behaviour)
        reply = guarded[mode].send()
        assert (reply.status_code, reply.json()["answer"]) == (200, HIDDEN)


def test_replaced_answer_is_what_the_model_remembers(guarded: dict[str, App], model: str, brain: OpenAIServer) -> None:
    brain.script(model, Behaviour(text="that is Forbidden here"))
    conversation = guarded["chat"].send(user="memory").json()["conversation_id"]
    guarded["chat"].send("again", user="memory", conversation_id=conversation)
    messages = brain.calls[-1].json()["messages"]
    assert [(one["role"], one["content"]) for one in messages] == [
        ("user", "hello"), ("assistant", HIDDEN), ("user", "again"),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_extension_replaces_an_answer_and_the_stream_goes_on(
    indexed: Knowledge, model: str, brain: OpenAIServer, extension: ExtensionServer, extension_id: str, mode: str
) -> None:
    app = app_of(indexed, model, mode, moderation("api", api_based_extension_id=extension_id))
    brain.script(model, Behaviour(tokens=LONG, delay=3))

    def cleaned(params: Mapping[str, Any]) -> Any:
        text = params["text"]
        return {"flagged": "tok7 " in text, "action": "overridden", "text": text.replace("tok7 ", "*** ")}

    extension.answers[OUTPUT] = cleaned
    found = told(app, mode)
    whole = "".join("*** " if at == 7 else f"tok{at} " for at in range(LONG))
    assert names(found).count("message_replace") == 1
    assert "message" in names(found)[names(found).index("message_replace") :]
    assert answer(found) == whole
    assert kept(app, found)["answer"] == whole.strip()
    texts = [params["text"] for params in extension.asked(OUTPUT)]
    assert texts[-1] == whole
    # Each check saw the whole answer so far, 300 characters or more after the one before.
    lengths = [len(text) for text in texts[:-1]]
    assert lengths[0] >= 300 and all(later - sooner >= 300 for sooner, later in zip(lengths, lengths[1:], strict=False))


@pytest.mark.parametrize("script", ["status=500", "garbage"])
def test_answer_that_cannot_be_checked_is_told_as_it_is(
    indexed: Knowledge, model: str, extension: ExtensionServer, extension_id: str, script: str
) -> None:
    app = app_of(indexed, model, "chat", moderation("api", api_based_extension_id=extension_id))
    extension.script(OUTPUT, script)
    found = told(app)
    assert set(names(found)) == {"message", "message_end"}
    assert len(extension.asked(OUTPUT)) == 1


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
def test_stop_does_not_wait_for_a_moderator_that_is_slow(
    indexed: Knowledge, model: str, extension: ExtensionServer, extension_id: str, mode: str
) -> None:
    app = app_of(indexed, model, mode, moderation("api", api_based_extension_id=extension_id))
    extension.script(OUTPUT, "hang")
    task = ""
    with app.stream() as reply:
        text = ""
        for chunk in reply.iter_text():
            text += chunk
            if not task and "tok9 " in text:
                task = events([text[: text.rindex("\n\n") + 2]])[0]["task_id"]
                # The model has ended by then, or is about to: what is left is the last check.
                extension_deadline = time.monotonic() + 5
                while not extension.asked(OUTPUT):
                    assert time.monotonic() < extension_deadline
                    time.sleep(0.01)
                asked_at = time.monotonic()
                app.http.post(f"/v1/chat-messages/{task}/stop", json={"user": "u"})
        took = time.monotonic() - asked_at
    found = events([text])
    assert "message_end" in names(found) and took < 1.0
    assert answer(found).split() == [f"tok{at}" for at in range(10)]


def test_first_tokens_are_not_held_back_by_a_moderator(
    indexed: Knowledge, model: str, brain: OpenAIServer, extension: ExtensionServer, extension_id: str
) -> None:
    app = app_of(indexed, model, "chat", moderation("api", api_based_extension_id=extension_id))
    brain.script(model, Behaviour(tokens=LONG, delay=2))
    extension.script(OUTPUT, "first=1500")
    began = time.monotonic()
    with app.stream() as reply:
        text = ""
        for chunk in reply.iter_text():
            text += chunk
            if f"tok{LONG - 1} " in text:
                break
        took = time.monotonic() - began
    # The model takes 0.4 s; the check that began after 300 characters is not over yet.
    assert took < 1.5 + 0.4
    assert len(extension.asked(OUTPUT)) == 1
