"""The statement of a search with pgvector.

One statement reads the registry, the tail and the body, so all three are of one moment: a row that upkeep
moves meanwhile is seen in one of them. What this process remembers of a space (its number, whether it has a
body) only shapes the statement; the statement itself says whether that was still true.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import orjson

from server.db.engine import UnitOfWork
from server.db.prepared import prepared_by_text
from server.index.checks import checked_ids, checked_limit, checked_vector
from server.index.port import Hit, Space, Vector
from server.index.spaces import Registered, SpaceStore
from server.index.vector_body import body_table

# Candidates that a walk through HNSW keeps, by rows of the body: what a recall@10 of 0.95 needs (README.md);
# more for longer lists. 1,000 is pgvector's most.
_EF = ((20_000, 64), (200_000, 100))
_EF_LARGE, _EF_PER_HIT, _EF_MOST = 200, 2, 1000
# With a filter the walk goes on until there are enough hits, at most through so many rows.
_WALK_ROWS = 20_000
# The first ten that a filter of documents lets through lie further out than the first ten of all, and there a walk
# misses more: it keeps twice the candidates and goes on for four times the hits (README.md).
_FILTERED_EF, _FILTERED = 2, 4
# Up to so many rows of a filter are compared one by one: exact, and faster than a walk that skips nearly all.
_EXACT_ROWS = 10_000
# Documents by their index: the planner, who would weigh a thousand ids one by one, does not see them.
_LOOKED_UP = "document_id = ANY((SELECT %s::uuid[])::uuid[])"
# Rows of other documents skipped on a walk: by a hash table, which needs ids that the planner sees.
_SKIPPED = "document_id = ANY(%s::uuid[])"
# For this transaction only. Short statements gain nothing from compiling or from a second process.
_SETTINGS = (
    "SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0; "
    "SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.scan_mem_multiplier = 8; "
    f"SET LOCAL hnsw.max_scan_tuples = {_WALK_ROWS}; SET LOCAL hnsw.ef_search = {{ef}}; "
)
# A space is remembered for less time than the sweep leaves the table of a dropped one standing.
_REMEMBERED, _REMEMBERED_SECONDS = 10_000, 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search, with its arguments checked."""

    space: Space
    vector: Vector
    limit: int
    documents: Sequence[str] | None
    without: Sequence[str]

    def __post_init__(self) -> None:
        checked_limit(self.limit)
        object.__setattr__(self, "vector", checked_vector(self.space, self.vector))
        object.__setattr__(self, "without", checked_ids(self.without))
        if self.documents is not None:
            object.__setattr__(self, "documents", checked_ids(self.documents))

    @property
    def is_filtered(self) -> bool:
        """Some rows of the space may not be returned."""
        return self.documents is not None or bool(self.without)


class KnownSpaces:
    """What this process remembers of spaces: the 10,000 last looked up, a minute each."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, int], tuple[float, Registered]] = OrderedDict()
        self._lock = Lock()

    def get(self, uow: UnitOfWork, space: Space) -> Registered | None:
        """From memory, else from the registry. Raises ValueError when it has another dimension."""
        key = (space.tenant_id, space.dataset_id, space.generation)
        with self._lock:
            until, remembered = self._known.get(key, (0.0, None))
        if remembered is not None and time.monotonic() < until and remembered.dimension == space.dimension:
            return remembered
        found = SpaceStore(uow, "vector").find(*key)
        self.put(space, found)
        if found is not None and found.dimension != space.dimension:
            raise ValueError(f"the space has dimension {found.dimension}, not {space.dimension}")
        return found

    def put(self, space: Space, registered: Registered | None) -> None:
        """Remember; None forgets."""
        key = (space.tenant_id, space.dataset_id, space.generation)
        with self._lock:
            self._known.pop(key, None)
            if registered is not None:
                self._known[key] = (time.monotonic() + _REMEMBERED_SECONDS, registered)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def search(uow: UnitOfWork, known: KnownSpaces, wanted: Wanted) -> list[Hit]:
    """The nearest nodes, best first; always ``limit`` of them when the space holds so many that may be returned."""
    if wanted.documents is not None and not wanted.documents:
        return []
    registered = known.get(uow, wanted.space)
    if registered is None:
        return []
    exact = registered.has_body and wanted.documents is not None and _is_narrow(uow, registered, wanted.documents)
    rows = _read(uow, registered, wanted, exact=exact)
    if not rows or rows[0].has_body != registered.has_body:
        # Dropped, or given a body, since we remembered it.
        known.put(wanted.space, replace(registered, body_rows=0) if rows else None)
        return search(uow, known, wanted)
    hits = _hits(rows)
    if registered.has_body and not exact and len(hits) < wanted.limit:
        # The walk ended before it had enough that may be returned; comparing all always has.
        hits = _hits(_read(uow, registered, wanted, exact=True))
    return hits


def _is_narrow(uow: UnitOfWork, registered: Registered, documents: Sequence[str]) -> bool:
    statement = (
        f"SELECT count(*) FROM (SELECT 1 FROM {body_table(registered.id)} "  # noqa: S608 - a number of ours
        f"WHERE {_LOOKED_UP} LIMIT {_EXACT_ROWS + 1}) found"
    )
    return bool(uow.connection.exec_driver_sql(statement, (list(documents),)).scalar_one() <= _EXACT_ROWS)


def _read(uow: UnitOfWork, registered: Registered, wanted: Wanted, *, exact: bool) -> Sequence[Any]:
    """Rows of hits, each with the registry's ``has_body``; one row without a node when there is no hit."""
    parts = [_part(f"vector_rows WHERE space_id = {registered.id}", wanted, exact=True)]
    if registered.has_body:
        parts.append(_part(f"{body_table(registered.id)} WHERE true", wanted, exact=exact))
    statement = (
        f"WITH query AS MATERIALIZED (SELECT CAST({{}} AS halfvec({wanted.space.dimension})) AS vector) "  # noqa: S608
        "SELECT s.body_rows IS NOT NULL AS has_body, h.node_id::text, h.segment_id::text, h.document_id::text, "
        "-h.distance AS score "
        f"FROM index_spaces s LEFT JOIN (SELECT * FROM ({' UNION ALL '.join(part for part, _ in parts)}) parts "
        f"ORDER BY distance, node_id LIMIT {wanted.limit}) h ON true "
        f"WHERE s.id = {registered.id} AND s.dropped_at IS NULL ORDER BY h.distance, h.node_id"
    )
    ef = max(_ef(registered.body_rows or 0), _EF_PER_HIT * wanted.limit)
    ef = min(_EF_MOST, ef if wanted.documents is None else ef * _FILTERED_EF)
    vector = orjson.dumps(wanted.vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    values = [value for _, values in parts for value in values]
    if values or not registered.has_body:
        execute = statement.format("%s")
    else:
        # Large and searched as a whole: to plan it takes a third of the time.
        execute = f"EXECUTE {prepared_by_text(uow.connection, statement.format('$1'), 'text')} (%s)"
    return uow.connection.exec_driver_sql(_SETTINGS.format(ef=ef) + execute, (vector, *values)).all()


def _ef(rows: int) -> int:
    return next((ef for most, ef in _EF if rows <= most), _EF_LARGE)


def _part(source: str, wanted: Wanted, *, exact: bool) -> tuple[str, list[Any]]:
    """A part's statement and parameters. ``exact`` keeps the planner from walking the HNSW index."""
    condition, values = _filter(wanted, _LOOKED_UP if exact else _SKIPPED)
    spoiler = " + 0" if exact else ""
    most = wanted.limit if exact or wanted.documents is None else wanted.limit * _FILTERED
    text = (
        f"(SELECT node_id, segment_id, document_id, (embedding <#> (SELECT vector FROM query)){spoiler} "  # noqa: S608
        f"AS distance FROM {source}{condition} ORDER BY distance LIMIT {most})"
    )
    return text, values


def _filter(wanted: Wanted, in_documents: str) -> tuple[str, list[list[str]]]:
    if wanted.documents is not None:
        excluded = set(wanted.without)
        return f" AND {in_documents}", [[one for one in wanted.documents if one not in excluded]]
    if wanted.without:
        return " AND document_id <> ALL(%s::uuid[])", [list(wanted.without)]
    return "", []


def _hits(rows: Sequence[Any]) -> list[Hit]:
    return [
        Hit(row.node_id, row.segment_id, row.document_id, max(-1.0, min(1.0, row.score)))
        for row in rows if row.node_id is not None
    ]
