"""API-based extensions in the console (feature-semantics.md 3.6): tried by a ping, sealed, shown without the key."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.extension_tables import api_based_extensions
from tests.doubles.extension_server import ExtensionServer
from tests.rest.knowledge import Knowledge
from tests.rest.parties import database

PATH = "/console/api/api-based-extension"
KEY = "a-secret-key"


@pytest.fixture
def console(indexed: Knowledge) -> httpx.Client:
    return indexed.workspace.console


def fields(extension: ExtensionServer, **changed: Any) -> dict[str, Any]:
    return {"name": uuid.uuid4().hex, "api_endpoint": extension.url, "api_key": KEY, **changed}


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    assert body["status"] == reply.status_code
    return reply.status_code, body["code"], body["message"]


def test_extension_is_pinged_kept_sealed_and_shown_without_its_key(
    indexed: Knowledge, console: httpx.Client, extension: ExtensionServer
) -> None:
    extension.forget()
    sent = fields(extension)
    reply = console.post(PATH, json=sent)
    made = reply.json()
    assert (reply.status_code, list(made)) == (201, ["id", "name", "api_endpoint", "api_key", "created_at"])
    assert (made["name"], made["api_endpoint"], made["api_key"]) == (sent["name"], extension.url, "a-s******key")
    (ping,) = extension.calls
    assert (ping.method, ping.json(), ping.headers["authorization"]) == (
        "POST", {"point": "ping", "params": {}}, f"Bearer {KEY}",
    )  # fmt: skip
    assert console.get(f"{PATH}/{made['id']}").json() == made
    listed = console.get(PATH).json()
    assert listed[0] == made
    with database(indexed.workspace.product) as connection:
        row = connection.execute(sa.select(api_based_extensions).where(api_based_extensions.c.id == made["id"])).one()
    assert KEY not in str(row)


def test_extension_keeps_a_hidden_key_and_is_deleted_once(console: httpx.Client, extension: ExtensionServer) -> None:
    made = console.post(PATH, json=fields(extension)).json()
    extension.forget()
    changed = fields(extension, api_key="[__HIDDEN__]", api_endpoint=f"{extension.url}/v2")
    reply = console.post(f"{PATH}/{made['id']}", json=changed)
    assert (reply.status_code, reply.json()) == (200, made | {"name": changed["name"], "api_endpoint": f"{extension.url}/v2"})
    assert [(call.path, call.headers["authorization"]) for call in extension.calls] == [("/v2", f"Bearer {KEY}")]
    gone = console.delete(f"{PATH}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    unknown = (404, "not_found", "API-based extension not found.")
    assert refusal(console.delete(f"{PATH}/{made['id']}")) == unknown
    assert refusal(console.get(f"{PATH}/{made['id']}")) == unknown
    assert refusal(console.post(f"{PATH}/nothing", json=changed)) == unknown


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": " "}, "name must not be empty"),
        ({"name": "n" * 256}, "name must have at most 255 characters"),
        ({"api_endpoint": ""}, "api_endpoint must not be empty"),
        ({"api_endpoint": "ftp://example.com"}, "api_endpoint must be an http or https address"),
        ({"api_endpoint": "http://[oops"}, "api_endpoint must be an http or https address"),
        ({"api_key": ""}, "api_key must not be empty"),
        ({"api_key": "four"}, "api_key must be at least 5 characters"),
        ({"api_key": "ключик"}, "api_key must be of printable ASCII characters"),
        (
            {"api_endpoint": "http://10.0.0.1/"},
            "api_endpoint: connection error: The address is not on the public internet.",
        ),
    ],
)
def test_extension_with_bad_fields_is_refused(
    console: httpx.Client, extension: ExtensionServer, changed: dict[str, Any], message: str
) -> None:
    assert refusal(console.post(PATH, json=fields(extension, **changed))) == (400, "invalid_param", message)


@pytest.mark.parametrize(
    ("answer", "script", "message"),
    [
        ({"result": "ping"}, "", 'a ping is answered by {"result": "pong"}'),
        ([], "", "the answer is no JSON object"),
        (None, "garbage", "the answer is no JSON"),
        (None, "status=500", 'request error, status_code: 500, content: {"error":"out of order"}'),
    ],
)
def test_extension_that_does_not_answer_a_ping_is_refused(
    console: httpx.Client, extension: ExtensionServer, answer: Any, script: str, message: str
) -> None:
    extension.forget()
    extension.script("ping", script)
    if answer is not None:
        extension.answers["ping"] = answer
    reply = console.post(PATH, json=fields(extension))
    extension.forget()
    assert refusal(reply) == (400, "invalid_param", f"api_endpoint: connection error: {message}")


def test_name_of_an_extension_is_taken_once(console: httpx.Client, extension: ExtensionServer) -> None:
    first, second = (console.post(PATH, json=fields(extension)).json() for _ in range(2))
    taken = (400, "invalid_param", "name must be unique, it is already existed")
    same = fields(extension, name=first["name"])
    assert refusal(console.post(PATH, json=same)) == taken
    assert refusal(console.post(f"{PATH}/{second['id']}", json=same)) == taken
    assert console.post(f"{PATH}/{first['id']}", json=same).status_code == 200
