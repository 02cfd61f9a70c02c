"""Providers of tools that a workspace adds, and the rules of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from server.external.model import HIDDEN, obfuscated
from server.kit.errors import invalid_param
from server.kit.plain import clean, clean_text
from server.tools.mcp import Server
from server.tools.openapi import Operation

NAME_LIMIT = 40
TEXT_LIMIT = 10_000
Kind = Literal["api", "mcp", "workflow"]

_TOOL_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
_IDENTIFIER = re.compile(r"[a-z0-9_-]{1,24}")
_SECONDS = (1.0, 600.0)


@dataclass(frozen=True, slots=True)
class ApiProvider:
    """An API that an OpenAPI document describes."""

    id: str
    name: str
    icon: Mapping[str, Any]
    description: str
    schema_type: str
    schema: str
    operations: Sequence[Operation]
    credentials: Mapping[str, str]
    privacy_policy: str
    custom_disclaimer: str
    labels: Sequence[str]
    created_by: str
    updated_at: datetime

    def operation(self, name: str) -> Operation | None:
        """One of its tools."""
        return next((one for one in self.operations if one.name == name), None)


@dataclass(frozen=True, slots=True)
class McpProvider:
    """An MCP server; ``tools`` are as it listed them last."""

    id: str
    name: str
    icon: Mapping[str, Any]
    identifier: str
    server: Server
    tools: Sequence[Mapping[str, Any]]
    authed: bool
    created_by: str
    updated_at: datetime

    def tool(self, name: str) -> Mapping[str, Any] | None:
        """One of its tools."""
        return next((one for one in self.tools if one.get("name") == name), None)


@dataclass(frozen=True, slots=True)
class WorkflowTool:
    """A published workflow as a tool. ``parameters``: {name, type, label, description, required, form, default,
    options}. ``latest`` is the version that is published now.
    """

    id: str
    app_id: str
    name: str
    label: str
    description: str
    icon: Mapping[str, Any]
    workflow_id: str
    parameters: Sequence[Mapping[str, Any]]
    privacy_policy: str
    labels: Sequence[str]
    created_by: str
    updated_at: datetime
    latest: str = ""


@dataclass(frozen=True, slots=True)
class ApiFields:
    """A request to add or change an API; ``credentials`` are as they were sent."""

    name: str
    schema: str
    icon: Mapping[str, Any]
    credentials: Mapping[str, Any]
    privacy_policy: str
    custom_disclaimer: str
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class McpFields:
    """A request to add or change an MCP server; the URL and headers may stand for those that are stored."""

    name: str
    icon: Mapping[str, Any]
    identifier: str
    url: str
    headers: Mapping[str, str]
    timeout: float
    read: float


@dataclass(frozen=True, slots=True)
class WorkflowFields:
    """A request to offer a workflow as a tool; ``parameters`` are {name, description, form}."""

    name: str
    label: str
    description: str
    icon: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]
    privacy_policy: str
    labels: Sequence[str]


def checked_name(value: str, field: str = "name") -> str:
    """A name for people. Raises invalid_param."""
    name = clean_text(value).strip()
    if not 1 <= len(name) <= NAME_LIMIT:
        raise invalid_param(f"{field} must have 1 to {NAME_LIMIT} characters")
    return name


def checked_text(value: str, field: str) -> str:
    """A longer text. Raises invalid_param."""
    if len(value) > TEXT_LIMIT:
        raise invalid_param(f"{field} must have at most {TEXT_LIMIT} characters")
    return clean_text(value)


def api_fields(sent: Mapping[str, Any]) -> ApiFields:
    """Check a request. Raises invalid_param."""
    if not sent.get("schema"):
        raise invalid_param("schema is required")
    return ApiFields(
        name=checked_name(str(sent.get("provider", "")), "provider"), schema=clean_text(str(sent["schema"])),
        icon=_object(sent.get("icon")), credentials=_object(sent.get("credentials")),
        privacy_policy=checked_text(str(sent.get("privacy_policy") or ""), "privacy_policy"),
        custom_disclaimer=checked_text(str(sent.get("custom_disclaimer") or ""), "custom_disclaimer"),
        labels=checked_labels(sent.get("labels")),
    )


def mcp_fields(sent: Mapping[str, Any]) -> McpFields:
    """Check a request. Raises invalid_param."""
    url = clean_text(str(sent.get("server_url", ""))).strip()
    if HIDDEN not in url:
        _check_url(url)
    identifier = str(sent.get("server_identifier", ""))
    if not _IDENTIFIER.fullmatch(identifier):
        raise invalid_param("server_identifier must have 1 to 24 lower-case letters, digits, _ and -")
    configuration = _object(sent.get("configuration"))
    headers = _object(sent.get("headers"))
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", str(name)) or re.search(r"[\r\n\x00]", str(value)):
            raise invalid_param(f"headers must be names and values of HTTP headers: {str(name)[:40]!r} is none")
    icon = {"content": sent.get("icon") or "", "background": sent.get("icon_background") or ""}
    return McpFields(
        name=checked_name(str(sent.get("name", ""))), icon={**icon, "type": sent.get("icon_type") or "emoji"},
        identifier=identifier, url=url, headers={str(name): str(value) for name, value in headers.items()},
        timeout=_seconds(configuration.get("timeout"), "timeout", 30.0),
        read=_seconds(configuration.get("sse_read_timeout"), "sse_read_timeout", 300.0),
    )


def workflow_fields(sent: Mapping[str, Any]) -> WorkflowFields:
    """Check a request. Raises invalid_param."""
    name = str(sent.get("name", ""))
    if not _TOOL_NAME.fullmatch(name):
        raise invalid_param("name must have 1 to 40 letters, digits and underscores")
    parameters = [_object(one) for one in sent.get("parameters") or ()]
    for one in parameters:
        if not one.get("name") or one.get("form", "llm") not in ("llm", "form"):
            raise invalid_param("parameters must have a name, and the form llm or form")
    return WorkflowFields(
        name=name, label=checked_name(str(sent.get("label", "")), "label"),
        description=checked_text(str(sent.get("description") or ""), "description"), icon=_object(sent.get("icon")),
        parameters=parameters, privacy_policy=checked_text(str(sent.get("privacy_policy") or ""), "privacy_policy"),
        labels=checked_labels(sent.get("labels")),
    )


def checked_labels(value: Any) -> list[str]:
    """Labels of a provider. Raises invalid_param."""
    labels = [str(one) for one in value or ()]
    if len(labels) > 20 or any(len(one) > NAME_LIMIT for one in labels):
        raise invalid_param(f"labels must be at most 20 texts of at most {NAME_LIMIT} characters")
    return labels


def kept_secrets(sent: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, Any]:
    """What was sent, with what is stored in the place of ``[__HIDDEN__]`` and of values as they are shown.

    Raises invalid_param when nothing is stored in such a place.
    """
    if lost := next((name for name, value in sent.items() if value == HIDDEN and name not in stored), None):
        raise invalid_param(f"{lost} is required: none is stored")
    return {
        name: stored[name] if name in stored and value in (HIDDEN, obfuscated(stored[name])) else value
        for name, value in sent.items()
    }


def masked_url(url: str) -> str:
    """What is shown of an MCP server's address: its host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/******"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise invalid_param("server_url must be an http or https address")


def _object(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid_param("icon, credentials, headers and parameters must be objects")
    found: Mapping[str, Any] = clean(value)
    return found


def _seconds(value: Any, name: str, default: float) -> float:
    low, high = _SECONDS
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise invalid_param(f"{name} must be a number of seconds from {low:g} to {high:g}")
    return float(value)
