"""The Web API through Envoy: visitors of published web apps, with passports (web-api.md)."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App, Workspace
from tests.harness.stores import wait_until
from tests.rest.sse import answer, event, frames

TOKENS = "".join(f"tok{at} " for at in range(10))


class Visitor:
    """A visitor of an app's page."""

    def __init__(self, workspace: Workspace, app: App, user_id: str = "") -> None:
        detail = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))
        self.code: str = detail["site"]["code"] if "code" in detail["site"] else detail["site"]["access_token"]
        self.app_id = app.id
        url = workspace.product.url
        params = {"user_id": user_id} if user_id else {}
        reply = httpx.get(f"{url}/api/passport", headers={"X-App-Code": self.code}, params=params)
        assert reply.status_code == 200, reply.text
        self.token: str = reply.json()["access_token"]
        self.http = httpx.Client(
            base_url=url, timeout=60, headers={"X-App-Passport": self.token, "X-App-Code": self.code}
        )

    def send(self, query: str = "hello", **fields: Any) -> httpx.Response:
        """A chat message, blocking unless told otherwise."""
        return self.http.post("/api/chat-messages", json={"inputs": {}, "query": query, **fields})


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> App:
    return workspace.app()


@pytest.fixture
def visitor(workspace: Workspace, chat: App) -> Visitor:
    return Visitor(workspace, chat)


def error(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    assert body["status"] == reply.status_code
    return reply.status_code, body["code"], body["message"]


def test_passport_needs_the_code_of_a_page_that_is_switched_on(workspace: Workspace, chat: App) -> None:
    url = f"{workspace.product.url}/api/passport"
    assert error(httpx.get(url)) == (401, "unauthorized", "X-App-Code header is missing.")
    assert error(httpx.get(url, headers={"X-App-Code": "nobody"}))[:2] == (404, "not_found")
    app = workspace.app()
    visitor = Visitor(workspace, app)
    assert visitor.http.get("/api/parameters").status_code == 200
    workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/site-enable", json={"enable_site": False}))
    assert error(httpx.get(url, headers={"X-App-Code": visitor.code}))[:2] == (404, "not_found")
    assert error(visitor.http.get("/api/parameters")) == (400, "bad_request", "Site is disabled.")


def test_every_carrier_of_a_passport_is_read_and_a_bad_one_is_refused(visitor: Visitor) -> None:
    url = f"{visitor.http.base_url}/api/meta"
    carriers: list[dict[str, str]] = [
        {"X-App-Passport": visitor.token},
        {"Authorization": f"Bearer {visitor.token}"},
        {"X-App-Code": visitor.code, "Cookie": f"passport-{visitor.code}={visitor.token}"},
    ]
    assert [httpx.get(url, headers=carrier).status_code for carrier in carriers] == [200] * 3
    assert error(httpx.get(url)) == (401, "unauthorized", "App token is missing.")
    forged = visitor.token[:-6] + "AAAAAA"
    assert error(httpx.get(url, headers={"X-App-Passport": forged}))[:2] == (401, "unauthorized")
    assert error(httpx.get(url, headers={"X-App-Passport": "no token"})) == (401, "unauthorized", "Invalid token.")


def test_the_same_user_id_is_the_same_visitor_and_never_a_user_of_the_api(workspace: Workspace, chat: App) -> None:
    first, again, other = (Visitor(workspace, chat, name) for name in ("ann", "ann", "bob"))
    ids = [each.http.get("/api/site").json()["end_user_id"] for each in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    mine = first.send().json()
    by_key = chat.send(user="ann").json()
    listed = first.http.get("/api/conversations").json()["data"]
    assert [item["id"] for item in listed] == [mine["conversation_id"]]
    listed = chat.http.get("/v1/conversations", params={"user": "ann"}).json()["data"]
    assert [item["id"] for item in listed] == [by_key["conversation_id"]]
    for path in ("/api/messages", "/api/messages"):
        reply = other.http.get(path, params={"conversation_id": mine["conversation_id"]})
        assert error(reply)[:2] == (404, "not_found")
    assert error(other.send(conversation_id=mine["conversation_id"]))[:2] == (404, "not_found")
    assert error(first.send(conversation_id=by_key["conversation_id"]))[:2] == (404, "not_found")


def test_site_has_the_documented_shape(visitor: Visitor) -> None:
    body = visitor.http.get("/api/site").json()
    assert list(body) == [
        "app_id", "end_user_id", "enable_site", "site", "model_config", "plan", "can_replace_logo", "custom_config",
    ]  # fmt: skip
    assert body["enable_site"] is True and body["model_config"] is None and body["custom_config"] is None
    assert {"title", "icon_url", "prompt_public", "show_workflow_steps", "default_language"} <= set(body["site"])


def test_answers_come_in_the_simple_form(visitor: Visitor) -> None:
    whole = visitor.send().json()
    assert whole["answer"] == TOKENS
    assert whole["metadata"] == {"retriever_resources": []}
    body = {"inputs": {}, "query": "again", "response_mode": "streaming", "conversation_id": whole["conversation_id"]}
    with visitor.http.stream("POST", "/api/chat-messages", json=body) as reply:
        assert reply.status_code == 200
        found = [event(frame) for frame in frames(reply.iter_text())]
    assert answer(found) == TOKENS
    assert found[-1]["event"] == "message_end"
    assert found[-1]["metadata"] == {"retriever_resources": []}
    task = found[0]["task_id"]
    with visitor.http.stream("GET", f"/api/chat-messages/{task}/events", headers={"Last-Event-ID": "9"}) as reply:
        later = [event(frame) for frame in frames(reply.iter_text())]
    assert [item["event"] for item in later] == ["message", "message_end"]
    assert {**found[-1], "_id": 11} == later[-1]


def test_a_visitor_stops_an_answer_and_keeps_its_part(workspace: Workspace) -> None:
    visitor = Visitor(workspace, workspace.app(model="webslow@tokens=200,delay=30"))
    body = {"inputs": {}, "query": "long", "response_mode": "streaming"}
    with visitor.http.stream("POST", "/api/chat-messages", json=body) as reply:
        found: list[dict[str, Any]] = []
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if len(found) == 3:
                stopped = visitor.http.post(f"/api/chat-messages/{found[0]['task_id']}/stop", json={})
                assert stopped.json() == {"result": "success"}
    assert found[-1]["event"] == "message_end" and len(found) < 100
    page = visitor.http.get("/api/messages", params={"conversation_id": found[0]["conversation_id"]}).json()
    (message,) = page["data"]
    assert message["answer"].strip() == answer(found).strip()
    assert set(message["metadata"]) == {"annotation_reply", "retriever_resources", "usage"}


def test_regenerating_begins_a_branch_that_forgets_the_answer_before(
    workspace: Workspace, brain: OpenAIServer
) -> None:
    model = f"branches-{uuid.uuid4().hex[:8]}"
    credentials = {"endpoint_url": f"{brain.url}/v1", "api_key": "sk-test-key", "mode": "chat", "context_size": "8192"}
    path = f"/console/api/workspaces/current/model-providers/{COMPATIBLE}/models/credentials"
    added = {"model": model, "model_type": "llm", "credentials": credentials}
    workspace.ok(workspace.console.post(path, json=added))
    chosen = {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}}
    visitor = Visitor(workspace, workspace.app())
    config = workspace.ok(workspace.console.get(f"/console/api/apps/{visitor.app_id}"))["model_config"]
    workspace.ok(
        workspace.console.post(
            f"/console/api/apps/{visitor.app_id}/model-config", json={**config, "model": chosen}
        )
    )
    first = visitor.send("first question").json()
    follows = {"conversation_id": first["conversation_id"], "parent_message_id": first["message_id"]}
    second = visitor.send("second question", **follows).json()
    third = visitor.send("third question", **follows).json()
    asked = [item["content"] for item in next(c for c in reversed(brain.calls) if c.model == model).json()["messages"]]
    assert "first question" in str(asked) and "third question" in str(asked)
    assert "second question" not in str(asked)
    page = visitor.http.get("/api/messages", params={"conversation_id": first["conversation_id"]}).json()["data"]
    assert [item["parent_message_id"] for item in page] == [None, first["message_id"], first["message_id"]]
    assert {item["id"] for item in page} == {first["message_id"], second["message_id"], third["message_id"]}
    bad = visitor.send(conversation_id=first["conversation_id"], parent_message_id="no uuid")
    assert error(bad)[:2] == (400, "invalid_param")
    stranger = visitor.send(conversation_id=first["conversation_id"], parent_message_id=str(uuid.uuid4()))
    assert error(stranger)[:2] == (404, "not_found")


def test_pins_are_listed_apart(visitor: Visitor) -> None:
    ids = [visitor.send(f"question {at}").json()["conversation_id"] for at in range(3)]
    path = f"/api/conversations/{ids[1]}"
    assert [visitor.http.patch(f"{path}/pin").json() for _ in range(2)] == [{"result": "success"}] * 2

    def listed(**params: str) -> list[str]:
        return [item["id"] for item in visitor.http.get("/api/conversations", params=params).json()["data"]]

    assert listed(pinned="true") == [ids[1]]
    assert listed(pinned="false", sort_by="created_at") == [ids[0], ids[2]]
    assert set(listed()) == set(ids)
    assert visitor.http.patch(f"{path}/unpin").json() == {"result": "success"}
    assert listed(pinned="true") == []
    missing = visitor.http.patch("/api/conversations/01a2139d-a19d-793c-bb21-a12173cfd64a/pin")
    assert error(missing) == (404, "not_found", "Conversation Not Exists.")
    assert visitor.http.delete(path).status_code == 204
    assert error(visitor.http.patch(f"{path}/pin"))[:2] == (404, "not_found")


def test_names_are_given_on_request_only(workspace: Workspace, chat: App) -> None:
    visitor = Visitor(workspace, chat)
    talk = visitor.send("what is the sea").json()["conversation_id"]
    (item,) = visitor.http.get("/api/conversations").json()["data"]
    assert item["name"] == "what is the sea"
    named = visitor.http.post(f"/api/conversations/{talk}/name", json={"name": "Sea"}).json()
    assert named["name"] == "Sea"
    made = visitor.http.post(f"/api/conversations/{talk}/name", json={"auto_generate": True})
    assert made.status_code == 200 and made.json()["name"]


def test_feedback_and_suggestions(workspace: Workspace) -> None:
    plain = Visitor(workspace, workspace.app())
    message = plain.send().json()
    rated = plain.http.post(f"/api/messages/{message['message_id']}/feedbacks", json={"rating": "like"})
    assert rated.json() == {"result": "success"}
    page = plain.http.get("/api/messages", params={"conversation_id": message["conversation_id"]}).json()
    assert page["data"][0]["feedback"] == {"rating": "like"}
    off = plain.http.get(f"/api/messages/{message['message_id']}/suggested-questions")
    assert error(off) == (
        403, "app_suggested_questions_after_answer_disabled",
        "The 'Suggested Questions After Answer' feature is disabled. Please refresh your page.",
    )  # fmt: skip
    eager = Visitor(workspace, workspace.app(suggested_questions_after_answer={"enabled": True}))
    message = eager.send().json()
    on = eager.http.get(f"/api/messages/{message['message_id']}/suggested-questions")
    assert on.status_code == 200 and list(on.json()) == ["data"]


def test_kept_messages_of_a_completion_app(workspace: Workspace) -> None:
    form = [{"paragraph": {"label": "Query", "variable": "query", "required": False, "default": ""}}]
    visitor = Visitor(workspace, workspace.app("completion", pre_prompt="Write about {{query}}", user_input_form=form))
    ids = []
    for word in ("sea", "sky"):
        reply = visitor.http.post("/api/completion-messages", json={"inputs": {"query": word}})
        assert reply.status_code == 200, reply.text
        assert reply.json()["metadata"] == {"retriever_resources": []}
        ids.append(reply.json()["message_id"])
        kept = [visitor.http.post("/api/saved-messages", json={"message_id": ids[-1]}).json() for _ in range(2)]
        assert kept == [{"result": "success"}] * 2
    page = visitor.http.get("/api/saved-messages", params={"limit": 1}).json()
    assert (page["limit"], page["has_more"], [item["id"] for item in page["data"]]) == (1, True, [ids[1]])
    assert list(page["data"][0]) == ["id", "inputs", "query", "answer", "message_files", "feedback", "created_at"]
    page = visitor.http.get("/api/saved-messages", params={"last_id": ids[1]}).json()
    assert [item["id"] for item in page["data"]] == [ids[0]] and not page["has_more"]
    assert visitor.http.delete(f"/api/saved-messages/{ids[1]}").status_code == 204
    assert visitor.http.delete(f"/api/saved-messages/{ids[1]}").status_code == 204
    assert [item["id"] for item in visitor.http.get("/api/saved-messages").json()["data"]] == [ids[0]]
    assert error(visitor.send())[:2] == (400, "not_chat_app")


def test_mode_of_the_app_is_checked(visitor: Visitor) -> None:
    reply = visitor.http.post("/api/completion-messages", json={"inputs": {}})
    text = "Please check if your Completion app mode matches the right API route."
    assert error(reply) == (400, "not_completion_app", text)


def test_files_of_a_visitor(workspace: Workspace) -> None:
    uploads = {
        "enabled": True, "allowed_file_types": ["image"], "allowed_file_upload_methods": ["local_file"],
        "number_limits": 3, "image": {"enabled": True, "number_limits": 3, "transfer_methods": ["local_file"]},
    }  # fmt: skip
    app = workspace.app(file_upload=uploads)
    visitor, other = Visitor(workspace, app), Visitor(workspace, app)
    png = {"file": ("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64, "image/png")}
    reply = visitor.http.post("/api/files/upload", files=png)
    assert reply.status_code == 201, reply.text
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": reply.json()["id"]}
    sent = visitor.send(files=[file])
    assert sent.status_code == 200, sent.text
    assert error(other.send(files=[file]))[0] == 400


def test_access_mode_login_and_logout(visitor: Visitor) -> None:
    http = visitor.http
    assert http.get("/api/webapp/access-mode", params={"appCode": visitor.code}).json() == {"accessMode": "public"}
    assert error(http.get("/api/webapp/access-mode"))[:2] == (400, "bad_request")
    assert http.get("/api/webapp/permission", params={"appId": "x"}).json() == {"result": True}
    assert http.get("/api/login/status").json() == {"logged_in": True, "app_logged_in": True}
    assert httpx.get(f"{http.base_url}/api/login/status").json() == {"logged_in": True, "app_logged_in": False}
    assert http.post("/api/logout", json={}).json() == {"result": "success"}


def test_visitors_of_a_deleted_app_are_nobody(workspace: Workspace) -> None:
    app = workspace.app()
    visitor = Visitor(workspace, app)
    assert visitor.http.get("/api/meta").status_code == 200
    assert workspace.console.delete(f"/console/api/apps/{app.id}").status_code == 204
    wait_until(lambda: visitor.http.get("/api/meta").status_code == 404, "the passport is worth nothing", seconds=10)


def test_page_of_an_app_is_served_with_its_scripts(workspace: Workspace, visitor: Visitor) -> None:
    http = httpx.Client(base_url=workspace.product.url, timeout=60)
    for path in ("chat", "completion", "workflow"):
        page = http.get(f"/{path}/{visitor.code}")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "script-src 'self'" in page.headers["content-security-policy"]
    wanted = set(re.findall(r'"/pages/([^"]+)"', page.text))
    seen: set[str] = set()
    while wanted - seen:
        name = min(wanted - seen)
        file = http.get(f"/pages/{name}")
        assert file.status_code == 200, name
        kinds = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
        assert file.headers["content-type"] == kinds[name.rpartition(".")[2]]
        seen.add(name)
        wanted |= set(re.findall(r'from "/pages/([^"]+)"', file.text))
    assert {"page.js", "page.css", "client.js", "preact-htm.js", "marked.js", "purify.js"} <= seen
    assert error(http.get("/chat/nobody"))[:2] == (404, "not_found")
    for name in ("page.html", "no.js", "..%2Fservicer.py"):
        assert error(http.get(f"/pages/{name}"))[:2] == (404, "not_found")


def test_the_api_can_be_read_in_a_browser(workspace: Workspace) -> None:
    http = httpx.Client(base_url=workspace.product.url, timeout=60)
    page = http.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for name in re.findall(r'"/pages/([^"]+)"', page.text):
        assert http.get(f"/pages/{name}").status_code == 200
    document = http.get("/openapi.json")
    assert document.headers["content-type"] == "application/json"
    assert {"/v1/chat-messages", "/docs", "/api/passport"} <= set(document.json()["paths"])


FLOW = """
version: "0.5.0"
kind: app
app: {name: page flow, mode: %s, icon: "\U0001F916", icon_background: "#FFEAD5", description: ""}
workflow:
  graph:
    nodes:
    - id: start
      type: custom
      data: {type: start, title: Start, variables: [{variable: q, label: Word, type: text-input, required: %s}]}
    - {id: t, type: custom, data: {type: template-transform, title: T, template: "<{{ q }}>", variables: [{variable: q, value_selector: [start, q]}]}}
    - %s
    edges: [{id: a, source: start, target: t}, {id: b, source: t, target: last}]
  features: {}
  environment_variables: []
  conversation_variables: []
"""
LAST = {
    "workflow": "{id: last, type: custom, data: {type: end, title: End, outputs: [{variable: out, value_selector: [t, output]}]}}",
    "advanced-chat": '{id: last, type: custom, data: {type: answer, title: Answer, answer: "{{#sys.query#}} {{#t.output#}}"}}',
}  # fmt: skip


def flow(workspace: Workspace, mode: str) -> Visitor:
    """A visitor of a published workflow or chatflow."""
    text = FLOW % (mode, "true" if mode == "workflow" else "false", LAST[mode])
    body = {"mode": "yaml-content", "yaml_content": text}
    made = workspace.ok(workspace.console.post("/console/api/apps/imports", json=body))
    workspace.ok(workspace.console.post(f"/console/api/apps/{made['app_id']}/workflows/publish", json={}))
    return Visitor(workspace, App(workspace.product.url, made["app_id"], ""))


def streamed(visitor: Visitor, method: str, path: str, **more: Any) -> list[dict[str, Any]]:
    with visitor.http.stream(method, path, **more) as reply:
        assert reply.status_code == 200, reply.read()
        return [item for frame in frames(reply.iter_text()) if (item := event(frame))["event"] != "ping"]


def test_a_visitor_runs_a_workflow_and_sees_no_details_of_its_nodes(workspace: Workspace) -> None:
    visitor = flow(workspace, "workflow")
    assert visitor.http.get("/api/parameters").json()["user_input_form"][0]["text-input"]["variable"] == "q"
    body = {"inputs": {"q": "sea"}, "response_mode": "blocking"}
    found = streamed(visitor, "POST", "/api/workflows/run", json=body)
    assert (found[0]["event"], found[-1]["event"]) == ("workflow_started", "workflow_finished")
    assert found[-1]["data"]["outputs"] == {"out": "<sea>"}
    nodes = [item["data"] for item in found if item["event"] == "node_finished"]
    assert [node["title"] for node in nodes] == ["Start", "T", "End"]
    for node in nodes:
        empty = ("inputs", "process_data", "outputs", "error", "execution_metadata")
        assert {name: node[name] for name in empty} == dict.fromkeys(empty)
        assert node["files"] == [] and not [name for name in node if name.endswith("_truncated")]
    run = found[0]["workflow_run_id"]
    again = streamed(visitor, "GET", f"/api/workflow/{run}/events")
    assert [item["event"] for item in again] == ["workflow_finished"]
    stop = visitor.http.post(f"/api/workflows/tasks/{found[0]['task_id']}/stop", json={})
    assert stop.json() == {"result": "success"}
    assert error(visitor.http.post("/api/workflows/run", json={"inputs": {}}))[:2] == (400, "invalid_param")
    assert error(visitor.send())[:2] == (400, "not_chat_app")


def test_a_visitor_talks_to_a_chatflow(workspace: Workspace) -> None:
    visitor = flow(workspace, "advanced-chat")
    body = {"inputs": {"q": "sea"}, "query": "hello", "response_mode": "streaming"}
    found = streamed(visitor, "POST", "/api/chat-messages", json=body)
    assert [item["event"] for item in found if item["event"].startswith(("workflow", "message_end"))] == [
        "workflow_started", "message_end", "workflow_finished",
    ]  # fmt: skip
    assert answer(found) == "hello <sea>"
    assert all(item["data"]["outputs"] is None for item in found if item["event"] == "node_finished")
    (talk,) = visitor.http.get("/api/conversations").json()["data"]
    assert talk["id"] == found[0]["conversation_id"]
