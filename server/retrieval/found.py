"""What an app asks of its datasets, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks: for history and citations."""

    tenant_id: str
    app_id: str
    end_user_id: str | None
    # "api", "web_app", "dev" or "workflow" (sse-events.md 8.2).
    retriever_from: str = "api"
    # Whose id ``end_user_id`` is: "end_user" or "account".
    role: str = "end_user"


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The context of a prompt, and citations as they are sent (sse-events.md 8.2)."""

    context: str
    resources: list[dict[str, Any]]
