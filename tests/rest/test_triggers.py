"""Webhooks and schedules start published workflows, over REST."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import httpx
import pytest
import redis
import sqlalchemy as sa
from google.api.httpbody_pb2 import HttpBody

from server.db.tables import apps, runs
from server.db.trigger_tables import triggers
from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import Graph, chain, edge, end, flow, node
from tests.rest.parties import database
from tests.rest.sse import events
from transom.workflow.v1 import webhook_http_service_pb2, webhook_http_service_pb2_grpc

HOOK = node(
    "hook", "trigger-webhook", method="post", content_type="application/json",
    headers=[{"name": "X-Kind", "required": False}], params=[{"name": "page", "type": "number", "required": False}],
    body=[{"name": "name", "type": "string", "required": True}, {"name": "size", "type": "number"}],
    status_code=202, response_body='{"taken": true}',
)  # fmt: skip
OUTPUTS = end(name=("hook", "name"), size=("hook", "size"), page=("hook", "page"), kind=("hook", "X_Kind"))
# A minute of a day long past, each year: never due while these tests run, unless they say so.
CLOCK = node("clock", "trigger-schedule", mode="cron", cron_expression="0 0 29 2 *", timezone="Europe/Berlin")


def hooked(**data: Any) -> Graph:
    return chain({**HOOK, "data": {**HOOK["data"], **data}}, OUTPUTS)


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    return flow(workspace, hooked())


@pytest.fixture(scope="module")
def anybody(product: Product) -> Iterator[httpx.Client]:
    """Somebody without a key."""
    with httpx.Client(base_url=product.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def connection(product: Product) -> Iterator[sa.Connection]:
    with database(product) as found:
        yield found.execution_options(isolation_level="AUTOCOMMIT")


def console(workspace: Workspace, app: App, path: str, **query: Any) -> Any:
    return workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}/{path}", params=query))


def address(workspace: Workspace, app: App, node_id: str = "hook", name: str = "webhook_url") -> str:
    url: str = console(workspace, app, "workflows/triggers/webhook", node_id=node_id)[name]
    return "/triggers/" + url.partition("/triggers/")[2]


def publish(workspace: Workspace, app: App, graph: Graph) -> httpx.Response:
    place = f"/console/api/apps/{app.id}/workflows"
    draft = workspace.ok(workspace.console.get(f"{place}/draft"))
    sent = {"graph": graph, "features": {}, "hash": draft["hash"]}
    workspace.ok(workspace.console.post(f"{place}/draft", json=sent))
    return workspace.console.post(f"{place}/publish", json={})


def ended(workspace: Workspace, app: App, source: str = "webhook", count: int = 1) -> list[dict[str, Any]]:
    """The runs that something started, when there are ``count`` of them and all have ended; the newest first."""

    def rows() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = console(workspace, app, "workflow-runs", triggered_from=source)["data"]
        assert len(found) <= count
        return found

    wait_until(lambda: [row["status"] != "running" for row in rows()] == [True] * count, f"{count} runs have ended")
    return rows()


def outputs(workspace: Workspace, app: App, run: dict[str, Any]) -> Any:
    detail = console(workspace, app, f"workflow-runs/{run['id']}")
    assert detail["status"] == "succeeded", detail
    return detail["outputs"]


def test_webhook_runs_what_is_published(workspace: Workspace, anybody: httpx.Client) -> None:
    app = flow(workspace, hooked())
    url = address(workspace, app)
    sent = {"json": {"name": "bo", "size": 3}, "headers": {"X-Kind": "new"}, "params": {"page": "2", "user": "eve"}}
    reply = anybody.post(url, **sent)
    assert (reply.status_code, reply.json()) == (202, {"taken": True})
    assert reply.headers["content-type"].startswith("application/json")
    (run,) = ended(workspace, app)
    assert outputs(workspace, app, run) == {"name": "bo", "size": 3, "page": 2, "kind": "new"}
    (log,) = app.http.get("/v1/workflows/logs").json()["data"]
    assert log["workflow_run"]["triggered_from"] == "webhook"
    assert log["created_by_end_user"]["session_id"] == "trigger"


@pytest.mark.parametrize(
    ("method", "sent", "message"),
    [
        ("GET", {}, "HTTP method mismatch. Expected POST, got GET"),
        ("PUT", {"json": {"name": "x"}}, "HTTP method mismatch. Expected POST, got PUT"),
        ("PATCH", {"json": {"name": "x"}}, "HTTP method mismatch. Expected POST, got PATCH"),
        ("DELETE", {}, "HTTP method mismatch. Expected POST, got DELETE"),
        ("POST", {"data": {"name": "x"}},
         "Content-type mismatch. Expected application/json, got application/x-www-form-urlencoded"),
        ("POST", {"json": {}}, "Required body parameter missing: name"),
        ("POST", {"json": {"name": 1}}, "Parameter 'name' must be of type string"),
        ("POST", {"json": {"name": "x"}, "params": {"page": "many"}}, "Parameter 'page' must be of type number"),
        ("POST", {"content": b"{", "headers": {"content-type": "application/json"}},
         "Failed to parse the body as application/json"),
        ("POST", {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}},
         "Failed to parse the body as application/json"),
    ],
)  # fmt: skip
def test_request_that_is_not_as_declared_is_refused(
    workspace: Workspace, anybody: httpx.Client, app: App, method: str, sent: Any, message: str
) -> None:
    reply = anybody.request(method, address(workspace, app), **sent)
    assert (reply.status_code, reply.json()) == (400, {"error": "Bad Request", "message": message})
    assert console(workspace, app, "workflow-runs", triggered_from="webhook")["data"] == []


def test_body_may_have_ten_mebibytes(workspace: Workspace, anybody: httpx.Client, app: App) -> None:
    url, kind = address(workspace, app), {"content-type": "text/plain"}
    most = 10 * 1024 * 1024
    refused = anybody.post(url, content=b"x" * (most + 1), headers=kind)
    assert (refused.status_code, refused.json()["code"], refused.json()["status"]) == (413, "file_too_large", 413)
    read = anybody.post(url, content=b"x" * most, headers=kind)
    assert (read.status_code, read.json()["message"]) == (
        400, "Content-type mismatch. Expected application/json, got text/plain",
    )  # fmt: skip


def test_unknown_address_is_not_found(workspace: Workspace, anybody: httpx.Client) -> None:
    for kind in ("webhook", "webhook-debug"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            reply = anybody.request(method, f"/triggers/{kind}/{'a' * 24}")
            assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_query_is_read_as_it_was_sent(workspace: Workspace, anybody: httpx.Client) -> None:
    params = [{"name": name, "type": "string", "required": True} for name in ("empty", "a b", "tags[]")]
    hook = node("hook", "trigger-webhook", method="get", content_type="text/plain", params=params, body=[])
    app = flow(workspace, chain(hook, end(raw=("hook", "_webhook_raw"), empty=("hook", "empty"))))
    url = address(workspace, app)
    missing = anybody.get(f"{url}?empty=")
    assert missing.json()["message"] == "Required query parameter missing: a b"
    assert anybody.get(f"{url}?empty=&a%20b=1+2&tags[]=x&tags[]=y&flag&none=&").status_code == 200
    (run,) = ended(workspace, app)
    found = outputs(workspace, app, run)
    assert found["empty"] == ""
    sent = {"empty": "", "a b": "1 2", "tags[]": "x", "flag": "", "none": ""}
    assert found["raw"]["query_params"] == sent


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_webhooks_are_of_any_method(workspace: Workspace, anybody: httpx.Client, method: str) -> None:
    app = flow(workspace, hooked(method=method.lower(), body=[], status_code=200, response_body="thanks"))
    reply = anybody.request(method, address(workspace, app), params={"page": "7"})
    assert reply.status_code == 200
    assert method == "HEAD" or reply.json() == {"message": "thanks"}
    (run,) = ended(workspace, app)
    assert outputs(workspace, app, run)["page"] == 7


def test_form_with_a_file_is_taken(workspace: Workspace, anybody: httpx.Client) -> None:
    body = [{"name": "note", "type": "string", "required": True}, {"name": "doc", "type": "file", "required": True}]
    app = flow(workspace, chain(
        node("hook", "trigger-webhook", method="post", content_type="multipart/form-data", body=body),
        end(note=("hook", "note"), file=("hook", "doc")),
    ))  # fmt: skip
    url = address(workspace, app)
    missing = anybody.post(url, files={"other": ("a.txt", b"abc", "text/plain")}, data={"note": "hi"})
    assert missing.json()["message"] == "Required body parameter missing: doc"
    reply = anybody.post(url, files={"doc": ("a.txt", b"abc", "text/plain")}, data={"note": "hi"})
    assert reply.json() == {"status": "success", "message": "Webhook processed successfully"}
    (run,) = ended(workspace, app)
    found = outputs(workspace, app, run)
    assert found["note"] == "hi"
    file = found["file"]
    assert (file["filename"], file["size"], file["mime_type"], file["type"]) == ("a.txt", 3, "text/plain", "document")
    assert anybody.get("/files/" + file["url"].partition("/files/")[2]).content == b"abc"


def test_draft_is_tried_before_it_is_published(workspace: Workspace, anybody: httpx.Client) -> None:
    app = workspace.app("workflow")
    place = f"/console/api/apps/{app.id}/workflows"
    workspace.ok(workspace.console.post(f"{place}/draft", json={"graph": hooked(), "features": {}}))
    assert console(workspace, app, "triggers")["data"] == []
    assert anybody.post(address(workspace, app), json={"name": "bo"}).status_code == 404
    debug = address(workspace, app, name="webhook_debug_url")
    assert anybody.post(debug, json={"name": "bo"}).status_code == 202
    (run,) = ended(workspace, app, "debugging")
    assert outputs(workspace, app, run)["name"] == "bo"
    assert console(workspace, app, "triggers")["data"] == []
    # Publishing keeps the address.
    workspace.ok(workspace.console.post(f"{place}/publish", json={}))
    assert address(workspace, app, name="webhook_debug_url") == debug
    assert anybody.post(address(workspace, app), json={"name": "bo"}).status_code == 202
    ended(workspace, app)


def test_trigger_is_listed_and_switched_off(workspace: Workspace, anybody: httpx.Client) -> None:
    app = flow(workspace, hooked())
    (listed,) = console(workspace, app, "triggers")["data"]
    assert list(listed) == [
        "id", "trigger_type", "title", "node_id", "provider_name", "icon", "status", "created_at", "updated_at",
        "next_run_at",
    ]  # fmt: skip
    assert (listed["trigger_type"], listed["title"], listed["node_id"]) == ("trigger-webhook", "Hook", "hook")
    url = address(workspace, app)
    for enable, status, answer in ((False, "disabled", 404), (True, "enabled", 202)):
        body = {"trigger_id": listed["id"], "enable_trigger": enable}
        changed = workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/trigger-enable", json=body))
        assert changed["status"] == status
        assert anybody.post(url, json={"name": "bo"}).status_code == answer
    ended(workspace, app)


def test_trigger_goes_with_its_node_and_with_its_app(workspace: Workspace, anybody: httpx.Client) -> None:
    app = flow(workspace, hooked())
    url = address(workspace, app)
    other = chain({**HOOK, "id": "other"}, end(name=("other", "name")))
    workspace.ok(publish(workspace, app, other))
    assert anybody.post(url, json={"name": "bo"}).status_code == 404
    url = address(workspace, app, "other")
    assert anybody.post(url, json={"name": "bo"}).status_code == 202
    ended(workspace, app)
    missing = workspace.console.get(f"/console/api/apps/{app.id}/workflows/triggers/webhook", params={"node_id": "hook"})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert workspace.console.delete(f"/console/api/apps/{app.id}").is_success
    assert anybody.post(url, json={"name": "bo"}).status_code == 404


def test_trigger_of_another_app_or_workspace_is_unknown(workspace: Workspace, app: App) -> None:
    (listed,) = console(workspace, app, "triggers")["data"]
    other = flow(workspace, hooked())
    answers = []
    for trigger_id in (listed["id"], str(uuid.uuid4()), "x"):
        body = {"trigger_id": trigger_id, "enable_trigger": False}
        reply = workspace.console.post(f"/console/api/apps/{other.id}/trigger-enable", json=body)
        answers.append((reply.status_code, reply.json()))
    assert answers == [(404, {"code": "not_found", "message": "Trigger not found", "status": 404})] * 3
    (same,) = console(workspace, app, "triggers")["data"]
    assert same["status"] == "enabled"
    missing = workspace.console.post(f"/console/api/apps/{app.id}/trigger-enable", json={"trigger_id": listed["id"]})
    assert (missing.status_code, missing.json()["code"]) == (400, "invalid_param")


def ask(workspace: Workspace, app: App, *node_ids: str) -> httpx.Response:
    """Whether a trigger of the draft has started something."""
    path, body = ("run-all", {"node_ids": node_ids}) if len(node_ids) > 1 else ("run", {"node_id": node_ids[0]})
    return workspace.console.post(f"/console/api/apps/{app.id}/workflows/draft/trigger/{path}", json=body)


WAITING = {"status": "waiting", "retry_in": 2000}


def test_author_listens_to_a_webhook_of_the_draft(workspace: Workspace, anybody: httpx.Client) -> None:
    app = flow(workspace, hooked())
    debug = address(workspace, app, name="webhook_debug_url")
    # Nobody listens yet.
    assert anybody.post(debug, json={"name": "unheard"}).status_code == 202
    for _ in range(2):
        reply = ask(workspace, app, "hook")
        assert (reply.status_code, reply.json()) == (200, WAITING)
        assert reply.headers["content-type"] == "application/json"
    assert anybody.post(debug, json={"name": "bo"}).status_code == 202
    reply = ask(workspace, app, "hook")
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    told = events([reply.text])
    assert [event["event"] for event in told if event["event"] != "text_chunk"] == [
        "workflow_started", "node_started", "node_finished", "node_started", "node_finished", "workflow_finished",
    ]  # fmt: skip
    assert told[-1]["data"]["outputs"]["name"] == "bo"
    assert ask(workspace, app, "hook").json() == WAITING
    ended(workspace, app, "debugging", 2)


def test_author_listens_to_all_triggers_of_the_draft(workspace: Workspace, product: Product) -> None:
    graph = {"nodes": [CLOCK, HOOK, end(at=("sys", "timestamp"))], "edges": [edge("clock", "end"), edge("hook", "end")]}
    app = flow(workspace, hooked())
    place = f"/console/api/apps/{app.id}/workflows/draft"
    draft = workspace.ok(workspace.console.get(place))
    sent = {"graph": graph, "features": {}, "hash": draft["hash"]}
    workspace.ok(workspace.console.post(place, json=sent))
    assert ask(workspace, app, "clock", "hook").json() == WAITING
    with redis.Redis.from_url(product.redis_url) as client:
        # The time has come.
        assert client.set(f"draft-trigger:{app.id}:clock:due", 0, xx=True, keepttl=True)
    told = events([ask(workspace, app, "hook", "clock").text])
    assert (told[1]["data"]["node_id"], told[-1]["data"]["status"]) == ("clock", "succeeded")
    assert ask(workspace, app, "clock").json() == WAITING
    for wrong in ("end", "nowhere"):
        refused = ask(workspace, app, wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    refused = workspace.console.post(f"{place}/trigger/run-all", json={})
    assert (refused.status_code, refused.json()["message"]) == (400, "node_ids is required")
    chat = workspace.app("advanced-chat")
    assert ask(workspace, chat, "hook").json()["code"] == "app_not_found"


# Schedules


def set_due(connection: sa.Connection, app: App, due_at: datetime) -> None:
    connection.execute(sa.update(triggers).where(triggers.c.app_id == app.id).values(due_at=due_at))


def test_schedule_that_is_due_runs_once(workspace: Workspace, product: Product, connection: sa.Connection) -> None:
    assert product.servers > 1, "processes must compete"
    clocks = [{**CLOCK, "id": f"clock{number}"} for number in range(5)]
    graph = {"nodes": [*clocks, end(at=("sys", "timestamp"))], "edges": [edge(one["id"], "end") for one in clocks]}
    app = flow(workspace, graph)
    listed = console(workspace, app, "triggers")["data"]
    then = datetime.fromisoformat(listed[0]["next_run_at"])
    # Midnight in Berlin.
    assert (then.astimezone(UTC).hour, then.astimezone(UTC).minute, then > datetime.now(UTC)) == (23, 0, True)
    # Missed for years: it is made up for once.
    set_due(connection, app, datetime.now(UTC) - timedelta(days=9 * 366))
    run = ended(workspace, app, "schedule", 5)[0]
    assert isinstance(outputs(workspace, app, run)["at"], int)
    listed = console(workspace, app, "triggers")["data"]
    assert {datetime.fromisoformat(one["next_run_at"]) for one in listed} == {then}
    set_due(connection, app, datetime.now(UTC))
    ended(workspace, app, "schedule", 10)


def test_schedule_that_is_off_is_not_due(workspace: Workspace, anybody: httpx.Client) -> None:
    graph = {"nodes": [CLOCK, HOOK, end(at=("sys", "timestamp"))], "edges": [edge("clock", "end"), edge("hook", "end")]}
    app = flow(workspace, graph)
    found = {one["node_id"]: one for one in console(workspace, app, "triggers")["data"]}
    assert set(found) == {"clock", "hook"}
    place, clock = f"/console/api/apps/{app.id}/trigger-enable", found["clock"]
    off = workspace.ok(workspace.console.post(place, json={"trigger_id": clock["id"], "enable_trigger": False}))
    assert (off["status"], off["next_run_at"]) == ("disabled", None)
    # Publishing again does not switch it on.
    workspace.ok(publish(workspace, app, graph))
    again = {one["node_id"]: one for one in console(workspace, app, "triggers")["data"]}
    assert (again["clock"]["status"], again["clock"]["next_run_at"]) == ("disabled", None)
    on = workspace.ok(workspace.console.post(place, json={"trigger_id": clock["id"], "enable_trigger": True}))
    assert on["next_run_at"] == clock["next_run_at"]
    assert anybody.post(address(workspace, app), json={"name": "bo"}).status_code == 202
    (run,) = ended(workspace, app)
    assert isinstance(outputs(workspace, app, run)["at"], int)


def test_schedule_that_makes_no_sense_is_not_published(workspace: Workspace) -> None:
    app = flow(workspace, hooked())
    clock = node("clock", "trigger-schedule", mode="cron", cron_expression="61 * * * *")
    refused = publish(workspace, app, chain(clock, end(at=("sys", "timestamp"))))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    assert "clock" in refused.json()["message"]
    assert [one["node_id"] for one in console(workspace, app, "triggers")["data"]] == ["hook"]


def test_schedule_of_a_busy_app_waits(workspace: Workspace, connection: sa.Connection) -> None:
    app = flow(workspace, chain(CLOCK, end(at=("sys", "timestamp"))))
    busy = sa.update(apps).where(apps.c.id == app.id)
    connection.execute(busy.values(max_active_requests=1))
    other = {"tenant_id": sa.select(apps.c.tenant_id).where(apps.c.id == app.id).scalar_subquery(), "app_id": app.id}
    connection.execute(sa.insert(runs).values(
        task_id=str(uuid.uuid4()), mode="workflow", owner="somebody", **other
    ))  # fmt: skip
    now = datetime.now(UTC)
    set_due(connection, app, now)
    due = sa.select(triggers.c.due_at).where(triggers.c.app_id == app.id)
    wait_until(lambda: connection.execute(due).scalar_one() != now, "it is put off")
    assert timedelta(0) < connection.execute(due).scalar_one() - now < timedelta(seconds=20)
    assert console(workspace, app, "workflow-runs", triggered_from="schedule")["data"] == []
    connection.execute(sa.delete(runs).where(runs.c.app_id == app.id))
    set_due(connection, app, now)
    ended(workspace, app, "schedule")


def test_webhook_is_called_over_grpc(workspace: Workspace, product: Product, app: App) -> None:
    webhook_id = address(workspace, app).rpartition("/")[2]
    with grpc.insecure_channel(product.url.removeprefix("http://")) as channel:
        stub = webhook_http_service_pb2_grpc.WebhookServiceStub(channel)

        def call(data: bytes) -> HttpBody:
            content = HttpBody(content_type="application/json", data=data)
            piece = webhook_http_service_pb2.CallWebhookRequest(webhook_id=webhook_id, content=content)
            reply: HttpBody = stub.CallWebhook(iter([piece]))
            return reply

        with pytest.raises(grpc.RpcError) as error:
            call(b"{}")
        assert (error.value.code(), error.value.details()) == (
            grpc.StatusCode.INVALID_ARGUMENT, "Required body parameter missing: name",
        )  # fmt: skip
        assert call(b'{"name": "bo"}').data == b'{"taken":true}'
    ended(workspace, app)
