"""Collections and partitions of Milvus: made when first written to, loaded, remembered."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from server.index import milvus_layout as layout
from server.index.milvus_calls import COLLECTION_NOT_FOUND, MilvusAddress, MilvusCalls, load
from server.index.milvus_layout import Home

_EXACT = {"index_type": "FLAT"}
_GRAPH = {"index_type": "HNSW", "params": {"M": 16, "efConstruction": 128}}
# Making or loading a collection takes seconds.
_SECONDS = 60.0
# How long another process that is making the same collection may take.
_RIVAL_SECONDS = 10.0


class MilvusCollections:
    """Thread-safe. Remembers what exists until somebody finds that it does not."""

    def __init__(self, calls: MilvusCalls, address: MilvusAddress) -> None:
        self._calls = calls
        self._address = address
        self._lock = Lock()
        self._known: set[tuple[str, str | None]] = set()

    def has(self, home: Home) -> bool:
        """Whether there is something to read; an absence is not remembered."""
        if (home.collection, home.partition) in self._known:
            return True

        def exists(client: Any, left: float) -> bool:
            if not client.has_collection(home.collection, timeout=left):
                return False
            return home.partition is None or bool(client.has_partition(home.collection, home.partition, timeout=left))

        found = self._calls(self._address.search_seconds, exists)
        if found:
            self._known.add((home.collection, home.partition))
        return found

    def ensure(self, home: Home, dimension: int) -> None:
        """Make what is missing. Others may do the same at the same time."""
        if self.has(home):
            return
        with self._lock:
            self._calls(_SECONDS, lambda client, left: self._create(client, home, dimension, left))
            self._known.add((home.collection, home.partition))

    def load(self, home: Home) -> None:
        """Bring a collection into memory and wait for it."""
        self._calls(_SECONDS, lambda client, left: client.load_collection(home.collection, timeout=left))

    def drop(self, home: Home) -> None:
        """Remove a collection, if it is there."""
        try:
            self._calls(_SECONDS, lambda client, left: client.drop_collection(home.collection, timeout=left))
        except Exception as error:
            if not self._calls.is_error(error, COLLECTION_NOT_FOUND):
                raise
        self.forget(home)

    def forget(self, home: Home) -> None:
        """It turned out to be gone."""
        self._known = {known for known in self._known if known[0] != home.collection}

    def _create(self, client: Any, home: Home, dimension: int, left: float) -> None:
        def has_collection() -> bool:
            return bool(client.has_collection(home.collection, timeout=left))

        def has_partition() -> bool:
            return bool(client.has_partition(home.collection, home.partition, timeout=left))

        if not has_collection():
            self._made(lambda: self._create_collection(client, home, dimension, left), has_collection)
        if home.partition and not has_partition():
            self._made(
                lambda: client.create_partition(home.collection, home.partition, timeout=left), has_partition
            )
        client.load_collection(home.collection, timeout=left)

    @staticmethod
    def _made(make: Callable[[], None], exists: Callable[[], bool]) -> None:
        """Make something that another process may be making just now."""
        try:
            make()
        except load().MilvusException:
            end = time.monotonic() + _RIVAL_SECONDS
            while not exists():
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _create_collection(self, client: Any, home: Home, dimension: int, left: float) -> None:
        kinds = load().DataType
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("pk", kinds.VARCHAR, max_length=layout.KEY_CHARACTERS, is_primary=True)
        schema.add_field("space", kinds.VARCHAR, max_length=32)
        schema.add_field("segment_id", kinds.VARCHAR, max_length=32)
        schema.add_field("document_id", kinds.VARCHAR, max_length=32)
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=dimension)
        index = client.prepare_index_params()
        index.add_index("vector", metric_type="IP", **(_EXACT if home.partition else _GRAPH))
        properties = {"properties": {"mmap.enabled": True}} if self._address.mmap else {}
        client.create_collection(
            home.collection, schema=schema, index_params=index, num_shards=1, consistency_level="Bounded",
            timeout=left, **properties,
        )
