"""Which triggers a workflow has: brought up to date by whoever publishes it, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.db.engine import UnitOfWork
from server.engine.node import NodeDataError
from server.engine.nodes.trigger_schedule import TriggerScheduleNode
from server.kit.errors import invalid_param
from server.trigger.model import KINDS, SCHEDULE, WEBHOOK
from server.trigger.store import TriggerStore
from server.workflow.rules import nodes_of


def register(uow: UnitOfWork, tenant_id: str, app_id: str, graph: Mapping[str, Any], now: datetime) -> None:
    """Make, change and remove triggers so that an app has those of ``graph``, which is being published.

    Raises invalid_param for a schedule that cannot be read.
    """
    store = TriggerStore(uow)
    found = {node_id: data for node_id, data in nodes_of(graph) if data.get("type") in KINDS}
    store.keep_only(tenant_id, app_id, found)
    for node_id, data in found.items():
        of_schedule = data["type"] == SCHEDULE
        store.put(
            tenant_id, app_id, node_id, kind=data["type"], title=str(data.get("title") or ""), is_live=True,
            has_webhook=data["type"] == WEBHOOK, schedule=data if of_schedule else None,
            due_at=_due(node_id, data, now) if of_schedule else None,
        )  # fmt: skip


def due_after(schedule: Mapping[str, Any], moment: datetime) -> datetime | None:
    """When the schedule of a node is due next. Raises NodeDataError."""
    return TriggerScheduleNode.parse(schedule, "").due_after(moment)


def _due(node_id: str, data: Mapping[str, Any], now: datetime) -> datetime | None:
    try:
        return due_after(data, now)
    except NodeDataError as error:
        raise invalid_param(f"Node '{data.get('title') or node_id}' ({node_id}): {error}") from error
