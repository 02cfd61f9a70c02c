"""Providers of tools that a workspace adds: APIs, MCP servers, workflows (data-model.md section 7)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from server.db.tables import _bool, _id, _json, _text, _time, metadata


def _list(name: str) -> sa.Column[object]:
    return sa.Column(name, JSON, nullable=False, server_default="[]")


api_tool_providers = sa.Table(
    "api_tool_providers", metadata,
    _id(primary_key=True), _id("tenant_id"), _text("name"), _json("icon"), _text("description"),
    # openapi or swagger; the document as it was sent, and what was read from it.
    _text("schema_type", "openapi"), _text("schema"), _list("operations"),
    _text("sealed_credentials"), _text("privacy_policy"), _text("custom_disclaimer"), _list("labels"),
    _id("created_by"), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("tenant_id", "name"),
)

mcp_tool_providers = sa.Table(
    "mcp_tool_providers", metadata,
    _id(primary_key=True), _id("tenant_id"), _text("name"), _json("icon"), _text("server_identifier"),
    # Addresses often carry a key.
    _text("sealed_url"), _text("url_hash"), _text("sealed_headers"), _list("tools"), _bool("authed", False),
    sa.Column("timeout", sa.Float, nullable=False, server_default="30"),
    sa.Column("read_timeout", sa.Float, nullable=False, server_default="300"),
    _id("created_by"), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("tenant_id", "name"), sa.UniqueConstraint("tenant_id", "server_identifier"),
    sa.UniqueConstraint("tenant_id", "url_hash"),
)

workflow_tool_providers = sa.Table(
    "workflow_tool_providers", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _text("name"), _text("label"), _text("description"),
    _json("icon"),
    # The published version that runs, and its inputs as a tool offers them.
    _id("workflow_id"), _list("parameters"), _text("privacy_policy"), _list("labels"),
    _id("created_by"), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("tenant_id", "name"), sa.UniqueConstraint("tenant_id", "app_id"),
)
