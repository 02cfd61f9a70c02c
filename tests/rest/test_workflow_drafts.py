"""Drafts and versions of workflows through Envoy: saved, published, named, restored, exported (console-api.md 8)."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import yaml

from server.db.workflow_tables import workflow_draft_variables, workflow_node_data, workflow_runs, workflows
from server.kit.ids import new_id
from tests.harness.product import COMPATIBLE, App, Workspace
from tests.rest.parties import database

FILES = Path(__file__).resolve().parents[1] / "fixtures" / "dsl"
NOBODY = str(uuid.uuid4())
WORKFLOW_KEYS = [
    "id", "graph", "features", "hash", "version", "marked_name", "marked_comment", "created_by", "created_at",
    "updated_by", "updated_at", "tool_published", "environment_variables", "conversation_variables",
    "rag_pipeline_variables",
]  # fmt: skip
ASTERISKS = "*" * 20


def graph(template: str = "Hello {{ name }}", *more: dict[str, Any]) -> dict[str, Any]:
    """start → template → end, and nodes beside them."""
    asked = {"variable": "name", "label": "Name", "type": "text-input", "required": True, "max_length": 48}
    nodes = [
        {"type": "start", "title": "Start", "variables": [asked]},
        {
            "type": "template-transform", "title": "Greeting", "template": template,
            "variables": [{"variable": "name", "value_selector": ["start", "name"]}],
        },
        {"type": "end", "title": "End", "outputs": [
            {"variable": "out", "value_selector": ["template", "output"], "value_type": "string"}
        ]},
        *more,
    ]  # fmt: skip
    ids = ["start", "template", "end", *(f"more{at}" for at in range(len(more)))]
    return {
        "nodes": [{"id": id_, "type": "custom", "data": data} for id_, data in zip(ids, nodes, strict=True)],
        "edges": [
            {"id": f"{source}-{target}", "source": source, "target": target}
            for source, target in (("start", "template"), ("template", "end"))
        ],
        "viewport": {"x": 0.5, "y": 0, "zoom": 1},
    }


@dataclass
class Flow:
    """A workflow app in the console."""

    workspace: Workspace
    id: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        return self.workspace.console.request(method, f"/console/api/apps/{self.id}/{path}", **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        return self.workspace.ok(self.call(method, path, **options))

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str, str]:
        body = self.call(method, path, **options).json()
        assert set(body) == {"code", "message", "status"}, body
        return body["status"], body["code"], body["message"]

    @property
    def draft(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("GET", "workflows/draft")
        return found

    def save(self, document: dict[str, Any], **fields: Any) -> Any:
        """Save over the draft as it is."""
        before = self.call("GET", "workflows/draft")
        seen = {"hash": before.json()["hash"]} if before.status_code == 200 else {}
        return self.ok("POST", "workflows/draft", json={"graph": document, "features": {}, **seen, **fields})

    def publish(self, **fields: str) -> dict[str, Any]:
        """The version that was made."""
        self.ok("POST", "workflows/publish", json=fields)
        found: dict[str, Any] = self.ok("GET", "workflows/publish")
        return found

    def client(self) -> App:
        """A client of the app with a key."""
        key = self.ok("POST", "api-keys")["token"]
        return App(self.workspace.product.url, self.id, key)


@pytest.fixture
def flow(workspace: Workspace) -> Flow:
    """A new workflow app."""
    return make(workspace)


def make(workspace: Workspace, mode: str = "workflow") -> Flow:
    made = workspace.ok(workspace.console.post("/console/api/apps", json={"name": "flow", "mode": mode}))
    return Flow(workspace, made["id"])


def imported(workspace: Workspace, text: str, **fields: Any) -> dict[str, Any]:
    body = {"mode": "yaml-content", "yaml_content": text, **fields}
    found: dict[str, Any] = workspace.ok(workspace.console.post("/console/api/apps/imports", json=body))
    return found


# Drafts


def test_new_app_has_no_draft_and_the_first_save_makes_it(flow: Flow) -> None:
    assert flow.refused("GET", "workflows/draft")[:2] == (404, "draft_workflow_not_exist")
    assert flow.refused("GET", "export")[2] == "Missing draft workflow configuration, please check."
    saved = flow.save(graph())
    assert list(saved) == ["result", "hash", "updated_at"]
    draft = flow.draft
    assert list(draft) == WORKFLOW_KEYS
    assert (draft["graph"], draft["version"], draft["hash"]) == (graph(), "draft", saved["hash"])
    assert draft["features"] == {
        "text_to_speech": {"enabled": False}, "sensitive_word_avoidance": {"enabled": False},
    }  # fmt: skip
    assert list(draft["created_by"]) == ["id", "name", "email"]
    assert (draft["updated_by"], draft["updated_at"]) == (None, saved["updated_at"])
    assert (draft["tool_published"], draft["rag_pipeline_variables"]) == (False, [])


def test_save_over_another_state_is_refused_and_changes_nothing(flow: Flow) -> None:
    first = flow.save(graph())["hash"]
    second = flow.save(graph("Bye"))["hash"]
    assert first != second
    for seen in ({"hash": first}, {"hash": "zzz"}, {}):
        body = {"graph": graph("lost"), "features": {}, **seen}
        assert flow.refused("POST", "workflows/draft", json=body)[:2] == (409, "draft_workflow_not_sync")
    assert (flow.draft["graph"], flow.draft["hash"]) == (graph("Bye"), second)
    assert flow.draft["updated_by"] == flow.draft["created_by"]
    assert flow.save(graph())["hash"] == first


def test_draft_may_be_saved_as_plain_text_without_a_token(flow: Flow) -> None:
    """As a browser sends it from a page that is being closed."""
    console = flow.workspace.console
    body = json.dumps({"graph": graph(), "features": {}})
    bare = httpx.Client(base_url=console.base_url, cookies=dict(console.cookies), timeout=60)
    path = f"/console/api/apps/{flow.id}/workflows/draft"
    saved = bare.post(path, content=body, headers={"Content-Type": "text/plain;charset=UTF-8"})
    assert (saved.status_code, flow.draft["graph"]) == (200, graph())
    assert bare.post(path, content=body, headers={"Content-Type": "text/csv"}).status_code == 415
    publish = path.replace("draft", "publish")
    assert console.post(publish, content="{}", headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({}, "graph is required"),
        ({"graph": {"nodes": []}}, "features is required"),
        ({"graph": graph("", {"type": "teleport", "title": "Odd"}), "features": {}}, "Node 'Odd' (more0)"),
        ({"graph": graph("", {"type": "trigger-webhook"}), "features": {}}, "TRIGGER_START_NODE_CONFLICT"),
        ({"graph": {}, "features": {"file_upload": []}}, "file_upload"),
        ({"graph": {}, "features": {}, "environment_variables": [{"name": "x"}]}, "missing value type"),
        ({"graph": {}, "features": {}, "conversation_variables": [{"name": "x", "value_type": "number", "value": "1"}]}, "invalid number"),
    ],
)
def test_broken_draft_is_refused_with_a_reason(flow: Flow, broken: dict[str, Any], said: str) -> None:
    status, code, message = flow.refused("POST", "workflows/draft", json=broken)
    assert (status, code) == (400, "invalid_param")
    assert said in message
    assert flow.call("GET", "workflows/draft").status_code == 404


def test_apps_of_other_modes_and_unknown_ones_have_no_workflow(workspace: Workspace) -> None:
    chat = Flow(workspace, workspace.app().id)
    for app in (chat, Flow(workspace, NOBODY), Flow(workspace, "nonsense")):
        for method, path in (
            ("GET", "workflows/draft"), ("POST", "workflows/draft"), ("POST", "workflows/publish"),
            ("GET", "workflows/publish"), ("GET", "workflows"), ("GET", "workflows/draft/variables"),
            ("GET", "workflows/default-workflow-block-configs"),
        ):  # fmt: skip
            body = {"json": {"graph": {}, "features": {}}} if method == "POST" else {}
            assert app.call(method, path, **body).json()["code"] in {"app_not_found", "not_found"}, path


def test_parts_of_a_draft_are_replaced_alone(workspace: Workspace) -> None:
    flow = make(workspace, "advanced-chat")
    for part in ("features", "environment-variables", "conversation-variables"):
        body = {"features": {}} if part == "features" else {}
        assert flow.refused("POST", f"workflows/draft/{part}", json=body)[1] == "draft_workflow_not_exist"
    flow.save(graph())
    before = flow.draft
    flow.ok("POST", "workflows/draft/features", json={"features": {"opening_statement": "Hi"}})
    flow.ok("POST", "workflows/draft/environment-variables", json={"environment_variables": [
        {"id": "a", "name": "city", "value_type": "string", "value": "Oslo"},
    ]})  # fmt: skip
    flow.ok("POST", "workflows/draft/conversation-variables", json={"conversation_variables": [
        {"id": "b", "name": "topics", "value_type": "array[string]", "value": []},
    ]})  # fmt: skip
    after = flow.draft
    assert (after["graph"], after["features"]["opening_statement"]) == (before["graph"], "Hi")
    assert after["hash"] != before["hash"]
    assert [item["name"] for item in after["environment_variables"]] == ["city"]
    assert after["conversation_variables"] == [
        {"id": "b", "name": "topics", "value_type": "array[string]", "value": [], "description": ""}
    ]
    assert flow.refused("POST", "workflows/draft/features", json={})[2] == "features is required"


def test_secrets_are_stored_sealed_and_shown_nowhere(flow: Flow) -> None:
    def secret(value: str) -> dict[str, Any]:
        return {"environment_variables": [{"id": "s", "name": "token", "value_type": "secret", "value": value}]}

    def exported(flag: str) -> str:
        text = flow.ok("GET", "export", params={"include_secret": flag})["data"]
        return str(yaml.safe_load(text)["workflow"]["environment_variables"][0]["value"])

    flow.save(graph(), **secret("geheim-1"))
    assert flow.draft["environment_variables"][0]["value"] == ASTERISKS
    for kept in ("[__HIDDEN__]", ASTERISKS):
        flow.save(graph(), **secret(kept))
        assert (exported("true"), exported("false")) == ("geheim-1", "")
    flow.save(graph(), **secret("geheim-2"))
    assert exported("true") == "geheim-2"
    published = flow.publish()
    listed = flow.ok("GET", "workflows")["items"][0]
    shown = flow.ok("GET", "workflows/draft/environment-variables")["items"][0]
    for item in (published["environment_variables"][0], listed["environment_variables"][0], shown):
        assert item["value"] == ASTERISKS
    assert (shown["type"], shown["selector"], shown["editable"]) == ("env", ["env", "token"], True)
    with database(flow.workspace.product) as connection:
        rows = connection.execute(sa.select(workflows).where(workflows.c.app_id == flow.id)).all()
    assert len(rows) == 2
    assert "geheim" not in str(rows)


# Versions


def test_publishing_makes_a_version_that_later_edits_do_not_change(flow: Flow) -> None:
    assert flow.refused("POST", "workflows/publish", json={})[::2] == (400, "No valid workflow found.")
    flow.save(graph())
    assert flow.ok("GET", "workflows/publish") is None
    reply = flow.ok("POST", "workflows/publish", json={"marked_name": "first", "marked_comment": "works"})
    assert list(reply) == ["result", "created_at"]
    first = flow.ok("GET", "workflows/publish")
    assert list(first) == WORKFLOW_KEYS
    assert (first["graph"], first["marked_name"], first["marked_comment"]) == (graph(), "first", "works")
    assert first["created_at"] == reply["created_at"]
    assert first["version"][4] == "-" and len(first["version"]) == len("2026-01-31 10:20:30.123456")
    flow.save(graph("changed"))
    assert flow.ok("GET", "workflows/publish") == first
    second = flow.publish()
    assert second["graph"] == graph("changed")
    app = flow.ok("GET", "")
    assert app["workflow"]["id"] == second["id"]
    assert list(app["workflow"]) == ["id", "created_by", "created_at", "updated_by", "updated_at"]
    (listed,) = [
        one for one in flow.workspace.ok(flow.workspace.console.get("/console/api/apps", params={"limit": 100}))["data"]
        if one["id"] == flow.id
    ]  # fmt: skip
    assert listed["workflow"]["id"] == second["id"]


def test_versions_are_listed_named_restored_and_deleted(flow: Flow) -> None:
    names = ["one", "", "three"]
    made = []
    for name in names:
        flow.save(graph(name or "two"))
        made.append(flow.publish(marked_name=name)["id"])

    def ids(**query: Any) -> list[str]:
        return [item["id"] for item in flow.ok("GET", "workflows", params=query)["items"]]

    first = flow.ok("GET", "workflows", params={"limit": 2})
    assert {key: first[key] for key in ("page", "limit", "has_more")} == {"page": 1, "limit": 2, "has_more": True}
    assert [item["id"] for item in first["items"]] == made[:0:-1]
    assert ids(limit=2, page=2) == [made[0]]
    assert ids(named_only=True) == [made[2], made[0]]
    author = first["items"][0]["created_by"]["id"]
    assert (ids(user_id=author), ids(user_id=NOBODY)) == (made[::-1], [])
    marked = flow.ok("PATCH", f"workflows/{made[1]}", json={"marked_name": "two", "marked_comment": "c"})
    assert (marked["marked_name"], marked["marked_comment"], marked["updated_by"]["id"]) == ("two", "c", author)
    assert flow.ok("PATCH", f"workflows/{made[1]}", json={"marked_comment": ""})["marked_name"] == "two"
    restored = flow.ok("POST", f"workflows/{made[0]}/restore", json={})
    assert (flow.draft["graph"], flow.draft["hash"]) == (graph("one"), restored["hash"])
    assert flow.ok("GET", "workflows/publish")["id"] == made[2]
    old = yaml.safe_load(flow.ok("GET", "export", params={"workflow_id": made[1]})["data"])
    assert old["workflow"]["graph"] == graph("two")
    flow.ok("DELETE", f"workflows/{made[0]}")
    assert ids() == [made[2], made[1]]


def test_versions_that_may_not_change_say_why(flow: Flow) -> None:
    flow.save(graph())
    running, draft = flow.publish()["id"], flow.draft["id"]
    assert flow.refused("DELETE", f"workflows/{running}")[:2] == (400, "bad_request")
    assert flow.refused("DELETE", f"workflows/{draft}")[:2] == (400, "bad_request")
    assert flow.refused("POST", f"workflows/{draft}/restore", json={})[:2] == (400, "bad_request")
    assert flow.refused("PATCH", f"workflows/{running}", json={}) == (400, "invalid_param", "No valid fields to update")
    long = {"marked_name": "x" * 21}, {"marked_comment": "x" * 101}
    for body in long:
        assert flow.refused("PATCH", f"workflows/{running}", json=body)[:2] == (400, "invalid_param")
        assert flow.refused("POST", "workflows/publish", json=body)[:2] == (400, "invalid_param")
    other = make(flow.workspace)
    for id_ in (NOBODY, "nonsense", running):
        for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
            body = {} if method == "DELETE" else {"json": {"marked_name": "x"} if method == "PATCH" else {}}
            assert other.refused(method, f"workflows/{id_}{path}", **body)[:2] == (404, "not_found")
        assert other.refused("GET", "export", params={"workflow_id": id_})[:2] == (404, "not_found")
    for query in ({"page": 0}, {"limit": 101}, {"user_id": "zzz"}):
        assert flow.refused("GET", "workflows", params=query)[:2] == (400, "invalid_param")


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"type": "datasource", "title": "From afar"}, "Node 'From afar' (more0): Node type 'datasource'"),
        ({"type": "if-else", "title": "Fork", "cases": "none"}, "Node 'Fork' (more0)"),
        (
            {"type": "tool", "title": "Weather", "provider_type": "builtin", "provider_id": "nowhere/weather/weather",
             "tool_name": "forecast", "tool_parameters": {}, "tool_configurations": {}},
            "Node 'Weather' (more0)",
        ),
        (
            {"type": "agent", "title": "Helper", "agent_strategy_provider_name": "langgenius/agent/agent",
             "agent_strategy_name": "function_calling", "agent_parameters": {
                 "model": {"type": "constant", "value": {"provider": COMPATIBLE, "model": "gpt-4o-mini"}},
                 "query": {"type": "constant", "value": "x"}, "instruction": {"type": "constant", "value": "x"},
                 "tools": {"type": "constant", "value": [
                     {"provider_name": "nowhere/weather/weather", "tool_name": "forecast", "type": "builtin"},
                 ]},
             }},
            "Node 'Helper' (more0)",
        ),
        ({"type": "iteration", "title": "Rounds", "start_node_id": "gone"}, "Node 'Rounds' (more0)"),
    ],
    ids=["type", "settings", "tool", "agent", "container"],
)  # fmt: skip
def test_node_that_cannot_run_stops_publishing_and_is_named(flow: Flow, node: dict[str, Any], said: str) -> None:
    flow.save(graph("", node))
    status, code, message = flow.refused("POST", "workflows/publish", json={})
    assert (status, code) == (400, "invalid_param")
    assert said in message
    assert flow.ok("GET", "workflows/publish") is None


def test_running_version_holds_the_datasets_that_it_searches(flow: Flow) -> None:
    console = flow.workspace.console
    dataset = flow.workspace.ok(console.post("/console/api/datasets", json={"name": new_id()}))["id"]
    searching = {
        "type": "knowledge-retrieval", "title": "Look", "dataset_ids": [dataset, NOBODY], "retrieval_mode": "multiple",
        "query_variable_selector": ["start", "name"], "multiple_retrieval_config": {"top_k": 2},
    }  # fmt: skip
    flow.save(graph("", searching))
    text = flow.ok("GET", "export")["data"]
    assert dataset not in text, "ids of datasets leave a workspace encrypted"
    again = Flow(flow.workspace, imported(flow.workspace, text)["app_id"])
    assert again.draft["graph"] == flow.draft["graph"]
    flow.publish()
    refused = console.delete(f"/console/api/datasets/{dataset}").json()
    assert (refused["status"], refused["code"]) == (409, "dataset_in_use")
    flow.save(graph())
    flow.publish()
    assert console.delete(f"/console/api/datasets/{dataset}").status_code == 204


# App files


@pytest.mark.parametrize("file", sorted(FILES.glob("*.yml")), ids=lambda file: file.stem)
def test_public_file_comes_in_goes_out_with_the_same_graph_and_is_published(workspace: Workspace, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    given = yaml.safe_load(text)
    result = imported(workspace, text, use_default_model=True)
    first = Flow(workspace, result["app_id"])
    assert (result["app_mode"], result["error"]) == (given["app"]["mode"], "")
    out = first.ok("GET", "export")["data"]
    again = imported(workspace, out)
    assert (again["status"], again["warnings"]) == ("completed", [])
    second = Flow(workspace, again["app_id"])
    draft = first.draft
    assert second.draft["hash"] == draft["hash"]
    assert second.ok("GET", "export")["data"] == out
    sent, kept = given["workflow"]["graph"], draft["graph"]
    assert [node["id"] for node in kept["nodes"]] == [node["id"] for node in sent["nodes"]]
    assert kept["edges"] == sent["edges"]
    for key in ("environment_variables", "conversation_variables"):
        assert [item["name"] for item in draft[key]] == [item["name"] for item in given["workflow"].get(key) or []]
    assert first.ok("GET", "workflows/publish") is None
    assert first.publish()["hash"] == draft["hash"]
    shown = first.client().http.get("/v1/parameters").json()
    (start,) = [node["data"] for node in kept["nodes"] if node["data"]["type"] == "start"]
    assert shown["user_input_form"] == [{item["type"]: item} for item in start["variables"]]
    assert shown["opening_statement"] == given["workflow"]["features"]["opening_statement"]


def test_copy_is_an_app_of_its_own_with_the_same_draft_and_secrets(flow: Flow) -> None:
    secret = {"id": "s", "name": "token", "value_type": "secret", "value": "geheim"}
    assert flow.refused("POST", "copy", json={})[:2] == (400, "invalid_param")
    flow.save(graph(), environment_variables=[secret])
    flow.publish()
    reply = flow.call("POST", "copy", json={"name": "another", "icon_type": "emoji", "icon": "\U0001F433"})
    made = reply.json()
    assert (reply.status_code, made["name"], made["icon"], made["workflow"]) == (201, "another", "\U0001F433", None)
    assert made["site"]["code"] != flow.ok("GET", "")["site"]["code"]
    copy = Flow(flow.workspace, made["id"])
    assert copy.draft["hash"] == flow.draft["hash"]
    assert "geheim" in copy.ok("GET", "export", params={"include_secret": "true"})["data"]
    copy.save(graph("another"))
    assert flow.draft["graph"] == graph()
    chat = Flow(flow.workspace, flow.workspace.app(pre_prompt="Be brief.").id)
    again = Flow(flow.workspace, chat.ok("POST", "copy", json={})["id"]).ok("GET", "")
    shown = chat.ok("GET", "")
    assert (again["name"], again["model_config"]["pre_prompt"]) == (shown["name"], "Be brief.")
    assert again["id"] != shown["id"]


def test_overwriting_import_replaces_the_draft_and_forgets_its_values(flow: Flow) -> None:
    flow.save(graph(), environment_variables=[{"id": "s", "name": "t", "value_type": "secret", "value": "old"}])
    keep = flow.publish()
    leave_value(flow, "template", "output", "Hello")
    text = yaml.safe_load(flow.ok("GET", "export")["data"])
    text["workflow"]["graph"] = graph("from a file")
    imported(flow.workspace, yaml.safe_dump(text), app_id=flow.id)
    assert flow.draft["graph"] == graph("from a file")
    assert flow.ok("GET", "workflows/publish") == keep
    assert flow.ok("GET", "workflows/draft/variables") == {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"graph": graph("", {"type": "teleport", "title": "Odd"})}, "node type 'teleport' is not known"),
        ({"graph": graph("", {"type": "trigger-schedule"})}, "TRIGGER_START_NODE_CONFLICT"),
        ({"features": {"file_upload": "yes"}}, "file_upload must be of object type"),
        ({"environment_variables": [{"name": "x", "value": ""}]}, "missing value type of variable 'x'"),
        ({"environment_variables": [{"name": "x", "value_type": "string"}]}, "missing value of variable 'x'"),
    ],
)
def test_file_with_a_broken_workflow_is_refused_and_makes_nothing(
    workspace: Workspace, change: dict[str, Any], said: str
) -> None:
    section = {"graph": graph(), "features": {}, **change}
    name = new_id()
    text = yaml.safe_dump(
        {"version": "0.6.0", "kind": "app", "app": {"name": name, "mode": "workflow"}, "workflow": section}
    )
    reply = workspace.console.post("/console/api/apps/imports", json={"mode": "yaml-content", "yaml_content": text})
    assert (reply.status_code, reply.json()["status"]) == (400, "failed")
    assert said in reply.json()["error"]
    assert workspace.ok(workspace.console.get("/console/api/apps", params={"name": name}))["total"] == 0


# Draft variables


def leave_value(flow: Flow, node: str, name: str, value: Any, kind: str = "string", **fields: Any) -> str:
    """What a debug run leaves."""
    row = {"id": new_id(), "app_id": flow.id, "node_id": node, "name": name, "value": value, "value_type": kind}
    with database(flow.workspace.product) as connection:
        tenant = sa.select(workflows.c.tenant_id).where(workflows.c.app_id == flow.id).limit(1).scalar_subquery()
        connection.execute(sa.insert(workflow_draft_variables).values(tenant_id=tenant, **{**row, **fields}))
        connection.commit()
    return row["id"]


def test_values_of_a_draft_are_listed_changed_and_forgotten(flow: Flow) -> None:
    flow.save(graph())
    text = leave_value(flow, "template", "output", "Hello")
    count = leave_value(flow, "other", "count", 3, "number")
    system = leave_value(flow, "sys", "user_id", "u", editable=False)
    page = flow.ok("GET", "workflows/draft/variables")
    assert (page["total"], {item["id"] for item in page["items"]}) == (3, {text, count, system})
    assert list(page["items"][0]) == [
        "id", "type", "name", "description", "selector", "value_type", "edited", "visible", "is_truncated",
    ]  # fmt: skip
    assert len(flow.ok("GET", "workflows/draft/variables", params={"limit": 2})["items"]) == 2
    assert flow.ok("GET", "workflows/draft/variables", params={"limit": 2, "page": 2})["total"] is None
    one = flow.ok("GET", f"workflows/draft/variables/{text}")
    assert (one["type"], one["selector"], one["value"], one["edited"]) == ("node", ["template", "output"], "Hello", False)
    (shown,) = flow.ok("GET", "workflows/draft/system-variables")["items"]
    assert (shown["type"], shown["value"]) == ("sys", "u")
    path = f"workflows/draft/variables/{count}"
    changed = flow.ok("PATCH", path, json={"value": 4, "name": "total"})
    assert (changed["value"], changed["name"], changed["edited"]) == (4, "total", True)
    assert flow.refused("PATCH", path, json={"value": "four"})[:2] == (400, "invalid_param")
    assert flow.refused("PATCH", f"workflows/draft/variables/{system}", json={"value": "x"})[:2] == (400, "bad_request")
    assert [item["id"] for item in flow.ok("GET", "workflows/draft/nodes/other/variables")["items"]] == [count]
    flow.ok("DELETE", "workflows/draft/nodes/other/variables")
    flow.ok("DELETE", f"workflows/draft/variables/{text}")
    for gone in (text, count, NOBODY, "nonsense"):
        assert flow.refused("GET", f"workflows/draft/variables/{gone}")[:2] == (404, "not_found")
    flow.ok("DELETE", "workflows/draft/variables")
    assert flow.ok("GET", "workflows/draft/variables") == {"items": [], "total": 0}


def test_values_are_set_back_to_what_wrote_them(workspace: Workspace) -> None:
    flow = make(workspace, "advanced-chat")
    topic = {"id": "b", "name": "topic", "value_type": "string", "value": "sea", "description": "what about"}
    flow.save(graph(), conversation_variables=[topic])
    (variable,) = flow.ok("GET", "workflows/draft/conversation-variables")["items"]
    assert (variable["value"], variable["description"], variable["type"]) == ("sea", "what about", "conversation")
    path = f"workflows/draft/variables/{variable['id']}"
    flow.ok("PATCH", path, json={"value": "hills"})
    assert flow.ok("GET", "workflows/draft/conversation-variables")["items"][0]["value"] == "hills"
    back = flow.ok("PUT", f"{path}/reset", json={})
    assert (back["value"], back["edited"]) == ("sea", False)
    execution = new_id()
    with database(workspace.product) as connection:
        tenant = sa.select(workflows.c.tenant_id).where(workflows.c.app_id == flow.id).limit(1).scalar_subquery()
        row = {"execution_id": execution, "outputs": {"output": "as it was"}, "tenant_id": tenant}
        connection.execute(sa.insert(workflow_node_data).values(row))
        connection.commit()
    written = leave_value(flow, "template", "output", "by hand", node_execution_id=execution)
    assert flow.ok("PUT", f"workflows/draft/variables/{written}/reset", json={})["value"] == "as it was"
    orphan = leave_value(flow, "template", "lost", "by hand")
    assert flow.ok("PUT", f"workflows/draft/variables/{orphan}/reset", json={}) is None
    assert flow.refused("GET", f"workflows/draft/variables/{orphan}")[0] == 404


# What clients of a published app see


def test_clients_see_features_and_form_of_the_published_version(workspace: Workspace) -> None:
    flow = make(workspace, "advanced-chat")
    app = flow.client()
    refused = app.http.get("/v1/parameters").json()
    assert (refused["status"], refused["code"]) == (400, "app_unavailable")
    answer = {"type": "answer", "title": "Answer", "answer": "{{#template.output#}}"}
    document = graph()
    document["nodes"][2]["data"] = answer
    features = {"opening_statement": "Hi", "retriever_resource": {"enabled": True}}
    flow.save(document, features=features)
    assert app.http.get("/v1/parameters").json()["code"] == "app_unavailable"
    flow.publish()
    shown = app.http.get("/v1/parameters").json()
    assert (shown["opening_statement"], shown["retriever_resource"]) == ("Hi", {"enabled": True})
    assert shown["user_input_form"] == [{"text-input": document["nodes"][0]["data"]["variables"][0]}]
    flow.save(document, features={**features, "opening_statement": "Hello"})
    assert app.http.get("/v1/parameters").json() == shown
    flow.publish()
    assert app.http.get("/v1/parameters").json()["opening_statement"] == "Hello"
    assert app.http.get("/v1/info").json()["mode"] == "advanced-chat"
    assert app.http.get("/v1/site").json()["title"] == "flow"


def test_figures_count_runs_of_the_published_version_by_day(flow: Flow) -> None:
    flow.save(graph())
    days = ["2026-03-01 23:30+00", "2026-03-01 10:00+00", "2026-03-02 00:30+00"]
    users = [new_id(), NOBODY, NOBODY]
    with database(flow.workspace.product) as connection:
        tenant = sa.select(workflows.c.tenant_id).where(workflows.c.app_id == flow.id).scalar_subquery()
        shared = {"app_id": flow.id, "workflow_id": new_id(), "total_tokens": 5, "tenant_id": tenant}
        for day, user in zip(days, users, strict=True):
            row = {**shared, "id": new_id(), "created_at": day, "created_by": user}
            connection.execute(sa.insert(workflow_runs).values(row))
        connection.execute(
            sa.insert(workflow_runs).values({**shared, "id": new_id(), "triggered_from": "debugging"})
        )
        connection.commit()

    def figures(path: str, **query: str) -> Any:
        return flow.ok("GET", f"workflow/statistics/{path}", params=query)["data"]

    first, second = "2026-03-01", "2026-03-02"
    assert figures("daily-conversations") == [{"date": first, "runs": 2}, {"date": second, "runs": 1}]
    assert figures("daily-terminals") == [{"date": first, "terminal_count": 2}, {"date": second, "terminal_count": 1}]
    assert figures("token-costs") == [{"date": first, "token_count": 10}, {"date": second, "token_count": 5}]
    assert figures("average-app-interactions") == [
        {"date": first, "interactions": 1.0}, {"date": second, "interactions": 1.0},
    ]  # fmt: skip
    assert figures("daily-conversations", start=f"{first} 12:00", end=f"{second} 00:30") == [{"date": first, "runs": 1}]
    assert flow.refused("GET", "workflow/statistics/token-costs", params={"start": "zzz"})[:2] == (400, "invalid_param")


# What editors ask for


def test_new_nodes_have_defaults(flow: Flow) -> None:
    listed = {item["type"]: item["config"] for item in flow.ok("GET", "workflows/default-workflow-block-configs")}
    assert {"llm", "code", "template-transform", "http-request", "iteration"} <= set(listed)
    path = "workflows/default-workflow-block-configs"
    assert flow.ok("GET", f"{path}/code") == {"type": "code", "config": listed["code"]}
    script = flow.ok("GET", f"{path}/code", params={"q": '{"code_language": "javascript"}'})["config"]
    assert (script["code_language"], "function main" in script["code"]) == ("javascript", True)
    assert flow.ok("GET", f"{path}/start") is None
    assert flow.refused("GET", f"{path}/code", params={"q": "zzz"})[:2] == (400, "invalid_param")


@pytest.mark.parametrize(("mode", "into", "last"), [("chat", "advanced-chat", "answer"), ("completion", "workflow", "end")])
def test_configured_app_is_converted_to_a_graph_that_can_be_published(
    workspace: Workspace, mode: str, into: str, last: str
) -> None:
    form = [{"paragraph": {"label": "Tone", "variable": "tone", "required": True, "default": ""}}]
    app = Flow(workspace, workspace.app(mode, user_input_form=form, pre_prompt="Be {{tone}}.", opening_statement="Hi").id)
    made = Flow(workspace, app.ok("POST", "convert-to-workflow", json={})["new_app_id"])
    shown = made.ok("GET", "")
    assert (shown["mode"], shown["name"]) == (into, f"a {mode}(workflow)")
    nodes = [node["data"] for node in made.draft["graph"]["nodes"]]
    assert [data["type"] for data in nodes] == ["start", "llm", last]
    assert nodes[0]["variables"] == [{**form[0]["paragraph"], "type": "paragraph"}]
    assert nodes[1]["prompt_template"][0]["text"] == "Be {{#start.tone#}}."
    assert made.publish()["graph"] == made.draft["graph"]
    assert made.refused("POST", "convert-to-workflow", json={})[:2] == (404, "app_not_found")
