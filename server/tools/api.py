"""Calls of operations that an OpenAPI document describes."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from server.engine.nodes import http_files
from server.engine.ports import ToolFaultError, ToolMessage
from server.engine.values import File
from server.kit.errors import invalid_param
from server.kit.outbound import Answer, Outbound, OutboundError, Request, Timeouts
from server.tools.openapi import Argument, Operation

_MOST_BYTES = 10 * 1024 * 1024
_TIMES = Timeouts(connect=10, read=60, write=60)
_SHOWN = 4096
NONE, HEADER, QUERY = "none", "api_key_header", "api_key_query"
_AUTH = {"": NONE, NONE: NONE, "api_key": HEADER, HEADER: HEADER, QUERY: QUERY}
_PREFIXES = {"basic": "Basic ", "bearer": "Bearer ", "custom": "", "": ""}

# Reads the bytes of a file that is sent along.
ReadFile = Callable[[File], Coroutine[Any, Any, bytes]]


@dataclass(slots=True)
class _Sending:
    url: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)
    # A body that is no object.
    whole: Any = None


def checked_credentials(given: Mapping[str, Any]) -> dict[str, str]:
    """Credentials of an API as they are stored. Raises invalid_param."""
    values = {str(name): str(value) for name, value in given.items() if value is not None}
    kind = _AUTH.get(values.get("auth_type", ""))
    if kind is None:
        raise invalid_param(f"auth_type {values.get('auth_type')} must be one of none, api_key_header, api_key_query")
    if kind == NONE:
        return {"auth_type": NONE}
    if not values.get("api_key_value"):
        raise invalid_param("api_key_value is required")
    if kind == QUERY:
        name = values.get("api_key_query_param") or "key"
        return {"auth_type": QUERY, "api_key_query_param": name, "api_key_value": values["api_key_value"]}
    prefix = values.get("api_key_header_prefix", "")
    if prefix not in _PREFIXES:
        raise invalid_param("api_key_header_prefix must be one of basic, bearer, custom")
    return {
        "auth_type": HEADER, "api_key_header": values.get("api_key_header") or "Authorization",
        "api_key_header_prefix": prefix, "api_key_value": values["api_key_value"],
    }


class ApiCaller:
    """Calls operations by the guarded client."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def call(
        self, operation: Operation, given: Mapping[str, Any], credentials: Mapping[str, str],
        read: ReadFile | None = None,
    ) -> AsyncIterator[ToolMessage]:
        """JSON answers come as JSON and as text. Raises ToolFaultError."""
        answer = await self._answer(operation, given, credentials, read)
        if not 200 <= answer.status < 300:
            shown = http_files.text_of(answer.headers, answer.body)[:_SHOWN]
            raise ToolFaultError(f"Request failed with status code {answer.status} and {shown}")
        if http_files.holds_file(answer.headers, answer.body):
            name, kind = http_files.named(answer.headers, answer.url)
            yield ToolMessage("blob", kind, answer.body, name)
            return
        text = http_files.text_of(answer.headers, answer.body)
        if not text:
            yield ToolMessage("text", "Empty response from the tool, please check your parameters and try again.")
            return
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            yield ToolMessage("text", text)
            return
        if isinstance(value, (dict, list)):
            yield ToolMessage("json", value=value)
        yield ToolMessage("text", json.dumps(value, ensure_ascii=False))

    async def _answer(
        self, operation: Operation, given: Mapping[str, Any], credentials: Mapping[str, str], read: ReadFile | None
    ) -> Answer:
        sending = _prepared(operation, given)
        kind, body = await _body(operation, sending, read)
        if kind:
            sending.headers.append(("Content-Type", kind))
        _authorize(sending, credentials)
        if sending.cookies:
            sending.headers.append(("Cookie", "; ".join(sending.cookies)))
        request = Request(
            operation.method.upper(), sending.url, sending.headers, sending.query, body, timeouts=_TIMES
        )
        try:
            return await self._outbound.request(request, _MOST_BYTES)
        except OutboundError as error:
            raise ToolFaultError(str(error)) from error


def _prepared(operation: Operation, given: Mapping[str, Any]) -> _Sending:
    sending = _Sending(operation.url)
    for argument in operation.arguments:
        value = given.get(argument.name)
        if value is None:
            value = argument.schema.get("default")
        if value is None or (value == "" and argument.place != "body" and not argument.required):
            if argument.required:
                raise ToolFaultError(f"Missing required parameter {argument.name} in operation {operation.name}")
            continue
        _place(sending, argument, _typed(argument, value))
    return sending


def _typed(argument: Argument, value: Any) -> Any:
    """Text of a template as what the schema asks for."""
    kind = argument.schema.get("type")
    try:
        if isinstance(value, str) and kind in ("object", "array"):
            return json.loads(value)
        if isinstance(value, str) and kind == "integer":
            return int(value)
        if isinstance(value, float) and kind == "integer" and value.is_integer():
            return int(value)
        if isinstance(value, str) and kind == "number":
            return float(value)
        if isinstance(value, str) and kind == "boolean":
            return value.strip().lower() in ("true", "1", "yes")
    except ValueError:
        raise ToolFaultError(f"Parameter {argument.name} must be of the type {kind}") from None
    return value


def _place(sending: _Sending, argument: Argument, value: Any) -> None:
    name = argument.name
    if argument.place == "path":
        sending.url = sending.url.replace(f"{{{name}}}", quote(_plain(value), safe=""))
    elif argument.place == "query":
        values = value if isinstance(value, list) else [value]
        sending.query += [(name, _plain(one)) for one in values]
    elif argument.place == "header":
        sending.headers.append((name, _plain(value)))
    elif argument.place == "cookie":
        sending.cookies.append(f"{name}={quote(_plain(value))}")
    elif argument.place == "whole":
        sending.whole = value
    else:
        sending.body[name] = value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


async def _body(operation: Operation, sending: _Sending, read: ReadFile | None) -> tuple[str, bytes | None]:
    kind, values = operation.body_type, sending.body
    if not kind or (not values and sending.whole is None):
        return "", None
    whole = values if sending.whole is None else sending.whole
    if kind == "application/json":
        return kind, json.dumps(whole, ensure_ascii=False, default=_unprintable).encode("utf-8", "replace")
    if kind == "text/plain":
        return kind, _plain(whole).encode("utf-8", "replace")
    if kind == "application/x-www-form-urlencoded":
        return kind, urlencode({name: _plain(value) for name, value in values.items()}).encode()
    boundary = f"----TransomFormBoundary{secrets.token_hex(8)}"
    parts = [await _part(boundary, name, value, read) for name, value in values.items()]
    return f"{kind}; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()


def _unprintable(value: Any) -> Any:
    raise ToolFaultError(f"A {type(value).__name__.lower()} cannot be sent as JSON")


async def _part(boundary: str, name: str, value: Any, read: ReadFile | None) -> bytes:
    mark = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if not isinstance(value, File):
        return f"{mark}\r\n\r\n{_plain(value)}\r\n".encode("utf-8", "replace")
    if read is None:
        raise ToolFaultError("Files cannot be sent from here")
    kind = value.mime_type or "application/octet-stream"
    head = f'{mark}; filename="{_quoted(value.name)}"\r\nContent-Type: {_quoted(kind)}\r\n\r\n'
    return head.encode("utf-8", "replace") + await read(value) + b"\r\n"


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _authorize(sending: _Sending, credentials: Mapping[str, str]) -> None:
    kind, key = credentials.get("auth_type", NONE), credentials.get("api_key_value", "")
    if kind == QUERY:
        sending.query.append((credentials["api_key_query_param"], key))
    elif kind == HEADER:
        name = credentials["api_key_header"]
        sending.headers = [pair for pair in sending.headers if pair[0].lower() != name.lower()]
        sending.headers.append((name, _PREFIXES[credentials["api_key_header_prefix"]] + key))


