"""What every index asks of its callers. A wrong argument is a bug of ours, so it is a ValueError."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from server.index.port import Entry, Space, Vector

MOST_HITS = 1000
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# How far from 1 the length of a vector may be: a sum of 4,000 rounded squares stays well within.
_LENGTH_TOLERANCE = 1e-3


def checked_id(value: str) -> str:
    """``value`` when it is a UUID in its usual spelling; nothing else reaches a statement or a filter."""
    if not _UUID.fullmatch(value):
        raise ValueError(f"not an id: {value!r:.80}")
    return value


def checked_ids(values: Iterable[str]) -> list[str]:
    """All of them, once each, in order."""
    return list(dict.fromkeys(checked_id(value) for value in values))


def checked_limit(limit: int) -> int:
    """``limit`` when a search may ask for so many hits."""
    if not 1 <= limit <= MOST_HITS:
        raise ValueError(f"limit {limit}: allowed is 1 to {MOST_HITS}")
    return limit


def checked_vector(space: Space, vector: Vector) -> Vector:
    """``vector`` in single precision, when it has the space's dimension and length 1."""
    found = np.asarray(vector, dtype=np.float32)
    if found.shape != (space.dimension,):
        raise ValueError(f"a vector of shape {found.shape} in a space of dimension {space.dimension}")
    length = float(np.linalg.norm(found))
    if not abs(length - 1.0) <= _LENGTH_TOLERANCE:  # so that NaN fails
        raise ValueError(f"a vector of length {length}, not 1")
    return found


def checked_entries(space: Space, entries: Iterable[Entry]) -> list[Entry]:
    """The last entry of each node, when all of them are well-formed."""
    latest = {}
    for entry in entries:
        checked_id(entry.segment_id), checked_id(entry.document_id)
        vector = checked_vector(space, entry.vector)
        latest[checked_id(entry.node_id)] = Entry(entry.node_id, entry.segment_id, entry.document_id, vector)
    return list(latest.values())
