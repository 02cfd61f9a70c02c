"""Annotations: answers that people wrote, given instead of a model's (data-model.md section 5)."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import _bool, _id, _int, _text, _time, metadata

app_annotations = sa.Table(
    "annotations", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("conversation_id", nullable=True),
    _id("message_id", nullable=True), _text("question", nullable=True), _text("answer", nullable=True),
    _int("hit_count"), _id("account_id", nullable=True),
    # The question as float32, little-endian, of length 1, and the model that it is by; empty: the model gave none.
    sa.Column("vector", sa.LargeBinary, nullable=True), _text("vector_space", nullable=True),
    _time("created_at"), _time("updated_at"),
    sa.Index("ix_annotations_app", "app_id", "created_at"),
    sa.Index("ix_annotations_message", "message_id", postgresql_where=sa.text("message_id IS NOT NULL")),
    sa.Index(
        "ix_annotations_conversation", "conversation_id", postgresql_where=sa.text("conversation_id IS NOT NULL")
    ),
)

annotation_hits = sa.Table(
    "annotation_hits", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("annotation_id"), _id("message_id"),
    _id("end_user_id", nullable=True), _text("source"), _text("query"),
    # Those of the annotation, as they were then.
    _text("question"), _text("answer"), sa.Column("score", sa.Float, nullable=False), _time("created_at"),
    sa.Index("ix_annotation_hits_annotation", "annotation_id", "created_at"),
    sa.Index("ix_annotation_hits_app", "app_id"),
    sa.Index("ix_annotation_hits_message", "message_id"),
)

annotation_settings = sa.Table(
    "annotation_settings", metadata,
    # One an app, from the first job on. The lock of this row orders jobs and changes of annotations.
    _id("app_id", primary_key=True), _id("tenant_id"), _id("id"), _bool("enabled", False),
    sa.Column("score_threshold", sa.Float, nullable=False, server_default="0"),
    _text("provider"), _text("model"),
    # Counts what changed of the annotations; processes read them again when it has.
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
    # The newest job; what it is to set is in its payload.
    _id("job_id"), _text("job_action"), _text("job_status", "waiting"), _text("job_error"),
    _time("job_ended_at", nullable=True), _time("created_at"), _time("updated_at"),
)

annotation_imports = sa.Table(
    "annotation_imports", metadata,
    # Files that were taken in, for a day: whoever sent one may ask.
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _time("created_at"),
    sa.Index("ix_annotation_imports_app", "app_id"),
)
