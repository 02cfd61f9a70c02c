"""The audit log through Envoy: who did what, from where, how it ended, and that no secret is in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa

from server.audit.model import Entry
from server.audit.service import AuditPrune, AuditService
from server.db.audit_tables import audit_logs
from server.db.engine import UowFactory, make_engine, uow_factory
from server.kit.ids import new_id
from tests.harness.product import COMPATIBLE, PASSWORD, Product, Workspace
from tests.rest.calls import BINDINGS, policy_of, request_fields
from tests.rest.parties import OtherWorkspace, database
from tests.rest.people import MEMBERS, invite, log_in, member, new_email, profile, tenant_of
from transom.common.v1 import options_pb2

LOGS = "/console/api/workspaces/current/audit-logs"
# Fields that hold what nobody but their owner may know.
SECRET_FIELDS = {
    "password", "new_password", "repeat_new_password", "token", "invite_token", "credentials", "api_key", "settings",
    "code", "graph", "environment_variables", "features", "inputs", "query", "yaml_content", "schema",
}  # fmt: skip


@pytest.fixture
def home(product: Product, workspace: Workspace, model_url: str) -> Iterator[OtherWorkspace]:
    """A workspace of this test alone; ``workspace`` sets the instance up."""
    made = OtherWorkspace(product, model_url)
    yield made
    made.console.close()


def lines(http: httpx.Client, **wanted: Any) -> list[dict[str, Any]]:
    """The newest lines that match."""
    found: list[dict[str, Any]] = Workspace.ok(http.get(LOGS, params={"limit": 100, **wanted}))["data"]
    return found


def test_act_is_in_the_log_when_it_is_answered(home: OtherWorkspace) -> None:
    before = int(time.time())
    app = home.ok(home.console.post("/console/api/apps", json={"name": "an app", "mode": "chat"}))["id"]
    key = home.ok(home.console.post(f"/console/api/apps/{app}/api-keys"))
    home.ok(home.console.post(f"/console/api/apps/{app}/api-enable", json={"enable_api": False}))
    assert home.console.delete(f"/console/api/apps/{app}/api-keys/{key['id']}").is_success
    assert home.console.delete(f"/console/api/apps/{app}").is_success
    found = lines(home.console)[:5]
    assert [(one["action"], one["resource"], one["resource_id"], one["detail"]) for one in reversed(found)] == [
        ("CreateApp", "", app, {"name": "an app", "mode": "chat"}),
        ("CreateAppKey", "app", app, {"id": key["id"]}),
        ("SetApiEnabled", "app", app, {"enable_api": False}),
        ("DeleteAppKey", "app_key", key["id"], {"app_id": app}),
        ("DeleteApp", "app", app, {}),
    ]
    me = profile(home.console)
    for one in found:
        assert set(one) == {
            "id", "account", "action", "resource", "resource_id", "detail", "ip", "outcome", "created_at",
        }  # fmt: skip
        assert one["account"] == {"id": me["id"], "name": me["name"], "email": me["email"]}
        assert (one["ip"], one["outcome"]) == ("127.0.0.1", "success")
        assert before <= one["created_at"] <= time.time()


def test_acts_about_people_and_logins_are_in_the_log(home: OtherWorkspace) -> None:
    email = new_email()
    http = member(home, "normal", email)
    mine = profile(http)["id"]
    home.ok(home.console.put(f"{MEMBERS}/{mine}/update-role", json={"role": "editor"}))
    log_in(home.product.url, email)
    found = [one for one in lines(home.console) if one["action"] != "CreateModelCredential"]
    assert [(one["action"], one["account"]["id"] == mine, one["resource_id"], one["detail"]) for one in found[:4]] == [
        ("Login", True, "", {}), ("UpdateMemberRole", False, mine, {"role": "editor"}), ("Activate", True, "", {}),
        ("InviteMembers", False, "", {"emails": [email], "role": "normal"}),
    ]  # fmt: skip


def test_what_a_role_forbids_is_in_the_log_and_what_fails_is_not(home: OtherWorkspace) -> None:
    http = member(home, "normal")
    app = home.app().id
    assert http.delete(f"/console/api/apps/{app}").status_code == 403
    assert home.console.delete(f"/console/api/apps/{new_id()}").status_code == 404
    assert home.console.post("/console/api/apps", json={"name": "", "mode": "chat"}).status_code == 400
    assert home.console.get(f"/console/api/apps/{app}").is_success
    newest = lines(home.console)[0]
    assert [newest[name] for name in ("action", "outcome", "resource", "resource_id")] == [
        "DeleteApp", "forbidden", "app", app,
    ]  # fmt: skip
    assert newest["account"]["id"] == profile(http)["id"]
    assert [one["id"] for one in lines(home.console, outcome="forbidden")] == [newest["id"]]


def test_import_that_failed_is_not_in_the_log(home: OtherWorkspace) -> None:
    body = {"mode": "yaml-content", "yaml_content": "app: [", "app_id": new_id()}
    failed = home.console.post("/console/api/apps/imports", json=body)
    assert (failed.status_code, failed.json()["status"]) == (400, "failed")
    assert lines(home.console, action="ImportApp") == []


def test_no_secret_is_in_the_log(home: OtherWorkspace) -> None:
    secrets = ["sk-test-key", PASSWORD]
    email = new_email()
    invitation = invite(home.console, email)
    home.app()
    secrets += [invitation["token"], home.ok(home.console.post("/console/api/datasets/api-keys"))["token"]]
    change = {"password": PASSWORD, "new_password": "N3wpassword", "repeat_new_password": "N3wpassword"}
    home.ok(home.console.post("/console/api/account/password", json=change))
    home.console.headers["X-CSRF-Token"] = home.console.cookies["csrf_token"]
    found = lines(home.console)
    assert {one["action"] for one in found} >= {"CreateModelCredential", "CreateDatasetKey", "ChangePassword", "CreateAppKey"}
    credential = next(one for one in found if one["action"] == "CreateModelCredential")
    assert credential["detail"] == {"provider": COMPATIBLE, "model": "gpt-4o-mini", "model_type": "llm"}
    with database(home.product) as connection:
        rows = connection.execute(sa.select(audit_logs).where(audit_logs.c.tenant_id == tenant_of(home.console)))
        text = str(rows.all())
    assert not [secret for secret in [*secrets, "N3wpassword"] if secret in text]


def test_contract_lets_no_field_of_secrets_into_the_log() -> None:
    kept = {field.path for binding in BINDINGS for field in request_fields(binding) if field.wire.audited}
    assert kept and not kept & SECRET_FIELDS


def test_call_that_only_tries_something_out_says_so() -> None:
    """Every other call of the console that is no GET leaves a line."""
    quiet = {
        str(binding.method.name) for binding in BINDINGS
        if policy_of(binding).auth == options_pb2.AUTH_ACCOUNT and policy_of(binding).unaudited
    }  # fmt: skip
    assert quiet >= {"HitTest", "StreamDraftRun", "GetCurrentWorkspace"}
    assert not {name for name in quiet if name.startswith(("Create", "Publish", "Import", "Invite", "Remove"))}


def test_log_is_paged_and_filtered(home: OtherWorkspace) -> None:
    http = member(home, "editor")
    for number in range(3):
        home.ok(http.post("/console/api/apps", json={"name": f"app {number}", "mode": "chat"}))
    mine = {"account_id": profile(http)["id"], "action": "CreateApp"}
    pages = [home.ok(home.console.get(LOGS, params={**mine, "limit": 2, "page": page})) for page in (1, 2, 3)]
    assert [[one["detail"]["name"] for one in page["data"]] for page in pages] == [["app 2", "app 1"], ["app 0"], []]
    assert [(page["page"], page["limit"], page["total"], page["has_more"]) for page in pages] == [
        (1, 2, 3, True), (2, 2, 3, False), (3, 2, 3, False),
    ]  # fmt: skip
    home.ok(home.console.post("/console/api/account/timezone", json={"timezone": "Asia/Tokyo"}))
    there = datetime.now(ZoneInfo("Asia/Tokyo"))
    hour = timedelta(hours=1)
    for start, end, count in ((there - hour, there + hour, 3), (there + hour, "", 0), ("", there - hour, 0)):
        span = {
            name: at.strftime("%Y-%m-%d %H:%M") if at else "" for name, at in (("start", start), ("end", end))
        }  # type: ignore[union-attr]
        assert len(lines(home.console, **mine, **span)) == count


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"page": 100_000}, {"limit": 0}, {"limit": 101}, {"account_id": "x"}, {"outcome": "x"},
              {"start": "yesterday"}, {"end": "2026-13-01 00:00"}],
)  # fmt: skip
def test_question_that_cannot_be_is_refused(workspace: Workspace, query: dict[str, Any]) -> None:
    reply = workspace.console.get(LOGS, params=query)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")


def test_log_begins_with_the_setup(workspace: Workspace) -> None:
    found = lines(workspace.console, action="Setup")
    assert [(one["account"]["email"], one["outcome"]) for one in found] == [("owner@example.com", "success")]


def test_log_of_another_workspace_is_not_shown(home: OtherWorkspace, product: Product, model_url: str) -> None:
    there = OtherWorkspace(product, model_url)
    assert profile(there.console)["id"] not in {one["account"]["id"] for one in lines(home.console)}
    assert lines(home.console, account_id=profile(there.console)["id"]) == []


# Age


@pytest.fixture
def uow(postgres_url: str) -> Iterator[UowFactory]:
    engine = make_engine(postgres_url, pool_size=1)
    yield uow_factory(engine)
    engine.dispose()


@pytest.mark.parametrize(("days", "left"), [(0, [1, 29, 31]), (30, [1, 29])])
def test_lines_age_out_when_the_operator_says_so(uow: UowFactory, days: int, left: list[int]) -> None:
    tenant = new_id()
    for age in (1, 29, 31):
        entry = Entry(tenant, new_id(), "Act", "app", str(age), {}, None, "success")
        AuditService(uow).add(entry)
        with uow() as work:
            old = sa.update(audit_logs).where(audit_logs.c.tenant_id == tenant, audit_logs.c.resource_id == str(age))
            work.execute(old.values(created_at=sa.func.now() - timedelta(days=age)))
            work.commit()
    AuditPrune(uow, days).prune({})
    with uow() as work:
        rows = work.execute(sa.select(audit_logs.c.resource_id).where(audit_logs.c.tenant_id == tenant)).scalars()
        assert sorted(map(int, rows)) == left
