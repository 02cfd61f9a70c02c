"""The OpenAPI 3.1 document of the REST surface, from the protos and their comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.contract import HTTP_BODY, Binding, pairs
from gateway.policy import Options, Policy

Json = dict[str, Any]

_SCALARS: dict[int, Json] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.TYPE_UINT64: {"type": "integer", "minimum": 0},
    FieldDescriptor.TYPE_INT64: {"type": "integer"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
_FREE: dict[str, Json] = {
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "transom.common.v1.Json": {},
}
_EVENTS: Json = {
    "type": "string",
    "description": "Server-sent events, each one JSON object; `event: ping` lines keep a silent stream open.",
}
# "Required." and ", required;", but not "Required unless ...".
_REQUIRED = re.compile(r"\b[Rr]equired[.,;]")
_SECURITY = {
    "AUTH_APP_KEY": "app_key", "AUTH_DATASET_KEY": "dataset_key", "AUTH_ACCOUNT": "console",
    "AUTH_PASSPORT": "passport",
}


class _Comments:
    """Comments of the protos, by full name."""

    def __init__(self, descriptor_set: bytes) -> None:
        self._texts: dict[str, str] = {}
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file:
            names = _paths(file)
            for location in file.source_code_info.location:
                name = names.get(tuple(location.path))
                if name and location.leading_comments:
                    self._texts[name] = " ".join(location.leading_comments.split())

    def of(self, name: str) -> str:
        """The comment before a declaration, on one line."""
        return self._texts.get(name, "")

    def say_required(self, name: str) -> bool:
        """Whether a field's comment says, without conditions, that it is required."""
        return _REQUIRED.search(self.of(name)) is not None


def _paths(file: descriptor_pb2.FileDescriptorProto) -> dict[tuple[int, ...], str]:
    found: dict[tuple[int, ...], str] = {}

    def message(item: descriptor_pb2.DescriptorProto, path: tuple[int, ...], prefix: str) -> None:
        name = f"{prefix}.{item.name}"
        found[path] = name
        for at, field in enumerate(item.field):
            found[(*path, 2, at)] = f"{name}.{field.name}"
        for at, nested in enumerate(item.nested_type):
            message(nested, (*path, 3, at), name)

    for at, item in enumerate(file.message_type):
        message(item, (4, at), file.package)
    for at, service in enumerate(file.service):
        found[(6, at)] = f"{file.package}.{service.name}"
        for place, method in enumerate(service.method):
            found[(6, at, 2, place)] = f"{file.package}.{service.name}.{method.name}"
    return found


class _Document:
    def __init__(self, descriptor_set: bytes) -> None:
        self.comments = _Comments(descriptor_set)
        self.options = Options(descriptor_set)
        self.schemas: Json = {}

    def field(self, field: FieldDescriptor, *, response: bool) -> Json:
        schema = self._value(field, response=response)
        if field.is_repeated:
            schema = {"type": "array", "items": schema}
        elif response and field.has_presence and not self.options.wire(field).omit_unset:
            schema = _nullable(schema)
        text = self.comments.of(field.full_name)
        if text:
            schema = {"allOf": [schema], "description": text} if "$ref" in schema else {**schema, "description": text}
        return schema

    def _value(self, field: FieldDescriptor, *, response: bool) -> Json:
        if field.message_type is not None:
            return self.message(field.message_type, response=response)
        if field.enum_type is not None:
            return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
        return dict(_SCALARS[field.type])

    def message(self, descriptor: Descriptor, *, response: bool) -> Json:
        if descriptor.full_name in _FREE:
            return dict(_FREE[descriptor.full_name])
        whole = [self.field(field, response=response) for field in descriptor.fields if self.options.wire(field).unwrap]
        if whole:
            return whole[0] if len(whole) == 1 else {"anyOf": whole}
        name = descriptor.full_name.removeprefix("transom.").replace(".v1.", ".") + ("" if response else ".Input")
        if name not in self.schemas:
            self.schemas[name] = {}
            schema = self.object(descriptor, list(descriptor.fields), response=response)
            self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def _key(self, field: FieldDescriptor, response: bool) -> str:
        """The name of a field in JSON."""
        return (self.options.wire(field).printed_as if response else "") or _name(field)

    def object(self, descriptor: Descriptor, fields: list[FieldDescriptor], *, response: bool) -> Json:
        schema: Json = {
            "type": "object",
            "properties": {self._key(field, response): self.field(field, response=response) for field in fields},
        }
        if response:
            required = [self._key(field, response) for field in fields if not self.options.wire(field).omit_unset]
            if required:
                schema["required"] = required
        text = self.comments.of(descriptor.full_name)
        return {**schema, "description": text} if text else schema


def _name(field: FieldDescriptor) -> str:
    """A field as callers spell it: by a ``json_name`` of its own, else as in the proto."""
    words = field.name.split("_")
    derived = words[0] + "".join(word.capitalize() for word in words[1:])
    return field.name if field.json_name == derived else field.json_name


def _nullable(schema: Json) -> Json:
    if not schema:
        return schema
    if "type" in schema and isinstance(schema["type"], str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def document(descriptor_set: bytes, found: Sequence[Binding]) -> Json:
    """The whole document."""
    made = _Document(descriptor_set)
    streams = {stream.rpc for _, stream in pairs(found)}
    twins = {block.rpc: stream for block, stream in pairs(found)}
    paths: Json = {}
    used: Counter[str] = Counter()
    for binding in found:
        if binding.rpc in streams:
            continue
        name = binding.method.name
        used[name] += 1
        operation_id = name if used[name] == 1 else f"{name}{used[name]}"
        path = re.sub(r"\{([a-z_.]+)=[^}]*\}", r"{\1}", binding.path)
        operation = _operation(made, binding, operation_id, twins.get(binding.rpc))
        paths.setdefault(path, {})[binding.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Transom",
            "version": "v1",
            "description": "The REST surface of Transom, derived from its protos.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://localhost:8080"}],
        "paths": paths,
        "components": {
            "schemas": {**made.schemas, "Error": _ERROR},
            "securitySchemes": {
                "app_key": {"type": "http", "scheme": "bearer", "description": "An app key, `app-...`."},
                "dataset_key": {"type": "http", "scheme": "bearer", "description": "A dataset key, `dataset-...`."},
                "passport": {"type": "apiKey", "in": "header", "name": "X-App-Passport"},
                "console": {"type": "apiKey", "in": "cookie", "name": "access_token"},
            },
        },
    }


_ERROR: Json = {
    "type": "object",
    "required": ["code", "message", "status"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "status": {"type": "integer"},
        "params": {"type": "string"},
    },
}


def _operation(made: _Document, binding: Binding, operation_id: str, twin: Binding | None) -> Json:
    method = binding.method
    policy = made.options.policy(method)
    text = made.comments.of(method.full_name)
    request = list(method.input_type.fields)
    in_path = [field for field in request if field.name in binding.variables]
    rest = [field for field in request if field.name not in binding.variables and not binding.uploads]
    operation: Json = {
        "operationId": operation_id,
        "tags": [method.containing_service.name.removesuffix("Service")],
        "summary": text.split(". ")[0].rstrip("."),
        "description": text,
        "responses": _responses(made, binding, policy, twin),
    }
    required = {
        *binding.variables, *(["user"] if policy.needs_user else []),
        *(field.name for field in request if made.comments.say_required(field.full_name)),
    }
    query = [] if binding.body else rest
    parameters = [
        *(_parameter(made, field, "path", required) for field in in_path),
        *(_parameter(made, field, "query", required) for field in query),
    ]
    if parameters:
        operation["parameters"] = parameters
    body = _form(policy) if binding.uploads else _request_body(made, binding, rest, required)
    if body:
        operation["requestBody"] = body
    if policy.auth in _SECURITY:
        operation["security"] = [{_SECURITY[policy.auth]: []}]
    return operation


def _parameter(made: _Document, field: FieldDescriptor, place: str, required: set[str]) -> Json:
    schema = made.field(field, response=False)
    text = schema.pop("description", "")
    return {
        "name": _name(field), "in": place, "required": field.name in required, "description": text, "schema": schema,
    }


def _request_body(
    made: _Document, binding: Binding, rest: list[FieldDescriptor], required: set[str]
) -> Json | None:
    if not binding.body or not rest:
        return None
    if binding.body == "*":
        schema: Json = made.object(binding.method.input_type, rest, response=False)
        needed = [field.name for field in rest if field.name in required]
        if needed:
            schema["required"] = needed
    else:
        schema = made.field(next(field for field in rest if field.name == binding.body), response=False)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _form(policy: Policy) -> Json:
    properties: Json = {name: {"type": "string"} for name in (*policy.form_required, *policy.form_optional)}
    properties["file"] = {"type": "string", "format": "binary"}
    schema: Json = {"type": "object", "properties": properties}
    if policy.form_required:
        schema["required"] = list(policy.form_required)
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _responses(made: _Document, binding: Binding, policy: Policy, twin: Binding | None) -> Json:
    status = policy.success_status or 200
    output = binding.method.output_type
    responses: Json = {}
    if status == 204:
        responses["204"] = {"description": "Done; no body."}
    else:
        content: Json = {}
        if output.full_name == HTTP_BODY:
            content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
        elif binding.streams:
            content["text/event-stream"] = {"schema": _EVENTS}
        else:
            content["application/json"] = {"schema": made.message(output, response=True)}
        if twin is not None:
            content["text/event-stream"] = {"schema": _EVENTS}
        responses[str(status)] = {"description": "Success.", "content": content}
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    responses["default"] = {"description": "An error.", "content": {"application/json": error}}
    return responses


