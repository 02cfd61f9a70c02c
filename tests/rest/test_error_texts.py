"""Texts of errors.md section 4 that no other test here gets to see, through Envoy.

``tests/ROWS.md`` says which test produces which row; codes and the other texts are in ``test_errors.py``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.harness.product import App, Workspace
from tests.rest.flows import PASS, chain, flow, node, start
from tests.rest.parties import PNG

NOWHERE = str(uuid.UUID(int=9))
LOCAL = {"transfer_method": "local_file"}
ANY_FILES = {
    "enabled": True, "allowed_file_types": ["image", "document"], "allowed_file_upload_methods": ["local_file"],
    "number_limits": 2, "image": {"enabled": True, "number_limits": 5, "transfer_methods": ["local_file"]},
}  # fmt: skip


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    assert set(body) == {"code", "message", "status"}, reply.text
    assert body["status"] == reply.status_code
    return reply.status_code, body["code"], body["message"]


def uploaded(app: App, name: str = "dot.png", kind: str = "image/png") -> str:
    made = app.http.post("/v1/files/upload", files={"file": (name, PNG, kind)}, data={"user": "u"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


# Workflows


@pytest.fixture(scope="module")
def passing(workspace: Workspace) -> App:
    return flow(workspace, PASS)


def test_version_that_cannot_run_is_told_by_its_id(workspace: Workspace, passing: App) -> None:
    draft = workspace.ok(workspace.console.get(f"/console/api/apps/{passing.id}/workflows/draft"))["id"]
    no_draft = (
        f"Cannot use draft workflow version. Workflow ID: {draft}. "
        "Please use a published workflow version or leave workflow_id empty."
    )
    for named, status, code, message in (
        ("nonsense", 400, "bad_request", "Invalid workflow_id format: 'nonsense'. "),
        (NOWHERE, 404, "not_found", f"Workflow not found with id: {NOWHERE}"),
        (draft, 400, "bad_request", no_draft),
    ):
        reply = passing.http.post(f"/v1/workflows/{named}/run", json={"inputs": {}, "user": "u"})
        assert refusal(reply) == (status, code, message)


def test_run_and_account_that_are_not_there_are_told(passing: App) -> None:
    unknown = passing.http.get(f"/v1/workflows/run/{NOWHERE}")
    assert refusal(unknown) == (404, "not_found", "Workflow run not found.")
    logs = passing.http.get("/v1/workflows/logs", params={"created_by_account": "nobody@example.com"})
    assert refusal(logs) == (400, "invalid_param", "Account not found: nobody@example.com")


@pytest.fixture(scope="module")
def filing(workspace: Workspace) -> App:
    """A workflow that asks for files and for an object."""
    asked = [
        {"variable": "one", "label": "one", "type": "file", "required": False, **_RULES},
        {"variable": "many", "label": "many", "type": "file-list", "required": False, "max_length": 1, **_RULES},
        {"variable": "json", "label": "json", "type": "json_object", "required": False},
    ]
    return flow(workspace, chain(start(more=asked), node("end", "end", outputs=[])))


_RULES = {"allowed_file_types": ["document"], "allowed_file_upload_methods": ["local_file"]}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"one": "text"}, "one in input form must be a file"),
        ({"many": "text"}, "many in input form must be a list of files"),
        ({"many": [{**LOCAL, "type": "document", "upload_file_id": NOWHERE}] * 2},
         "many in input form must be less than 1 files"),
        ({"json": "text"}, "json in input form must be a dict"),
        ({"one": {"type": "document", "upload_file_id": NOWHERE}}, "transfer_method is required in file mapping"),
    ],
    ids=str,
)  # fmt: skip
def test_file_input_that_is_none_is_told(filing: App, inputs: Mapping[str, Any], message: str) -> None:
    reply = filing.http.post("/v1/workflows/run", json={"inputs": inputs, "user": "u"})
    assert refusal(reply) == (400, "invalid_param", message)


def test_file_of_another_type_than_it_says_is_told(filing: App) -> None:
    entry = {**LOCAL, "type": "document", "upload_file_id": uploaded(filing)}
    reply = filing.http.post("/v1/workflows/run", json={"inputs": {"one": entry}, "user": "u"})
    text = "Detected file type does not match the specified type. Please verify the file."
    assert refusal(reply) == (400, "invalid_param", text)


# Chats


def test_file_where_a_text_is_asked_for_is_told(workspace: Workspace) -> None:
    form = [{"text-input": {"label": "flag", "variable": "flag", "required": False}}]
    app = workspace.app(user_input_form=[*form, {"checkbox": {"label": "sure", "variable": "sure", "required": False}}])
    reply = app.send(inputs={"sure": {**LOCAL, "type": "image", "upload_file_id": NOWHERE}})
    assert refusal(reply) == (400, "invalid_param", "Invalid input type for ['sure']")


def test_more_files_than_the_app_takes_are_told(workspace: Workspace) -> None:
    app = workspace.app(file_upload=ANY_FILES)
    entries = [
        {**LOCAL, "type": "document", "upload_file_id": uploaded(app, f"{at}.txt", "text/plain")} for at in range(3)
    ]
    text = "Number of files exceeds the maximum limit 2"
    assert refusal(app.send(files=entries)) == (400, "invalid_param", text)


def test_value_of_another_type_than_the_variable_is_told(workspace: Workspace) -> None:
    variable = {"id": str(uuid.uuid4()), "name": "count", "value_type": "number", "value": 1, "description": ""}
    graph = chain(start(), node("answer", "answer", answer="hi"))
    app = flow(workspace, graph, "advanced-chat", conversation_variables=[variable])
    conversation = app.send("q").json()["conversation_id"]
    place = f"/v1/conversations/{conversation}/variables/{variable['id']}"
    reply = app.http.put(place, json={"user": "u", "value": "many"})
    text = "Type mismatch: variable 'count' expects number, but got string type"
    assert refusal(reply) == (400, "bad_request", text)


def test_value_larger_than_a_variable_may_be_is_told(workspace: Workspace) -> None:
    variable = {"id": str(uuid.uuid4()), "name": "notes", "value_type": "string", "value": "", "description": ""}
    graph = chain(start(), node("answer", "answer", answer="hi"))
    app = flow(workspace, graph, "advanced-chat", conversation_variables=[variable])
    conversation = app.send("q").json()["conversation_id"]
    place = f"/v1/conversations/{conversation}/variables/{variable['id']}"
    # Quotes count: 204,798 bytes of text are the most.
    assert app.http.put(place, json={"user": "u", "value": "é" * 102_399}).status_code == 200
    reply = app.http.put(place, json={"user": "u", "value": "é" * 102_400})
    assert refusal(reply) == (400, "bad_request", "variable 'notes' is larger than 204800 bytes")
