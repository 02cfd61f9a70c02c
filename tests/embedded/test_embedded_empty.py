"""A start without the demo: the console's setup makes the owner, as a new instance of Dify does."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import httpx
import pytest

from tests.embedded.running import Embedded

OWNER = {"email": "me@example.com", "name": "me", "password": "Passw0rd1"}


@pytest.fixture(scope="module")
def empty() -> Iterator[Embedded]:
    """A product of this module, with DEMO=0."""
    with Embedded(demo=0) as product:
        product.start()
        yield product


def test_start_without_demo_makes_and_prints_none(empty: Embedded) -> None:
    assert not (empty.data / "demo.json").exists()
    assert "curl" not in empty.screen
    with httpx.Client(base_url=empty.url, timeout=30) as client:
        assert client.get("/console/api/setup").json()["step"] == "not_started"
    listed = empty.run("app", "list")
    assert listed.returncode == 1
    assert "there is no workspace yet" in listed.stderr


def test_setup_then_an_app_made_over_the_api_chats(empty: Embedded) -> None:
    with httpx.Client(base_url=empty.url, timeout=60) as console:
        assert console.post("/console/api/setup", json=OWNER).status_code == 201
        assert console.get("/console/api/setup").json()["step"] == "finished"
        login = {"email": OWNER["email"], "password": base64.b64encode(OWNER["password"].encode()).decode()}
        assert console.post("/console/api/login", json=login).status_code == 200
        console.headers["X-CSRF-Token"] = console.cookies["csrf_token"]
        app = console.post("/console/api/apps", json={"name": "Mine", "mode": "chat"}).json()
        key = console.post(f"/console/api/apps/{app['id']}/api-keys").json()["token"]
        body = {"inputs": {}, "query": "Say hello.", "user": "me"}
        reply = console.post("/v1/chat-messages", json=body, headers={"Authorization": f"Bearer {key}"})
    assert reply.status_code == 200, reply.text
    assert reply.json()["answer"].strip()


def test_demo_command_on_an_instance_of_someone_else_makes_nothing(empty: Embedded) -> None:
    done = empty.run("demo")
    assert done.returncode == 0
    assert "set up without the demo" in done.stdout
    assert not (empty.data / "demo.json").exists()
