"""Triggers of an app, as they are stored and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.kit.caller import AppContext

WEBHOOK, SCHEDULE = "trigger-webhook", "trigger-schedule"
ENABLED, DISABLED = "enabled", "disabled"
# What triggers nodes of these types have; those of other types start runs in no way that we know.
KINDS = frozenset({WEBHOOK, SCHEDULE})


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger node of a published workflow. ``due_at``: when a schedule that is enabled starts the next run."""

    id: str
    node_id: str
    type: str
    title: str
    status: str
    webhook_id: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a request goes: a node of an app, and in whose name its runs are."""

    app: AppContext
    node_id: str
    # Published and enabled: it starts runs of the published workflow.
    is_open: bool
    user_id: str


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule whose time has come."""

    id: str
    app: AppContext
    node_id: str
    schedule: Mapping[str, Any]
    due_at: datetime
    user_id: str
