"""The port to vector stores. Everything here blocks and may be called from many threads at once.

A *node* is what is indexed: a segment, a child chunk or a summary. Vectors have length 1; a score is the
cosine similarity, 1 for the same direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from server.db.engine import UnitOfWork

Vector = NDArray[np.float32]


class VectorStoreUnavailable(OSError):
    """The store does not answer; trying again later makes sense."""


@dataclass(frozen=True, slots=True)
class Space:
    """One index of one dataset: a re-embedding builds the next ``generation`` beside the one that answers."""

    tenant_id: str
    dataset_id: str
    dimension: int
    generation: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A node with its vector."""

    node_id: str
    segment_id: str
    document_id: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Hit:
    """A node found."""

    node_id: str
    segment_id: str
    document_id: str
    score: float


class VectorStore(Protocol):
    """A driver. ``uow`` is the caller's transaction when the store is ``transactional``, else None.

    A space that was never written to is empty, never an error. Raises VectorStoreUnavailable.
    """

    transactional: bool

    def expect(self, space: Space, entries: int) -> None:
        """About so many entries will come into a new space: the store may give it a place of its own."""
        ...

    def write(self, uow: UnitOfWork | None, space: Space, entries: Sequence[Entry]) -> None:
        """Add entries; those of the same node are replaced."""
        ...

    def delete_nodes(self, uow: UnitOfWork | None, space: Space, node_ids: Sequence[str]) -> None:
        """Remove entries of nodes; unknown ones are fine."""
        ...

    def delete_documents(self, uow: UnitOfWork | None, space: Space, document_ids: Sequence[str]) -> None:
        """Remove all entries of documents."""
        ...

    def drop(self, uow: UnitOfWork | None, space: Space) -> None:
        """Remove everything of a space."""
        ...

    def search(
        self, uow: UnitOfWork | None, space: Space, vector: Vector, limit: int,
        *, documents: Sequence[str] | None = None, without: Sequence[str] = (),
    ) -> list[Hit]:
        """The nearest nodes, best first: of ``documents`` only, or of all but ``without``."""
        ...

    def count(self, uow: UnitOfWork | None, space: Space) -> int:
        """How many entries a space has."""
        ...

    def nodes(self, uow: UnitOfWork | None, space: Space, batch: int, *, after: str = "") -> Iterator[list[str]]:
        """The ids of all nodes of a space that come after ``after``, in order, in batches."""
        ...

    def read(self, uow: UnitOfWork | None, space: Space, node_ids: Sequence[str]) -> list[Entry]:
        """The entries of nodes, in any order; unknown ones are left out."""
        ...

    def tend(self, space: Space) -> bool:
        """Bring a space into order after many writes; True when something was done.

        For a background job, outside a transaction: it may take minutes, blocks nobody and may be repeated.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
