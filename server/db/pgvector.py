"""The one table that needs pgvector, apart from the migrations: with another vector store nothing needs it.

``ensure`` may run at any time, also when a workspace moves from Milvus to pgvector years later.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

# halfvec came with 0.7, scans that go on until a filter is satisfied with 0.8.
NEEDED = (0, 8)
_LOCK = 0x7472616E766563  # "tranvec"

# Vectors of half precision: half the memory of single, and the scores differ in the fifth digit. Rows stay
# in one piece up to a page (4,000 dimensions), so that reading one is reading one place. Rows come and go
# (vector_body.py), so the table is cleaned more often than others.
_ROWS = """
CREATE TABLE IF NOT EXISTS vector_rows (
    space_id BIGINT NOT NULL,
    node_id UUID NOT NULL,
    segment_id UUID NOT NULL,
    document_id UUID NOT NULL,
    embedding HALFVEC NOT NULL,
    CONSTRAINT pk_vector_rows PRIMARY KEY (space_id, node_id)
) WITH (
    toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000
);
ALTER TABLE vector_rows ALTER COLUMN document_id SET STATISTICS 10;
CREATE INDEX IF NOT EXISTS ix_vector_rows_document ON vector_rows (space_id, document_id);
"""

log = logging.getLogger("transom.migrate")


class PgVectorMissing(Exception):
    """This database cannot hold vectors; the text says what to do."""


def ensure(engine: Engine) -> bool:
    """Create the extension and its table unless they are there; True when something was created.

    Raises PgVectorMissing when the server does not offer the extension, offers an old one, or this role
    may not create it.
    """
    with engine.connect() as connection:
        if _is_there(connection):
            return False
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _is_there(connection):  # another process was first
            return False
        _extension(connection)
        connection.execute(sa.text(_ROWS))
        connection.commit()
    log.info("made the table of vectors")
    return True


def _is_there(connection: Connection) -> bool:
    return connection.execute(sa.text("SELECT to_regclass('vector_rows')")).scalar() is not None


def _extension(connection: Connection) -> None:
    found = connection.execute(
        sa.text("SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'vector'")
    ).first()
    if found is None:
        raise PgVectorMissing(
            "This PostgreSQL has no pgvector. Install pgvector 0.8 or newer on the database server "
            "(https://github.com/pgvector/pgvector), or choose another store with TRANSOM_VECTOR_STORE=milvus."
        )
    version = found.installed_version or found.default_version
    if _parsed(version) < NEEDED:
        raise PgVectorMissing(
            f"This PostgreSQL has pgvector {version}; 0.8 or newer is needed. Install it on the database server"
            + (" and run ALTER EXTENSION vector UPDATE." if found.installed_version else ".")
        )
    if found.installed_version is None:
        try:
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
        except sa.exc.ProgrammingError as error:
            raise PgVectorMissing(
                "The database role may not create the extension pgvector. Let an administrator run "
                f"CREATE EXTENSION vector in this database once. ({error.orig})"
            ) from error


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
