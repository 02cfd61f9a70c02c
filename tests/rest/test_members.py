"""Members of a workspace through Envoy: invitations, joining, roles, removal (console-api.md sections 2, 3 and 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.tables import accounts, invitations, memberships, workspace_limits
from tests.harness.product import PASSWORD, Product, Workspace
from tests.harness.stores import wait_until
from tests.rest.parties import OtherWorkspace, database
from tests.rest.people import (
    MEMBERS,
    activate,
    encoded,
    invite,
    log_in,
    member,
    new_email,
    profile,
    session,
    tenant_of,
)

NEW_PASSWORD = "Passw0rd2"
FULL = "The number of members has reached the limit of your subscription."


@pytest.fixture
def home(product: Product, workspace: Workspace, model_url: str) -> Iterator[OtherWorkspace]:
    """A workspace of this test alone; ``workspace`` sets the instance up."""
    made = OtherWorkspace(product, model_url)
    yield made
    made.console.close()


@pytest.fixture(scope="module")
def spare(product: Product, workspace: Workspace, model_url: str) -> OtherWorkspace:
    """A workspace for what is refused."""
    return OtherWorkspace(product, model_url)


Elsewhere = Callable[[], OtherWorkspace]


@pytest.fixture
def elsewhere(product: Product, workspace: Workspace, model_url: str) -> Elsewhere:
    """Makes more of them."""
    return lambda: OtherWorkspace(product, model_url)


def listed(http: httpx.Client) -> dict[str, dict[str, Any]]:
    """The members that somebody sees, by their addresses."""
    found = Workspace.ok(http.get(MEMBERS))["accounts"]
    return {one["email"]: one for one in found}


def refused(reply: httpx.Response) -> tuple[int, str]:
    body = reply.json()
    assert set(body) == {"code", "message", "status"} and body["status"] == reply.status_code, reply.text
    return reply.status_code, body["code"]


def soon(holds: Callable[[], bool]) -> None:
    """In every process: a bus tells them, before the five seconds that they remember an account for are over."""
    wait_until(holds, "every process knows it", seconds=2, every=0.02)


def set_role(http: httpx.Client, member_id: str, role: str) -> httpx.Response:
    return http.put(f"{MEMBERS}/{member_id}/update-role", json={"role": role})


# Invitations


def test_invited_person_joins_by_the_address_alone(home: OtherWorkspace) -> None:
    email = new_email()
    invitation = invite(home.console, email, "editor")
    assert set(invitation) == {"email", "token"}
    before = listed(home.console)[email]
    assert (before["role"], before["status"], before["last_login_at"]) == ("editor", "pending", None)
    http = session(home.product.url)
    found = Workspace.ok(http.get("/console/api/activate/check", params=invitation))
    data = {"workspace_name": "other's Workspace", "workspace_id": tenant_of(home.console), "email": email}
    assert found == {"is_valid": True, "data": {**data, "has_password": False}}
    new = activate(home.product.url, invitation, "Eve", interface_language="zh-Hans", timezone="Asia/Shanghai")
    mine = profile(new)
    assert [mine[name] for name in ("name", "email", "interface_language", "timezone", "is_password_set")] == [
        "Eve", email, "zh-Hans", "Asia/Shanghai", True,
    ]  # fmt: skip
    current = Workspace.ok(new.post("/console/api/workspaces/current", json={}))
    assert (current["id"], current["role"]) == (data["workspace_id"], "editor")
    after = listed(new)[email]
    assert (after["id"], after["name"], after["status"]) == (mine["id"], "Eve", "active")
    assert set(after) == {
        "id", "name", "avatar", "avatar_url", "email", "last_login_at", "last_active_at", "created_at", "role", "status",
    }  # fmt: skip
    assert profile(log_in(home.product.url, email.upper()))["id"] == mine["id"]


def test_invitation_is_used_once_and_by_nobody_who_does_not_have_it(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    email = new_email()
    invitation, tenant = invite(home.console, email), tenant_of(home.console)
    http = session(home.product.url)
    other = tenant_of(elsewhere().console)
    for wrong in (
        {"token": "x" * 43}, {"token": invitation["token"], "email": new_email()},
        {"token": invitation["token"], "workspace_id": other}, {"token": invitation["token"], "workspace_id": "zzz"},
    ):  # fmt: skip
        assert http.get("/console/api/activate/check", params=wrong).json() == {"is_valid": False}
        reply = http.post("/console/api/activate", json={"name": "x", **wrong})
        assert refused(reply) == (403, "already_activate")
    activate(home.product.url, {**invitation, "workspace_id": tenant})
    assert http.get("/console/api/activate/check", params=invitation).json() == {"is_valid": False}
    again = http.post("/console/api/activate", json={"name": "x", **invitation})
    assert refused(again) == (403, "already_activate")
    assert "set-cookie" not in again.headers


def test_invitation_ages_out_and_the_newest_one_holds(home: OtherWorkspace) -> None:
    email = new_email()
    first, second = invite(home.console, email), invite(home.console, email, "admin")
    http = session(home.product.url)
    check = "/console/api/activate/check"
    assert [http.get(check, params=one).json()["is_valid"] for one in (first, second)] == [False, True]
    assert listed(home.console)[email]["role"] == "admin"
    with database(home.product) as connection:
        mine = invitations.c.tenant_id == tenant_of(home.console)
        life = connection.execute(sa.select(invitations.c.expires_at - sa.func.now()).where(mine)).scalar_one()
        assert 71.9 < life.total_seconds() / 3600 <= 72
        connection.execute(sa.update(invitations).where(mine).values(expires_at=sa.func.now()))
        connection.commit()
    assert http.get(check, params=second).json() == {"is_valid": False}
    assert refused(http.post("/console/api/activate", json={"name": "x", **second})) == (403, "already_activate")


def test_each_address_is_answered_by_itself(home: OtherWorkspace) -> None:
    known, new = new_email(), new_email()
    member_email = profile(member(home, "normal", known))["email"]
    emails = [new, "nonsense", member_email, new.upper(), home.email]
    reply = home.console.post(f"{MEMBERS}/invite-email", json={"emails": emails, "role": "normal"})
    body = reply.json()
    assert (reply.status_code, body["result"], body["tenant_id"]) == (201, "success", tenant_of(home.console))
    results = body["invitation_results"]
    assert [one["email"] for one in results] == emails
    assert [one["status"] for one in results] == ["success", "failed", "success", "success", "success"]
    assert results[1] == {"status": "failed", "email": "nonsense", "message": "nonsense is not a valid email."}
    # One invitation for one person; members need none.
    assert results[0]["url"].partition("token=")[2] == results[3]["url"].partition("token=")[2]
    assert {results[2]["url"], results[4]["url"]} == {f"{home.product.url}/signin"}
    assert listed(home.console)[home.email]["role"] == "owner"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"emails": ["a@example.com"], "role": "owner"}, "invalid-role"),
        ({"emails": ["a@example.com"], "role": "king"}, "invalid-role"),
        ({"emails": ["a@example.com"]}, "invalid-role"),
        ({"emails": [], "role": "normal"}, "invalid_param"),
        ({"emails": ["a@example.com"] * 51, "role": "normal"}, "invalid_param"),
        ({"emails": ["a@example.com"], "role": "normal", "language": "no language"}, "invalid_param"),
    ],
)
def test_invitation_that_cannot_be_is_refused(spare: OtherWorkspace, body: dict[str, Any], code: str) -> None:
    before = listed(spare.console)
    assert refused(spare.console.post(f"{MEMBERS}/invite-email", json=body)) == (400, code)
    assert listed(spare.console) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""}, {"name": "x" * 31}, {"name": "x", "password": "short"}, {"name": "x", "timezone": "Mars/Base"},
        {"name": "x", "timezone": "../../etc/passwd"}, {"name": "x", "interface_language": "?"},
    ],
)  # fmt: skip
def test_activation_with_a_wrong_field_leaves_the_invitation(spare: OtherWorkspace, fields: dict[str, str]) -> None:
    invitation, http = invite(spare.console, new_email()), session(spare.product.url)
    assert refused(http.post("/console/api/activate", json={**invitation, **fields})) == (400, "invalid_param")
    assert http.get("/console/api/activate/check", params=invitation).json()["is_valid"]


def test_person_without_a_password_sets_the_first_one_in_the_session(home: OtherWorkspace) -> None:
    email = new_email()
    http = activate(home.product.url, invite(home.console, email), password="")
    assert profile(http)["is_password_set"] is False
    change = {"new_password": PASSWORD, "repeat_new_password": PASSWORD}
    assert Workspace.ok(http.post("/console/api/account/password", json=change))["is_password_set"] is True
    assert profile(log_in(home.product.url, email))["email"] == email


def test_first_login_with_an_invitation_makes_the_password(home: OtherWorkspace) -> None:
    email = new_email()
    invitation, http = invite(home.console, email), session(home.product.url)
    login = {"email": email, "password": encoded(), "invite_token": invitation["token"]}
    for wrong, status, code in (
        ({"email": home.email}, 400, "invalid_email"), ({"invite_token": "x"}, 403, "already_activate"),
        ({"password": encoded("short")}, 400, "invalid_param"), ({"invite_token": ""}, 401, "authentication_failed"),
    ):  # fmt: skip
        assert refused(http.post("/console/api/login", json={**login, **wrong})) == (status, code)
    log_in(home.product.url, email, invite_token=invitation["token"])
    assert listed(home.console)[email]["status"] == "active"
    assert refused(http.post("/console/api/login", json=login)) == (403, "already_activate")
    assert tenant_of(log_in(home.product.url, email)) == tenant_of(home.console)


def test_account_that_exists_joins_by_its_own_password_only(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    there = elsewhere()
    invitation = invite(home.console, there.email, "admin")
    shown = listed(home.console)[there.email]
    assert [shown[name] for name in ("name", "avatar", "last_login_at", "last_active_at", "status")] == [
        there.email.partition("@")[0], None, None, None, "pending",
    ]  # fmt: skip
    http = session(home.product.url)
    assert http.get("/console/api/activate/check", params=invitation).json()["data"]["has_password"] is True
    # Whoever was handed the address is not that person.
    reply = http.post("/console/api/activate", json={"name": "thief", "password": NEW_PASSWORD, **invitation})
    assert refused(reply) == (403, "already_activate")
    wrong = {"email": there.email, "password": encoded(NEW_PASSWORD), "invite_token": invitation["token"]}
    assert refused(http.post("/console/api/login", json=wrong)) == (401, "authentication_failed")
    # Nor has the person anything of the workspace before.
    assert refused(there.console.post("/console/api/workspaces/switch", json={"tenant_id": tenant_of(home.console)})) == (
        403, "account_not_link_tenant",
    )  # fmt: skip
    joined = log_in(home.product.url, there.email, invite_token=invitation["token"])
    assert tenant_of(joined) == tenant_of(home.console)
    assert listed(home.console)[there.email]["name"] == profile(there.console)["name"]
    found = Workspace.ok(joined.get("/console/api/workspaces"))["workspaces"]
    assert len(found) == 2 and [one["id"] for one in found if one["current"]] == [tenant_of(home.console)]


def test_invitation_to_one_workspace_opens_no_other(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    """Two workspaces invite one address; an owner knows the address of his own invitation, and could use it."""
    email, there = new_email(), elsewhere()
    theirs, mine = invite(there.console, email), invite(home.console, email)
    taken = activate(there.product.url, theirs)
    assert [one["id"] for one in Workspace.ok(taken.get("/console/api/workspaces"))["workspaces"]] == [
        tenant_of(there.console)
    ]
    assert listed(home.console)[email]["status"] == "pending"
    login = {"email": email, "password": encoded(NEW_PASSWORD), "invite_token": mine["token"]}
    assert refused(session(home.product.url).post("/console/api/login", json=login)) == (401, "authentication_failed")


def test_members_are_as_many_as_the_plan_allows_whoever_invites_at_once(home: OtherWorkspace) -> None:
    limit(home, members=4)
    inviter = member(home, "admin")

    def ask(http: httpx.Client) -> httpx.Response:
        cookies = dict(http.cookies)
        with httpx.Client(base_url=home.product.url, timeout=60, cookies=cookies, headers=dict(http.headers)) as client:
            return client.post(f"{MEMBERS}/invite-email", json={"emails": [new_email()], "role": "normal"})

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(ask, [home.console, inviter] * 4))
    assert sorted(reply.status_code for reply in replies) == [201] * 2 + [403] * 6
    refusals = [reply.json() for reply in replies if reply.status_code == 403]
    assert refusals == [{"code": "forbidden", "message": FULL, "status": 403}] * 6
    assert len(listed(home.console)) == 4
    limit(home, members=5)
    results = Workspace.ok(
        home.console.post(f"{MEMBERS}/invite-email", json={"emails": [new_email(), new_email()], "role": "normal"})
    )["invitation_results"]
    assert [(one["status"], one.get("message")) for one in results] == [("success", None), ("failed", FULL)]


def limit(workspace: Workspace, **limits: int) -> None:
    """Change what the workspace's plan allows."""
    tenant = tenant_of(workspace.console)
    with database(workspace.product) as connection:
        connection.execute(sa.delete(workspace_limits).where(workspace_limits.c.tenant_id == tenant))
        connection.execute(sa.insert(workspace_limits).values(tenant_id=tenant, **limits))
        connection.commit()


# Roles


def test_role_counts_at_once_in_every_process(home: OtherWorkspace) -> None:
    http = member(home, "normal")
    mine = profile(http)["id"]
    create = {"name": "a", "mode": "chat"}
    for role, status in (("editor", 201), ("dataset_operator", 403), ("admin", 201), ("normal", 403)):
        for _ in range(4):  # every process knows the role before
            http.get("/console/api/account/profile")
        assert Workspace.ok(set_role(home.console, mine, role)) == {"result": "success"}
        soon(lambda status=status: {http.post("/console/api/apps", json=create).status_code for _ in range(4)} == {status})
        assert Workspace.ok(http.post("/console/api/workspaces/current", json={}))["role"] == role


def test_owner_gives_the_workspace_away_and_is_an_admin(home: OtherWorkspace) -> None:
    http, owner = member(home, "editor"), home.console
    mine, theirs = profile(http)["id"], profile(owner)["id"]
    key = Workspace.ok(owner.post("/console/api/datasets/api-keys"))["token"]
    Workspace.ok(set_role(owner, mine, "owner"))
    assert {one["email"]: one["role"] for one in listed(http).values()} == {
        home.email: "admin", profile(http)["email"]: "owner",
    }  # fmt: skip
    assert refused(set_role(owner, mine, "normal")) == (403, "forbidden")
    assert httpx.get(f"{home.product.url}/v1/datasets", headers={"Authorization": f"Bearer {key}"}).is_success
    Workspace.ok(set_role(http, theirs, "normal"))
    with database(home.product) as connection:
        mine_ = memberships.c.tenant_id == tenant_of(http)
        roles = connection.execute(sa.select(memberships.c.role).where(mine_)).scalars().all()
    assert sorted(roles) == ["normal", "owner"]


def test_workspace_that_is_given_to_two_at_once_has_one_owner(home: OtherWorkspace) -> None:
    heirs = [profile(member(home, "admin"))["id"] for _ in range(2)]
    cookies, headers = dict(home.console.cookies), dict(home.console.headers)

    def give(member_id: str) -> int:
        with httpx.Client(base_url=home.product.url, cookies=cookies, headers=headers, timeout=60) as client:
            return set_role(client, member_id, "owner").status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(give, heirs)) == [200, 403]
    assert sorted(one["role"] for one in listed(home.console).values()) == ["admin", "admin", "owner"]


def test_owner_changes_no_role_that_cannot_be_changed(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    owner = profile(home.console)["id"]
    http = member(home, "normal")
    mine, stranger = profile(http)["id"], profile(elsewhere().console)["id"]
    pending = new_email()
    invite(home.console, pending)
    invited = listed(home.console)[pending]["id"]
    banned = profile(member(home, "normal"))["id"]
    with database(home.product) as connection:
        connection.execute(sa.update(accounts).where(accounts.c.id == banned).values(status="banned"))
        connection.commit()
    for member_id, role, status, code in (
        (owner, "admin", 400, "cannot-operate-self"), (mine, "king", 400, "invalid-role"), (mine, "", 400, "invalid-role"),
        (mine, "normal", 400, "invalid_param"), (stranger, "normal", 404, "member-not-found"),
        ("zzz", "normal", 404, "member-not-found"), (invited, "owner", 400, "invalid_param"),
        (banned, "owner", 400, "invalid_param"),
    ):  # fmt: skip
        assert refused(set_role(home.console, member_id, role)) == (status, code), (member_id, role)
    Workspace.ok(set_role(home.console, invited, "editor"))
    assert listed(home.console)[pending]["role"] == "editor"


# Removal


def test_removed_member_has_nothing_of_the_workspace_at_once(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    there = elsewhere()
    own = tenant_of(there.console)
    invitation = invite(home.console, there.email, "editor")
    http = log_in(home.product.url, there.email, invite_token=invitation["token"])
    app = Workspace.ok(http.post("/console/api/apps", json={"name": "mine", "mode": "chat"}))["id"]
    mine, tenant = profile(http)["id"], tenant_of(http)
    for _ in range(4):
        http.get(f"/console/api/apps/{app}")
    gone = home.console.delete(f"{MEMBERS}/{mine}")
    assert (gone.status_code, gone.json()) == (200, {"result": "success", "tenant_id": tenant})
    soon(lambda: {http.get(f"/console/api/apps/{app}").status_code for _ in range(4)} == {404})
    assert tenant_of(http) == own, "the account has another workspace"
    switch = http.post("/console/api/workspaces/switch", json={"tenant_id": tenant})
    assert refused(switch) == (403, "account_not_link_tenant")
    assert mine not in [one["id"] for one in listed(home.console).values()]
    assert refused(home.console.delete(f"{MEMBERS}/{mine}")) == (404, "member-not-found")
    assert Workspace.ok(home.console.get(f"/console/api/apps/{app}"))["id"] == app, "what they made stays"


def test_dataset_is_shared_with_members_only_and_not_again_when_they_come_back(
    home: OtherWorkspace, elsewhere: Elsewhere
) -> None:
    email = new_email()
    mine = profile(member(home, "editor", email))["id"]
    stranger = profile(elsewhere().console)["id"]
    made = Workspace.ok(home.console.post("/console/api/datasets", json={"name": "shared"}))
    path = f"/console/api/datasets/{made['id']}"
    share = {"permission": "partial_members", "partial_member_list": [{"user_id": mine}, {"user_id": stranger}]}
    assert Workspace.ok(home.console.patch(path, json=share))["partial_member_list"] == [mine]
    assert log_in(home.product.url, email).get(path).is_success
    assert Workspace.ok(home.console.get(f"{path}/permission-part-users")) == {"data": [mine]}
    assert home.console.delete(f"{MEMBERS}/{mine}").is_success
    assert Workspace.ok(home.console.get(path))["partial_member_list"] == []
    back = invite(home.console, email, "editor")
    http = log_in(home.product.url, email, invite_token=back["token"])
    assert refused(http.get(path)) == (403, "forbidden")


def test_removed_member_of_no_other_workspace_is_told(home: OtherWorkspace) -> None:
    http = member(home, "normal")
    assert home.console.delete(f"{MEMBERS}/{profile(http)['id']}").is_success
    soon(lambda: {http.get("/console/api/apps").status_code for _ in range(4)} == {403})
    assert refused(http.get("/console/api/apps")) == (403, "account_not_link_tenant")


def test_owner_removes_an_invitation_but_not_themselves(home: OtherWorkspace) -> None:
    email = new_email()
    invitation = invite(home.console, email)
    assert home.console.delete(f"{MEMBERS}/{listed(home.console)[email]['id']}").is_success
    http = session(home.product.url)
    assert http.get("/console/api/activate/check", params=invitation).json() == {"is_valid": False}
    own = home.console.delete(f"{MEMBERS}/{profile(home.console)['id']}")
    assert refused(own) == (400, "cannot-operate-self")


def test_banned_account_is_not_invited(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    there = elsewhere()
    with database(home.product) as connection:
        connection.execute(sa.update(accounts).where(accounts.c.email == there.email).values(status="banned"))
        connection.commit()
    body = {"emails": [there.email], "role": "normal"}
    (result,) = Workspace.ok(home.console.post(f"{MEMBERS}/invite-email", json=body))["invitation_results"]
    assert result == {"status": "failed", "email": there.email, "message": "Account is banned."}


def test_dataset_operators_are_listed_by_themselves(home: OtherWorkspace) -> None:
    operator = profile(member(home, "dataset_operator"))["id"]
    member(home, "normal")
    path = "/console/api/workspaces/current/dataset-operators"
    assert [one["id"] for one in Workspace.ok(home.console.get(path))["accounts"]] == [operator]


# Isolation after a switch (G6)


def test_member_of_two_workspaces_sees_the_one_that_was_switched_to(home: OtherWorkspace, elsewhere: Elsewhere) -> None:
    there, things = elsewhere(), {}
    for place in (home, there):
        things[tenant_of(place.console)] = Workspace.ok(
            place.console.post("/console/api/apps", json={"name": place.email, "mode": "chat"})
        )["id"]
    invitation = invite(home.console, there.email, "admin")
    http = log_in(home.product.url, there.email, invite_token=invitation["token"])
    for tenant in [*things, *things]:
        switched = Workspace.ok(http.post("/console/api/workspaces/switch", json={"tenant_id": tenant}))
        assert (switched["result"], switched["new_tenant"]["id"]) == ("success", tenant)
        for _ in range(4):  # in every process
            seen = [app["id"] for app in Workspace.ok(http.get("/console/api/apps"))["data"]]
            assert seen == [things[tenant]]
            for other, app in things.items():
                assert http.get(f"/console/api/apps/{app}").status_code == (200 if other == tenant else 404)
    # The role is the one of that workspace.
    assert Workspace.ok(http.post("/console/api/workspaces/current", json={}))["role"] == "owner"
    assert Workspace.ok(http.get(MEMBERS))["accounts"] == [listed(http)[there.email]]


# The account


def test_account_is_set_up_by_its_owner(home: OtherWorkspace) -> None:
    http = home.console
    for path, body, shown in (
        ("interface-language", {"interface_language": "zh-Hans"}, None),
        ("interface-theme", {"interface_theme": "dark"}, None), ("timezone", {"timezone": "Europe/Berlin"}, None),
        ("avatar", {"avatar": "https://example.com/a.png"}, {"avatar_url": "https://example.com/a.png"}),
        ("name", {"name": "Olga"}, None),
    ):  # fmt: skip
        answer = Workspace.ok(http.post(f"/console/api/account/{path}", json=body))
        assert {**body, **(shown or {})}.items() <= answer.items()
        assert profile(http) == answer
    upload = Workspace.ok(http.post("/console/api/files/upload", files={"file": ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")}))
    answer = Workspace.ok(http.post("/console/api/account/avatar", json={"avatar": upload["id"].upper()}))
    assert answer["avatar"] == upload["id"]
    assert httpx.get(answer["avatar_url"]).content == b"\x89PNG\r\n\x1a\n"
    assert httpx.get(listed(http)[home.email]["avatar_url"]).is_success
    assert Workspace.ok(http.post("/console/api/account/avatar", json={"avatar": ""}))["avatar_url"] is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("interface-language", {"interface_language": "English, please"}), ("interface-language", {}),
        ("interface-theme", {"interface_theme": "pink"}), ("timezone", {"timezone": "Mars/Base"}), ("timezone", {}),
        ("avatar", {"avatar": "javascript:alert(1)"}), ("avatar", {"avatar": "https://" + "x" * 2000}),
        ("name", {"name": "ab"}),
    ],
)
def test_account_field_that_cannot_be_is_refused(spare: OtherWorkspace, path: str, body: Mapping[str, str]) -> None:
    assert refused(spare.console.post(f"/console/api/account/{path}", json=body)) == (400, "invalid_param")


def test_account_that_was_never_initialized_initializes_itself_once(home: OtherWorkspace) -> None:
    with database(home.product) as connection:
        connection.execute(sa.update(accounts).where(accounts.c.email == home.email).values(status="uninitialized"))
        connection.commit()
    http = log_in(home.product.url, home.email)
    body = {"interface_language": "de-DE", "timezone": "Europe/Berlin"}
    assert refused(http.post("/console/api/account/init", json={})) == (400, "invalid_param")
    assert Workspace.ok(http.post("/console/api/account/init", json=body)) == {"result": "success"}
    soon(lambda: {http.get("/console/api/account/profile").status_code for _ in range(4)} == {200})
    assert profile(http)["timezone"] == "Europe/Berlin"
    assert refused(http.post("/console/api/account/init", json=body)) == (400, "account_already_inited")


def test_workspace_is_renamed_by_who_administers_it(home: OtherWorkspace) -> None:
    answer = Workspace.ok(home.console.post("/console/api/workspaces/info", json={"name": " Labs "}))
    assert (answer["result"], answer["tenant"]["name"], answer["tenant"]["role"]) == ("success", "Labs", "owner")
    for name in ("", "  ", "x" * 256):
        assert refused(home.console.post("/console/api/workspaces/info", json={"name": name})) == (400, "invalid_param")


def test_version_and_ping_need_no_session(product: Product) -> None:
    version = httpx.get(f"{product.url}/console/api/version", params={"current_version": "0.1.0"}).json()
    assert (version["version"], version["can_auto_update"]) == ("1.0.0", False)
    assert set(version) == {"version", "release_date", "release_notes", "can_auto_update", "features"}
    assert httpx.get(f"{product.url}/console/api/ping").json() == {"result": "pong"}
