"""OpenAPI 3 and Swagger 2 documents as tools: one operation is one tool.

References are followed inside the document only, and only so deep: a tool's schema is what a model reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from server.app import yaml_text
from server.engine.ports import ToolParameter
from server.kit.plain import clean

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_BODIES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
_PLACES = frozenset({"path", "query", "header", "cookie"})
_TYPES = {"integer": "number", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}
_KEPT = ("type", "format", "description", "enum", "default", "items", "properties", "required", "minimum", "maximum",
         "anyOf", "oneOf", "allOf", "additionalProperties", "nullable", "example")  # fmt: skip
_MOST_CHARACTERS = 1024 * 1024
_MOST_OPERATIONS = 500
_DEEPEST = 8
_MOST_NODES = 5_000
NAME_LIMIT = 64


class SchemaError(ValueError):
    """The document offers no tools; the text says why."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of an operation. ``place`` is path, query, header, cookie, body, or whole: the body itself."""

    name: str
    place: str
    schema: Mapping[str, Any]
    required: bool = False
    description: str = ""

    @property
    def parameter(self) -> ToolParameter:
        """The parameter as callers see it."""
        options = self.schema.get("enum")
        kind = _TYPES.get(str(self.schema.get("type")), "string")
        chosen = kind == "string" and isinstance(options, list) and bool(options)
        return ToolParameter(
            self.name, "select" if chosen else kind, self.required, "llm", self.description,
            self.schema.get("default"), tuple(str(one) for one in options) if chosen and options else (),
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """One call that the API offers."""

    name: str
    summary: str
    method: str
    url: str
    arguments: Sequence[Argument] = field(default_factory=tuple)
    body_type: str = ""

    def stored(self) -> dict[str, Any]:
        """As JSON; ``restored`` reads it."""
        return asdict(self)


def restored(value: Mapping[str, Any]) -> Operation:
    """An operation that was ``stored``."""
    return Operation(**{**value, "arguments": tuple(Argument(**one) for one in value["arguments"])})


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document offers. ``kind`` is openapi or swagger."""

    kind: str
    operations: Sequence[Operation]
    description: str = ""


def parse(text: str) -> Parsed:
    """Read a JSON or YAML document. Raises SchemaError."""
    if len(text) > _MOST_CHARACTERS:
        raise SchemaError("schema is too long, the maximum length is 1 MiB")
    try:
        document = _read(text)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"schema cannot be read as JSON or YAML: {error}") from None
    if not isinstance(document, Mapping):
        raise SchemaError("schema is no object")
    return _Document(document).parsed()


def _read(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return yaml_text.read(text)
    try:
        return clean(json.loads(text))
    except json.JSONDecodeError:
        return yaml_text.read(text)


class _Document:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._swagger = str(document.get("swagger", "")).startswith("2")
        self._nodes = 0

    def parsed(self) -> Parsed:
        paths = self._document.get("paths")
        if not isinstance(paths, Mapping) or not paths:
            raise SchemaError("No paths found in the openapi yaml.")
        server = self._server()
        operations: list[Operation] = []
        names: set[str] = set()
        for path, item in paths.items():
            for method, given in self._calls(item):
                if len(operations) >= _MOST_OPERATIONS:
                    raise SchemaError(f"schema has more than {_MOST_OPERATIONS} operations")
                operation = self._operation(server, str(path), method, given, self._object(item).get("parameters"))
                if operation.name in names:
                    raise SchemaError(f"operationId {operation.name} is used twice")
                names.add(operation.name)
                operations.append(operation)
        if not operations:
            raise SchemaError("No operations found in the openapi yaml.")
        description = self._object(self._document.get("info")).get("description")
        return Parsed("swagger" if self._swagger else "openapi", operations, str(description or ""))

    def _server(self) -> str:
        if self._swagger:
            schemes = self._document.get("schemes")
            scheme = schemes[0] if isinstance(schemes, list) and schemes else "https"
            host = self._document.get("host")
            url = f"{scheme}://{host}{self._document.get('basePath') or ''}" if host else ""
        else:
            servers = self._document.get("servers")
            first = self._object(servers[0]) if isinstance(servers, list) and servers else {}
            url = str(first.get("url") or "")
            for name, variable in self._object(first.get("variables")).items():
                url = url.replace(f"{{{name}}}", str(self._object(variable).get("default", "")))
        if not url:
            raise SchemaError("No server found in the openapi yaml.")
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SchemaError(f"The server {url} is no http or https address.")
        return url.rstrip("/")

    def _calls(self, item: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        found = self._object(item)
        for method in _METHODS:
            if isinstance(found.get(method), Mapping):
                yield method, found[method]

    def _operation(
        self, server: str, path: str, method: str, given: Mapping[str, Any], shared: Any
    ) -> Operation:
        arguments: dict[tuple[str, str], Argument] = {}
        body_type = ""
        for entry in [*_list(shared), *_list(given.get("parameters"))]:
            found = self._object(entry)
            if found.get("in") in ("body", "formData"):
                body_type = self._swagger_body(given, found, arguments) or body_type
            elif found.get("in") in _PLACES and found.get("name"):
                argument = self._argument(found, str(found["in"]))
                arguments[argument.place, argument.name] = argument
        body = self._object(given.get("requestBody"))
        if content := self._object(body.get("content")):
            body_type, media = self._media(content)
            self._add_body(arguments, self._schema(media.get("schema")), required=bool(body.get("required")))
        names = [argument.name for argument in arguments.values()]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise SchemaError(f"Parameter {twice} is duplicated.")
        return Operation(
            name=_name(given.get("operationId"), method, path),
            summary=str(given.get("description") or given.get("summary") or "")[:2000], method=method,
            url=urljoin(f"{server}/", path.lstrip("/")) if "://" not in path else server,
            arguments=tuple(arguments.values()), body_type=body_type,
        )

    def _argument(self, found: Mapping[str, Any], place: str) -> Argument:
        schema = self._schema(found.get("schema")) if "schema" in found else self._schema(found)
        described = found.get("description") or schema.get("description") or ""
        return Argument(
            str(found["name"]), place, schema, place == "path" or found.get("required") is True, str(described)
        )

    def _swagger_body(
        self, given: Mapping[str, Any], found: Mapping[str, Any], arguments: dict[tuple[str, str], Argument]
    ) -> str:
        consumes = [str(one) for one in _list(given.get("consumes") or self._document.get("consumes"))]
        if found["in"] == "body":
            self._add_body(arguments, self._schema(found.get("schema")), required=found.get("required") is True)
            return "application/json"
        argument = self._argument({"name": "", **found}, "body")
        arguments["body", argument.name] = argument
        return next((one for one in consumes if one in _BODIES[1:3]), _BODIES[1])

    def _media(self, content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        for kind in _BODIES:
            if kind in content:
                return kind, self._object(content[kind])
        kind, media = next(iter(content.items()))
        if "json" in str(kind):
            return "application/json", self._object(media)
        raise SchemaError(f"A body of type {kind} is not supported.")

    def _add_body(
        self, arguments: dict[tuple[str, str], Argument], schema: Mapping[str, Any], *, required: bool
    ) -> None:
        properties = self._object(schema.get("properties"))
        if not properties:
            name = "body" if ("body", "body") not in arguments else "request_body"
            described = str(schema.get("description") or "The body of the request")
            arguments["whole", name] = Argument(name, "whole", schema, required, described)
            return
        needed = [str(one) for one in _list(schema.get("required"))]
        for name, one in properties.items():
            inner = self._object(one)
            arguments["body", str(name)] = Argument(
                str(name), "body", inner, name in needed, str(inner.get("description") or inner.get("title") or "")
            )

    def _schema(self, value: Any, depth: int = 0) -> dict[str, Any]:
        """A schema without references, as deep as a tool may be. Compositions of objects are joined."""
        self._nodes += 1
        if self._nodes > _MOST_NODES * _DEEPEST:
            raise SchemaError("schema is too large when its references are filled in")
        found = self._object(value)
        if depth >= _DEEPEST:
            return {"type": found["type"]} if isinstance(found.get("type"), str) else {}
        kept: dict[str, Any] = {name: found[name] for name in _KEPT if name in found}
        kept["type"] = _type_of(found)
        if isinstance(kept.get("properties"), Mapping):
            kept["properties"] = {str(name): self._schema(one, depth + 1) for name, one in kept["properties"].items()}
        if "items" in kept:
            kept["items"] = self._schema(kept["items"], depth + 1)
        if isinstance(kept.get("additionalProperties"), Mapping):
            kept["additionalProperties"] = self._schema(kept["additionalProperties"], depth + 1)
        for name in ("anyOf", "oneOf"):
            if name in kept:
                kept[name] = [self._schema(one, depth + 1) for one in _list(kept[name])]
        for part in _list(kept.pop("allOf", None)):
            inner = self._schema(part, depth + 1)
            kept["properties"] = {**inner.get("properties", {}), **kept.get("properties", {})}
            kept["required"] = [*_list(inner.get("required")), *_list(kept.get("required"))]
            kept["type"] = "object"
        return kept

    def _object(self, value: Any) -> Mapping[str, Any]:
        """An object, behind its reference when it is one."""
        for _ in range(_DEEPEST):
            if not isinstance(value, Mapping):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise SchemaError(f"The reference {reference} leads out of the document.")
        at: Any = self._document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(at, Mapping) or key not in at:
                raise SchemaError(f"The reference {reference} leads nowhere.")
            at = at[key]
        return at


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), None)
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _name(given: Any, method: str, path: str) -> str:
    """The operation's id, or a name from its path; only what models accept in a name of a function."""
    wanted = str(given) if given else f"{path.strip('/')}_{method}"
    return re.sub(r"[^A-Za-z0-9_-]+", "_", wanted).strip("_")[:NAME_LIMIT] or f"operation_{method}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
