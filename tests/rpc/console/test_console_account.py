"""Profile, name, password, workspaces (console-api.md sections 4 and 5)."""

from __future__ import annotations

from server.kit.ids import new_id
from tests.rpc.console import make
from tests.rpc.console.backend import OWNER, Client

NEW = "brand new horse 9"


async def test_profile_shows_the_account(owner: Client) -> None:
    await owner.login()
    profile = await owner.done("GetProfile", x_envoy_external_address="192.0.2.7")
    assert list(profile) == [
        "id", "name", "avatar", "avatar_url", "email", "is_password_set", "interface_language", "interface_theme",
        "timezone", "last_login_at", "last_login_ip", "created_at",
    ]  # fmt: skip
    assert (profile["name"], profile["email"]) == (OWNER["name"], OWNER["email"])
    assert profile["is_password_set"] is True
    assert profile["last_login_at"] >= profile["created_at"]


async def test_login_notes_the_address_the_gateway_saw(owner: Client) -> None:
    owner.headers["x-forwarded-for"] = "198.51.100.1, 10.0.0.1"
    await owner.login()
    assert (await owner.done("GetProfile"))["last_login_ip"] == "198.51.100.1"
    owner.headers["x-envoy-external-address"] = "192.0.2.7"
    await owner.login()
    assert (await owner.done("GetProfile"))["last_login_ip"] == "192.0.2.7"


async def test_rename_changes_the_name_within_limits(owner: Client) -> None:
    assert (await owner.done("RenameAccount", {"name": "  Olga  "}))["name"] == "Olga"
    for name in ("ab", "x" * 31, "", "\x00\x00\x00"):
        assert await owner.refused("RenameAccount", {"name": name}) == (400, "invalid_param")
    assert (await owner.done("GetProfile"))["name"] == "Olga"


async def test_change_password_ends_other_sessions_at_once(owner: Client) -> None:
    other = Client(owner.backend)
    await other.login()
    await other.done("GetProfile")
    change = {"password": OWNER["password"], "new_password": NEW, "repeat_new_password": NEW}
    reply = await owner.call("ChangePassword", change)
    assert reply.body["email"] == OWNER["email"]
    await owner.done("GetProfile")
    assert await other.refused("GetProfile") == (401, "unauthorized_and_force_logout")
    assert (await other.call("RefreshToken")).status == 401
    await owner.done("RefreshToken")
    assert (await Client(owner.backend).login()).status == 401
    assert (await Client(owner.backend).login(password=NEW)).status == 200


async def test_change_password_with_bad_input_changes_nothing(owner: Client) -> None:
    for change, code in (
        (("wrong horse 7", NEW, NEW), "current_password_incorrect"),
        ((OWNER["password"], NEW, "different 1"), "repeat_password_not_match"),
        ((OWNER["password"], "short1", "short1"), "invalid_param"),
    ):
        body = dict(zip(("password", "new_password", "repeat_new_password"), change, strict=True))
        assert await owner.refused("ChangePassword", body) == (400, code)
    assert (await owner.login()).status == 200


async def test_workspaces_lists_own_ones_and_switch_moves_between_them(owner: Client) -> None:
    first = (await owner.done("GetCurrentWorkspace"))["id"]
    second, _ = make.workspace(owner.backend.uow, "other@example.com")
    foreign, _ = make.workspace(owner.backend.uow, "third@example.com")
    account_id = (await owner.done("GetProfile"))["id"]
    make.member(owner.backend.uow, second, account_id, "editor", current=False)
    listed = (await owner.done("ListWorkspaces"))["workspaces"]
    assert [(item["id"], item["current"]) for item in listed] == [(first, True), (second, False)]
    switched = await owner.done("SwitchWorkspace", {"tenant_id": second.upper()})
    assert switched["result"] == "success"
    assert (switched["new_tenant"]["id"], switched["new_tenant"]["role"]) == (second, "editor")
    assert (await owner.done("GetCurrentWorkspace"))["id"] == second
    listed = (await owner.done("ListWorkspaces"))["workspaces"]
    assert [item["current"] for item in listed] == [False, True]
    for tenant_id in (foreign, new_id(), "nonsense"):
        assert await owner.refused("SwitchWorkspace", {"tenant_id": tenant_id}) == (403, "account_not_link_tenant")
    assert await owner.refused("SwitchWorkspace", {}) == (400, "invalid_param")


async def test_current_workspace_has_every_field(owner: Client) -> None:
    workspace = await owner.done("GetCurrentWorkspace")
    assert list(workspace) == [
        "id", "name", "plan", "status", "created_at", "role", "in_trial", "trial_end_reason", "custom_config",
    ]  # fmt: skip
    assert workspace["in_trial"] is None
