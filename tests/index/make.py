"""Spaces, entries and vectors for tests of indexes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from server.index.port import Entry, Space, Vector
from server.kit.ids import new_id

DIMENSION = 8


def space(**fields: object) -> Space:
    """A space of a new tenant and dataset, unless given."""
    given = {"tenant_id": new_id(), "dataset_id": new_id(), "dimension": DIMENSION, "generation": 0, **fields}
    return Space(**given)  # type: ignore[arg-type]


def direction(*numbers: float, dimension: int = DIMENSION) -> Vector:
    """A vector of length 1 that begins so and goes on with zeros."""
    vector = np.zeros(dimension, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.float32(np.linalg.norm(vector))


def random_vectors(count: int, *, dimension: int = DIMENSION, seed: int = 1) -> np.ndarray:
    """Rows of length 1."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def entry(vector: Vector, *, node_id: str = "", document_id: str = "") -> Entry:
    """A node of a new segment."""
    return Entry(node_id or new_id(), new_id(), document_id or new_id(), vector)


def entries(vectors: np.ndarray, documents: Sequence[str] = ()) -> list[Entry]:
    """A node for each row; documents are dealt round."""
    dealt = documents or [new_id()]
    return [entry(row, document_id=dealt[at % len(dealt)]) for at, row in enumerate(vectors)]
