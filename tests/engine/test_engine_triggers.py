"""Webhooks and schedules: what is taken, and when a run is due (workflow-engine.md 8.21)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from server.engine.node import NodeDataError
from server.engine.nodes.trigger_schedule import TriggerScheduleNode
from server.engine.nodes.trigger_webhook import TriggerWebhookNode, WebhookRequest, WebhookRequestError
from tests.engine.flows import end, graph, node, run


def webhook(**data: Any) -> TriggerWebhookNode:
    return TriggerWebhookNode.parse({"method": "post", "content_type": "application/json", **data}, "hook")


def request(body: Any = None, *, method: str = "POST", kind: str = "application/json", headers: Any = None, query: Any = None) -> WebhookRequest:
    return WebhookRequest(method, kind, headers or {}, query or {}, {} if body is None else body)


async def test_declared_parts_of_a_request_become_outputs() -> None:
    declared = {
        "method": "post", "headers": [{"name": "X-Event-Id", "required": True}], "params": [{"name": "page", "type": "number"}, {"name": "none"}],
        "body": [{"name": "user", "type": "object", "required": True}, {"name": "tags", "type": "array[string]"}],
    }
    came = request({"user": {"n": 1}, "tags": ["a"], "other": 1}, headers={"x-event-id": "7"}, query={"page": "2", "zz": "1"},
                   kind="application/json; charset=utf-8")
    inputs = webhook(**declared).read(came)
    assert inputs == {
        "X_Event_Id": "7", "page": 2, "none": None, "user": {"n": 1}, "tags": ["a"],
        "_webhook_raw": {
            "method": "POST", "headers": {"x-event-id": "7"}, "query_params": {"page": "2", "zz": "1"},
            "body": {"user": {"n": 1}, "tags": ["a"], "other": 1},
        },
    }  # fmt: skip
    told = await run(graph(
        node("hook", "trigger-webhook", **declared), end(n="hook.user.n", id="hook.X_Event_Id"), "hook > end",
    ), **inputs)
    assert told.end.outputs == {"n": 1, "id": "7"}


TAKEN: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("form-number", {"content_type": "multipart/form-data", "body": [{"name": "a", "type": "number"}]}, {"a": "1.5"}, 1.5),
    ("form-boolean", {"content_type": "multipart/form-data", "body": [{"name": "a", "type": "boolean"}]}, {"a": "Yes"}, True),
    ("text", {"content_type": "text/plain", "body": [{"name": "a", "type": "string"}]}, "hello", "hello"),
    ("empty-list", {"body": [{"name": "a", "type": "array[number]"}]}, {"a": []}, []),
    ("any-list", {"body": [{"name": "a", "type": "array[any]"}]}, {"a": ["x"]}, ["x"]),
]


@pytest.mark.parametrize(("data", "body", "value"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_values_are_read_by_their_type(data: dict[str, Any], body: Any, value: Any) -> None:
    node_ = webhook(**data)
    assert node_.read(request(body, kind=node_.content_type))["a"] == value


NOT_TAKEN: list[tuple[str, dict[str, Any], WebhookRequest, str]] = [
    ("method", {}, request(method="get"), "HTTP method mismatch. Expected POST, got GET"),
    ("type", {"body": [{"name": "a"}]}, request(kind="text/plain"), "Content-type mismatch. Expected application/json, got text/plain"),
    ("header", {"headers": [{"name": "X-A", "required": True}]}, request(), "Required header missing: X-A"),
    ("param", {"params": [{"name": "p", "required": True}]}, request(), "Required query parameter missing: p"),
    ("body", {"body": [{"name": "b", "required": True}]}, request({"c": 1}), "Required body parameter missing: b"),
    ("number", {"body": [{"name": "b", "type": "number"}]}, request({"b": "x"}), "Parameter 'b' must be of type number"),
    ("boolean-for-number", {"body": [{"name": "b", "type": "number"}]}, request({"b": True}), "Parameter 'b' must be of type number"),
    ("string", {"body": [{"name": "b", "type": "string"}]}, request({"b": 5}), "Parameter 'b' must be of type string"),
    ("list", {"body": [{"name": "b", "type": "array[string]"}]}, request({"b": [1]}), "Parameter 'b' must be of type array[string]"),
]


@pytest.mark.parametrize(("data", "came", "message"), [row[1:] for row in NOT_TAKEN], ids=[row[0] for row in NOT_TAKEN])
def test_other_requests_are_not_taken(data: dict[str, Any], came: WebhookRequest, message: str) -> None:
    with pytest.raises(WebhookRequestError) as caught:
        webhook(**data).read(came)
    assert str(caught.value) == message


REPLIES = [
    ("default", {}, (200, {"status": "success", "message": "Webhook processed successfully"})),
    ("json", {"status_code": 201, "response_body": '{"ok": true}'}, (201, {"ok": True})),
    ("text", {"response_body": "thanks"}, (200, {"message": "thanks"})),
]


@pytest.mark.parametrize(("data", "reply"), [row[1:] for row in REPLIES], ids=[row[0] for row in REPLIES])
def test_webhook_answers_at_once(data: dict[str, Any], reply: Any) -> None:
    assert webhook(**data).reply() == reply


@pytest.mark.parametrize("data", [{"method": "brew"}, {"status_code": 500}, {"body": [{"type": "string"}]}], ids=["method", "status", "field"])
def test_bad_webhook_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(NodeDataError):
        webhook(**data)


def due(after: str, zone: str = "UTC", count: int = 2, **data: Any) -> list[str]:
    schedule = TriggerScheduleNode.parse({"timezone": zone, **data}, "clock")
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        following = schedule.due_after(moment)
        assert following is not None
        moment = following
        found.append(moment.strftime("%Y-%m-%dT%H:%M"))
    return found


def visual(frequency: str, **config: Any) -> dict[str, Any]:
    return {"mode": "visual", "frequency": frequency, "visual_config": config}


def cron(expression: str) -> dict[str, Any]:
    return {"mode": "cron", "cron_expression": expression}


DUE: list[tuple[str, str, str, dict[str, Any], list[str]]] = [
    ("hourly", "2026-01-01T10:30", "UTC", visual("hourly", on_minute=30), ["2026-01-01T11:30", "2026-01-01T12:30"]),
    ("daily", "2026-01-01T10:00", "UTC", visual("daily", time="2:30 PM"), ["2026-01-01T14:30", "2026-01-02T14:30"]),
    ("midnight", "2026-01-01T10:00", "UTC", visual("daily", time="12:00 AM"), ["2026-01-02T00:00", "2026-01-03T00:00"]),
    ("noon", "2026-01-01T10:00", "UTC", visual("daily", time="12:00 PM"), ["2026-01-01T12:00", "2026-01-02T12:00"]),
    ("zone", "2026-01-01T10:00", "Asia/Shanghai", visual("daily", time="9:00 AM"), ["2026-01-02T01:00", "2026-01-03T01:00"]),
    ("weekly", "2026-01-01T10:00", "UTC", visual("weekly", time="9:00 AM", weekdays=["mon", "fri"]), ["2026-01-02T09:00", "2026-01-05T09:00"]),
    ("monthly", "2026-01-01T10:00", "UTC", visual("monthly", time="9:00 AM", monthly_days=[15, "last"]), ["2026-01-15T09:00", "2026-01-31T09:00"]),
    ("last-of-february", "2026-02-01T00:00", "UTC", visual("monthly", time="9:00 AM", monthly_days=["last"]), ["2026-02-28T09:00", "2026-03-31T09:00"]),
    ("31st", "2026-04-01T00:00", "UTC", visual("monthly", time="9:00 AM", monthly_days=[31]), ["2026-05-31T09:00", "2026-07-31T09:00"]),
    ("steps", "2026-01-01T10:01", "UTC", cron("*/20 * * * *"), ["2026-01-01T10:20", "2026-01-01T10:40"]),
    ("range-step", "2026-01-01T00:00", "UTC", cron("0 9-17/4 * * *"), ["2026-01-01T09:00", "2026-01-01T13:00"]),
    ("from-step", "2026-01-01T00:10", "UTC", cron("5/30 * * * *"), ["2026-01-01T00:35", "2026-01-01T01:05"]),
    ("names", "2026-01-01T00:00", "UTC", cron("0 0 * feb MON"), ["2026-02-02T00:00", "2026-02-09T00:00"]),
    ("sunday-7", "2026-01-01T00:00", "UTC", cron("0 0 * * 7"), ["2026-01-04T00:00", "2026-01-11T00:00"]),
    ("either-day", "2026-01-01T00:00", "UTC", cron("0 0 13 * 5"), ["2026-01-02T00:00", "2026-01-09T00:00"]),
    ("macro", "2026-01-01T00:00", "UTC", cron("@monthly"), ["2026-02-01T00:00", "2026-03-01T00:00"]),
    ("leap-day", "2026-01-01T00:00", "UTC", cron("0 0 29 2 *"), ["2028-02-29T00:00", "2032-02-29T00:00"]),
    ("clocks-forward", "2026-03-28T12:00", "Europe/Berlin", cron("30 2 * * *"), ["2026-03-29T01:30", "2026-03-30T00:30"]),
    ("clocks-back", "2026-10-24T12:00", "Europe/Berlin", cron("30 2 * * *"), ["2026-10-25T00:30", "2026-10-26T01:30"]),
]


@pytest.mark.parametrize(("after", "zone", "data", "expected"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_schedule_is_due(after: str, zone: str, data: dict[str, Any], expected: list[str]) -> None:
    assert due(after, zone, **data) == expected


def test_schedule_that_is_never_due() -> None:
    schedule = TriggerScheduleNode.parse(cron("0 0 31 2 *"), "clock")
    assert schedule.due_after(datetime(2026, 1, 1, tzinfo=UTC)) is None


BAD = [
    ("four-fields", cron("* * * *"), "Cron expression '* * * *' must have five fields."),
    ("minute", cron("60 * * * *"), "'60' is not within 0 to 59."),
    ("backwards", cron("0 5-3 * * *"), "'5-3' is not within 0 to 23."),
    ("step", cron("*/0 * * * *"), "'*/0' is not within 0 to 59."),
    ("word", cron("0 0 * * someday"), "'someday' is no part of a cron expression."),
    ("sign", cron("0 0 * * -"), "'-' is no part of a cron expression."),
    ("zone", {"timezone": "Mars/Base"}, "Time zone 'Mars/Base' is not known."),
    ("time", visual("daily", time="25:00"), "'25:00' is no time of day such as '2:30 PM'."),
    ("hour-pm", visual("daily", time="13:00 PM"), "'13:00 PM' is no time of day such as '2:30 PM'."),
    ("weekdays", visual("weekly", time="9:00 AM", weekdays=[]), "weekdays must list at least one day."),
    ("frequency", visual("yearly"), "frequency 'yearly' is not one of hourly, daily, weekly, monthly."),
]


@pytest.mark.parametrize(("data", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_schedule_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeDataError) as caught:
        TriggerScheduleNode.parse(data, "clock")
    assert str(caught.value) == message
