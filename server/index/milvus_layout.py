"""Where a space lies in Milvus, and how it is asked for.

Milvus holds thousands of collections at most, so a collection a dataset would end with a few thousand
tenants. Instead there is one *shared* collection for each dimension, cut into ``BUCKETS`` partitions; a space lies
in the partition its name hashes to and is told apart by the field ``space``. A search reads one partition:
1/64 of everything, so 10,000 datasets of one tenant or 10,000 tenants with 1,000 segments each are 64
partitions of 156,000 vectors. The shared collection compares exactly (FLAT): an index over vectors of many
spaces, asked for those of one, finds too few of them (measured: README.md). A space that is known to be
large before it is written (``DEDICATED_ROWS``: a re-embedding, a move from another store) gets a *dedicated*
collection with an HNSW graph, and dropping it is one call.

Partitions are named by us instead of leaving it to a partition key: Milvus 2.3.5 puts upserted rows into
partitions by their primary key, so searches lose them, and Milvus Lite reads all partitions anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from server.index.port import Space

BUCKETS = 64
DEDICATED_ROWS = 50_000

_HEX = 32
# The primary key: half of the space's name, then the node's id. A node may be in several spaces.
_SPACE_IN_KEY = 16
KEY_CHARACTERS = _SPACE_IN_KEY + _HEX
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Home:
    """The place of one space."""

    collection: str
    # None in a dedicated collection.
    partition: str | None
    name: str

    @property
    def for_reading(self) -> dict[str, list[str]]:
        """The partition as searches and queries want it."""
        return {"partition_names": [self.partition]} if self.partition else {}

    @property
    def for_writing(self) -> dict[str, str]:
        """The partition as upserts and deletes want it."""
        return {"partition_name": self.partition} if self.partition else {}

    @property
    def condition(self) -> str:
        """The filter of this space alone; empty in a dedicated collection."""
        return f"space == {quoted(self.name)}" if self.partition else ""

    def key(self, node_id: str) -> str:
        """Primary key of a node."""
        return self.name[:_SPACE_IN_KEY] + node_id.replace("-", "")


def shared_home(prefix: str, space: Space) -> Home:
    """In the shared collection of the space's dimension."""
    name = _name(space)
    return Home(f"{prefix}_d{space.dimension}", f"b{int(name[:8], 16) % BUCKETS:02d}", name)


def dedicated_home(prefix: str, space: Space) -> Home:
    """In a collection of its own."""
    name = _name(space)
    return Home(f"{prefix}_s{name}", None, name)


def _name(space: Space) -> str:
    whole = f"{space.tenant_id}/{space.dataset_id}/{space.generation}/{space.dimension}"
    return hashlib.blake2b(whole.encode(), digest_size=_HEX // 2).hexdigest()


def node_of(key: str) -> str:
    """The node's id in its usual spelling, from a primary key."""
    return spelled(key[_SPACE_IN_KEY:])


def packed(value: str) -> str:
    """An id as it is stored."""
    return value.replace("-", "")


def spelled(value: str) -> str:
    """A stored id in its usual spelling."""
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"


def quoted(value: str) -> str:
    """A string literal of a filter. Raises ValueError for characters that no literal can hold."""
    escaped = "".join(_ESCAPES.get(character, character) for character in value)
    if any(character < " " for character in escaped):
        raise ValueError("a control character in a filter")
    return f'"{escaped}"'


def listed(field: str, values: Iterable[str], *, negated: bool = False) -> str:
    """``field in [...]`` or its opposite."""
    return f"{field} {'not in' if negated else 'in'} [{', '.join(quoted(value) for value in values)}]"


def joined(*conditions: str) -> str:
    """All conditions that are not empty, as one."""
    return " and ".join(condition for condition in conditions if condition)
