"""The audit log. Its lines outlive what they are about."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import _id, _json, _text, _time, metadata

audit_logs = sa.Table(
    "audit_logs", metadata,
    # UUIDv7: by time.
    _id(primary_key=True), _id("tenant_id"), _id("account_id"),
    # The RPC, the kind and id of what it is about, fields that may be kept.
    _text("action"), _text("resource"), _text("resource_id"), _json("detail"),
    _text("ip", nullable=True), _text("outcome"), _time("created_at"),
    sa.Index("ix_audit_logs_tenant", "tenant_id", "id"),
    sa.Index("ix_audit_logs_created", "created_at"),
)
