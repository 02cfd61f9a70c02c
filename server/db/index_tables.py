"""Tables of the indexes (server/index/README.md). Rows of vectors have theirs in pgvector.py: it may be missing.

A row belongs to a *space*: one index of one dataset of one tenant. Rows carry its number instead of three
ids, so that dropping an index is one update and the rest is swept up later.
"""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import metadata


def _number(name: str, *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=primary_key, nullable=False, autoincrement=False)


def _uuid(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Uuid(as_uuid=False), primary_key=primary_key, nullable=False)


def _word(name: str) -> sa.Column[str]:
    # Compared byte by byte, whatever the database's language is.
    return sa.Column(name, sa.Text(collation="C"), primary_key=True, nullable=False)


index_spaces = sa.Table(
    "index_spaces", metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _uuid("tenant_id"), _uuid("dataset_id"),
    # vector, text or keyword; only vectors have generations and a dimension.
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("dimension", sa.Integer, nullable=False, server_default="0"),
    # Vectors: about how many rows stand in a table of their own with an HNSW index; null while there is none.
    sa.Column("body_rows", sa.Integer, nullable=True),
    # Unreachable from then on; the sweep deletes the rows and then this one.
    sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index(
        "uq_index_spaces_live", "dataset_id", "kind", "generation", "tenant_id", unique=True,
        postgresql_where=sa.text("dropped_at IS NULL"),
    ),
    sa.Index("ix_index_spaces_dropped", "dropped_at", postgresql_where=sa.text("dropped_at IS NOT NULL")),
)

# Full text (server/index/fulltext.py)

text_node_numbers = sa.Sequence("text_node_numbers", metadata=metadata, data_type=sa.BigInteger)

text_nodes = sa.Table(
    "text_nodes", metadata,
    _number("space_id", primary_key=True), _uuid("node_id", primary_key=True),
    # What postings call the node; never used again.
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),
    _uuid("segment_id"), _uuid("document_id"),
    sa.Column("tokens", sa.Integer, nullable=False),
    sa.Index("ix_text_nodes_document", "space_id", "document_id"),
)

text_blocks = sa.Table(
    "text_blocks", metadata,
    # Nodes that were written or merged together. Never changed: merged into a new one, then deleted.
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _number("space_id"),
    # Postings hold numbers of nodes relative to this one.
    _number("first_number"),
    sa.Column("nodes", sa.Integer, nullable=False), sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Index("ix_text_blocks_space", "space_id"),
)

text_postings = sa.Table(
    "text_postings", metadata,
    _number("space_id", primary_key=True), _word("term"), _number("block_id", primary_key=True),
    # The nodes of the block that hold the term (server/index/postings.py).
    sa.Column("entries", sa.LargeBinary, nullable=False),
    sa.Index("ix_text_postings_block", "block_id"),
)

text_dead = sa.Table(
    "text_dead", metadata,
    # Nodes that are deleted but still in a block; merging takes them out.
    _number("space_id", primary_key=True), _number("number", primary_key=True),
    sa.Column("tokens", sa.Integer, nullable=False),
)

# The keyword table of economy datasets (server/index/keywords.py)

keyword_nodes = sa.Table(
    "keyword_nodes", metadata,
    _number("space_id", primary_key=True), _word("keyword"), _uuid("node_id", primary_key=True),
    _uuid("segment_id"), _uuid("document_id"),
    # Breaks ties: where the node stands in its dataset.
    sa.Column("document_position", sa.Integer, nullable=False), sa.Column("position", sa.Integer, nullable=False),
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Index("ix_keyword_nodes_node", "space_id", "node_id"),
    sa.Index("ix_keyword_nodes_document", "space_id", "document_id"),
)
