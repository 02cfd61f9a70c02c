"""``trigger-webhook``: what a request must be, and the variables in it (workflow-engine.md 8.21)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, NodeDataError, Result
from server.engine.nodes import data as read
from server.engine.nodes.start import given
from server.engine.values import Selector, exposed, type_of

RAW = "_webhook_raw"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
_JSON, _TEXT = "application/json", "text/plain"
_DONE = {"status": "success", "message": "Webhook processed successfully"}


class WebhookRequestError(Exception):
    """A request that the trigger does not take; the text is shown with a 400."""


@dataclass(frozen=True, slots=True)
class Field:
    """A header, a parameter of the query or a field of the body."""

    name: str
    kind: str
    required: bool


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """What came. ``body`` is the parsed object of a JSON body or form, the text of another one; files are in it."""

    method: str
    content_type: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class TriggerWebhookNode:
    """A declared request, and what is answered at once."""

    method: str
    content_type: str
    headers: tuple[Field, ...]
    params: tuple[Field, ...]
    body: tuple[Field, ...]
    status_code: int
    response_body: str

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads the declaration; ``timeout`` and ``async_mode`` mean nothing: the answer never waits for the run."""
        method = read.text(data.get("method") or "get", "method").upper()
        if method not in _METHODS:
            raise NodeDataError(f"method '{method}' is not one of {', '.join(sorted(_METHODS))}.")
        status = read.whole(data.get("status_code"), "status_code", 200)
        if not 200 <= status <= 399:
            raise NodeDataError(f"status_code must be from 200 to 399, not {status}.")
        return cls(
            method, read.text(data.get("content_type") or _JSON, "content_type").lower(),
            _fields(data, "headers"), _fields(data, "params"), _fields(data, "body"), status,
            read.text(data.get("response_body"), "response_body"),
        )  # fmt: skip

    def read(self, request: WebhookRequest) -> Mapping[str, Any]:
        """The inputs of a run out of a request. Raises WebhookRequestError."""
        if request.method.upper() != self.method:
            raise WebhookRequestError(f"HTTP method mismatch. Expected {self.method}, got {request.method.upper()}")
        self._check_type(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        found: dict[str, Any] = {}
        for header in self.headers:
            found[header.name.replace("-", "_")] = _value(header, headers.get(header.name.lower()), "header")
        for param in self.params:
            found[param.name] = _value(param, request.query.get(param.name), "query parameter")
        for field in self.body:
            found[field.name] = _value(field, self._in_body(field, request.body), "body parameter")
        found[RAW] = {
            "method": request.method.upper(), "headers": dict(request.headers), "query_params": dict(request.query),
            "body": request.body,
        }  # fmt: skip
        return found

    def _check_type(self, request: WebhookRequest) -> None:
        got = request.content_type.partition(";")[0].strip().lower()
        if self.body and self.method not in {"GET", "HEAD"} and got != self.content_type:
            raise WebhookRequestError(f"Content-type mismatch. Expected {self.content_type}, got {got or 'none'}")

    def _in_body(self, field: Field, body: Any) -> Any:
        """Bodies that are one text or one file are the value of the one field that is declared."""
        return body.get(field.name) if isinstance(body, Mapping) else body

    def reply(self) -> tuple[int, Any]:
        """The answer to a request that was taken: status and JSON."""
        text = self.response_body.strip()
        if not text:
            return self.status_code, _DONE
        try:
            return self.status_code, json.loads(text)
        except ValueError:
            return self.status_code, {"message": self.response_body}

    async def run(self, ctx: Context) -> Result:
        """Pass all inputs on."""
        return given(ctx, ctx.inputs)

    def uses(self) -> Sequence[Selector]:
        """Nothing."""
        return ()


def _fields(data: Mapping[str, Any], name: str) -> tuple[Field, ...]:
    return tuple(
        Field(read.required(item, "name"), read.text(item.get("type") or "string", "type"), bool(item.get("required")))
        for item in read.objects(data.get(name), name)
    )


def _value(field: Field, value: Any, where: str) -> Any:
    if value is None:
        if field.required:
            raise WebhookRequestError(f"Required {where} missing: {field.name}")
        return None
    if isinstance(value, str) and field.kind in {"number", "boolean"}:
        value = _converted(field, value)
    if not _fits(value, field.kind):
        raise WebhookRequestError(f"Parameter '{field.name}' must be of type {field.kind}")
    return value


def _converted(field: Field, text: str) -> Any:
    """Queries and forms only carry text."""
    try:
        if field.kind == "number":
            return float(text) if "." in text else int(text)
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    except (KeyError, ValueError):
        raise WebhookRequestError(f"Parameter '{field.name}' must be of type {field.kind}") from None


def _fits(value: Any, kind: str) -> bool:
    actual = exposed(type_of(value))
    if kind.startswith("array"):
        return actual == kind or (kind in {"array", "array[any]"} and actual.startswith("array")) or value == []
    return kind not in {"string", "number", "boolean", "object"} or actual == kind
