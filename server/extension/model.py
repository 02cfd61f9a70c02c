"""What an extension is, and the rules of its fields (feature-semantics.md 3.6, extension protocol)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from server.kit.errors import invalid_param
from server.kit.plain import clean_text

# The topic of the bus that says which extension has changed.
TOPIC = "extensions"
HIDDEN = "[__HIDDEN__]"
PING = "ping"
MODERATE_INPUT = "app.moderation.input"
MODERATE_OUTPUT = "app.moderation.output"
QUERY_DATA = "app.external_data_tool.query"

_LONGEST_NAME = 255
_LONGEST = 2000
_SHORTEST_KEY = 5


class ExtensionError(Exception):
    """An extension is unknown, did not answer, or answered what cannot be understood; the text may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A stored extension; ``api_key`` is in clear."""

    id: str
    tenant_id: str
    name: str
    endpoint: str
    api_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Fields:
    """A checked request to add or replace one."""

    name: str
    endpoint: str
    api_key: str

    def with_key(self, api_key: str) -> Fields:
        """The same, with a key that is stored already when the hidden one was sent."""
        return replace(self, api_key=api_key) if self.api_key == HIDDEN else self


def fields(name: str, endpoint: str, api_key: str) -> Fields:
    """Check a request. Raises invalid_param."""
    found = Fields(clean_text(name).strip(), clean_text(endpoint).strip(), clean_text(api_key).strip())
    for label, value in (("name", found.name), ("api_endpoint", found.endpoint), ("api_key", found.api_key)):
        if not value:
            raise invalid_param(f"{label} must not be empty")
        longest = _LONGEST_NAME if label == "name" else _LONGEST
        if len(value) > longest:
            raise invalid_param(f"{label} must have at most {longest} characters")
    if len(found.api_key) < _SHORTEST_KEY:
        raise invalid_param(f"api_key must be at least {_SHORTEST_KEY} characters")
    if not found.api_key.isprintable() or not found.api_key.isascii():
        raise invalid_param("api_key must be of printable ASCII characters")
    if not _is_address(found.endpoint):
        raise invalid_param("api_endpoint must be an http or https address")
    return found


def obfuscated(key: str) -> str:
    """What is shown of a key."""
    return f"{key[:3]}******{key[-3:]}" if len(key) > 8 else f"{key[:1]}******{key[-1:]}"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
