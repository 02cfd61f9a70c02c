"""Limits hold for all server processes together: runs of an app at once, calls a minute, apps of a workspace."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from server.cli import main
from server.db.tables import workspace_limits
from tests.harness.product import SECRET, App, Product
from tests.rest.crowd import CLIENTS, at_once
from tests.rest.knowledge import Knowledge
from tests.rest.parties import OtherWorkspace, database

Limit = Callable[..., None]


@pytest.fixture
def limit(indexed: Knowledge, knowledge_product: Product) -> Iterator[Limit]:
    """Changes the limits of the workspace, for one test."""

    def change(**limits: object) -> None:
        environment = {
            "TRANSOM_DATABASE_URL": knowledge_product.postgres_url,
            "TRANSOM_REDIS_URL": knowledge_product.redis_url,
            "TRANSOM_SECRET_KEY": SECRET,
            "TRANSOM_DATA_DIR": str(knowledge_product.folder),
        }
        tenant = indexed.workspace.ok(indexed.workspace.console.post("/console/api/workspaces/current", json={}))["id"]
        words = [word for name, value in limits.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        done = CliRunner().invoke(main, ["workspace", "limits", "--workspace", tenant, *words], env=environment)
        assert done.exit_code == 0, done.output

    yield change
    change(key_rate="none", user_rate="none")


def asking(app: App, http: httpx.Client, user: str) -> httpx.Response:
    return http.get("/v1/conversations", params={"user": user}, headers={"Authorization": f"Bearer {app.key}"})


@pytest.fixture
def http(knowledge_product: Product) -> Iterator[httpx.Client]:
    many = httpx.Limits(max_connections=CLIENTS)
    with httpx.Client(base_url=knowledge_product.url, timeout=60, limits=many) as client:
        yield client


def test_no_more_runs_of_an_app_than_it_may_have_whoever_asks_where(indexed: Knowledge, http: httpx.Client) -> None:
    workspace, most = indexed.workspace, 5
    app = workspace.app(model="at-once@tokens=100000,delay=100")
    change = {"name": "a chat", "max_active_requests": most}
    workspace.ok(workspace.console.put(f"/console/api/apps/{app.id}", json=change))
    headers = {"Authorization": f"Bearer {app.key}"}
    body = {"inputs": {}, "query": "hi", "response_mode": "streaming", "auto_generate_name": False}
    started = []

    def ask(number: int) -> httpx.Response:
        # The answer is left to be written; only its status is read.
        asked = http.build_request("POST", "/v1/chat-messages", json={**body, "user": f"u{number}"}, headers=headers)
        reply = http.send(asked, stream=True)
        if reply.status_code == 200:
            first = next(line for line in reply.iter_lines() if '"task_id"' in line)
            started.append((number, first.partition('"task_id"')[2].split('"')[1]))
        else:
            reply.read()
        reply.close()
        return reply

    try:
        replies = at_once(ask)
        statuses = [reply.status_code for reply in replies]
        assert (statuses.count(200), statuses.count(429)) == (most, CLIENTS - most)
        codes = {reply.json()["code"] for reply in replies if reply.status_code == 429}
        assert codes == {"too_many_requests"}
    finally:
        for number, task in started:
            http.post(f"/v1/chat-messages/{task}/stop", json={"user": f"u{number}"}, headers=headers)


def test_calls_of_a_key_are_counted_over_all_processes(indexed: Knowledge, http: httpx.Client, limit: Limit) -> None:
    app, most = indexed.workspace.app(), 12
    limit(key_rate=most)
    began = time.monotonic()
    replies = at_once(lambda number: asking(app, http, f"u{number}"))
    filled = math.ceil((time.monotonic() - began) * most / 60)
    passed = [reply for reply in replies if reply.status_code == 200]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert most <= len(passed) <= most + filled
    assert len(passed) + len(refused) == CLIENTS
    assert {reply.headers["ratelimit-limit"] for reply in replies} == {str(most)}
    assert {int(reply.headers["ratelimit-remaining"]) for reply in passed} >= {0, most - 1}
    for reply in refused:
        assert reply.json()["code"] == "too_many_requests"
        assert (reply.headers["ratelimit-remaining"], 1 <= int(reply.headers["retry-after"]) <= 5) == ("0", True)
    assert asking(indexed.workspace.app(), http, "u").status_code == 200, "another key has a limit of its own"


def test_calls_of_an_end_user_are_counted_over_all_processes(
    indexed: Knowledge, http: httpx.Client, limit: Limit
) -> None:
    app, most = indexed.workspace.app(), 7
    limit(user_rate=most)
    began = time.monotonic()
    replies = at_once(lambda _: asking(app, http, "one of them"))
    statuses = [reply.status_code for reply in replies]
    filled = math.ceil((time.monotonic() - began) * most / 60)
    assert most <= statuses.count(200) <= most + filled
    assert statuses.count(200) + statuses.count(429) == CLIENTS
    assert {reply.json().get("code", "passed") for reply in replies} == {"passed", "too_many_requests"}
    assert asking(app, http, "another").status_code == 200


def test_calls_of_an_end_user_are_counted_by_themselves(indexed: Knowledge, http: httpx.Client, limit: Limit) -> None:
    app = indexed.workspace.app()
    limit(user_rate=2)
    assert [asking(app, http, "ann").status_code for _ in range(3)] == [200, 200, 429]
    other = asking(app, http, "bob")
    assert (other.status_code, other.headers["ratelimit-remaining"]) == (200, "1")
    assert "this user is 2 a minute" in asking(app, http, "ann").json()["message"]
    limit(user_rate="none")
    free = asking(app, http, "ann")
    assert (free.status_code, "ratelimit-limit" in free.headers) == (200, False)


def test_a_bucket_fills_up_again(indexed: Knowledge, http: httpx.Client, limit: Limit) -> None:
    app = indexed.workspace.app()
    limit(key_rate=60)
    while (reply := asking(app, http, "u")).status_code == 200:
        assert int(reply.headers["ratelimit-reset"]) <= 60
    time.sleep(int(reply.headers["retry-after"]))
    assert asking(app, http, "u").status_code == 200


def test_apps_are_as_many_as_the_plan_allows_whoever_makes_them_at_once(indexed: Knowledge, model_url: str) -> None:
    workspace = OtherWorkspace(indexed.workspace.product, model_url)
    first = workspace.app()
    tenant = workspace.ok(workspace.console.post("/console/api/workspaces/current", json={}))["id"]
    with database(workspace.product) as connection:
        connection.execute(sa.insert(workspace_limits).values(tenant_id=tenant, apps=5))
        connection.commit()
    body = {"name": "one of many", "mode": "chat"}
    replies = at_once(lambda _: workspace.console.post("/console/api/apps", json=body))
    statuses = [reply.status_code for reply in replies]
    assert (statuses.count(201), statuses.count(403)) == (4, CLIENTS - 4)
    refused = next(reply.json() for reply in replies if reply.status_code == 403)
    full = "The number of apps has reached the limit of your subscription."
    assert refused == {"code": "forbidden", "message": full, "status": 403}
    copied = workspace.console.post(f"/console/api/apps/{first.id}/copy", json={})
    assert (copied.status_code, copied.json()["message"]) == (403, full)
    assert workspace.console.delete(f"/console/api/apps/{first.id}").status_code == 204
    assert workspace.console.post("/console/api/apps", json=body).status_code == 201
