"""The document cache of embeddings (rag-engine.md 6.2)."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import NOW, metadata

embedding_cache = sa.Table(
    "embedding_cache", metadata,
    # A tenant's own: a shared cache would tell one tenant what another has embedded, and let one that brings
    # its own model address feed vectors to others.
    sa.Column("tenant_id", sa.Uuid(as_uuid=False), primary_key=True),
    # Digest of model and address: vectors of one space compare.
    sa.Column("space", sa.LargeBinary, primary_key=True),
    # SHA-256 of the text with "None" appended.
    sa.Column("text_hash", sa.LargeBinary, primary_key=True),
    # Float32, little-endian, length 1.
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    sa.Index("ix_embedding_cache_created_at", "created_at"),
)
