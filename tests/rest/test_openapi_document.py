"""The OpenAPI document: valid, complete against Dify's published one, and true of what the product answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.contract import HTTP_BODY, Binding, bindings, load, pairs
from gateway.gen import GENERATED
from server.edge.printer import to_json
from tests.harness.product import App, Workspace

DOCUMENT: dict[str, Any] = json.loads((GENERATED / "openapi.json").read_bytes())
# Facts about Dify's published document; where they come from is said inside.
PUBLISHED: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "golden" / "openapi_operations.json").read_text()
)["operations"]
# Each later part of the product removes its own lines.
NOT_BUILT_YET = {
    # knowledge pipelines
    "POST /v1/datasets/pipeline/file-upload", "GET /v1/datasets/{dataset_id}/pipeline/datasource-plugins",
    "POST /v1/datasets/{dataset_id}/pipeline/datasource/nodes/{node_id}/run",
    "POST /v1/datasets/{dataset_id}/pipeline/run",
}  # fmt: skip
# Names that the published document has and the product leaves out, each with its reason.
LEFT_OUT = {
    # sse-events.md 8.2: sent by GET /messages only.
    "metadata.retriever_resources[].id": "POST",
    "metadata.retriever_resources[].message_id": "POST",
    "metadata.retriever_resources[].created_at": "POST",
    # sse-events.md 7.2: sent in streams only.
    "data.created_by": "POST /v1/workflows/", "data.created_by.id": "POST /v1/workflows/",
    "data.created_by.user": "POST /v1/workflows/",
    "data.exceptions_count": "POST /v1/workflows/", "data.files": "POST /v1/workflows/", "data.files[]": "POST /v1/workflows/",
    # service-api.md 7.1: sent in streams and blocking answers only.
    "data[].retriever_resources[].summary": "GET /v1/messages",
}
# The document cannot tell a ZIP from other bytes.
BYTES = "application/octet-stream"


def shape(name: str) -> str:
    """An operation without the names of its path variables."""
    return re.sub(r"\{[^}]*\}", "{}", name)


OPERATIONS = {
    shape(f"{verb.upper()} {path}"): operation for path, verbs in DOCUMENT["paths"].items() for verb, operation in verbs.items()
}
BUILT = sorted(PUBLISHED.keys() - NOT_BUILT_YET)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema behind its references, with the alternative that is not null."""
    while True:
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "allOf" in schema or "anyOf" in schema:
            schema = next(one for one in (*schema.get("allOf", ()), *schema.get("anyOf", ())) if one != {"type": "null"})
        else:
            return schema


def has(schema: dict[str, Any], path: str) -> bool:
    """Whether a schema declares a name such as ``data[].metadata.usage``; a free-form value has every name."""
    schema = resolved(schema)
    if not path or schema.get("additionalProperties") is True or not schema.keys() & {"type", "properties", "items"}:
        return True
    if path.startswith("[]"):
        return "items" in schema and has(schema["items"], path[2:].removeprefix("."))
    name = re.split(r"[.\[]", path, maxsplit=1)[0]
    inner = schema.get("properties", {}).get(name)
    return inner is not None and has(inner, path[len(name) :].removeprefix("."))


def test_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


def test_every_binding_of_the_contract_is_an_operation() -> None:
    found = contract()
    streams = {stream.rpc for _, stream in pairs(found)}
    wanted = {shape(f"{one.verb} {re.sub(r'=[^}]*', '', one.path)}") for one in found if one.rpc not in streams}
    assert wanted == OPERATIONS.keys()


def contract() -> list[Binding]:
    """All REST bindings."""
    return bindings(load((GENERATED / "transom.binpb").read_bytes()))


@pytest.mark.parametrize("name", BUILT)
def test_published_operation_is_there_with_its_success_status(name: str) -> None:
    mine = OPERATIONS[shape(name)]
    wanted = PUBLISHED[name]["success"]
    assert {status for status in mine["responses"] if status.startswith("2")} == wanted.keys()
    for status, contents in wanted.items():
        kinds = mine["responses"][status].get("content", {})
        assert all(kind in kinds or (BYTES in kinds and not kind.startswith(("text", "application/json"))) for kind in contents)


@pytest.mark.parametrize("name", BUILT)
def test_published_reply_has_no_name_that_is_not_there(name: str) -> None:
    for status, contents in PUBLISHED[name]["success"].items():
        for path in contents.get("application/json", ()):
            schema = OPERATIONS[shape(name)]["responses"][status]["content"]["application/json"]["schema"]
            left_out = name.startswith(LEFT_OUT.get(path, "nothing"))
            assert has(schema, path) != left_out, path


@pytest.mark.parametrize("name", BUILT)
def test_published_request_is_taken_and_asks_for_the_same(name: str) -> None:
    mine = OPERATIONS[shape(name)]
    query = {one["name"]: one["required"] for one in mine.get("parameters", []) if one["in"] == "query"}
    for parameter, required in PUBLISHED[name]["query"].items():
        assert query[parameter] == required, parameter
    assert {parameter for parameter, required in query.items() if required} <= PUBLISHED[name]["query"].keys()
    bodies = mine.get("requestBody", {}).get("content", {})
    assert bodies.keys() == PUBLISHED[name]["body"].keys()
    for kind, body in PUBLISHED[name]["body"].items():
        schema = resolved(bodies[kind]["schema"])
        assert sorted(schema.get("required", [])) == body["required"]
        assert set(body["fields"]) <= schema["properties"].keys()


def test_list_of_what_is_not_built_is_true() -> None:
    assert PUBLISHED.keys() >= NOT_BUILT_YET
    assert {name for name in NOT_BUILT_YET if shape(name) in OPERATIONS} == set()


# --- the document and the printer


def responses() -> Iterator[MethodDescriptor]:
    """RPCs whose answer is one JSON document."""
    seen = set()
    for binding in contract():
        output = binding.method.output_type.full_name
        if not binding.streams and output not in {HTTP_BODY, "google.protobuf.Empty"} and output not in seen:
            seen.add(output)
            yield binding.method


def filled(message: Message, depth: int = 0) -> Message:
    """Set every field of a message, repeated ones twice."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None:
            value = text_or_number(field)
            if field.is_repeated:
                getattr(message, field.name).extend([value, value])
            elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) is None:
                setattr(message, field.name, value)
        elif field.message_type.full_name.startswith("google.protobuf.") or field.message_type.name == "Json":
            free_form(message, field)
        elif depth < 6:
            inner = getattr(message, field.name)
            for one in [inner.add(), inner.add()] if field.is_repeated else [inner]:
                one.SetInParent()
                filled(one, depth + 1)
    return message


def text_or_number(field: FieldDescriptor) -> Any:
    """A value of a scalar field."""
    kinds = {FieldDescriptor.CPPTYPE_STRING: "é\u2028", FieldDescriptor.CPPTYPE_BOOL: True, FieldDescriptor.CPPTYPE_DOUBLE: 0.5}
    return kinds.get(field.cpp_type, 7)


def free_form(message: Message, field: FieldDescriptor) -> None:
    """Set a Struct, Value, ListValue or Json."""
    inner = getattr(message, field.name)
    for one in [inner.add()] if field.is_repeated else [inner]:
        if field.message_type.name == "Json":
            one.text = '{"a": [1, null]}'
        elif field.message_type.name == "Struct":
            one.update({"a": 1, "b": [None, {"c": 1.5}]})
        elif field.message_type.name == "Value":
            one.number_value = 5
        else:
            one.extend([1, "a"])


def schema_of(method: MethodDescriptor) -> dict[str, Any]:
    """The schema of an RPC's answer, self-contained."""
    name = next(
        operation for operation in OPERATIONS.values() if operation["operationId"] == method.name and
        operation["tags"] == [method.containing_service.name.removesuffix("Service")]
    )
    (content,) = [reply["content"] for status, reply in name["responses"].items() if status.startswith("2")]
    return {**content["application/json"]["schema"], "components": DOCUMENT["components"]}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("method", list(responses()), ids=lambda method: method.full_name)
def test_what_the_printer_prints_fits_the_document(method: MethodDescriptor, full: bool) -> None:
    message = message_factory.GetMessageClass(method.output_type)()
    printed = json.loads(to_json(filled(message) if full else message))
    errors = [f"{error.json_path}: {error.message}" for error in OAS31Validator(schema_of(method)).iter_errors(printed)]
    assert errors == []


# --- the document and the product


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    return workspace.app(
        user_input_form=[{"text-input": {"label": "Topic", "variable": "topic", "required": False, "max_length": 20}}],
        opening_statement="Hello", suggested_questions=["One?"],
        suggested_questions_after_answer={"enabled": True}, retriever_resource={"enabled": True},
    )


def fits(name: str, status: int, body: Any) -> None:
    """Check a reply against the document."""
    reply = OPERATIONS[shape(name)]["responses"][str(status)]
    schema = {**reply["content"]["application/json"]["schema"], "components": DOCUMENT["components"]}
    assert [f"{error.json_path}: {error.message}" for error in OAS31Validator(schema).iter_errors(body)] == []


@pytest.mark.parametrize("path", ["/v1/parameters", "/v1/info", "/v1/meta", "/v1/site", "/v1/app/feedbacks"])
def test_reply_about_the_app_fits_the_document(app: App, path: str) -> None:
    reply = app.http.get(path)
    fits(f"GET {path}", reply.status_code, reply.json())


def test_replies_of_a_conversation_fit_the_document(app: App) -> None:
    sent = app.send(user="fits")
    fits("POST /v1/chat-messages", sent.status_code, sent.json())
    made = sent.json()
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("GET", "/v1/conversations", "/v1/conversations", {}),
        ("GET", "/v1/messages", "/v1/messages", {"conversation_id": made["conversation_id"]}),
        ("GET", f"/v1/messages/{made['id']}/suggested", "/v1/messages/{}/suggested", {}),
        ("GET", f"/v1/conversations/{made['conversation_id']}/variables", "/v1/conversations/{}/variables", {}),
        ("POST", f"/v1/messages/{made['id']}/feedbacks", "/v1/messages/{}/feedbacks", {"rating": "like", "content": "good"}),
        ("POST", f"/v1/conversations/{made['conversation_id']}/name", "/v1/conversations/{}/name", {"name": "named"}),
        ("GET", "/v1/app/feedbacks", "/v1/app/feedbacks", {}),
        ("POST", f"/v1/chat-messages/{made['task_id']}/stop", "/v1/chat-messages/{}/stop", {}),
    ]
    for method, path, name, fields in calls:
        given = {"user": "fits", **fields}
        reply = app.http.request(method, path, **({"params": given} if method == "GET" else {"json": given}))
        assert reply.is_success, reply.text
        fits(f"{method} {name}", reply.status_code, reply.json())


def test_reply_of_an_upload_fits_the_document(app: App) -> None:
    reply = app.http.post("/v1/files/upload", files={"file": ("a.txt", b"text", "text/plain")}, data={"user": "fits"})
    assert reply.status_code == 201, reply.text
    fits("POST /v1/files/upload", 201, reply.json())
    fits("GET /v1/end-users/{}", 200, app.http.get(f"/v1/end-users/{reply.json()['created_by']}").json())


def test_error_fits_the_document(app: App) -> None:
    schema = {**DOCUMENT["components"]["schemas"]["Error"], "components": DOCUMENT["components"]}
    for reply in (app.http.get("/v1/messages"), app.http.get("/v1/nothing"), app.http.post("/v1/chat-messages")):
        assert not list(OAS31Validator(schema).iter_errors(reply.json()))
