"""API-based extensions of workspaces (data-model.md section 3)."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import _id, _text, _time, metadata

api_based_extensions = sa.Table(
    "api_based_extensions", metadata,
    _id(primary_key=True), _id("tenant_id"), _text("name"), _text("endpoint"), _text("sealed_key"), _id("created_by"),
    _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("tenant_id", "name"),
)
