"""The ledger of what models cost. Its rows outlive apps, keys and conversations."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import _bool, _id, _int, _text, _time, metadata

usage_records = sa.Table(
    "usage_records", metadata,
    # One for each model of a run, written with its end.
    _id("task_id", primary_key=True), sa.Column("position", sa.Integer, primary_key=True),
    _id("tenant_id"), _id("app_id"), _id("api_key_id", nullable=True), _id("end_user_id", nullable=True),
    # The app's mode, the full name of the provider.
    _text("mode"), _text("provider"), _text("model"),
    _int("calls"), sa.Column("prompt_tokens", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("completion_tokens", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("price", sa.Numeric(20, 7), nullable=False, server_default="0"), _text("currency", "USD"),
    # Some of it was not reported by the provider.
    _bool("is_estimated", False), _time("created_at"),
    sa.Index("ix_usage_records_tenant", "tenant_id", "created_at"),
)
