"""One request for each route of the product, for the case that puts many clients on all of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import http
from bench.world import App, World
from tests.harness.product import COMPATIBLE, PASSWORD

_NOBODY = "00000000-0000-4000-8000-000000000000"
_PROVIDERS = "/console/api/workspaces/current/model-providers"
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
).decode("latin-1")


@dataclass(frozen=True, slots=True)
class Route:
    """Requests that all go to one route, and the status of a good answer."""

    name: str
    requests: Sequence[str]
    status: int = 200


def routes(world: World, users: int) -> list[Route]:
    """Every kind of request that an app, its users and a console send."""
    chat = world.app("tokens=10", file_upload={"enabled": True, "allowed_file_types": ["image"]})
    return [*_service(world, chat, users), *_console(world, chat), *_others(chat)]


def _service(world: World, chat: App, users: int) -> list[Route]:
    talk = world.finished(chat)
    message, task, conversation = talk["message_id"], talk["task_id"], talk["conversation_id"]
    whose = f"user={talk['user']}"
    file_id = world.uploaded(chat, _PICTURE)
    completion = world.app("tokens=10", mode="completion")
    end_user = world.sql(f"SELECT from_end_user_id FROM conversations WHERE id = '{conversation}'")[0][0]
    form = (
        '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nreader\r\n--x\r\nContent-Disposition: form-data; '
        f'name="file"; filename="dot.png"\r\nContent-Type: image/png\r\n\r\n{_PICTURE}\r\n--x--\r\n'
    )
    upload = http(
        "POST", "/v1/files/upload", headers={**chat.headers, "Content-Type": "multipart/form-data; boundary=x"},
        raw=form,
    )
    user = {"user": talk["user"]}
    question = {"inputs": {"query": "hi"}, "user": "u"}
    get, post = chat.get, chat.post
    return [
        Route("root", [get("/v1")]),
        Route("parameters", [get("/v1/parameters")]),
        Route("info", [get("/v1/info")]),
        Route("meta", [get("/v1/meta")]),
        Route("site", [get("/v1/site")]),
        Route("end user", [get(f"/v1/end-users/{end_user}")]),
        Route("models", [http("GET", "/v1/workspaces/current/models/model-types/llm", headers=world.dataset_key())]),
        Route("chat blocking", [chat.chat(f"user-{at}", streaming=False) for at in range(users)]),
        Route("chat streaming", chat.chats(users)),
        Route("chat, one conversation", [chat.chat(talk["user"], conversation_id=conversation)]),
        Route("stop", [post(f"/v1/chat-messages/{task}/stop", user)]),
        Route("re-join", [get(f"/v1/chat-messages/{task}/events?{whose}")]),
        Route("completion blocking", [completion.post("/v1/completion-messages", question)]),
        Route(
            "completion streaming",
            [completion.post("/v1/completion-messages", {**question, "response_mode": "streaming"})],
        ),
        Route("conversations", [get(f"/v1/conversations?{whose}")]),
        Route("rename", [post(f"/v1/conversations/{conversation}/name", {**user, "name": "a name"})]),
        Route("name by model", [post(f"/v1/conversations/{conversation}/name", {**user, "auto_generate": True})]),
        Route("variables", [get(f"/v1/conversations/{conversation}/variables?{whose}")]),
        Route("delete of nothing", [http("DELETE", f"/v1/conversations/{_NOBODY}", user, chat.headers)], 404),
        Route("messages", [world.app("tokens=100").get(world.messages_path)]),
        Route("feedback", [post(f"/v1/messages/{message}/feedbacks", {**user, "rating": "like"})]),
        Route("feedbacks", [get("/v1/app/feedbacks")]),
        Route("upload", [upload], 201),
        Route("preview", [get(f"/v1/files/{file_id}/preview")]),
    ]


def _console(world: World, chat: App) -> list[Route]:
    client = world.workspace.console
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = {"Cookie": cookies, "X-CSRF-Token": client.cookies["csrf_token"]}

    def get(name: str, path: str) -> Route:
        return Route(name, [http("GET", path, headers=headers)])

    login = {"email": "owner@example.com", "password": base64.b64encode(PASSWORD.encode()).decode()}
    return [
        get("setup", "/console/api/setup"),
        get("console ping", "/console/api/ping"),
        Route("login", [http("POST", "/console/api/login", login)]),
        get("profile", "/console/api/account/profile"),
        get("workspaces", "/console/api/workspaces"),
        Route("workspace", [http("POST", "/console/api/workspaces/current", {}, headers)]),
        get("apps", "/console/api/apps?page=1&limit=30"),
        get("app", f"/console/api/apps/{chat.app_id}"),
        get("export", f"/console/api/apps/{chat.app_id}/export"),
        get("app keys", f"/console/api/apps/{chat.app_id}/api-keys"),
        get("providers", _PROVIDERS),
        get("provider's models", f"{_PROVIDERS}/{COMPATIBLE}/models"),
        get("default model", "/console/api/workspaces/current/default-model?model_type=llm"),
        get("models by type", "/console/api/workspaces/current/models/model-types/llm"),
    ]


def _others(chat: App) -> list[Route]:
    as_json = {**chat.headers, "Content-Type": "application/json"}
    return [
        Route("health", [http("GET", "/health")]),
        Route("unknown path", [chat.get("/v1/nothing-here")], 404),
        Route("wrong key", [http("GET", "/v1/parameters", headers={"Authorization": "Bearer app-wrong"})], 401),
        Route("broken body", [http("POST", "/v1/chat-messages", headers=as_json, raw="{")], 400),
    ]
