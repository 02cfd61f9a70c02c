"""Vectors in Milvus, from Milvus Lite to a cluster, through pymilvus. Layout: milvus_layout.py.

Not part of anybody's transaction: a search may return a node whose row is gone. An acknowledged write is
found by every later search, from any process: ``write`` and the deletes end with one strongly consistent
read, which waits until the query nodes have taken the change in (about 0.2 s on a server), so that searches
need not wait (consistency Bounded). With several in-memory replicas another replica may lag by a time tick.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from server.db.engine import UnitOfWork
from server.index import milvus_layout as layout
from server.index.checks import checked_entries, checked_id, checked_ids, checked_limit, checked_vector
from server.index.milvus_calls import COLLECTION_NOT_FOUND, COLLECTION_NOT_LOADED, MilvusAddress, MilvusCalls
from server.index.milvus_collections import MilvusCollections
from server.index.milvus_layout import Home
from server.index.port import Entry, Hit, Space, Vector, VectorStoreUnavailable

T = TypeVar("T")

_FIELDS = ["pk", "segment_id", "document_id"]
# Bytes of vectors in one call, far below the server's limit of 64 MiB.
_CALL_BYTES = 8 * 2**20
_IDS_A_CALL, _ROWS_A_READ = 5_000, 1_000
# Up to so many rows are compared in this process: 6 MB at 768 dimensions.
_EXACT_ROWS = 2_000
# Candidates that a walk through HNSW keeps (README.md).
_EF, _EF_PER_HIT = 100, 2
# How long a process believes that a space has no collection of its own.
_HOME_SECONDS, _HOMES = 60.0, 10_000


class MilvusStore:
    """The driver (port.py). Thread-safe; one connection a process."""

    transactional = False

    def __init__(self, address: MilvusAddress) -> None:
        self._address = address
        self._calls = MilvusCalls(address)
        self._collections = MilvusCollections(self._calls, address)
        self._homes = _Homes()

    def expect(self, space: Space, entries: int) -> None:
        """Give a space that will be large a collection of its own; one that is in the shared collection stays."""
        if entries >= layout.DEDICATED_ROWS and self._homes.get(space) is None:
            home = layout.dedicated_home(self._address.prefix, space)
            self._collections.ensure(home, space.dimension)
            self._homes.put(space, home)

    def write(self, uow: UnitOfWork | None, space: Space, entries: Sequence[Entry]) -> None:  # noqa: ARG002
        """Add or replace entries; when it returns, searches find them."""
        latest = checked_entries(space, entries)
        if not latest:
            return
        home = self._home(space)
        rows = [_row(home, entry) for entry in latest]
        for batch in _batches(rows, max(1, _CALL_BYTES // (4 * space.dimension))):
            self._upsert(home, space.dimension, batch)
        self._settle(home, rows[-1]["pk"])

    def delete_nodes(self, uow: UnitOfWork | None, space: Space, node_ids: Sequence[str]) -> None:  # noqa: ARG002
        """Remove entries; when it returns, searches do not find them."""
        home = self._home(space)
        keys = [home.key(node_id) for node_id in checked_ids(node_ids)]
        self._delete(home, [layout.listed("pk", batch) for batch in _batches(keys, _IDS_A_CALL)])

    def delete_documents(self, uow: UnitOfWork | None, space: Space, document_ids: Sequence[str]) -> None:  # noqa: ARG002
        """Remove the entries of documents; when it returns, searches do not find them."""
        home = self._home(space)
        packed = [layout.packed(document) for document in checked_ids(document_ids)]
        self._delete(
            home,
            [layout.joined(home.condition, layout.listed("document_id", ids)) for ids in _batches(packed, _IDS_A_CALL)],
        )

    def drop(self, uow: UnitOfWork | None, space: Space) -> None:  # noqa: ARG002
        """Remove everything: a collection of its own at once, else row by row."""
        home = self._home(space)
        if home.partition:
            self._delete(home, [home.condition])
        else:
            self._collections.drop(home)
            self._homes.forget(space)

    def search(
        self, uow: UnitOfWork | None, space: Space, vector: Vector, limit: int,  # noqa: ARG002
        *, documents: Sequence[str] | None = None, without: Sequence[str] = (),
    ) -> list[Hit]:
        """The nearest nodes. A filter of 5,000 documents costs a server about 0.1 s, of 30,000 0.7 s."""
        checked_limit(limit)
        wanted = checked_vector(space, vector)
        condition = _filter(documents, without)
        home = self._home(space)
        if condition is None or not self._collections.has(home):
            return []
        if home.partition:
            return self._nearest(home, condition, wanted, limit)
        if documents is not None and self._counted(home, condition, "Bounded") <= _EXACT_ROWS:
            return self._exact(home, condition, wanted, limit)
        hits = self._nearest(home, condition, wanted, limit)
        return hits if len(hits) == limit else self._exact(home, condition, wanted, limit) or hits

    def count(self, uow: UnitOfWork | None, space: Space) -> int:  # noqa: ARG002
        """How many entries, at this moment."""
        return self._counted(self._home(space), "", "Strong")

    def _nearest(self, home: Home, condition: str, wanted: Vector, limit: int) -> list[Hit]:
        def search(client: Any, left: float) -> Any:
            return client.search(
                home.collection, data=[wanted], limit=limit, filter=layout.joined(home.condition, condition),
                output_fields=_FIELDS, consistency_level="Bounded", timeout=left, **home.for_reading,
                search_params={"metric_type": "IP", "params": _walk(home, limit)},
            )

        found = self._read(home, search)
        hits = [_hit(row) for row in (found[0] if found else [])]
        return sorted(hits, key=lambda hit: (-hit.score, hit.node_id))

    def _counted(self, home: Home, condition: str, consistency_level: str) -> int:
        # Without a condition Milvus Lite counts deleted rows too.
        rows = self._query(
            home, layout.joined(condition, 'pk > ""'), output_fields=["count(*)"], consistency_level=consistency_level
        )
        return int(rows[0]["count(*)"]) if rows else 0

    def _exact(self, home: Home, condition: str, wanted: Vector, limit: int) -> list[Hit]:
        """Compare all that a condition leaves, in this process; empty when that is too much.

        Milvus looks at a part only of a segment that still grows: under a narrow filter it finds a few of
        those that it should, and not the best.
        """
        rows = self._query(
            home, layout.joined(condition, 'pk > ""'), output_fields=[*_FIELDS, "vector"], limit=_EXACT_ROWS + 1,
            consistency_level="Bounded",
        )
        if not rows or len(rows) > _EXACT_ROWS:
            return []
        scores = np.asarray([row["vector"] for row in rows], dtype=np.float32) @ wanted
        best = np.argsort(-scores, kind="stable")[:limit]
        return [_hit({"entity": rows[at], "distance": scores[at]}) for at in best.tolist()]

    def nodes(self, uow: UnitOfWork | None, space: Space, batch: int, *, after: str = "") -> Iterator[list[str]]:  # noqa: ARG002
        """The ids of all nodes, in order. Each batch is as new as its moment."""
        home = self._home(space)
        last = home.key(checked_id(after)) if after else ""
        # As pymilvus's own iterator asks: only then do all servers return the lowest keys first.
        while rows := self._query(
            home, f"pk > {layout.quoted(last)}", output_fields=["pk"], limit=batch, iterator="True"
        ):
            keys = sorted(row["pk"] for row in rows)
            last = keys[-1]
            yield [layout.node_of(key) for key in keys]

    def read(self, uow: UnitOfWork | None, space: Space, node_ids: Sequence[str]) -> list[Entry]:  # noqa: ARG002
        """The entries of nodes."""
        home = self._home(space)
        keys = [home.key(node_id) for node_id in checked_ids(node_ids)]
        fields = [*_FIELDS, "vector"]
        return [
            _entry(row)
            for batch in _batches(keys, _ROWS_A_READ)
            for row in self._query(home, layout.listed("pk", batch), output_fields=fields)
        ]

    def tend(self, space: Space) -> bool:  # noqa: ARG002
        """Nothing: Milvus seals, indexes and compacts by itself."""
        return False

    def close(self) -> None:
        """Close the connection."""
        self._calls.close()

    def _home(self, space: Space) -> Home:
        """Where the space is; asks once a minute while it has no collection of its own."""
        checked_id(space.tenant_id), checked_id(space.dataset_id)
        home = self._homes.get(space)
        if home is None:
            own = layout.dedicated_home(self._address.prefix, space)
            home = own if self._collections.has(own) else layout.shared_home(self._address.prefix, space)
            self._homes.put(space, home)
        return home

    def _upsert(self, home: Home, dimension: int, rows: Sequence[dict[str, Any]]) -> None:
        def upsert(client: Any, left: float) -> Any:
            return client.upsert(home.collection, list(rows), timeout=left, **home.for_writing)

        for _ in range(2):
            self._collections.ensure(home, dimension)
            if self._known(home, self._address.write_seconds, upsert) is not None:
                return
            # Somebody dropped the collection behind our back.
        raise VectorStoreUnavailable(f"the collection {home.collection} is dropped as fast as it is made")

    def _read(self, home: Home, call: Callable[[Any, float], T]) -> T | None:
        """A read; None when there is nothing to read. Loads the collection when a restart left it on disk."""
        try:
            return self._known(home, self._address.search_seconds, call)
        except Exception as error:
            if not self._calls.is_error(error, COLLECTION_NOT_LOADED):
                raise
        self._collections.load(home)
        return self._known(home, self._address.search_seconds, call)

    def _known(self, home: Home, seconds: float, call: Callable[[Any, float], T]) -> T | None:
        """The call's answer; None when the collection is gone."""
        try:
            return self._calls(seconds, call)
        except Exception as error:
            if not self._calls.is_error(error, COLLECTION_NOT_FOUND):
                raise
            self._collections.forget(home)
            return None

    def _delete(self, home: Home, filters: Sequence[str]) -> None:
        if not filters or not self._collections.has(home):
            return
        for wanted in filters:

            def delete(client: Any, left: float, wanted: str = wanted) -> Any:
                return client.delete(home.collection, filter=wanted, timeout=left, **home.for_writing)

            self._known(home, self._address.write_seconds, delete)
        self._settle(home, home.key("0" * 32))

    def _settle(self, home: Home, key: str) -> None:
        """Wait until searches see what was changed."""
        self._query(home, layout.listed("pk", [key]), output_fields=["pk"])

    def _query(self, home: Home, condition: str, **more: Any) -> list[Any]:
        if not self._collections.has(home):
            return []

        def query(client: Any, left: float) -> Any:
            return client.query(
                home.collection, filter=layout.joined(home.condition, condition), timeout=left,
                **{"consistency_level": "Strong", **home.for_reading, **more},
            )

        return list(self._read(home, query) or [])


class _Homes:
    """Where spaces are: the 10,000 last looked up, those in the shared collection for a minute."""

    def __init__(self) -> None:
        self._known: OrderedDict[Space, tuple[float, Home]] = OrderedDict()
        self._lock = Lock()

    def get(self, space: Space) -> Home | None:
        with self._lock:
            until, home = self._known.get(space, (0.0, None))
        return home if time.monotonic() < until else None

    def put(self, space: Space, home: Home) -> None:
        until = time.monotonic() + _HOME_SECONDS if home.partition else float("inf")
        with self._lock:
            self._known.pop(space, None)
            self._known[space] = (until, home)
            if len(self._known) > _HOMES:
                self._known.popitem(last=False)

    def forget(self, space: Space) -> None:
        with self._lock:
            self._known.pop(space, None)


def _batches(values: Sequence[T], size: int) -> list[Sequence[T]]:
    return [values[at : at + size] for at in range(0, len(values), size)]


def _row(home: Home, entry: Entry) -> dict[str, Any]:
    return {
        "pk": home.key(entry.node_id), "space": home.name, "segment_id": layout.packed(entry.segment_id),
        "document_id": layout.packed(entry.document_id), "vector": entry.vector,
    }


def _entry(row: Any) -> Entry:
    return Entry(
        layout.node_of(row["pk"]), layout.spelled(row["segment_id"]), layout.spelled(row["document_id"]),
        np.asarray(row["vector"], dtype=np.float32),
    )


def _walk(home: Home, limit: int) -> dict[str, int]:
    return {} if home.partition else {"ef": max(_EF, _EF_PER_HIT * limit)}


def _filter(documents: Sequence[str] | None, without: Sequence[str]) -> str | None:
    """The condition on documents; None when none is left."""
    excluded = checked_ids(without)
    if documents is not None:
        rest = set(excluded)
        wanted = [layout.packed(one) for one in checked_ids(documents) if one not in rest]
        return layout.listed("document_id", wanted) if wanted else None
    return layout.listed("document_id", map(layout.packed, excluded), negated=True) if excluded else ""


def _hit(row: Any) -> Hit:
    entity = row["entity"]
    return Hit(
        layout.node_of(entity["pk"] if "pk" in entity else row.get("pk", row.get("id"))),
        layout.spelled(entity["segment_id"]), layout.spelled(entity["document_id"]),
        max(-1.0, min(1.0, float(row["distance"]))),
    )
