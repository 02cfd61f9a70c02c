"""Login, cookies, CSRF, refresh, logout (console-api.md sections 2 and 3)."""

from __future__ import annotations

import asyncio
import re
import time

import grpc
import jwt
import pytest
import sqlalchemy as sa

from server.db.tables import login_failures, refresh_tokens
from tests.rpc.console import make
from tests.rpc.console.backend import OWNER, SECRET, Backend, Client, encoded, running
from transom.console.v1 import session_service_pb2 as pb
from transom.console.v1 import session_service_pb2_grpc as rpc


async def test_login_sets_three_cookies_and_sends_no_tokens(owner: Client) -> None:
    reply = await owner.login("OWNER@Example.com")
    assert reply.body == {"result": "success"}
    access, refresh, csrf = reply.set_cookie
    expires = r"Expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
    assert re.fullmatch(
        rf"access_token=[\w.-]+; {expires}; Max-Age=3600; HttpOnly; Path=/; SameSite=Lax", access
    )
    assert re.fullmatch(
        rf"refresh_token=[0-9a-f]{{128}}; {expires}; Max-Age=2592000; HttpOnly; Path=/; SameSite=Lax", refresh
    )
    assert re.fullmatch(rf"csrf_token=[\w.-]+; {expires}; Max-Age=3600; Path=/; SameSite=Lax", csrf)
    claims = jwt.decode(reply.cookies["access_token"], SECRET, ["HS256"])
    assert (claims["sub"], claims["iss"]) == ("Console API Passport", "SELF_HOSTED")
    assert claims["user_id"] == (await owner.done("GetProfile"))["id"]


async def test_login_with_bad_password_fails(owner: Client) -> None:
    for email, password, message in (
        (OWNER["email"], "plain text 1", "Invalid encrypted data"),
        (OWNER["email"], encoded("wrong horse 7"), "Invalid email or password."),
        ("nobody@example.com", encoded(OWNER["password"]), "Invalid email or password."),
        ("no address\x00", encoded(OWNER["password"]), "Invalid email or password."),
    ):
        reply = await Client(owner.backend).call("Login", {"email": email, "password": password})
        assert (reply.status, reply.body["code"], reply.body["message"]) == (401, "authentication_failed", message)
        assert not reply.set_cookie
    assert await owner.refused("Login", {"email": OWNER["email"]}) == (400, "invalid_param")


async def test_login_five_failures_lock_the_email_for_a_day(owner: Client) -> None:
    for _ in range(5):
        assert (await owner.login(password="wrong horse 7")).status == 401
    reply = await owner.login()
    assert (reply.status, reply.body["code"]) == (429, "email_code_login_limit")
    with owner.backend.uow() as uow:
        left = uow.execute(sa.select(login_failures.c.until - sa.func.now())).scalar_one()
        assert 86_000 < left.total_seconds() <= 86_400
        uow.execute(sa.update(login_failures).values(until=sa.func.now() - sa.text("interval '1 second'")))
        uow.commit()
    assert (await owner.login()).status == 200


async def test_login_success_forgets_failures(owner: Client) -> None:
    for _ in range(2):
        for _ in range(4):
            await owner.login(password="wrong horse 7")
        assert (await owner.login()).status == 200


async def test_login_without_workspace_says_so(owner: Client) -> None:
    tenant_id, _ = make.workspace(owner.backend.uow, "lost@example.com")
    with owner.backend.uow() as uow:
        uow.execute(sa.text("UPDATE tenants SET status = 'archive' WHERE id = :id"), {"id": tenant_id})
        uow.commit()
    reply = await Client(owner.backend).login("lost@example.com", make.PASSWORD)
    assert (reply.status, reply.body["result"]) == (200, "fail")
    assert not reply.set_cookie


@pytest.mark.parametrize("status", ["banned", "closed"])
async def test_banned_account_cannot_log_in_and_loses_its_session(owner: Client, status: str) -> None:
    backend = owner.backend
    _, account_id = make.workspace(backend.uow, "bad@example.com")
    client = Client(backend)
    await client.login("bad@example.com", make.PASSWORD)
    make.set_status(backend.uow, account_id, status)
    reply = await client.call("GetProfile")
    assert (reply.status, reply.body["code"]) == (401, "unauthorized_and_force_logout")
    assert reply.cookies == {"access_token": "", "refresh_token": "", "csrf_token": ""}
    reply = await client.login("bad@example.com", make.PASSWORD)
    assert (reply.status, reply.body["code"]) == (400, "account_banned")


async def test_uninitialized_account_is_told(owner: Client) -> None:
    _, account_id = make.workspace(owner.backend.uow, "new@example.com")
    make.set_status(owner.backend.uow, account_id, "uninitialized")
    client = Client(owner.backend)
    await client.login("new@example.com", make.PASSWORD)
    assert await client.refused("GetProfile") == (400, "account_not_initialized")


async def test_https_instance_uses_host_cookies(fresh_postgres_url: str, redis_url: str) -> None:
    async with running(fresh_postgres_url, redis_url, public_url="https://t.example.com") as backend:
        client = Client(backend)
        await client.done("Setup", OWNER)
        reply = await client.login()
        assert set(reply.cookies) == {"__Host-access_token", "__Host-refresh_token", "__Host-csrf_token"}
        assert all("; Secure" in cookie and "; Path=/" in cookie for cookie in reply.set_cookie)
        await client.done("GetProfile")


async def test_get_without_csrf_header_is_refused(owner: Client) -> None:
    owner.sends_csrf = False
    reply = await owner.call("GetProfile")
    assert (reply.status, reply.body["code"]) == (401, "unauthorized")
    assert reply.body["message"] == "CSRF token is missing or invalid."


async def test_csrf_token_of_another_account_is_refused(owner: Client) -> None:
    other = make.other_client(owner.backend)
    stolen = Client(owner.backend, cookies={**owner.cookies, "csrf_token": other.cookies["csrf_token"]})
    assert await stolen.refused("GetProfile") == (401, "unauthorized")
    access_as_csrf = Client(owner.backend, cookies={**owner.cookies, "csrf_token": owner.cookies["access_token"]})
    assert await access_as_csrf.refused("GetProfile") == (401, "unauthorized")


async def test_expired_tokens_are_refused(owner: Client) -> None:
    account_id = (await owner.done("GetProfile"))["id"]
    claims = jwt.decode(owner.cookies["access_token"], SECRET, ["HS256"])
    old = jwt.encode({**claims, "exp": int(time.time()) - 1}, SECRET, "HS256")
    assert await Client(owner.backend, cookies={**owner.cookies, "access_token": old}).refused("GetProfile") == (
        401, "unauthorized",
    )  # fmt: skip
    old = jwt.encode({"sub": account_id, "exp": int(time.time()) - 1}, SECRET, "HS256")
    assert await Client(owner.backend, cookies={**owner.cookies, "csrf_token": old}).refused("GetProfile") == (
        401, "unauthorized",
    )  # fmt: skip


async def test_forged_tokens_are_refused(owner: Client) -> None:
    claims = jwt.decode(owner.cookies["access_token"], SECRET, ["HS256"])
    for forged in (
        jwt.encode(claims, "x" * 40, "HS256"), jwt.encode(claims, None, "none"), "nonsense", "a.b.c", "",
        jwt.encode({**claims, "sub": "Web API Passport"}, SECRET, "HS256"),
        jwt.encode({**claims, "exp": "soon"}, SECRET, "HS256"),
        jwt.encode({**claims, "user_id": "00000000-0000-0000-0000-000000000000"}, SECRET, "HS256"),
    ):  # fmt: skip
        client = Client(owner.backend, cookies={**owner.cookies, "access_token": forged})
        assert (await client.call("GetProfile")).status == 401, forged


async def test_draft_workflow_paths_need_no_csrf_token(owner: Client) -> None:
    owner.sends_csrf = False
    owner.path = "/console/api/apps/0190a0a0-0000-7000-8000-000000000000/workflows/draft?x=1"
    await owner.done("GetProfile")
    owner.path = "/console/api/x?/console/api/apps/1/workflows/draft"
    assert await owner.refused("GetProfile") == (401, "unauthorized")


async def test_bearer_token_over_rest_needs_the_csrf_pair_too(owner: Client) -> None:
    token, csrf = owner.cookies["access_token"], owner.cookies["csrf_token"]
    client = Client(owner.backend)
    assert await client.refused("GetProfile", authorization=f"Bearer {token}") == (401, "unauthorized")
    pair = Client(owner.backend, cookies={"csrf_token": csrf})
    await pair.done("GetProfile", authorization=f"Bearer {token}")


async def test_bearer_token_over_grpc_is_enough_but_cookies_are_not(owner: Client) -> None:
    stub = rpc.AccountServiceStub(owner.backend.channel)
    token = owner.cookies["access_token"]
    account = await stub.GetProfile(pb.GetProfileRequest(), metadata=(("authorization", f"Bearer {token}"),))
    assert account.email == OWNER["email"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetProfile(pb.GetProfileRequest(), metadata=(("cookie", f"access_token={token}"),))
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_refresh_rotates_and_the_old_token_is_void(owner: Client) -> None:
    old = dict(owner.cookies)
    reply = await owner.call("RefreshToken")
    assert reply.body == {"result": "success"}
    assert set(reply.cookies) == {"access_token", "refresh_token", "csrf_token"}
    assert reply.cookies["refresh_token"] != old["refresh_token"]
    await owner.done("GetProfile")
    again = await Client(owner.backend, cookies=old).call("RefreshToken")
    assert (again.status, again.body["message"]) == (401, "Invalid refresh token")
    missing = await Client(owner.backend).call("RefreshToken")
    assert (missing.status, missing.body["message"]) == (401, "No refresh token provided")


async def test_refresh_two_at_once_lets_one_through(owner: Client) -> None:
    clients = [Client(owner.backend, cookies=dict(owner.cookies)) for _ in range(4)]
    replies = await asyncio.gather(*(client.call("RefreshToken") for client in clients))
    assert sorted(reply.status for reply in replies) == [200, 401, 401, 401]


async def test_refresh_token_outdated_is_refused(owner: Client) -> None:
    with owner.backend.uow() as uow:
        uow.execute(sa.update(refresh_tokens).values(expires_at=sa.func.now()))
        uow.commit()
    assert await owner.refused("RefreshToken") == (401, "unauthorized")


async def test_logout_clears_cookies_and_ends_the_refresh_token(owner: Client) -> None:
    old = dict(owner.cookies)
    reply = await owner.call("Logout")
    assert reply.body == {"result": "success"}
    assert reply.cookies == {"access_token": "", "refresh_token": "", "csrf_token": ""}
    assert all("Max-Age=0" in cookie for cookie in reply.set_cookie)
    assert (await Client(owner.backend, cookies=old).call("RefreshToken")).status == 401
    assert (await Client(owner.backend).call("Logout")).status == 200


async def test_admin_key_acts_as_the_owner_of_the_named_workspace(fresh_postgres_url: str, redis_url: str) -> None:
    settings = {"admin_api_key_enable": True, "admin_api_key": "the admin key"}
    async with running(fresh_postgres_url, redis_url, **settings) as backend:
        owner = Client(backend)
        await owner.done("Setup", OWNER)
        await owner.login()
        tenant_id = (await owner.done("GetCurrentWorkspace"))["id"]
        other, _ = make.workspace(backend.uow, "other@example.com")
        admin = Client(backend, headers={"authorization": "Bearer the admin key"})
        for workspace in (tenant_id, other):
            assert (await admin.done("GetCurrentWorkspace", x_workspace_id=workspace))["id"] == workspace
        for workspace in ("", "nonsense", "00000000-0000-0000-0000-000000000000"):
            assert await admin.refused("GetCurrentWorkspace", x_workspace_id=workspace) == (401, "unauthorized")


async def test_admin_key_switched_off_is_no_key(owner: Client) -> None:
    tenant_id = (await owner.done("GetCurrentWorkspace"))["id"]
    admin = Client(owner.backend, headers={"authorization": "Bearer ", "x-workspace-id": tenant_id})
    assert await admin.refused("GetProfile") == (401, "unauthorized")


async def test_authenticate_when_warm_makes_no_query(owner: Client, backend: Backend) -> None:
    await owner.done("GetProfile")
    statements: list[str] = []
    with backend.uow() as uow:
        engine = uow.connection.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    await owner.done("GetProfile")
    assert len(statements) == 1
