"""OpenAPI and Swagger documents as tools, and calls of their operations."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from server.engine.ports import ToolFaultError, ToolMessage
from server.engine.values import File
from server.kit.errors import AppError
from server.kit.outbound import Outbound, allowing
from server.tools.api import ApiCaller, checked_credentials
from server.tools.openapi import Operation, SchemaError, parse, restored
from tests.doubles.web_server import WebServer


def document(url: str = "https://api.example", **paths: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.0", "info": {"title": "T", "version": "1", "description": "about"}, "servers": [{"url": url}],
        "paths": {path.replace("__", "/"): item for path, item in paths.items()},
        "components": {
            "schemas": {
                "Pet": {
                    "type": "object", "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "description": "its name"}, "age": {"type": "integer", "default": 1},
                        "kind": {"type": "string", "enum": ["cat", "dog"]}, "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
                    },
                }
            },
            "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}, "description": "how many"}},
        },
    }  # fmt: skip


def pets(url: str = "https://api.example") -> dict[str, Any]:
    return document(
        url,
        __pets={
            "parameters": [{"$ref": "#/components/parameters/Limit"}],
            "get": {"summary": "List", "operationId": "listPets"},
            "post": {
                "operationId": "addPet",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
            },
        },
        **{
            "__pets__{id}__x": {
                "get": {
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                        {"name": "tags", "in": "query", "schema": {"type": "array"}},
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                        {"name": "c", "in": "cookie", "schema": {"type": "string"}},
                    ]
                }
            }
        },
    )  # fmt: skip


def operation(text: str, name: str) -> Operation:
    (found,) = (one for one in parse(text).operations if one.name == name)
    return found


def test_operations_are_tools() -> None:
    parsed = parse(json.dumps(pets()))
    assert (parsed.kind, parsed.description) == ("openapi", "about")
    assert [(one.name, one.method, one.url) for one in parsed.operations] == [
        ("listPets", "get", "https://api.example/pets"), ("addPet", "post", "https://api.example/pets"),
        ("pets_id_x_get", "get", "https://api.example/pets/{id}/x"),
    ]  # fmt: skip
    added = parsed.operations[1]
    shown = {one.name: (one.place, one.parameter.type, one.required) for one in added.arguments}
    assert shown == {
        "limit": ("query", "number", False), "name": ("body", "string", True), "age": ("body", "number", False),
        "kind": ("body", "select", False), "friends": ("body", "array", False),
    }  # fmt: skip
    assert added.arguments[3].parameter.options == ("cat", "dog")
    assert all(restored(json.loads(json.dumps(one.stored()))) == one for one in parsed.operations)


SWAGGER = """
swagger: "2.0"
host: api.example
basePath: /v1
schemes: [http]
consumes: [application/x-www-form-urlencoded]
paths:
  /form:
    post:
      operationId: form
      parameters:
        - {name: a, in: formData, type: string, required: true}
        - {name: b, in: formData, type: integer}
  /body:
    post:
      operationId: body
      parameters:
        - {name: q, in: query, type: string}
        - name: pet
          in: body
          schema: {$ref: "#/definitions/Pet"}
definitions:
  Pet: {type: object, properties: {name: {type: string}}}
"""


def test_swagger_is_read_too() -> None:
    parsed = parse(SWAGGER)
    assert parsed.kind == "swagger"
    form, body = parsed.operations
    assert (form.url, form.body_type) == ("http://api.example/v1/form", "application/x-www-form-urlencoded")
    assert [(one.name, one.place) for one in body.arguments] == [("q", "query"), ("name", "body")]
    assert body.body_type == "application/json"


@pytest.mark.parametrize(("text", "message"), [
    ("{", "cannot be read"), ("[1]", "no object"), ("a: 1", "No paths found"), ("a: &a [*a]", "cannot be read"),
    (json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}), "No server found"),
    (json.dumps(document("file:///etc", __a={"get": {}})), "no http or https address"),
    (json.dumps(document("http://[", __a={"get": {}})), "no http or https address"),
    (json.dumps(document(__a={"summary": "x"})), "No operations found"),
    (json.dumps(document(__a={"get": {"operationId": "x"}}, __b={"get": {"operationId": "x"}})), "used twice"),
    (json.dumps(document(__a={"get": {"parameters": [{"$ref": "#/no/where"}]}})), "leads nowhere"),
    (json.dumps(document(__a={"get": {"parameters": [{"$ref": "http://evil/x"}]}})), "leads out of the document"),
    (json.dumps(document(__a={"get": {"parameters": [{"name": "a", "in": "query"}, {"name": "a", "in": "header"}]}})), "Parameter a is duplicated"),
    (" " * 1_100_000, "too long"),
    ('{"a": ' * 50_000, "cannot be read"),
])  # fmt: skip
def test_document_that_offers_no_tools_is_refused(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        parse(text)


def test_references_that_grow_without_end_are_refused() -> None:
    wide = {f"p{number}": {"$ref": "#/components/schemas/Wide"} for number in range(10)}
    given = document(__a={"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wide"}}}}}})
    given["components"]["schemas"]["Wide"] = {"type": "object", "properties": wide}
    with pytest.raises(SchemaError, match="too large"):
        parse(json.dumps(given))


# Calls


@pytest.fixture
async def caller() -> AsyncIterator[ApiCaller]:
    outbound = Outbound(allowing("127.0.0.0/8"))
    yield ApiCaller(outbound)
    await outbound.close()


@pytest.fixture
async def site() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


async def said(
    caller: ApiCaller, found: Operation, given: Mapping[str, Any], credentials: Mapping[str, str] | None = None, **more: Any
) -> list[ToolMessage]:
    return [message async for message in caller.call(found, given, credentials or {"auth_type": "none"}, **more)]


def echo(site: WebServer, **changes: Any) -> Operation:
    """An operation that posts to ``/echo``."""
    item = {"operationId": "e", **changes}
    return operation(json.dumps(document(site.url, __echo={"post": item})), "e")


async def test_arguments_go_where_they_belong(caller: ApiCaller, site: WebServer) -> None:
    site.pages["/pets/a/b?/x"] = (200, {}, b'{"ok": true}')
    found = operation(json.dumps(pets(site.url)), "pets_id_x_get")
    given = {"id": "a/b?", "tags": '["x", "y"]', "X-Trace": "t", "c": "v;w"}
    messages = await said(caller, found, given)
    assert [(one.kind, one.value or one.text) for one in messages] == [("json", {"ok": True}), ("text", '{"ok": true}')]
    call = site.calls[0]
    assert (call.path, call.query["tags"], call.headers["x-trace"], call.headers["cookie"]) == ("/pets/a/b?/x", "y", "t", "c=v%3Bw")


async def test_body_has_the_types_of_the_schema(caller: ApiCaller, site: WebServer) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "f": {"type": "boolean"}, "l": {"type": "array"}, "d": {"type": "string", "default": "z"}}}
    found = echo(site, requestBody={"content": {"application/json": {"schema": schema}}})
    (echoed, _) = await said(caller, found, {"n": "5", "f": "true", "l": "[1]"})
    assert json.loads(echoed.value["body"]) == {"n": 5, "f": True, "l": [1], "d": "z"}
    with pytest.raises(ToolFaultError, match="Parameter n must be of the type integer"):
        await said(caller, found, {"n": "five"})


async def test_forms_and_files_are_sent(caller: ApiCaller, site: WebServer) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "f": {"type": "string", "format": "binary"}}}
    form = echo(site, requestBody={"content": {"application/x-www-form-urlencoded": {"schema": schema}}})
    assert (await said(caller, form, {"a": "1 2"}))[0].value["body"] == "a=1+2"

    async def read(file: File) -> bytes:
        return b"bytes of " + file.name.encode()

    upload = echo(site, requestBody={"content": {"multipart/form-data": {"schema": schema}}})
    body = (await said(caller, upload, {"a": "1", "f": File("document", "local_file", "n.txt")}, read=read))[0].value["body"]
    assert 'name="a"\r\n\r\n1\r\n' in body and 'filename="n.txt"' in body and "bytes of n.txt" in body


@pytest.mark.parametrize(("credentials", "where", "value"), [
    ({"auth_type": "api_key", "api_key_header": "", "api_key_header_prefix": "bearer", "api_key_value": "k"}, "authorization", "Bearer k"),
    ({"auth_type": "api_key_header", "api_key_header": "X-Key", "api_key_header_prefix": "custom", "api_key_value": "k"}, "x-key", "k"),
    ({"auth_type": "api_key_query", "api_key_query_param": "token", "api_key_value": "k"}, "token", "k"),
])  # fmt: skip
async def test_key_is_sent(
    caller: ApiCaller, site: WebServer, credentials: dict[str, str], where: str, value: str
) -> None:
    (echoed, _) = await said(caller, echo(site), {}, checked_credentials(credentials))
    assert {**echoed.value["headers"], **echoed.value["query"]}[where] == value


@pytest.mark.parametrize("credentials", [
    {"auth_type": "oauth"}, {"auth_type": "api_key"}, {"auth_type": "api_key_query"},
    {"auth_type": "api_key_header", "api_key_value": "k", "api_key_header_prefix": "digest"},
])  # fmt: skip
def test_credentials_that_make_no_sense_are_refused(credentials: dict[str, str]) -> None:
    with pytest.raises(AppError):
        checked_credentials(credentials)


async def test_answers_that_are_no_success_are_told(caller: ApiCaller, site: WebServer) -> None:
    found = operation(json.dumps(pets(site.url)), "listPets")
    site.pages["/pets"] = (422, {}, "näh".encode())
    with pytest.raises(ToolFaultError, match="Request failed with status code 422 and näh"):
        await said(caller, found, {})
    site.pages["/pets"] = (200, {"Content-Type": "text/plain"}, b"")
    assert "Empty response" in (await said(caller, found, {}))[0].text
    site.pages["/pets"] = (200, {"Content-Type": "image/png"}, b"\x89")
    assert (await said(caller, found, {}))[0] == ToolMessage("blob", "image/png", b"\x89", "pets.png")
    with pytest.raises(ToolFaultError, match="Missing required parameter id in operation pets_id_x_get"):
        await said(caller, operation(json.dumps(pets(site.url)), "pets_id_x_get"), {})
