"""Upkeep of large vector spaces: their rows move to a table of their own and get an HNSW index.

Nothing here blocks writers or searches. Rows move in transactions of a thousand, skipping those that a
writer holds; the index is built CONCURRENTLY; a search sees each row in one place or the other. Whatever
dies in between is taken up by the next upkeep.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from server.index.port import Space
from server.index.spaces import upkeep_key

# A space of more rows gets a body: 5,000 rows of 768 dimensions are compared in 3 ms (README.md).
PROMOTE_ROWS = 5_000
# A body takes in the tail when it has grown to this.
MERGE_ROWS = 2_000
# What halfvec and HNSW allow; wider vectors stay in the tail and are compared exactly.
MOST_DIMENSIONS = 4_000

_M, _EF_CONSTRUCTION = 16, 128
_BATCH = 1_000
# Bytes of the graph per row beside the vector: neighbours on every level, and the element itself.
_GRAPH_BYTES = 600

log = logging.getLogger("transom.index")


def body_table(space_id: int) -> str:
    """Name of the table of a space's body."""
    return f"vector_body_{int(space_id)}"


def _index(space_id: int) -> str:
    return f"ix_vector_body_{int(space_id)}_hnsw"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildLimits:
    """What building an index may take from the database server.

    ``memory_mb``: what does not fit in is added on disk, a hundred times slower a row. ``workers``: processes
    beside the one that builds; each needs shared memory of that size (``/dev/shm``), without which none is used.
    """

    memory_mb: int = 2048
    workers: int = 0


class VectorUpkeep:
    """Runs in a background job, outside any transaction; one a space at a time, others return at once."""

    def __init__(self, engine: Engine, limits: BuildLimits | None = None) -> None:
        self._engine = engine
        self._limits = limits or BuildLimits()

    def tend(self, space: Space) -> bool:
        """Bring a space into order after writes; True when something was done. May take minutes."""
        with self._session() as connection:
            row = connection.execute(
                sa.text(
                    "SELECT id, body_rows FROM index_spaces WHERE tenant_id = :tenant AND dataset_id = :dataset "
                    "AND kind = 'vector' AND generation = :generation AND dropped_at IS NULL"
                ),
                {"tenant": space.tenant_id, "dataset": space.dataset_id, "generation": space.generation},
            ).first()
            if row is None or space.dimension > MOST_DIMENSIONS:
                return False
            with _only_one(connection, row.id) as alone:
                upkeep = _Space(connection, row.id, space.dimension, self._limits)
                return alone and upkeep.tend(has_body=row.body_rows is not None)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Connection]:
        """A connection without time limits, every statement its own transaction."""
        with self._engine.connect() as pooled:
            connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
            try:
                connection.execute(sa.text("SET statement_timeout = 0"))
                connection.execute(sa.text("SET lock_timeout = 0"))
                yield connection
            finally:
                # Its settings and locks must not reach the next user.
                pooled.invalidate()


@contextlib.contextmanager
def _only_one(connection: Connection, space_id: int) -> Iterator[bool]:
    """Hold the space's upkeep lock; False when somebody else does. The session's end frees it."""
    key = {"key": upkeep_key(space_id)}
    yield bool(connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one())


class _Space:
    """One space in the hands of its only upkeeper."""

    def __init__(self, connection: Connection, space_id: int, dimension: int, limits: BuildLimits) -> None:
        self._connection = connection
        self._id = space_id
        self._dimension = dimension
        self._limits = limits
        self._table = body_table(space_id)

    def tend(self, *, has_body: bool) -> bool:
        done = False
        while (tail := self._rows("vector_rows", f"space_id = {self._id}")) > (
            least := MERGE_ROWS if has_body else PROMOTE_ROWS
        ):
            if not has_body and not self._give_body():
                return done
            has_body = done = True
            if tail > self._rows(self._table):
                # A row added to the index costs several times its share of a build (README.md). Searches,
                # most of whose rows were compared one by one anyway, compare all of them meanwhile.
                self._run(f"DROP INDEX CONCURRENTLY IF EXISTS {_index(self._id)}")
            moved = self._move(tail)
            self._vacuum(moved)
            self._build()
            self._tell()
            if moved <= least:
                return done
        if has_body and not self._index_is_valid():
            self._build()
            done = True
        return done

    def _give_body(self) -> bool:
        """Make the table, then tell everybody; False when writers kept the space busy or it was dropped."""
        self._run(
            f"CREATE TABLE IF NOT EXISTS {self._table} (node_id uuid PRIMARY KEY, segment_id uuid NOT NULL, "
            f"document_id uuid NOT NULL, embedding halfvec({self._dimension}) NOT NULL) "
            "WITH (toast_tuple_target = 8160)"
        )
        # Searches bring many ids; weighing them against a long list of frequent ones would take longer.
        self._run(f"ALTER TABLE {self._table} ALTER COLUMN document_id SET STATISTICS 10")
        self._run(f"CREATE INDEX IF NOT EXISTS {self._table}_document ON {self._table} (document_id)")
        # Writers hold the row shared while they may still believe that there is no body. Waiting for them
        # makes later ones wait too, so not for long; the next upkeep tries again.
        self._run("SET lock_timeout = '2s'")
        try:
            told = self._scalar(
                f"UPDATE index_spaces SET body_rows = 0 WHERE id = {self._id} AND dropped_at IS NULL RETURNING id"  # noqa: S608
            )
        except sa.exc.OperationalError:
            log.info("space %d is busy; it gets its index later", self._id)
            return False
        finally:
            self._run("SET lock_timeout = 0")
        return told is not None

    def _move(self, most: int) -> int:
        """Tail to body, about ``most`` rows; those that writers hold stay."""
        statement = f"""
            WITH picked AS MATERIALIZED (
                SELECT ctid FROM vector_rows WHERE space_id = {self._id} LIMIT {_BATCH} FOR UPDATE SKIP LOCKED
            ), moved AS (
                DELETE FROM vector_rows USING picked WHERE vector_rows.ctid = picked.ctid RETURNING vector_rows.*
            )
            INSERT INTO {self._table} (node_id, segment_id, document_id, embedding)
            SELECT node_id, segment_id, document_id, embedding FROM moved
            ON CONFLICT (node_id) DO UPDATE SET segment_id = excluded.segment_id,
                document_id = excluded.document_id, embedding = excluded.embedding
        """  # noqa: S608
        total = 0
        while total < most and (moved := self._connection.execute(sa.text(statement)).rowcount):
            total += moved
        return total

    def _vacuum(self, moved: int) -> None:
        """Searches of the tail step over rows that moved until they are cleaned up; do it when they are many."""
        rows = self._scalar("SELECT reltuples FROM pg_class WHERE oid = 'vector_rows'::regclass")
        if moved * 10 > rows:
            self._run("VACUUM (ANALYZE, SKIP_LOCKED) vector_rows")

    def _build(self) -> None:
        if self._index_is_valid():
            return
        # What a build that was cut left behind.
        self._run(f"DROP INDEX CONCURRENTLY IF EXISTS {_index(self._id)}")
        needed_mb = 64 + self._rows(self._table) * (2 * self._dimension + _GRAPH_BYTES) * 5 // 4 // 2**20
        if needed_mb > self._limits.memory_mb:
            log.warning(
                "building the index of space %d wants %d MiB, but may take %d: the rest is added slowly on disk; "
                "TRANSOM_VECTOR_BUILD_MIB allows more", self._id, needed_mb, self._limits.memory_mb,
            )
        self._run(f"SET maintenance_work_mem = '{min(self._limits.memory_mb, needed_mb)}MB'")
        self._run(f"SET max_parallel_maintenance_workers = {self._limits.workers}")
        create = (
            f"CREATE INDEX CONCURRENTLY {_index(self._id)} ON {self._table} USING hnsw (embedding halfvec_ip_ops) "
            f"WITH (m = {_M}, ef_construction = {_EF_CONSTRUCTION})"
        )
        try:
            self._run(create)
        except sa.exc.DBAPIError as error:
            if not self._limits.workers or error.connection_invalidated:
                raise
            log.warning("building without further processes: %s", error.orig)
            self._run(f"DROP INDEX CONCURRENTLY IF EXISTS {_index(self._id)}")
            self._run("SET max_parallel_maintenance_workers = 0")
            self._run(create)
        self._run(f"ANALYZE {self._table}")

    def _tell(self) -> None:
        """Let searches know how far to walk. A writer may hold the row: the next upkeep tells."""
        self._run("SET lock_timeout = '2s'")
        with contextlib.suppress(sa.exc.OperationalError):
            self._run(f"UPDATE index_spaces SET body_rows = {self._rows(self._table)} WHERE id = {self._id}")  # noqa: S608
        self._run("SET lock_timeout = 0")

    def _index_is_valid(self) -> bool:
        return bool(
            self._scalar(
                "SELECT coalesce(bool_and(indisvalid), false) FROM pg_index "  # noqa: S608
                f"WHERE indexrelid = to_regclass('{_index(self._id)}')"
            )
        )

    def _rows(self, table: str, condition: str = "true") -> int:
        return self._scalar(f"SELECT count(*) FROM {table} WHERE {condition}")  # noqa: S608 - names of ours

    def _run(self, statement: str) -> None:
        self._connection.execute(sa.text(statement))

    def _scalar(self, statement: str) -> int:
        return self._connection.execute(sa.text(statement)).scalar()  # type: ignore[return-value]
