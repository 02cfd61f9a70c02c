"""Brings the schema up to date, by one process at a time."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from server.db import pgvector

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
# The newest revision; files are named NNNN_what.py and form one line.
HEAD = max(file.name for file in _VERSIONS.glob("[0-9]*.py")).partition("_")[0]
_LOCK = 0x7472616E736F6D  # "transom"

log = logging.getLogger("transom.migrate")


class SchemaError(Exception):
    """The database is not at the revision of this version; the message says what to do."""


def require_current(engine: Engine) -> str:
    """The revision of the database. Raises SchemaError when it is not this version's."""
    found = current_revision(engine)
    if found == HEAD:
        return found
    if found is not None and found > HEAD:
        raise SchemaError(f"the schema is at {found}, made by a newer version than this one, which needs {HEAD}")
    raise SchemaError(f"the schema is at {found or 'nothing'}, this version needs {HEAD}: run `transom migrate`")


def current_revision(engine: Engine) -> str | None:
    """The revision the database is at; None when it is empty."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def migrate(engine: Engine, *, vectors: bool = True) -> bool:
    """Apply what is missing; True when something was applied.

    ``vectors``: this database holds the vectors too, so it needs pgvector. Raises PgVectorMissing then.
    """
    applied = current_revision(engine) != HEAD and _upgrade(engine)
    return (vectors and pgvector.ensure(engine)) or applied


def _upgrade(engine: Engine) -> bool:
    """Run the migrations under an advisory lock; False when another process has just done so.

    Alembic is imported only here: a start with nothing to do stays quick.
    """
    from alembic import command
    from alembic.config import Config

    with engine.connect() as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("SET lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:
            if _revision(connection) == HEAD:
                return False
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD)
        finally:
            connection.rollback()
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
            connection.invalidate()
    log.info("schema migrated to %s", HEAD)
    return True
