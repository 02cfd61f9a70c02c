"""What a registered API is, and the rules of its fields (console-api.md section 11, rag-engine.md section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from server.kit.errors import invalid_param
from server.kit.plain import clean_text

NAME_LIMIT = 40
HIDDEN = "[__HIDDEN__]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalApi:
    """A registered API; ``api_key`` is in clear, ``datasets`` are (id, name) of those that use it."""

    id: str
    tenant_id: str
    name: str
    description: str
    endpoint: str
    api_key: str
    created_by: str
    created_at: datetime
    datasets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFields:
    """A checked request to register or change one."""

    name: str
    description: str
    endpoint: str
    api_key: str


def fields(name: str, description: str, endpoint: str, api_key: str) -> ApiFields:
    """Check a request. Raises invalid_param."""
    cleaned = clean_text(name).strip()
    if not 1 <= len(cleaned) <= NAME_LIMIT:
        raise invalid_param(f"name must have 1 to {NAME_LIMIT} characters")
    address = clean_text(endpoint).strip()
    if not address:
        raise invalid_param("endpoint is required")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise invalid_param(f"invalid endpoint: {address} must be an http or https address")
    if not api_key:
        raise invalid_param("api_key is required")
    return ApiFields(name=cleaned, description=clean_text(description), endpoint=address, api_key=clean_text(api_key))


def obfuscated(key: str) -> str:
    """What is shown of a key."""
    return f"{key[:6]}{'*' * 12}{key[-2:]}" if len(key) > 8 else "*" * 20
