"""SQL of the registry of spaces: which number an index of a dataset has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.index_tables import index_spaces
from server.index.checks import checked_id

Kind = Literal["vector", "text", "keyword"]

# Stripes of the locks below. One transaction takes at most this many locks a space, out of the server's
# max_locks_per_transaction x max_connections.
_STRIPES = 64
_LOCKS = 0x7472 << 48  # "tr": keeps these apart from other advisory locks of the database
_UPKEEP = _LOCKS | 1 << 47
_LOCK_ALL = sa.text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


@dataclass(frozen=True, slots=True)
class Registered:
    """A space that rows may refer to."""

    id: int
    dimension: int
    # About how many rows stand in the body (vector_body.py); None without one.
    body_rows: int | None

    @property
    def has_body(self) -> bool:
        """Rows may stand in a table of their own."""
        return self.body_rows is not None


class SpaceStore:
    """One index of one dataset each; ``kind`` and ``generation`` tell them apart."""

    def __init__(self, uow: UnitOfWork, kind: Kind) -> None:
        self._uow = uow
        self._kind = kind

    def find(self, tenant_id: str, dataset_id: str, generation: int = 0, *, share: bool = False) -> Registered | None:
        """The space, or None when nothing was written yet.

        ``share`` holds it until the transaction ends: it is not dropped and gets no body meanwhile.
        """
        table = index_spaces
        query = sa.select(table.c.id, table.c.dimension, table.c.body_rows).where(
            table.c.tenant_id == checked_id(tenant_id), table.c.dataset_id == checked_id(dataset_id),
            table.c.kind == self._kind, table.c.generation == generation, table.c.dropped_at.is_(None),
        )
        row = self._uow.execute(query.with_for_update(read=True) if share else query).first()
        return Registered(row.id, row.dimension, row.body_rows) if row else None

    def ensure(self, tenant_id: str, dataset_id: str, generation: int = 0, dimension: int = 0) -> Registered:
        """The space, made when it is missing, and held as with ``share``."""
        for _ in range(2):
            found = self.find(tenant_id, dataset_id, generation, share=True)
            if found is not None:
                return found
            self._uow.execute(
                insert(index_spaces)
                .values(
                    tenant_id=tenant_id, dataset_id=dataset_id, kind=self._kind, generation=generation,
                    dimension=dimension,
                )
                .on_conflict_do_nothing()
            )
        raise RuntimeError(f"the {self._kind} index of dataset {dataset_id} is dropped as fast as it is made")

    def drop(self, tenant_id: str, dataset_id: str, generation: int = 0) -> None:
        """Make the space unreachable; waits for transactions that write to it."""
        table = index_spaces
        self._uow.execute(
            sa.update(table)
            .where(
                table.c.tenant_id == checked_id(tenant_id), table.c.dataset_id == checked_id(dataset_id),
                table.c.kind == self._kind, table.c.generation == generation, table.c.dropped_at.is_(None),
            )
            .values(dropped_at=sa.func.now())
        )

    def lock_documents(self, space_id: int, document_ids: Iterable[str]) -> None:
        """One writer at a time for each document of a space, until the transaction ends.

        So deleting the old entries of a node and adding the new ones is one step to every other writer.
        """
        keys = sorted({_LOCKS | space_id << 6 | int(document[-2:], 16) % _STRIPES for document in document_ids})
        self._uow.execute(_LOCK_ALL, {"keys": keys})


def upkeep_key(space_id: int) -> int:
    """The advisory lock of whoever reorganises a space."""
    return _UPKEEP | space_id
