"""Vectors in PostgreSQL by pgvector: rows and vectors commit and die in one transaction.

Layout (measured in README.md). Every vector is born in ``vector_rows``, one table for all spaces, found by
its space over a B-tree and compared exactly: no approximate index is kept while documents are indexed, and
10,000 small datasets, of one tenant or of as many, are one table with two indexes. A space with more than
``PROMOTE_ROWS`` rows gets a *body*, a table of its own with an HNSW index: ``tend`` moves its rows there
in small transactions and builds the index without blocking anybody. What is written later is the *tail*, in
``vector_rows`` again, until the next one moves it. A search reads tail and body in one statement, so it
sees each row once. Partial HNSW indexes on one table would not do: every insert and every plan would look
at all of them.

Deleting a space marks it; ``sweep`` removes the rows and the body.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.db.engine import UnitOfWork
from server.index import copying, vector_search
from server.index.checks import checked_entries, checked_id, checked_ids
from server.index.port import Entry, Hit, Space, Vector
from server.index.spaces import Registered, SpaceStore
from server.index.vector_body import BuildLimits, VectorUpkeep, body_table
from server.kit.ids import NIL_UUID

_COLUMNS = ("space_id", "node_id", "segment_id", "document_id", "embedding")
_ENTRY = "t.segment_id::text, t.document_id::text, halfvec_send(t.embedding) AS embedding"
# A halfvec in binary: its dimension and two unused bytes, then half-precision numbers, all big-endian.
_HEAD = 4


class PgVectorStore:
    """The driver (port.py). Thread-safe: it holds nothing but what a search may forget."""

    transactional = True

    def __init__(self, engine: Engine, limits: BuildLimits | None = None) -> None:
        """``engine`` is for upkeep, which holds one of its connections while it works."""
        self._known = vector_search.KnownSpaces()
        self._upkeep = VectorUpkeep(engine, limits)

    def expect(self, space: Space, entries: int) -> None:
        """Nothing: spaces grow into their own table."""

    def write(self, uow: UnitOfWork | None, space: Space, entries: Sequence[Entry]) -> None:
        """Add or replace entries in the caller's transaction; a node that comes twice is written once, the last."""
        latest = checked_entries(space, entries)
        if not latest:
            return
        registered, uow = self._for_writing(uow, space)
        SpaceStore(uow, "vector").lock_documents(registered.id, (entry.document_id for entry in latest))
        self._delete(uow, registered, "node_id", [entry.node_id for entry in latest])
        copying.copy_rows(uow, "vector_rows", _COLUMNS, (_row(registered.id, entry) for entry in latest))

    def delete_nodes(self, uow: UnitOfWork | None, space: Space, node_ids: Sequence[str]) -> None:
        """Remove entries in the caller's transaction."""
        self._delete_in(uow, space, "node_id", checked_ids(node_ids))

    def delete_documents(self, uow: UnitOfWork | None, space: Space, document_ids: Sequence[str]) -> None:
        """Remove the entries of documents in the caller's transaction."""
        self._delete_in(uow, space, "document_id", checked_ids(document_ids))

    def drop(self, uow: UnitOfWork | None, space: Space) -> None:
        """Hide the space with the caller's transaction; the sweep deletes its rows."""
        SpaceStore(_required(uow), "vector").drop(space.tenant_id, space.dataset_id, space.generation)

    def search(
        self, uow: UnitOfWork | None, space: Space, vector: Vector, limit: int,
        *, documents: Sequence[str] | None = None, without: Sequence[str] = (),
    ) -> list[Hit]:
        """The nearest nodes: exact in the tail and under a narrow filter, else as good as HNSW is (README.md)."""
        wanted = vector_search.Wanted(space, vector, limit, documents, without)
        return vector_search.search(_required(uow), self._known, wanted)

    def count(self, uow: UnitOfWork | None, space: Space) -> int:
        """How many entries; reads an index of all of them."""
        uow = _required(uow)
        registered = _find(uow, space)
        if registered is None:
            return 0
        parts = " + ".join(f"(SELECT count(*) FROM {part})" for part in _parts(registered))  # noqa: S608
        found: int = uow.execute(sa.text(f"SELECT {parts}"), {"space": registered.id}).scalar_one()
        return found

    def nodes(self, uow: UnitOfWork | None, space: Space, batch: int, *, after: str = "") -> Iterator[list[str]]:
        """The ids of all nodes, in order. Each batch is as new as its moment; the caller may commit in between."""
        for rows in self._pages(_required(uow), space, batch, after):
            yield list(rows)

    def read(self, uow: UnitOfWork | None, space: Space, node_ids: Sequence[str]) -> list[Entry]:
        """The entries of nodes."""
        uow = _required(uow)
        registered = _find(uow, space, share=True)
        if registered is None or not node_ids:
            return []
        statement = " UNION ALL ".join(
            f"SELECT t.node_id::text AS node, {_ENTRY} FROM {part} AND t.node_id = ANY(CAST(:nodes AS uuid[]))"  # noqa: S608
            for part in _parts(registered)
        )
        parameters = {"space": registered.id, "nodes": checked_ids(node_ids)}
        return [_entry(row) for row in uow.execute(sa.text(statement), parameters)]

    def tend(self, space: Space) -> bool:
        """Move a large space's new rows under its HNSW index (vector_body.py)."""
        return self._upkeep.tend(space)

    def close(self) -> None:
        """Nothing is held."""

    def _for_writing(self, uow: UnitOfWork | None, space: Space) -> tuple[Registered, UnitOfWork]:
        uow = _required(uow)
        registered = SpaceStore(uow, "vector").ensure(
            space.tenant_id, space.dataset_id, space.generation, space.dimension
        )
        return _fitting(registered, space), uow

    def _delete_in(self, uow: UnitOfWork | None, space: Space, column: str, values: list[str]) -> None:
        uow = _required(uow)
        registered = _find(uow, space, share=True)
        if registered is not None and values:
            self._delete(uow, registered, column, values)

    @staticmethod
    def _delete(uow: UnitOfWork, registered: Registered, column: str, values: list[str]) -> None:
        """Tail before body, as upkeep moves them: a row on its way is waited for and then found."""
        of_these = f"{column} = ANY(CAST(:values AS uuid[]))"
        parameters = {"space": registered.id, "values": values}
        uow.execute(sa.text(f"DELETE FROM vector_rows WHERE space_id = :space AND {of_these}"), parameters)  # noqa: S608
        if registered.has_body:
            uow.execute(sa.text(f"DELETE FROM {body_table(registered.id)} WHERE {of_these}"), parameters)  # noqa: S608

    @staticmethod
    def _pages(uow: UnitOfWork, space: Space, batch: int, after: str) -> Iterator[Sequence[str]]:
        after = checked_id(after) if after else NIL_UUID
        while (registered := _find(uow, space, share=True)) is not None:
            pages = " UNION ALL ".join(
                f"(SELECT t.node_id::text AS node FROM {part} AND t.node_id > CAST(:after AS uuid) "  # noqa: S608
                "ORDER BY t.node_id LIMIT :batch)"
                for part in _parts(registered)
            )
            text = sa.text(f'SELECT node FROM ({pages}) rows ORDER BY node COLLATE "C" LIMIT :batch')  # noqa: S608
            nodes = uow.execute(text, {"space": registered.id, "after": after, "batch": batch}).scalars().all()
            if not nodes:
                return
            after = nodes[-1]
            yield nodes


def _required(uow: UnitOfWork | None) -> UnitOfWork:
    if uow is None:
        raise ValueError("pgvector needs the caller's transaction")
    return uow


def _find(uow: UnitOfWork, space: Space, *, share: bool = False) -> Registered | None:
    found = SpaceStore(uow, "vector").find(space.tenant_id, space.dataset_id, space.generation, share=share)
    return _fitting(found, space) if found else None


def _fitting(registered: Registered, space: Space) -> Registered:
    if registered.dimension != space.dimension:
        raise ValueError(f"the space has dimension {registered.dimension}, not {space.dimension}")
    return registered


def _parts(registered: Registered) -> list[str]:
    """Tables and conditions that together hold a space; each row of it stands in one of them."""
    tail = "vector_rows t WHERE t.space_id = :space"
    return [tail, f"{body_table(registered.id)} t WHERE true"] if registered.has_body else [tail]


def _row(space_id: int, entry: Entry) -> bytes:
    head = struct.pack(">HH", len(entry.vector), 0)
    return (
        copying.bigint(space_id) + copying.uuid(entry.node_id) + copying.uuid(entry.segment_id)
        + copying.uuid(entry.document_id) + copying.raw(head + entry.vector.astype(">f2").tobytes())
    )


def _entry(row: Any) -> Entry:
    """A stored row; the vector is scaled back to length 1."""
    vector = np.frombuffer(bytes(row.embedding), dtype=">f2", offset=_HEAD).astype(np.float32)
    return Entry(row.node, row.segment_id, row.document_id, vector / np.linalg.norm(vector))
