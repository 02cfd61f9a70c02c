"""Lines of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SUCCESS, FORBIDDEN, LEFT = "success", "forbidden", "client_left"
OUTCOMES = (SUCCESS, FORBIDDEN, LEFT)
MOST = 100
MOST_PAGES = 99_999


@dataclass(frozen=True, slots=True)
class Entry:
    """An act, as it is noted. ``action`` is the name of the RPC, ``detail`` holds what the protos let it hold."""

    tenant_id: str
    account_id: str
    action: str
    resource: str
    resource_id: str
    detail: Mapping[str, Any]
    ip: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Line:
    """An act, as it is shown. Names are None when the account is gone."""

    id: str
    account_id: str
    account_name: str | None
    account_email: str | None
    action: str
    resource: str
    resource_id: str
    detail: Mapping[str, Any]
    ip: str | None
    outcome: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines are wanted: all that match what is given, from ``since`` on and before ``until``."""

    action: str = ""
    account_id: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    limit: int = 20
