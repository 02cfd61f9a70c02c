"""Calls that were recorded from a running Dify 1.12.1 are made again here, and answered alike.

Replies are compared field by field: keys and their order, types, nulls, values. Ids, times and
durations are their own content. What is decided otherwise stands in DECIDED, with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.product import App, Workspace
from tests.rest.parties import OPENAI, PROVIDERS
from tests.rest.sse import events

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RECORDED: Mapping[str, list[dict[str, Any]]] = json.loads((GOLDEN / "service_api.json").read_text(encoding="utf-8"))
FILES = json.loads((GOLDEN.parent / "rpc/console/recorded_imports.json").read_text(encoding="utf-8"))

_NOT_FOUND = {
    "code": "not_found",
    "message": "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again.",
    "status": 404,
}
_BROKEN = {
    "code": "bad_request",
    "message": "The browser (or proxy) sent a request that this server could not understand.",
    "status": 400,
}
# Recorded answers that are not repeated: label -> (status, body, why).
DECIDED: Mapping[str, tuple[int, Any, str]] = {
    "unknown path": (404, _NOT_FOUND, "architecture.md 5: JSON, no HTML"),
    "unknown path root": (404, _NOT_FOUND, "architecture.md 5: JSON, no HTML"),
    "chat: json list": (400, _BROKEN, "architecture.md 5: a body that is not an object is 400"),
    "root": (200, {"welcome": "Dify OpenAPI", "api_version": "v1", "server_version": "1.0.0"}, "service-api.md 10.5"),
    "delete again": (
        404, {"code": "not_found", "message": "Conversation Not Exists.", "status": 404}, "service-api.md 5.2",
    ),
    "upload 16 MiB": (413, {"code": "file_too_large", "message": "", "status": 413}, "service-api.md 9.1, newest"),
}  # fmt: skip
# Keys that newer versions add at the end: (place, keys).
NEWER: Mapping[str, list[str]] = {
    "messages": [
        "extra_contents", "message_tokens", "answer_tokens", "total_tokens", "provider_response_latency", "total_price",
        "currency",
    ],
    "upload": ["reference"],
    "site": ["input_placeholder"],
}  # fmt: skip
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NIL = "00000000-0000-4000-8000-000000000001"
_TIMES = {"created_at", "updated_at"}
_DURATIONS = {"latency", "time_to_first_token", "time_to_generate"}


@pytest.fixture(scope="module")
def apps(workspace: Workspace, model_url: str) -> dict[str, App]:
    """The recorded apps, from their app files; the model is a loopback one with the recorded prices."""
    form = {"openai_api_key": "sk-test-key", "openai_api_base": f"{model_url}/v1"}
    workspace.ok(workspace.console.post(f"{PROVIDERS}/{OPENAI}/credentials", json={"credentials": form}))
    chat, completion = (item["file"].replace("fake-200-0", "gpt-4o-mini") for item in FILES[:2])
    graph = "version: 0.5.0\nkind: app\napp: {{name: {0}, description: {0}, mode: {1}, icon: 🤖, icon_background: '#FFEAD5'}}\nworkflow: {{graph: {{nodes: [], edges: []}}}}\n"
    files = {
        "chat": chat, "completion": completion.replace("fake-10-0", "gpt-4o-mini"),
        "chatflow": graph.format("adv10", "advanced-chat"), "workflow": graph.format("wfpass", "workflow"),
    }  # fmt: skip
    found = {}
    for name, file in files.items():
        body = {"mode": "yaml-content", "yaml_content": file}
        made = workspace.ok(workspace.console.post("/console/api/apps/imports", json=body))
        key = workspace.ok(workspace.console.post(f"/console/api/apps/{made['app_id']}/api-keys"))
        found[name] = App(workspace.product.url, made["app_id"], key["token"])
    return found


@dataclass
class Replay:
    """A recorded conversation with the server, made again; ids of then become ids of now."""

    workspace: Workspace
    apps: Mapping[str, App]
    ids: dict[str, str] = field(default_factory=lambda: {_NIL: "00000000-0000-0000-0000-000000000000"})

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.workspace.product.url, timeout=60)

    def make(self, step: Mapping[str, Any]) -> None:
        reply = self._send(step)
        status, wanted = step["status"], step.get("body")
        if step["label"] in DECIDED:
            status, wanted, _ = DECIDED[step["label"]]
        assert reply.status_code == status, f"{step['label']}: {reply.text}"
        if "events" in step:
            assert reply.headers["content-type"] == step["type"]
            self._compare_stream(events([reply.text]), step)
        elif wanted is None:
            assert reply.content == b"", step["label"]
        else:
            assert reply.headers["content-type"].startswith("application/json")
            self._compare(wanted, reply.json(), step["label"], "")
        if status == 401:
            assert reply.headers["www-authenticate"] == 'Bearer realm="api"'

    def _send(self, step: Mapping[str, Any]) -> httpx.Response:
        # The nil UUID of the recordings stands for an id that nobody has when it is asked for.
        known = {then: now for then, now in self.ids.items() if then != _NIL}
        path, body = self._now(step["path"], known), self._now(step.get("json"), known)
        headers = {"Authorization": f"Bearer {self.apps[step['app']].key}"} if step["app"] else {}
        if step.get("authorization"):
            headers["Authorization"] = step["authorization"].replace("<dataset key>", self._dataset_key())
        sent: dict[str, Any] = {"json": body} if "json" in step else {}
        if "upload" in step:
            file = step["upload"]
            content = b"\x89PNG" + b"0" * (file["size"] - 4) if file["size"] > 4 else b"MZ"
            sent = {"files": {"file": (file["name"], content, file["type"])}}
            sent["data"] = {"user": file["user"]} if file["user"] else {}
        if "text" in step:
            sent = {"content": step["text"]}
        if step.get("content_type") and "upload" not in step:
            headers["Content-Type"] = step["content_type"]
        return self.http.request(step["method"], path, headers=headers, **sent)

    def _dataset_key(self) -> str:
        token: str = self.workspace.ok(self.workspace.console.post("/console/api/datasets/api-keys"))["token"]
        return token

    def _now(self, value: Any, known: Mapping[str, str]) -> Any:
        text = json.dumps(value)
        return json.loads(_ID.sub(lambda found: known.get(found[0], found[0]), text))

    def _compare_stream(self, found: list[dict[str, Any]], step: Mapping[str, Any]) -> None:
        first, last = step["events"]
        self._compare(first, found[0], step["label"], "first")
        self._compare(last, found[-1], step["label"], "last")
        # An empty delta was recorded before the end; it says nothing.
        assert [event["answer"] for event in found[:-1]] == [text for text in step["deltas"] if text]

    def _compare(self, then: Any, now: Any, label: str, place: str) -> None:
        where = f"{label}: {place}"
        if isinstance(then, dict):
            assert isinstance(now, dict), where
            assert list(now) == [*then, *self._newer(label, place)], where
            for name, value in then.items():
                self._compare_named(name, value, now[name], label, f"{place}.{name}")
        elif isinstance(then, list):
            assert isinstance(now, list), where
            assert len(now) == len(then), where
            for at, (one, other) in enumerate(zip(then, now, strict=True)):
                self._compare(one, other, label, f"{place}[{at}]")
        elif isinstance(then, str) and _ID.fullmatch(then):
            assert isinstance(now, str), where
            assert self.ids.setdefault(then, now) == now, where
        else:
            assert now == then, where
            assert type(now) is type(then), where

    def _newer(self, label: str, place: str) -> list[str]:
        if label.startswith("messages") and re.fullmatch(r"\.data\[\d+\]", place):
            return NEWER["messages"]
        if label.startswith("upload") and not place and "16" not in label and "json" not in label:
            return NEWER["upload"]
        return NEWER["site"] if label.endswith("/v1/site") and not place else []

    def _compare_named(self, name: str, then: Any, now: Any, label: str, place: str) -> None:
        if name in _TIMES and isinstance(then, str):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", now), place
        elif name in _TIMES:
            assert type(now) is int, place
        elif name in _DURATIONS:
            # Null in this version, seconds in newer ones (sse-events.md 8.1).
            assert now is None or isinstance(now, float), place
        elif name == "source_url":
            pattern = r"http://\S+/files/[0-9a-f-]{36}/file-preview\?timestamp=\d+&nonce=[0-9a-f]{32}&sign=[\w%-]+"
            assert re.fullmatch(pattern, now), place
            assert re.fullmatch(pattern, then), place
        elif name == "message":
            assert _gist(now) == _gist(then), place
        elif name.endswith("price") and isinstance(then, str):
            # Streams carried what Python prints for a decimal, such as 9E-7; and the recorded model
            # rounded binary fractions (31.5 to 31, 67.5 to 67), where decimals are rounded half up.
            assert isinstance(now, str), place
            assert abs(float(now) - float(then)) < 1.01e-7, place
            assert "E" not in now, place
        elif name == "author_name":
            assert (now, then) == ("owner", "admin"), place
        else:
            self._compare(then, now, label, place)


def _gist(message: str) -> str:
    """What of an error's text is a promise: not the validator's own words after the field (errors.md 1.2)."""
    message = message.partition(" You have requested this URI")[0]
    if match := re.match(r"\d+ validation errors? for \w+\n(\w+)\n", message):
        return f"invalid {match[1]}"
    if match := re.match(r"(\w+): invalid value ", message):
        return f"invalid {match[1]}"
    return message


def _prepared(area: str) -> list[dict[str, Any]]:
    """The steps, with what was left to chance put in order."""
    steps: list[dict[str, Any]] = json.loads(json.dumps(RECORDED[area]))
    for step in steps:
        if step["label"] in {"messages", "messages after feedback"}:
            # Two messages of one second came in any order; here the order is the time's.
            first, third, second = step["body"]["data"]
            step["body"]["data"] = [first, second, third]
        if step["label"] == "list":
            # The third of two conversations that moved in one second.
            step["path"], step["body"]["limit"] = step["path"].replace("limit=3", "limit=2"), 2
            step["body"]["data"].pop()
        if step["label"] == "upload 16 MiB":
            step["upload"]["size"] = 16 << 20
    return steps


@pytest.mark.parametrize("area", RECORDED)
def test_recorded_calls_are_answered_as_they_were(area: str, workspace: Workspace, apps: dict[str, App]) -> None:
    replay = Replay(workspace, apps)
    for step in _prepared(area):
        replay.make(step)


def test_every_decision_is_about_a_recorded_call() -> None:
    labels = [step["label"] for steps in RECORDED.values() for step in steps]
    assert set(DECIDED) <= set(labels)
    assert len(labels) > 60
