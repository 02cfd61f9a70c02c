"""Quotas of a plan through Envoy and two server processes: apps, executions of workflows, and what is told of them.

Members: test_members.py; many who make apps at once, rates: test_limits.py; vectors: test_knowledge_limits.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from server.cli import main
from server.db.tables import workspace_executions
from tests.harness.product import SECRET, App, Product, Workspace
from tests.rest.crowd import CLIENTS, at_once
from tests.rest.flows import PASS, chain, flow, node, start
from tests.rest.parties import WORKFLOW_FILE, OtherWorkspace, database
from tests.rest.people import invite, new_email, tenant_of

APPS_FULL = "The number of apps has reached the limit of your subscription."
APPS = "/console/api/apps"
Limit = Callable[..., None]


@pytest.fixture
def home(product: Product, workspace: Workspace, model_url: str) -> Iterator[OtherWorkspace]:
    """A workspace of this test alone; ``workspace`` sets the instance up."""
    made = OtherWorkspace(product, model_url)
    yield made
    made.console.close()


@pytest.fixture
def limit(home: OtherWorkspace) -> Limit:
    """Changes what the workspace's plan allows, as an operator does."""
    environment = {
        "TRANSOM_DATABASE_URL": home.product.postgres_url, "TRANSOM_REDIS_URL": home.product.redis_url,
        "TRANSOM_SECRET_KEY": SECRET, "TRANSOM_DATA_DIR": str(home.product.folder),
    }  # fmt: skip
    tenant = tenant_of(home.console)

    def change(**limits: object) -> None:
        words = [word for name, value in limits.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        done = CliRunner().invoke(main, ["workspace", "limits", "--workspace", tenant, *words], env=environment)
        assert done.exit_code == 0, done.output

    return change


@pytest.fixture
def crowd(home: OtherWorkspace) -> Iterator[httpx.Client]:
    """Many connections; with the owner's session."""
    http = home.console
    limits = httpx.Limits(max_connections=CLIENTS)
    with httpx.Client(
        base_url=home.product.url, timeout=60, limits=limits, cookies=dict(http.cookies), headers=dict(http.headers)
    ) as many:
        yield many


def refused(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    return reply.status_code, body["code"], body["message"]


# Apps


def test_no_way_to_make_an_app_goes_around_the_quota(home: OtherWorkspace, limit: Limit) -> None:
    chat, graph = home.app(), flow(home, PASS)
    limit(apps=2)
    file = {"mode": "yaml-content", "yaml_content": WORKFLOW_FILE}
    for path, body in (
        ("", {"name": "third", "mode": "chat"}), (f"/{chat.id}/copy", {}), ("/imports", file),
        (f"/{chat.id}/convert-to-workflow", {"name": "third"}),
    ):  # fmt: skip
        assert refused(home.console.post(f"{APPS}{path}", json=body)) == (403, "forbidden", APPS_FULL), path
    # To overwrite an app makes none.
    home.ok(home.console.post(f"{APPS}/imports", json={**file, "app_id": graph.id}))
    assert home.console.delete(f"{APPS}/{chat.id}").is_success
    home.ok(home.console.post(APPS, json={"name": "another", "mode": "chat"}))
    limit(apps="none")
    home.ok(home.console.post(APPS, json={"name": "third", "mode": "chat"}))


# Documents


def test_documents_are_as_many_as_the_plan_allows_whoever_adds_them_at_once(
    home: OtherWorkspace, limit: Limit, crowd: httpx.Client
) -> None:
    """By the Dataset API and in the console, into two datasets."""
    key = home.ok(home.console.post("/console/api/datasets/api-keys"))["token"]
    bearer = {"Authorization": f"Bearer {key}"}
    datasets = [
        home.ok(crowd.post("/v1/datasets", json={"name": name, "indexing_technique": "economy"}, headers=bearer))["id"]
        for name in ("one", "other")
    ]
    upload = {"file": ("a.txt", b"a text", "text/plain")}
    file = home.ok(home.console.post("/console/api/files/upload", files=upload, data={"source": "datasets"}))["id"]
    rule = {"mode": "automatic"}
    config = {
        "data_source": {"info_list": {"data_source_type": "upload_file", "file_info_list": {"file_ids": [file]}}},
        "indexing_technique": "economy", "process_rule": rule, "doc_form": "text_model",
    }  # fmt: skip
    limit(documents=3)

    def add(number: int) -> httpx.Response:
        dataset = datasets[number % 2]
        if number % 8 == 0:
            return crowd.post(f"/console/api/datasets/{dataset}/documents", json=config)
        body = {"name": f"text {number}", "text": "a text", "process_rule": rule}
        return crowd.post(f"/v1/datasets/{dataset}/document/create-by-text", json=body, headers=bearer)

    replies = at_once(add)
    assert sorted({reply.status_code for reply in replies}) == [200, 403]
    text = "The number of documents has reached the limit of your subscription."
    assert {refused(reply) for reply in replies if reply.status_code == 403} == {(403, "forbidden", text)}
    assert home.ok(home.console.get("/console/api/features"))["documents_upload_quota"] == {"size": 3, "limit": 3}
    made = home.console.post("/console/api/datasets/init", json={**config, "name": "third"})
    assert refused(made) == (403, "forbidden", text)


# Executions of workflows


def run(app: App, http: httpx.Client | None = None, **fields: Any) -> httpx.Response:
    body = {"inputs": {"name": "x"}, "user": "u", "response_mode": "blocking", **fields}
    headers = {"Authorization": f"Bearer {app.key}"}
    return (http or app.http).post("/v1/workflows/run", json=body, headers=headers)


def test_executions_are_as_many_as_the_plan_allows_in_all_processes(home: OtherWorkspace, limit: Limit) -> None:
    one, other, most = flow(home, PASS), flow(home, PASS), 5
    for app in (one, other):
        for _ in range(2):  # every process knows the keys before
            assert run(app).is_success
    limit(workflow_executions=most)
    with httpx.Client(base_url=home.product.url, timeout=60, limits=httpx.Limits(max_connections=CLIENTS)) as http:
        replies = at_once(lambda number: run(one if number % 2 else other, http))
    assert [reply.status_code for reply in replies].count(200) == most
    text = f"Workflow execution quota limit reached for tenant {tenant_of(home.console)}"
    assert {refused(reply) for reply in replies if reply.status_code != 200} == {(429, "rate_limit_error", text)}
    # Asked for as a stream it is an error of the call too, and no run is left behind.
    assert refused(run(one, response_mode="streaming")) == (429, "rate_limit_error", text)
    of_users = {"limit": 100, "triggered_from": "app-run"}
    listed = home.ok(home.console.get(f"{APPS}/{one.id}/workflow-runs", params=of_users))["data"]
    others = home.ok(home.console.get(f"{APPS}/{other.id}/workflow-runs", params=of_users))["data"]
    assert len(listed) + len(others) == 4 + most
    # Authors may still try their drafts.
    tried = home.console.post(f"{APPS}/{one.id}/workflows/draft/run", json={"inputs": {}})
    assert "workflow_finished" in tried.text
    limit(workflow_executions=most + 1)
    assert [run(one).status_code for _ in range(2)] == [200, 429]
    limit(workflow_executions="none")
    assert run(one).is_success


def test_executions_of_chatflows_count_and_those_of_other_apps_do_not(home: OtherWorkspace, limit: Limit) -> None:
    answer = node("answer", "answer", answer="{{#sys.query#}}")
    chatflow, chat = flow(home, chain(start(), answer), "advanced-chat"), home.app()
    limit(workflow_executions=1)
    assert [chatflow.send().status_code for _ in range(2)] == [200, 429]
    assert chat.send().status_code == 200
    limit(workflow_executions=0)
    assert chatflow.send().json()["code"] == "rate_limit_error"


def test_a_new_month_begins_at_zero(home: OtherWorkspace, limit: Limit) -> None:
    app = flow(home, PASS)
    limit(workflow_executions=1)
    assert [run(app).status_code for _ in range(2)] == [200, 429]
    with database(home.product) as connection:
        mine = workspace_executions.c.tenant_id == tenant_of(home.console)
        last_month = workspace_executions.c.month - sa.text("interval '1 month'")
        connection.execute(sa.update(workspace_executions).where(mine).values(month=last_month))
        connection.commit()
    assert home.ok(home.console.get("/console/api/features"))["api_rate_limit"]["usage"] == 0
    assert [run(app).status_code for _ in range(2)] == [200, 429]


# What is told


def test_features_say_what_is_used_and_allowed(home: OtherWorkspace, limit: Limit) -> None:
    home.app()
    free = home.ok(home.console.get("/console/api/features"))
    assert free == {
        "billing": {"enabled": False, "subscription": {"plan": "basic", "interval": ""}},
        "education": {"enabled": False, "activated": False},
        "members": {"size": 1, "limit": 0}, "apps": {"size": 1, "limit": 0}, "vector_space": {"size": 0, "limit": 0},
        "knowledge_rate_limit": 0, "annotation_quota_limit": {"size": 0, "limit": 0},
        "documents_upload_quota": {"size": 0, "limit": 0}, "docs_processing": "standard", "can_replace_logo": False,
        "model_load_balancing_enabled": False, "dataset_operator_enabled": True, "webapp_copyright_enabled": True,
        "workspace_members": {"enabled": False, "size": 1, "limit": 0}, "is_allow_transfer_workspace": True,
        "trigger_event": {"usage": 0, "limit": 0, "reset_date": 0},
        "api_rate_limit": {"usage": 0, "limit": 0, "reset_date": 0},
        "knowledge_pipeline": {"publish_enabled": False}, "next_credit_reset_date": 0,
    }  # fmt: skip
    limit(members=5, apps=4, vector_space=3, documents=2, knowledge_rate=10, workflow_executions=7)
    invite(home.console, new_email())
    assert run(flow(home, PASS)).is_success
    told = home.ok(home.console.get("/console/api/features"))
    assert told["billing"]["enabled"] is True
    assert told["members"] == {"size": 2, "limit": 5}
    assert told["workspace_members"] == {"enabled": True, "size": 2, "limit": 5}
    assert told["apps"] == {"size": 2, "limit": 4}
    assert told["vector_space"] == {"size": 0, "limit": 3}
    assert told["documents_upload_quota"] == {"size": 0, "limit": 2}
    assert told["knowledge_rate_limit"] == 10
    executions = told["api_rate_limit"]
    assert (executions["usage"], executions["limit"]) == (1, 7)
    begins = datetime.fromtimestamp(executions["reset_date"], UTC)
    assert (begins.day, begins.hour) == (1, 0) and 0 < executions["reset_date"] - time.time() <= 31 * 86_400
