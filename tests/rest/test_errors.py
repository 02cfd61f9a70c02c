"""Every error that these endpoints can raise, with its status, code and message, through Envoy (errors.md).

A reason that no test here produces is one that ``tests/ROWS.md`` names another test for, or says why there is none.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import sqlalchemy as sa
from google.rpc import error_details_pb2, status_pb2

from server.db.tables import accounts, apps, conversations, memberships, tenants
from server.edge.catalogue import CATALOGUE
from server.kit.errors import Reason
from tests.arch.rows import ERRORS, NOT_PRODUCED
from tests.harness.product import COMPATIBLE, PASSWORD, App, Product, Workspace
from tests.harness.stores import DataStores, wait_until
from tests.rest.parties import PNG, UPLOADS, OtherWorkspace, database
from tests.rest.sse import events
from transom.chat.v1 import chat_pb2, chat_service_pb2_grpc

NOWHERE = str(uuid.UUID(int=9))
_PROVIDER = "Please go to Settings -> Model Provider to complete your provider credentials."
_MODE = "Please check if your app mode matches the right API route."
_NO_PERMISSION = (
    "You don't have the permission to access the requested resource. "
    "It is either read-protected or not readable by the server."
)
_NOT_FOUND = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
_NOT_JSON = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
_BROKEN = "The browser (or proxy) sent a request that this server could not understand."
_INTERNAL = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)
JSON = {"content-type": "application/json"}

PRODUCED: set[str] = set()


def check(reply: httpx.Response, status: int, code: str, message: str | None, *, exactly: bool = True) -> None:
    """The whole error: status, keys, code, text (part of it unless ``exactly``), headers."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert set(body) == {"code", "message", "status"}, reply.text
    assert (body["status"], body["code"]) == (status, code), reply.text
    if message is not None:
        assert body["message"] == message if exactly else message in body["message"]
    assert reply.headers["content-type"] == "application/json"
    if status == 401:
        assert reply.headers["www-authenticate"] == 'Bearer realm="api"'
    PRODUCED.add(code)


@dataclass
class World:
    """A workspace with apps of each mode, and a way to change rows that no endpoint changes."""

    workspace: Workspace
    chat: App
    completion: App
    workflow: App
    files: App
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def product(self) -> Product:
        return self.workspace.product

    @property
    def console(self) -> httpx.Client:
        return self.workspace.console

    def set(self, table: sa.Table, id_: str, **values: Any) -> None:
        """Change a row; servers may know the old one for five seconds."""
        with database(self.product) as connection:
            assert connection.execute(sa.update(table).where(table.c.id == id_).values(**values)).rowcount == 1
            connection.commit()


def _workflow_app(workspace: Workspace) -> App:
    file = "version: 0.5.0\nkind: app\napp: {name: flow, mode: workflow}\nworkflow: {graph: {nodes: [], edges: []}}\n"
    made = workspace.ok(
        workspace.console.post("/console/api/apps/imports", json={"mode": "yaml-content", "yaml_content": file})
    )
    key = workspace.ok(workspace.console.post(f"/console/api/apps/{made['app_id']}/api-keys"))
    return App(workspace.product.url, made["app_id"], key["token"])


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> World:
    form = [
        {"text-input": {"label": "name", "variable": "name", "required": True, "max_length": 5}},
        {"select": {"label": "kind", "variable": "kind", "required": False, "options": ["a", "b"]}},
        {"number": {"label": "age", "variable": "age", "required": False}},
        {"paragraph": {"label": "text", "variable": "text", "required": False}},
    ]
    return World(
        workspace, workspace.app(), workspace.app("completion", user_input_form=form), _workflow_app(workspace),
        workspace.app(file_upload={**UPLOADS, "number_limits": 1}),
    )


@pytest.fixture
def elsewhere(world: World, model_url: str) -> OtherWorkspace:
    """A workspace of this test alone, to be spoiled."""
    return OtherWorkspace(world.product, model_url)


# Authentication and state of the app (errors.md section 2)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Authorization header must be provided and start with 'Bearer'"),
        ("", "Authorization header must be provided and start with 'Bearer'"),
        ("app-without-a-scheme", "Authorization header must be provided and start with 'Bearer'"),
        ("Basic abc", "Authorization scheme must be 'Bearer'"),
        ("Bearer app-unknown", "Access token is invalid"),
        ("Bearer", "Authorization header must be provided and start with 'Bearer'"),
    ],
)
def test_bad_authorization_header_is_401(world: World, header: str | None, message: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    check(httpx.get(f"{world.product.url}/v1/parameters", headers=headers), 401, "unauthorized", message)


def test_scheme_is_compared_without_case(world: World) -> None:
    headers = {"Authorization": f"bEARER  {world.chat.key}"}
    assert httpx.get(f"{world.product.url}/v1/parameters", headers=headers).status_code == 200


def test_key_of_the_other_kind_is_unknown(world: World) -> None:
    dataset = world.workspace.ok(world.console.post("/console/api/datasets/api-keys"))
    url = world.product.url
    for path, key in (("/v1/parameters", dataset["token"]), ("/v1/workspaces/current/models/model-types/llm", world.chat.key)):
        reply = httpx.get(url + path, headers={"Authorization": f"Bearer {key}"})
        check(reply, 401, "unauthorized", "Access token is invalid")
    world.console.delete(f"/console/api/datasets/api-keys/{dataset['id']}")


def test_revoked_key_is_unknown_at_once_in_every_process(world: World) -> None:
    app = world.workspace.app()
    for _ in range(4):  # every process knows it
        assert app.http.get("/v1/info").status_code == 200
    (key,) = world.workspace.ok(world.console.get(f"/console/api/apps/{app.id}/api-keys"))["data"]
    assert world.console.delete(f"/console/api/apps/{app.id}/api-keys/{key['id']}").status_code == 204
    for _ in range(4):
        check(app.http.get("/v1/info"), 401, "unauthorized", "Access token is invalid")


def test_app_that_is_gone_is_403(world: World) -> None:
    app = world.workspace.app()
    assert world.console.delete(f"/console/api/apps/{app.id}").status_code == 204
    # The worker, which would remove the key too, does not run here.
    check(app.http.get("/v1/info"), 403, "forbidden", "The app no longer exists.")


def test_app_whose_status_is_not_normal_is_403(world: World) -> None:
    app = world.workspace.app()
    world.set(apps, app.id, status="disabled")
    check(app.http.get("/v1/info"), 403, "forbidden", "The app's status is abnormal.")


def test_closed_service_api_is_403_until_it_is_opened(world: World) -> None:
    app = world.workspace.app()
    switch = f"/console/api/apps/{app.id}/api-enable"
    world.workspace.ok(world.console.post(switch, json={"enable_api": False}))
    for _ in range(4):
        check(app.http.get("/v1/info"), 403, "forbidden", "The app's API service has been disabled.")
    world.workspace.ok(world.console.post(switch, json={"enable_api": True}))
    assert [app.http.get("/v1/info").status_code for _ in range(4)] == [200] * 4


def _tenant_of(workspace: Workspace) -> str:
    tenant: str = workspace.ok(workspace.console.post("/console/api/workspaces/current", json={}))["id"]
    return tenant


def test_archived_workspace_is_403(world: World, elsewhere: OtherWorkspace) -> None:
    app, tenant = elsewhere.app(), _tenant_of(elsewhere)
    dataset = elsewhere.ok(elsewhere.console.post("/console/api/datasets/api-keys"))["token"]
    world.set(tenants, tenant, status="archive")
    check(app.http.get("/v1/info"), 403, "forbidden", "The workspace's status is archived.")
    reply = httpx.get(
        f"{world.product.url}/v1/workspaces/current/models/model-types/llm",
        headers={"Authorization": f"Bearer {dataset}"},
    )
    check(reply, 403, "forbidden", "The workspace's status is archived.")


def test_workspace_without_an_owner_is_401_where_no_end_user_is_named(world: World, elsewhere: OtherWorkspace) -> None:
    app, tenant = elsewhere.app(), _tenant_of(elsewhere)
    dataset = elsewhere.ok(elsewhere.console.post("/console/api/datasets/api-keys"))["token"]
    with database(world.product) as connection:
        connection.execute(sa.update(memberships).where(memberships.c.tenant_id == tenant).values(role="admin"))
        connection.commit()
    text = "Tenant owner account not found or tenant is not active."
    check(app.http.get("/v1/info"), 401, "unauthorized", text)
    assert app.http.get("/v1/conversations", params={"user": "u"}).status_code == 200
    reply = httpx.get(
        f"{world.product.url}/v1/workspaces/current/models/model-types/llm",
        headers={"Authorization": f"Bearer {dataset}"},
    )
    check(reply, 401, "unauthorized", text)


def test_dataset_key_of_a_workspace_that_is_gone_is_401(world: World, elsewhere: OtherWorkspace) -> None:
    dataset = elsewhere.ok(elsewhere.console.post("/console/api/datasets/api-keys"))["token"]
    tenant = _tenant_of(elsewhere)
    with database(world.product) as connection:
        connection.execute(sa.delete(tenants).where(tenants.c.id == tenant))
        connection.commit()
    reply = httpx.get(
        f"{world.product.url}/v1/workspaces/current/models/model-types/llm",
        headers={"Authorization": f"Bearer {dataset}"},
    )
    check(reply, 401, "unauthorized", "Tenant does not exist.")


@pytest.mark.parametrize("user", [None, ""])
def test_missing_end_user_is_400(world: World, user: str | None) -> None:
    body: dict[str, Any] = {"inputs": {}, "query": "x", **({} if user is None else {"user": user})}
    for path in ("/v1/chat-messages", f"/v1/chat-messages/{NOWHERE}/stop", f"/v1/messages/{NOWHERE}/feedbacks"):
        check(world.chat.http.post(path, json=body), 400, "invalid_param", "Arg user must be provided.")
    for path in (f"/v1/messages/{NOWHERE}/suggested", f"/v1/chat-messages/{NOWHERE}/events"):
        reply = world.chat.http.get(path, params={} if user is None else {"user": user})
        check(reply, 400, "invalid_param", "Arg user must be provided.")


def test_checks_come_in_the_documented_order(world: World) -> None:
    """401, 403, `user`, mode, payload (errors.md section 2)."""
    url = f"{world.product.url}/v1/chat-messages"
    bad_key = httpx.post(url, json={"inputs": 5}, headers={"Authorization": "Bearer app-x"})
    assert bad_key.status_code in {400, 401}  # a field of a wrong type is found while the body is read
    check(httpx.post(url, json={}, headers={"Authorization": "Bearer app-x"}), 401, "unauthorized", None)
    closed = world.workspace.app("completion")
    world.workspace.ok(world.console.post(f"/console/api/apps/{closed.id}/api-enable", json={"enable_api": False}))
    check(closed.http.post("/v1/chat-messages", json={}), 403, "forbidden", None)
    http = world.completion.http
    check(http.post("/v1/chat-messages", json={}), 400, "invalid_param", "Arg user must be provided.")
    check(http.post("/v1/chat-messages", json={"user": "u"}), 400, "not_chat_app", _MODE)
    check(world.chat.http.post("/v1/chat-messages", json={"user": "u"}), 400, "invalid_param", "query", exactly=False)


# Routes, methods, bodies (errors.md section 1)


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/v1/messages/a/b/c", "/console/api/nothing", "/"])
def test_unknown_path_is_404_before_any_authorization(world: World, path: str) -> None:
    for client in (httpx.Client(base_url=world.product.url), world.chat.http):
        check(client.get(path), 404, "not_found", _NOT_FOUND)


@pytest.mark.parametrize(
    ("verb", "path"),
    [("PUT", "/v1/parameters"), ("GET", "/v1/completion-messages"), ("DELETE", "/v1/conversations"),
     ("PATCH", "/console/api/apps"), ("GET", "/console/api/login"), ("PUT", "/v1/files/upload")],
)  # fmt: skip
def test_wrong_method_is_405(world: World, verb: str, path: str) -> None:
    reply = world.chat.http.request(verb, path, json={})
    check(reply, 405, "method_not_allowed", "The method is not allowed for the requested URL.")


@pytest.mark.parametrize(
    ("verb", "path", "code", "message"),
    [
        ("GET", "/v1/conversations/zzz/variables?user=u", "not_found", "Conversation Not Exists."),
        ("POST", "/v1/conversations/zzz/name", "not_found", "Conversation Not Exists."),
        ("DELETE", "/v1/conversations/zzz", "not_found", "Conversation Not Exists."),
        ("POST", "/v1/messages/zzz/feedbacks", "not_found", "Message Not Exists."),
        ("GET", "/v1/messages/zzz/suggested?user=u", "not_found", "Message Not Exists."),
        ("GET", "/v1/files/zzz/preview", "file_not_found", "File not found in message context"),
        ("GET", "/v1/end-users/zzz", "end_user_not_found", "End user not found."),
        ("GET", "/files/zzz/file-preview", "not_found", "File not found"),
    ],
)
def test_malformed_id_in_a_path_is_404(world: World, verb: str, path: str, code: str, message: str) -> None:
    body = {"user": "u", "name": "n", "rating": "like"} if verb != "GET" else None
    check(world.chat.http.request(verb, path, json=body), 404, code, message)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code", "message"),
    [
        (b"{nope", "application/json", 400, "bad_request", _BROKEN),
        (b"[1]", "application/json", 400, "bad_request", _BROKEN),
        (b"null", "application/json", 400, "bad_request", _BROKEN),
        (b'"text"', "application/json", 400, "bad_request", _BROKEN),
        (b"", "application/json", 400, "bad_request", _BROKEN),
        (b"hello", "text/plain", 415, "unsupported_media_type", _NOT_JSON),
        (b"{}", "application/x-www-form-urlencoded", 415, "unsupported_media_type", _NOT_JSON),
        (b"", None, 415, "unsupported_media_type", _NOT_JSON),
    ],
)
def test_body_that_is_no_json_object_is_told(
    world: World, content: bytes, kind: str | None, status: int, code: str, message: str
) -> None:
    headers = {} if kind is None else {"content-type": kind}
    check(world.chat.http.post("/v1/chat-messages", content=content, headers=headers), status, code, message)


def test_body_beyond_the_limit_is_413(world: World) -> None:
    body = {"inputs": {}, "query": "x" * (16 << 20), "user": "u"}
    reply = world.chat.http.post("/v1/chat-messages", json=body)
    check(reply, 413, "request_entity_too_large", "The data value transmitted exceeds the capacity limit.")


@pytest.mark.parametrize(
    ("query", "field_"),
    [
        ("limit=101", "limit"), ("limit=0", "limit"), ("limit=x", "limit"), ("sort_by=zzz", "sort_by"),
        ("last_id=zzz", "last_id"), ("limit=0&sort_by=zzz", "2 validation errors for ConversationListQuery"),
    ],
)  # fmt: skip
def test_bad_query_names_the_field(world: World, query: str, field_: str) -> None:
    check(world.chat.http.get(f"/v1/conversations?user=u&{query}"), 400, "invalid_param", field_, exactly=False)


# Modes and configurations (errors.md section 3)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "/v1/chat-messages"), ("POST", f"/v1/chat-messages/{NOWHERE}/stop"), ("GET", "/v1/conversations"),
        ("GET", f"/v1/chat-messages/{NOWHERE}/events"), ("DELETE", f"/v1/conversations/{NOWHERE}"),
        ("POST", f"/v1/conversations/{NOWHERE}/name"), ("GET", f"/v1/conversations/{NOWHERE}/variables"),
        ("PUT", f"/v1/conversations/{NOWHERE}/variables/{NOWHERE}"), ("GET", f"/v1/messages/{NOWHERE}/suggested"),
        ("GET", f"/v1/messages?conversation_id={NOWHERE}"),
    ],
)  # fmt: skip
def test_chat_route_on_another_mode_is_not_chat_app(world: World, verb: str, path: str) -> None:
    for app in (world.completion, world.workflow):
        if verb == "GET":
            reply = app.http.get(path, params={**dict(httpx.URL(path).params), "user": "u"})
        else:
            reply = app.http.request(verb, path, json={"user": "u"})
        check(reply, 400, "not_chat_app", _MODE)


def test_completion_route_on_another_mode_is_app_unavailable(world: World) -> None:
    text = "App unavailable, please check your app configurations."
    for app in (world.chat, world.workflow):
        for path in ("/v1/completion-messages", f"/v1/completion-messages/{NOWHERE}/stop"):
            reply = app.http.post(path, json={"inputs": {}, "user": "u"})
            check(reply, 400, "app_unavailable", text)


def test_parameters_of_an_app_without_a_published_version_are_app_unavailable(world: World) -> None:
    text = "App unavailable, please check your app configurations."
    check(world.workflow.http.get("/v1/parameters"), 400, "app_unavailable", text)


def test_app_without_a_configuration_is_app_unavailable(world: World) -> None:
    app = world.workspace.app()
    world.set(apps, app.id, app_config_id=None)
    text = "App unavailable, please check your app configurations."
    check(app.send(), 400, "app_unavailable", text)
    check(app.http.get("/v1/parameters"), 400, "app_unavailable", text)


def test_app_without_a_site_is_forbidden(world: World) -> None:
    from server.db.tables import sites

    app = world.workspace.app()
    with database(world.product) as connection:
        connection.execute(sa.delete(sites).where(sites.c.app_id == app.id))
        connection.commit()
    check(app.http.get("/v1/site"), 403, "forbidden", _NO_PERMISSION)


def test_ended_conversation_is_conversation_completed(world: World) -> None:
    made = world.chat.send().json()["conversation_id"]
    world.set(conversations, made, status="archived")
    text = "The conversation has ended. Please start a new conversation."
    check(world.chat.send(conversation_id=made), 400, "conversation_completed", text)


# Models (errors.md section 3, sse-events.md section 6)


def _app_with_provider(world: World, provider: str, model: str) -> App:
    """An app whose configuration names a model that cannot be called, as an imported one may."""
    file = {
        "version": "0.5.0", "kind": "app", "app": {"name": "n", "mode": "chat"},
        "model_config": {"model": {"provider": provider, "name": model, "mode": "chat", "completion_params": {}}},
    }  # fmt: skip
    body = {"mode": "yaml-content", "yaml_content": json.dumps(file)}
    made = world.workspace.ok(world.console.post("/console/api/apps/imports", json=body))
    key = world.workspace.ok(world.console.post(f"/console/api/apps/{made['app_id']}/api-keys"))
    return App(world.product.url, made["app_id"], key["token"])


@pytest.mark.parametrize(
    ("provider", "model", "message"),
    [
        ("openai", "gpt-4o", f"No valid model provider credentials found. {_PROVIDER}"),
        ("openai_api_compatible", "never-added", "Model never-added not exist."),
        ("nobody/nothing/nothing", "m", "Provider nobody/nothing/nothing does not exist."),
    ],
)
def test_model_that_is_not_configured_is_provider_not_initialize(
    world: World, provider: str, model: str, message: str
) -> None:
    app = _app_with_provider(world, provider, model)
    check(app.send(), 400, "provider_not_initialize", message)
    with app.stream() as reply:
        reply.read()
        # Before anything began, a stream is refused like a call.
        check(reply, 400, "provider_not_initialize", message)
    assert app.http.get("/v1/conversations", params={"user": "u"}).json()["data"] == []


def test_model_that_is_switched_off_is_model_currently_not_support(world: World) -> None:
    app = world.workspace.app(model="switched-off")
    path = f"/console/api/workspaces/current/model-providers/{COMPATIBLE}/models/disable"
    world.workspace.ok(world.console.patch(path, json={"model": "switched-off", "model_type": "llm"}))
    check(app.send(), 400, "model_currently_not_support", "Model switched-off is disabled.")


_FAULTS = [
    ("status=401", 400, "completion_request_error", "Incorrect API key provided"),
    ("status=404", 400, "model_currently_not_support", None),
    ("error=quota", 400, "provider_quota_exceeded", None),
    ("status=429,retry_after=0", 429, "rate_limit_error", "Rate limit reached for "),
    ("status=400", 400, "completion_request_error", "This model's maximum context length is 8 tokens."),
    ("status=500", 400, "completion_request_error", "The server had an error while processing your request."),
]


@pytest.mark.parametrize(("script", "status", "code", "text"), _FAULTS)
def test_refusal_of_the_model_is_an_error_of_the_call_and_an_event_of_the_stream(
    world: World, script: str, status: int, code: str, text: str | None
) -> None:
    # The first call is the test call that adds the model.
    app = world.workspace.app(model=f"refusing@{script},skip=1")
    blocking = app.send(user="blocking")
    check(blocking, status, code, text, exactly=False)
    with app.stream(user="streaming") as reply:
        assert reply.status_code == 200
        found = events(reply.iter_text())
    (error,) = found
    assert list(error) == ["event", "conversation_id", "message_id", "created_at", "code", "status", "message"]
    assert (error["event"], error["code"], error["status"]) == ("error", code, status)
    assert error["message"] == blocking.json()["message"]
    page = app.http.get(
        "/v1/messages", params={"user": "streaming", "conversation_id": error["conversation_id"]}
    ).json()
    (message,) = page["data"]
    assert (message["status"], message["query"], message["answer"]) == ("error", "hello", "")
    assert error["message"] in message["error"]
    # The conversation goes on.
    again = app.send(user="streaming", conversation_id=error["conversation_id"])
    assert (again.status_code, again.json()["code"]) == (status, code)


# Inputs (errors.md section 4)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "name is required in input form"),
        ({"name": None}, "name is required in input form"),
        ({"name": 5}, "(type 'text-input') name in input form must be a string"),
        ({"name": "abcdef"}, "name in input form must be less than 5 characters"),
        ({"name": "a", "kind": "c"}, "kind in input form must be one of the following: ['a', 'b']"),
        ({"name": "a", "kind": ""}, "kind in input form must be one of the following: ['a', 'b']"),
        ({"name": "a", "age": "many"}, "age in input form must be a valid number"),
        ({"name": "a", "text": 1}, "(type 'paragraph') text in input form must be a string"),
    ],
)
def test_input_that_does_not_fit_the_form_is_told(world: World, inputs: dict[str, Any], message: str) -> None:
    for mode in ("blocking", "streaming"):
        body = {"inputs": inputs, "user": "u", "response_mode": mode}
        check(world.completion.http.post("/v1/completion-messages", json=body), 400, "invalid_param", message)


def test_number_input_of_a_wrong_json_type_is_400(world: World) -> None:
    """Dify fails with 500 here; architecture.md section 5 decides 400."""
    for wrong in ({}, [], {"a": 1}, [1]):
        body = {"inputs": {"name": "a", "age": wrong}, "user": "u"}
        reply = world.completion.http.post("/v1/completion-messages", json=body)
        check(reply, 400, "invalid_param", "age in input form must be a valid number", exactly=False)


def test_query_is_required_and_not_empty(world: World) -> None:
    check(world.chat.send(""), 400, "invalid_param", "query is required")
    check(world.chat.send("\x00"), 400, "invalid_param", "query is required")
    reply = world.chat.http.post("/v1/chat-messages", json={"inputs": {}, "user": "u"})
    check(reply, 400, "invalid_param", "query\n  Field required", exactly=False)
    reply = world.chat.http.post("/v1/chat-messages", json={"query": "x", "user": "u"})
    check(reply, 400, "invalid_param", "inputs\n  Field required", exactly=False)
    reply = world.chat.send(response_mode="later")
    check(reply, 400, "invalid_param", "Input should be 'blocking' or 'streaming'", exactly=False)
    reply = world.chat.send(conversation_id="zzz")
    check(reply, 400, "invalid_param", "conversation_id must be a valid UUID", exactly=False)


# Things that are not there (errors.md section 4)


@pytest.mark.parametrize(
    ("verb", "path", "body", "message"),
    [
        ("POST", "/v1/chat-messages", {"inputs": {}, "query": "x", "conversation_id": NOWHERE}, "Conversation Not Exists."),
        ("GET", f"/v1/messages?conversation_id={NOWHERE}&user=u", None, "Conversation Not Exists."),
        ("DELETE", f"/v1/conversations/{NOWHERE}", {}, "Conversation Not Exists."),
        ("POST", f"/v1/conversations/{NOWHERE}/name", {"name": "n"}, "Conversation Not Exists."),
        ("POST", f"/v1/conversations/{NOWHERE}/name", {"auto_generate": True}, "Conversation Not Exists."),
        ("GET", f"/v1/conversations/{NOWHERE}/variables?user=u", None, "Conversation Not Exists."),
        ("PUT", f"/v1/conversations/{NOWHERE}/variables/{NOWHERE}", {"value": 1}, "Conversation Not Exists."),
        ("GET", f"/v1/conversations?last_id={NOWHERE}&user=u", None, "Last Conversation Not Exists."),
        ("POST", f"/v1/messages/{NOWHERE}/feedbacks", {"rating": "like"}, "Message Not Exists."),
        ("GET", f"/v1/messages/{NOWHERE}/suggested?user=u", None, "Message Not Exists."),
        ("GET", f"/v1/chat-messages/{NOWHERE}/events?user=u", None, "Task Not Exists."),
    ],
)
def test_unknown_thing_is_404(
    world: World, verb: str, path: str, body: dict[str, Any] | None, message: str
) -> None:
    sent = {} if body is None else {"json": {**body, "user": "u"}}
    check(world.chat.http.request(verb, path, **sent), 404, "not_found", message)


def test_unknown_cursors_and_variables_of_a_conversation_are_told(world: World) -> None:
    made = world.chat.send().json()
    conversation, http = made["conversation_id"], world.chat.http
    reply = http.get("/v1/messages", params={"conversation_id": conversation, "user": "u", "first_id": NOWHERE})
    check(reply, 404, "not_found", "First Message Not Exists.")
    path = f"/v1/conversations/{conversation}"
    reply = http.get(f"{path}/variables", params={"user": "u", "last_id": NOWHERE})
    check(reply, 400, "invalid_param", "")
    reply = http.get(f"{path}/variables", params={"user": "u", "variable_name": "a b"})
    text = "Variable name can only contain letters, numbers, hyphens (-), underscores (_), and periods (.)"
    check(reply, 400, "invalid_param", text, exactly=False)
    reply = http.put(f"{path}/variables/{NOWHERE}", json={"user": "u", "value": "x"})
    check(reply, 404, "not_found", "Conversation Variable Not Exists.")
    reply = http.put(f"{path}/variables/{NOWHERE}", json={"user": "u"})
    check(reply, 400, "invalid_param", "value", exactly=False)
    reply = http.post(f"{path}/name", json={"user": "u", "name": " "})
    check(reply, 400, "invalid_param", "name is required when auto_generate is false", exactly=False)


def test_feedback_and_suggestions_refuse_what_makes_no_sense(world: World) -> None:
    message = world.chat.send().json()["message_id"]
    path = f"/v1/messages/{message}"
    reply = world.chat.http.post(f"{path}/feedbacks", json={"user": "u", "rating": None})
    check(reply, 400, "invalid_param", "rating cannot be None when feedback not exists")
    reply = world.chat.http.post(f"{path}/feedbacks", json={"user": "u", "rating": "meh"})
    check(reply, 400, "invalid_param", "Input should be 'like' or 'dislike'", exactly=False)
    reply = world.chat.http.get(f"{path}/suggested", params={"user": "u"})
    check(reply, 400, "bad_request", "Suggested Questions Is Disabled.")


# Files (errors.md sections 3 and 4)


def test_uploads_are_refused_in_the_documented_words(world: World) -> None:
    def upload(files: Any, **data: str) -> httpx.Response:
        return world.chat.http.post("/v1/files/upload", files=files, data=data)

    check(upload({"other": ("a.txt", b"x", "text/plain")}), 400, "no_file_uploaded", "Please upload your file.")
    check(world.chat.http.post("/v1/files/upload", json={}), 400, "no_file_uploaded", "Please upload your file.")
    two = [("file", ("a.txt", b"x", "text/plain")), ("file", ("b.txt", b"x", "text/plain"))]
    check(upload(two), 400, "too_many_files", "Only one file is allowed.")
    check(upload({"file": ("a.txt", b"x", "")}), 415, "unsupported_file_type", "File type not allowed.")
    for name in ("a/b.txt", "a\\b.txt"):
        reply = upload({"file": (name, b"x", "text/plain")})
        check(reply, 400, "invalid_param", "Filename contains invalid characters")
    check(upload({"file": ("a.png", b"x" * (10 << 20) + b"x", "image/png")}), 413, "file_too_large", "")


def test_file_without_a_name_is_refused(world: World) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n'
    reply = world.chat.http.post(
        "/v1/files/upload", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    check(reply, 400, "filename_not_exists_error", "The specified filename does not exist.")


def test_files_of_a_message_are_refused_in_the_documented_words(world: World) -> None:
    upload = {"file": ("dot.png", PNG, "image/png")}
    ids = [
        world.files.http.post("/v1/files/upload", files=upload, data={"user": "u"}).json()["id"] for _ in range(2)
    ]
    local = {"type": "image", "transfer_method": "local_file"}
    for files, message in (
        ([{**local}], "Invalid upload file id"),
        ([{**local, "upload_file_id": "zzz"}], "Invalid upload file id format"),
        ([{**local, "upload_file_id": NOWHERE}], "Invalid upload file"),
        ([{**local, "upload_file_id": id_} for id_ in ids], "Number of image files exceeds the maximum limit 1"),
        ([{**local, "type": "document", "upload_file_id": ids[0]}], "File validation failed for file: dot.png"),
    ):
        check(world.files.send(files=files), 400, "invalid_param", message)
    assert world.files.send(files=[{"type": "image", "upload_file_id": "zzz"}]).status_code == 200, "dropped"


def test_preview_of_an_upload_that_was_never_used_is_404(world: World) -> None:
    upload = {"file": ("dot.png", PNG, "image/png")}
    made = world.chat.http.post("/v1/files/upload", files=upload, data={"user": "u"}).json()["id"]
    for id_ in (made, NOWHERE):
        reply = world.chat.http.get(f"/v1/files/{id_}/preview", params={"user": "u"})
        check(reply, 404, "file_not_found", "File not found in message context")
    check(world.chat.http.get(f"/v1/end-users/{NOWHERE}"), 404, "end_user_not_found", "End user not found.")


# Limits (errors.md section 5)


def test_concurrency_beyond_the_limit_of_the_app_is_429(world: World) -> None:
    app = world.workspace.app(model="limited@tokens=200,delay=50")
    change = {"name": "limited", "max_active_requests": 1}
    world.workspace.ok(world.console.put(f"/console/api/apps/{app.id}", json=change))
    text = (
        "Too many requests. Please try again later. "
        f"The current maximum concurrent requests allowed for {app.id} is 1."
    )
    with app.stream() as running:
        lines = running.iter_lines()
        first = json.loads(next(line for line in lines if line).removeprefix("data: "))
        check(app.send(), 429, "too_many_requests", text)
        with app.stream() as refused:
            refused.read()
            check(refused, 429, "too_many_requests", text)
            assert refused.headers["retry-after"] == "1"
        world.workspace.ok(app.http.post(f"/v1/chat-messages/{first['task_id']}/stop", json={"user": "u"}))
        assert any('"message_end"' in line for line in lines)
    assert app.send(response_mode="streaming").status_code == 200


# The console (console-api.md sections 1 to 3 and 13)


def _base64(password: str) -> str:
    return base64.b64encode(password.encode()).decode()


def test_console_refuses_sessions_that_are_none(world: World) -> None:
    url = world.product.url
    profile = f"{url}/console/api/account/profile"
    check(httpx.get(profile), 401, "unauthorized", None)
    check(httpx.get(profile, headers={"Authorization": "Bearer nonsense"}), 401, "unauthorized", None)
    cookies = dict(world.console.cookies)
    without = httpx.get(profile, cookies=cookies)
    check(without, 401, "unauthorized", "CSRF token is missing or invalid.")
    refresh = httpx.post(f"{url}/console/api/refresh-token")
    check(refresh, 401, "unauthorized", "No refresh token provided")


def test_wrong_login_is_401_and_the_sixth_in_a_row_429(world: World) -> None:
    url = f"{world.product.url}/console/api/login"
    email = f"{uuid.uuid4()}@example.com"
    plain = httpx.post(url, json={"email": email, "password": PASSWORD + "!"})
    check(plain, 401, "authentication_failed", "Invalid encrypted data")
    for _ in range(5):
        wrong = httpx.post(url, json={"email": email, "password": _base64("wrong")})
        check(wrong, 401, "authentication_failed", "Invalid email or password.")
    locked = httpx.post(url, json={"email": email, "password": _base64("wrong")})
    check(locked, 429, "email_code_login_limit", "Too many incorrect password attempts. Please try again later.")


def test_account_that_may_not_enter_is_told(world: World, elsewhere: OtherWorkspace) -> None:
    account = elsewhere.ok(elsewhere.console.get("/console/api/account/profile"))["id"]
    login = {"email": elsewhere.email, "password": _base64(PASSWORD)}
    world.set(accounts, account, status="banned")
    check(
        httpx.post(f"{world.product.url}/console/api/login", json=login), 400, "account_banned", "Account is banned."
    )


def _console(product: Product, email: str) -> httpx.Client:
    client = httpx.Client(base_url=product.url)
    assert client.post("/console/api/login", json={"email": email, "password": _base64(PASSWORD)}).status_code == 200
    client.headers["X-CSRF-Token"] = client.cookies["csrf_token"]
    return client


@pytest.mark.parametrize(
    ("values", "status", "code", "message"),
    [
        ({"status": "banned"}, 401, "unauthorized_and_force_logout", "Unauthorized and force logout."),
        ({"status": "uninitialized"}, 400, "account_not_initialized", None),
        ({"password_hash": "changed"}, 401, "unauthorized_and_force_logout", "Unauthorized and force logout."),
    ],
)
def test_session_of_an_account_that_changed_is_told(
    world: World, model_url: str, values: dict[str, str], status: int, code: str, message: str | None
) -> None:
    other = OtherWorkspace(world.product, model_url)
    account = other.ok(other.console.get("/console/api/account/profile"))["id"]
    console = _console(world.product, other.email)
    # The reply clears the cookies, which this caller does not mind.
    headers = {**console.headers, "Cookie": "; ".join(f"{name}={value}" for name, value in console.cookies.items())}
    world.set(accounts, account, **values)

    def profile() -> httpx.Response:
        return httpx.get(f"{world.product.url}/console/api/account/profile", headers=headers)

    # A server remembers an account for five seconds.
    wait_until(
        lambda: all(profile().status_code != 200 for _ in range(6)), "the servers notice", seconds=20, every=0.2
    )
    reply = profile()
    check(reply, status, code, message)
    if code == "unauthorized_and_force_logout":
        cleared = [value.partition("=")[0] for value in reply.headers.get_list("set-cookie")]
        assert sorted(cleared) == ["access_token", "csrf_token", "refresh_token"]


def test_account_without_a_workspace_is_told(world: World, elsewhere: OtherWorkspace) -> None:
    with database(world.product) as connection:
        tenant = _tenant_of(elsewhere)
        connection.execute(sa.delete(memberships).where(memberships.c.tenant_id == tenant))
        connection.commit()
    login = {"email": elsewhere.email, "password": _base64(PASSWORD)}
    reply = httpx.post(f"{world.product.url}/console/api/login", json=login)
    assert (reply.status_code, reply.json()["result"]) == (200, "fail")
    assert "set-cookie" not in reply.headers


def test_workspace_of_others_is_not_entered(world: World) -> None:
    reply = world.console.post("/console/api/workspaces/switch", json={"tenant_id": NOWHERE})
    check(reply, 403, "account_not_link_tenant", "Account not link tenant.")


def test_passwords_are_refused_in_the_documented_words(world: World, elsewhere: OtherWorkspace) -> None:
    rule = "Password must contain letters and numbers, and the length must be greater than 8."
    for body, status, code, message in (
        (("wrong", "N3wpassword", "N3wpassword"), 400, "current_password_incorrect", "Current password is incorrect."),
        ((PASSWORD, "N3wpassword", "other"), 400, "repeat_password_not_match",
         "New password and repeat password does not match."),
        ((PASSWORD, "short1", "short1"), 400, "invalid_param", rule),
    ):  # fmt: skip
        names = ("password", "new_password", "repeat_new_password")
        reply = elsewhere.console.post("/console/api/account/password", json=dict(zip(names, body, strict=True)))
        check(reply, status, code, message)


def test_role_without_the_right_is_forbidden(world: World, elsewhere: OtherWorkspace) -> None:
    app, tenant = elsewhere.app(), _tenant_of(elsewhere)
    with database(world.product) as connection:
        connection.execute(sa.update(memberships).where(memberships.c.tenant_id == tenant).values(role="normal"))
        connection.commit()
    console = _console(world.product, elsewhere.email)
    # Servers may know the old role for five seconds.
    wait_until(
        lambda: all(console.delete(f"/console/api/apps/{NOWHERE}").status_code == 403 for _ in range(6)),
        "all servers notice the role", seconds=20, every=0.2,
    )
    check(console.delete(f"/console/api/apps/{app.id}"), 403, "forbidden", _NO_PERMISSION)
    check(console.post("/console/api/apps", json={"name": "a", "mode": "chat"}), 403, "forbidden", _NO_PERMISSION)
    check(console.post("/console/api/datasets/api-keys"), 403, "forbidden", _NO_PERMISSION)
    assert console.get(f"/console/api/apps/{app.id}").status_code == 200


def test_console_things_that_are_not_there_are_404(world: World) -> None:
    for verb, path in (("GET", f"/console/api/apps/{NOWHERE}"), ("DELETE", f"/console/api/apps/{NOWHERE}"),
                       ("GET", "/console/api/apps/zzz"), ("GET", f"/console/api/apps/{NOWHERE}/export"),
                       ("GET", f"/console/api/apps/{NOWHERE}/api-keys")):  # fmt: skip
        check(world.console.request(verb, path), 404, "app_not_found", "App not found.")
    app = world.chat.id
    check(world.console.delete(f"/console/api/apps/{app}/api-keys/{NOWHERE}"), 404, "not_found", None)
    check(world.console.delete(f"/console/api/datasets/api-keys/{NOWHERE}"), 404, "not_found", None)


def test_eleventh_key_is_refused(world: World) -> None:
    app = world.workspace.app()
    path = f"/console/api/apps/{app.id}/api-keys"
    for _ in range(9):
        world.workspace.ok(world.console.post(path))
    check(
        world.console.post(path), 400, "bad_request",
        "Cannot create more than 10 API keys for this resource type.",
    )


def test_second_setup_is_refused(world: World) -> None:
    body = {"email": "a@b.co", "name": "admin", "password": PASSWORD}
    reply = world.console.post("/console/api/setup", json=body)
    check(reply, 403, "already_setup", CATALOGUE[Reason.ALREADY_SETUP].message)


def test_credential_that_its_test_call_refuses_is_invalid_param(world: World, model_url: str) -> None:
    path = f"/console/api/workspaces/current/model-providers/{COMPATIBLE}/models/credentials"
    form = {"endpoint_url": f"{model_url}/v1", "api_key": "sk-invalid", "mode": "chat", "context_size": "4096"}
    reply = world.console.post(path, json={"model": "m", "model_type": "llm", "credentials": form})
    check(reply, 400, "invalid_param", "Incorrect API key provided", exactly=False)


# Instances of their own: before setup, and with a fault that nobody foresaw


@pytest.fixture
def lonely(stores: DataStores, tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """A product of one test; it is closed with the test."""
    running: list[Product] = []

    def start(**settings: str) -> Product:
        product = Product(stores.postgres_url(), stores.redis_url(), tmp_path / str(len(running)), settings=settings)
        running.append(product.__enter__())
        return product

    try:
        yield start
    finally:
        for product in running:
            product.close()


def test_instance_with_an_init_password_asks_for_it_first(lonely: Callable[..., Product]) -> None:
    http = httpx.Client(base_url=lonely(init_password="open sesame 1").url)
    owner = {"email": "a@b.co", "name": "admin", "password": PASSWORD}
    message = CATALOGUE[Reason.NOT_INIT_VALIDATED].message
    check(http.get("/console/api/apps"), 401, "not_init_validated", message)
    check(http.post("/console/api/setup", json=owner), 401, "not_init_validated", message)
    wrong = http.post("/console/api/init", json={"password": "wrong"})
    check(wrong, 401, "init_validate_failed", CATALOGUE[Reason.INIT_VALIDATE_FAILED].message)
    assert http.post("/console/api/init", json={"password": "open sesame 1"}).status_code == 201
    assert http.post("/console/api/setup", json=owner).status_code == 201


def test_fault_that_nobody_foresaw_is_a_constant_text(lonely: Callable[..., Product], model_url: str) -> None:
    product = lonely()
    message = CATALOGUE[Reason.NOT_SETUP].message
    check(httpx.get(f"{product.url}/console/api/apps"), 401, "not_setup", message)
    app = Workspace(product, model_url).app()
    made = app.send().json()
    with database(product) as connection:
        connection.execute(sa.text("ALTER TABLE sites RENAME TO secrets_of_the_server"))
        connection.execute(sa.text("ALTER TABLE messages RENAME COLUMN query TO other"))
        connection.commit()
    for reply in (
        app.http.get("/v1/site"),
        app.http.get("/v1/messages", params={"user": "u", "conversation_id": made["conversation_id"]}),
        app.send(conversation_id=made["conversation_id"]),
    ):
        check(reply, 500, "internal_server_error", _INTERNAL)
    with grpc.insecure_channel(product.url.removeprefix("http://")) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        request = chat_pb2.SendChatMessageRequest(query="x", user="u", inputs={})
        with pytest.raises(grpc.RpcError) as caught:
            stub.SendChatMessage(request, metadata=[("authorization", f"Bearer {app.key}")])
    error = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, _INTERNAL)  # type: ignore[attr-defined]
    log = product.log("server-1")
    assert "UndefinedColumn" in log or "column" in log, "the log tells what happened"
    assert product.is_healthy()


# The same over gRPC


def test_error_over_grpc_carries_its_reason(world: World) -> None:
    with grpc.insecure_channel(world.product.url.removeprefix("http://")) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        request = chat_pb2.SendChatMessageRequest(query="x", user="u", conversation_id=NOWHERE, inputs={})
        with pytest.raises(grpc.RpcError) as caught:
            stub.SendChatMessage(request, metadata=[("authorization", f"Bearer {world.chat.key}")])
    error: Any = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "Conversation Not Exists.")
    (packed,) = (value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin")
    (detail,) = status_pb2.Status.FromString(packed).details
    info = error_details_pb2.ErrorInfo()
    assert detail.Unpack(info)
    assert (info.reason, info.domain) == ("NOT_FOUND", "transom")


def test_every_reason_is_produced_here_or_elsewhere() -> None:
    """Runs last in this file, since it needs the others; alone, as when it is run once more, it has them run first."""
    if len(PRODUCED) < 10:
        again = [sys.executable, "-m", "pytest", "-q", __file__]
        whole = subprocess.run(again, check=False, capture_output=True, text=True)
        assert whole.returncode == 0, whole.stdout[-3000:]
        return
    elsewhere = {row.code for row in ERRORS if row.file != "rest/test_errors.py"} | NOT_PRODUCED
    missing = set(Reason) - PRODUCED - elsewhere
    assert not missing, f"produce it here, or name its test in tests/ROWS.md: {sorted(missing)}"
    assert not NOT_PRODUCED & PRODUCED, "produced after all"
    assert {row.code for row in ERRORS if row.file == "rest/test_errors.py"} <= PRODUCED
