"""What starts workflows besides users (data-model.md section 6)."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import _bool, _id, _json, _text, _time, metadata

triggers = sa.Table(
    "triggers", metadata,
    # One of each trigger node of an app's published workflow.
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _text("node_id"),
    # trigger-webhook, trigger-schedule or trigger-plugin.
    _text("type"), _text("title"),
    # enabled or disabled.
    _text("status", "enabled"),
    # False: only the draft has the node; its webhook has an address already, for debugging.
    _bool("is_live", True),
    _text("webhook_id", nullable=True),
    # Of schedules: the data of the node, and when it is due, while it is live and enabled.
    _json("schedule", nullable=True), _time("due_at", nullable=True),
    _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("app_id", "node_id"), sa.UniqueConstraint("webhook_id"),
    sa.Index("ix_triggers_due", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
)
