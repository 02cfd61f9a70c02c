"""The vector stores of a process by name. A dataset remembers which one its vectors are in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from server.index.port import VectorStore, VectorStoreUnavailable

NAMES = ("pgvector", "milvus")


class VectorStores:
    """Each driver is made when a dataset first needs it. Thread-safe."""

    def __init__(self, default: str, makers: Mapping[str, Callable[[], VectorStore]]) -> None:
        """``default`` is where the vectors of new datasets go; a store without a maker is not configured here."""
        self.default = default
        self._makers = makers
        self._made: dict[str, VectorStore] = {}
        self._lock = Lock()

    def get(self, name: str) -> VectorStore:
        """The driver. Raises VectorStoreUnavailable when this process does not know how to reach the store."""
        found = self._made.get(name)
        if found is not None:
            return found
        with self._lock:
            if name not in self._made:
                if name not in self._makers:
                    raise VectorStoreUnavailable(f"vectors are in {name}, which is not configured (TRANSOM_MILVUS_URI)")
                self._made[name] = self._makers[name]()
            return self._made[name]

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            for store in self._made.values():
                store.close()
            self._made.clear()
