"""What an http-request node says, parsed (workflow-engine.md 8.15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.engine.node import NodeDataError
from server.engine.values import Selector

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
BODY_TYPES = ("none", "form-data", "x-www-form-urlencoded", "raw-text", "json", "binary")
AUTH_TYPES = ("basic", "bearer", "custom")
_LINES = ("form-data", "x-www-form-urlencoded")
_TIMEOUTS = (("connect", 10.0), ("read", 600.0), ("write", 600.0))


@dataclass(frozen=True, slots=True)
class Auth:
    """``kind`` is basic, bearer or custom."""

    kind: str
    api_key: str
    header: str


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a body. Key and value are templates; ``file`` is a selector."""

    key: str
    kind: str
    value: str
    file: Selector


@dataclass(frozen=True, slots=True)
class HttpData:
    """The whole of it; texts are templates."""

    method: str
    url: str
    headers: str
    params: str
    auth: Auth | None
    body_type: str
    items: Sequence[Item]
    timeout: tuple[float, float, float]
    verify_tls: bool
    # Whether other statuses than 2xx fail the node: it can retry, or says what happens then.
    strict: bool


def parse(data: Mapping[str, Any]) -> HttpData:
    """Raises NodeDataError."""
    body_type, items = _body(data.get("body"))
    retry = data.get("retry_config")
    return HttpData(
        method=_method(data.get("method")), url=_text(data.get("url"), "url"),
        headers=_text(data.get("headers"), "headers"), params=_text(data.get("params"), "params"),
        auth=_auth(data.get("authorization")), body_type=body_type, items=items, timeout=_timeout(data.get("timeout")),
        verify_tls=data.get("ssl_verify") is not False,
        strict=bool(data.get("error_strategy") or (isinstance(retry, Mapping) and retry.get("retry_enabled"))),
    )


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NodeDataError(f"{name} must be text")
    return value


def _method(value: Any) -> str:
    if not isinstance(value, str) or value.lower() not in METHODS:
        raise NodeDataError(f"method must be one of {', '.join(METHODS)}")
    return value


def _auth(value: Any) -> Auth | None:
    if value is None:
        return None
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind == "no-auth":
        return None
    config = value.get("config") if isinstance(value, Mapping) else None
    if kind != "api-key":
        raise NodeDataError("authorization type must be no-auth or api-key")
    if not isinstance(config, Mapping):
        raise NodeDataError("authorization config is required")
    if config.get("type") not in AUTH_TYPES:
        raise NodeDataError(f"authorization config type must be one of {', '.join(AUTH_TYPES)}")
    header = _text(config.get("header"), "authorization header") or "Authorization"
    return Auth(config["type"], _text(config.get("api_key"), "api_key"), header)


def _body(value: Any) -> tuple[str, Sequence[Item]]:
    if value is None:
        return "none", ()
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in BODY_TYPES:
        raise NodeDataError(f"body type must be one of {', '.join(BODY_TYPES)}")
    data = value.get("data") or ()
    if isinstance(data, str):
        return kind, _lines(data) if kind in _LINES else (Item("", "text", data, ()),)
    if not isinstance(data, (list, tuple)):
        raise NodeDataError("body data must be a list or text")
    return kind, [_item(one) for one in data]


def _lines(text: str) -> list[Item]:
    """The old form of forms: one ``key:value`` a line."""
    return [Item(key, "text", value, ()) for key, value in pairs(text)]


def pairs(text: str) -> list[tuple[str, str]]:
    """``key:value`` lines; lines without a key say nothing."""
    found = []
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        if key.strip():
            found.append((key.strip(), value.strip()))
    return found


def _item(value: Any) -> Item:
    if not isinstance(value, Mapping) or value.get("type", "text") not in ("text", "file"):
        raise NodeDataError("an item of body data must have the type text or file")
    selector = value.get("file") or ()
    if not isinstance(selector, (list, tuple)) or not all(isinstance(part, str) for part in selector):
        raise NodeDataError("file of a body item must be a selector")
    return Item(
        _text(value.get("key"), "key"), value.get("type", "text"), _text(value.get("value"), "value"), tuple(selector)
    )


def _timeout(value: Any) -> tuple[float, float, float]:
    given = value if isinstance(value, Mapping) else {}
    connect, read, write = (_seconds(given.get(name), name, default) for name, default in _TIMEOUTS)
    return connect, read, write


def _seconds(value: Any, name: str, default: float) -> float:
    if value in (None, "", 0):
        return default
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise NodeDataError(f"timeout {name} must be a number") from None
    if not 0 < seconds < 86_400:
        raise NodeDataError(f"timeout {name} is out of range")
    return seconds
