"""Setup of an instance (console-api.md section 3)."""

from __future__ import annotations

import asyncio

from tests.rpc.console.backend import OWNER, Backend, Client, running


async def test_setup_fresh_instance_makes_owner_workspace_and_record(backend: Backend) -> None:
    client = Client(backend)
    assert await client.done("GetSetup") == {"step": "not_started", "setup_at": None}
    reply = await client.call("Setup", OWNER)
    assert (reply.status, reply.body) == (201, {"result": "success"})
    setup = await client.done("GetSetup")
    assert setup["step"] == "finished"
    assert setup["setup_at"]
    await client.login()
    workspace = await client.done("GetCurrentWorkspace")
    assert workspace["name"] == "Olga Owner's Workspace"
    assert (workspace["role"], workspace["plan"], workspace["status"]) == ("owner", "basic", "normal")


async def test_setup_twice_is_refused(owner: Client) -> None:
    assert await owner.refused("Setup", OWNER) == (403, "already_setup")


async def test_setup_two_at_once_makes_one_owner(backend: Backend) -> None:
    first, second = await asyncio.gather(
        Client(backend).call("Setup", OWNER), Client(backend).call("Setup", {**OWNER, "email": "second@example.com"})
    )
    assert sorted((first.status, second.status)) == [201, 403]
    loser = first if first.status == 403 else second
    assert loser.body["code"] == "already_setup"


async def test_setup_with_bad_fields_names_the_field(backend: Backend) -> None:
    client = Client(backend)
    for field, value in (
        ("email", "nobody"), ("email", ""), ("name", ""), ("name", "x" * 31), ("name", "\x00"),
        ("password", "short1"), ("password", "onlyletters"), ("password", "12345678"), ("language", "no language!"),
    ):  # fmt: skip
        reply = await client.call("Setup", {**OWNER, field: value})
        assert (reply.status, reply.body["code"]) == (400, "invalid_param"), field
        assert field in reply.body["message"].lower()
    assert (await client.done("GetSetup"))["step"] == "not_started"


async def test_protected_routes_before_setup_answer_not_setup(backend: Backend) -> None:
    client = Client(backend)
    for rpc in ("GetProfile", "ListApps", "Login", "RefreshToken", "Logout"):
        assert await client.refused(rpc) == (401, "not_setup")
    assert await client.done("PingConsole") == {"result": "pong"}


async def test_init_password_when_set_must_be_given_before_setup(fresh_postgres_url: str, redis_url: str) -> None:
    async with running(fresh_postgres_url, redis_url, init_password="let me in 1") as backend:
        client = Client(backend)
        assert await client.done("GetInit") == {"status": "not_started"}
        assert await client.refused("Setup", OWNER) == (401, "not_init_validated")
        assert await client.refused("ListApps") == (401, "not_init_validated")
        assert await client.refused("Init", {"password": "wrong"}) == (401, "init_validate_failed")
        reply = await client.call("Init", {"password": "let me in 1"})
        assert (reply.status, reply.body) == (201, {"result": "success"})
        assert "HttpOnly" in reply.set_cookie[0]
        assert await client.done("GetInit") == {"status": "finished"}
        assert await Client(backend).done("GetInit") == {"status": "not_started"}
        forged = Client(backend, cookies={"init_validated": "1"})
        assert await forged.refused("Setup", OWNER) == (401, "not_init_validated")
        await client.done("Setup", OWNER)
        assert await Client(backend).done("GetInit") == {"status": "finished"}
        assert await client.refused("Init", {"password": "let me in 1"}) == (403, "already_setup")


async def test_init_without_init_password_is_finished(backend: Backend) -> None:
    assert await Client(backend).done("GetInit") == {"status": "finished"}
