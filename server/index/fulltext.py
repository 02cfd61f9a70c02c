"""Full text in PostgreSQL: BM25 over tokens that the caller cut. The score is in postings.py.

Layout (measured in README.md). Postings are not a row for each node and term, but one for each *block* and
term: a block is what one call wrote. Blocks never change, so writers share nothing. Deleting a node removes
its row in ``text_nodes`` and notes its number in ``text_dead``, which searches leave out; merging takes it out of
its block. So N, the average length and df are exact at every moment. ``tend`` merges small blocks; searches
cost about a row for each term of the query and block.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from server.db.engine import UnitOfWork, UowFactory
from server.index import copying
from server.index.checks import checked_id, checked_ids, checked_limit
from server.index.port import Hit
from server.index.postings import MOST_TOKENS, Numbers, Ranking, count_terms, pack, rank, term_of, unpack
from server.index.spaces import SpaceStore
from server.index.text_merge import TextMerge, copy_postings

# Up to so many nodes of a filter are looked up.
_NARROW = 20_000
# How many times more ranked nodes than wanted are tried, and then each time.
_TRIED, _TRIED_GROWTH = 4, 4

_SEARCH = sa.text("""
    SELECT whole.nodes, whole.tokens, whole.dead, found.term, found.first_number, found.entries
    FROM (
        SELECT coalesce(sum(nodes), 0)::bigint AS nodes, coalesce(sum(tokens), 0)::bigint AS tokens,
            (SELECT count(*) FROM text_dead WHERE space_id = :space) AS dead
        FROM text_blocks WHERE space_id = :space
    ) whole LEFT JOIN (
        SELECT p.term, b.first_number, p.entries FROM text_postings p JOIN text_blocks b ON b.id = p.block_id
        WHERE p.space_id = :space AND p.term = ANY(:terms)
    ) found ON true
""")
_DEAD = sa.text("SELECT number, tokens FROM text_dead WHERE space_id = :space ORDER BY number")
_DELETE = """
    WITH gone AS (
        DELETE FROM text_nodes WHERE space_id = :space AND {column} = ANY(CAST(:ids AS uuid[]))
        RETURNING number, tokens
    )
    INSERT INTO text_dead (space_id, number, tokens) SELECT :space, number, tokens FROM gone
"""
_DELETE_BY = {column: sa.text(_DELETE.format(column=column)) for column in ("node_id", "document_id")}
_NUMBERS = sa.text("SELECT nextval('text_node_numbers') FROM generate_series(1, :count)")
_BLOCK = sa.text(
    "INSERT INTO text_blocks (space_id, first_number, nodes, tokens) VALUES (:space, :first, :nodes, :tokens) "
    "RETURNING id"
)
# The array comes from a subquery so that the planner does not weigh its ids one by one.
_OF_DOCUMENTS = sa.text(
    "SELECT number FROM text_nodes WHERE space_id = :space "
    "AND document_id = ANY((SELECT CAST(:documents AS uuid[]))::uuid[]) LIMIT :limit"
)
_NODES = sa.text(
    "SELECT number, node_id::text, segment_id::text, document_id::text FROM text_nodes WHERE number = ANY(:numbers)"
)


@dataclass(frozen=True, slots=True)
class TextEntry:
    """A node with its tokens, as often as they occur. Tokens are compared as they are."""

    node_id: str
    segment_id: str
    document_id: str
    tokens: Sequence[str]


class FullText:
    """The full-text index of every dataset. Thread-safe; everything is in the caller's transaction."""

    def write(self, uow: UnitOfWork, tenant_id: str, dataset_id: str, entries: Sequence[TextEntry]) -> None:
        """Add entries; those of the same node are replaced. A node without tokens is in no index.

        A call makes a block: a thousand entries at once cost a fifth of a thousand calls' time.
        """
        latest = {checked_id(entry.node_id): entry for entry in entries}
        if not latest:
            return
        for entry in latest.values():
            checked_id(entry.segment_id), checked_id(entry.document_id)
        spaces = SpaceStore(uow, "text")
        space = spaces.ensure(tenant_id, dataset_id).id
        spaces.lock_documents(space, (entry.document_id for entry in latest.values()))
        uow.execute(_DELETE_BY["node_id"], {"space": space, "ids": list(latest)})
        terms = {token: term_of(token) for token in set().union(*(entry.tokens for entry in latest.values()))}
        texts = [[term for token in entry.tokens if (term := terms[token])] for entry in latest.values()]
        full = [(entry, text) for entry, text in zip(latest.values(), texts, strict=True) if text]
        if full:
            _write_block(uow, space, [entry for entry, _ in full], [text for _, text in full])

    def delete_nodes(self, uow: UnitOfWork, tenant_id: str, dataset_id: str, node_ids: Sequence[str]) -> None:
        """Remove entries of nodes; unknown ones are fine."""
        self._delete(uow, tenant_id, dataset_id, "node_id", checked_ids(node_ids))

    def delete_documents(self, uow: UnitOfWork, tenant_id: str, dataset_id: str, document_ids: Sequence[str]) -> None:
        """Remove all entries of documents."""
        self._delete(uow, tenant_id, dataset_id, "document_id", checked_ids(document_ids))

    def drop(self, uow: UnitOfWork, tenant_id: str, dataset_id: str) -> None:
        """Hide the index with the caller's transaction; the sweep deletes its rows."""
        SpaceStore(uow, "text").drop(tenant_id, dataset_id)

    def search(
        self, uow: UnitOfWork, tenant_id: str, dataset_id: str, tokens: Sequence[str], limit: int,
        *, documents: Sequence[str] | None = None, without: Sequence[str] = (),
    ) -> list[Hit]:
        """The best nodes with a token of the query: of ``documents`` only, or of all but ``without``.

        A filter changes which nodes are returned, not their scores.
        """
        checked_limit(limit)
        chosen = _Chosen.of(documents, without)
        query = Counter(term for token in tokens if (term := term_of(token)))
        registered = SpaceStore(uow, "text").find(tenant_id, dataset_id)
        if registered is None or not query or chosen.is_none:
            return []
        ranking = _ranked(uow, registered.id, query)
        return _hits(uow, registered.id, ranking, limit, chosen)

    def count(self, uow: UnitOfWork, tenant_id: str, dataset_id: str) -> int:
        """How many nodes the index has."""
        registered = SpaceStore(uow, "text").find(tenant_id, dataset_id)
        if registered is None:
            return 0
        counted = sa.text("SELECT count(*) FROM text_nodes WHERE space_id = :space")
        return int(uow.execute(counted, {"space": registered.id}).scalar_one())

    @staticmethod
    def tend(uow: UowFactory, tenant_id: str, dataset_id: str) -> bool:
        """Merge small blocks and take dead nodes out; True when something was done.

        For a background job after writes: seconds for a large index, blocks nobody, may be repeated.
        """
        return TextMerge(uow).tend(tenant_id, dataset_id)

    @staticmethod
    def _delete(uow: UnitOfWork, tenant_id: str, dataset_id: str, column: str, ids: list[str]) -> None:
        registered = SpaceStore(uow, "text").find(tenant_id, dataset_id, share=True)
        if registered is not None and ids:
            uow.execute(_DELETE_BY[column], {"space": registered.id, "ids": ids})


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which documents a search may return: those ``only``, or all but ``without``."""

    only: set[str] | None
    without: set[str]

    @classmethod
    def of(cls, documents: Sequence[str] | None, without: Sequence[str]) -> _Chosen:
        excluded = set(checked_ids(without))
        return cls(None if documents is None else set(checked_ids(documents)) - excluded, excluded)

    @property
    def is_none(self) -> bool:
        return self.only is not None and not self.only

    @property
    def is_all(self) -> bool:
        return self.only is None and not self.without

    def __contains__(self, document_id: str) -> bool:
        return document_id in self.only if self.only is not None else document_id not in self.without


def _write_block(uow: UnitOfWork, space: int, entries: Sequence[TextEntry], texts: Sequence[Sequence[str]]) -> None:
    numbers = np.array(uow.execute(_NUMBERS, {"count": len(entries)}).scalars().all(), np.int64)
    lengths = [min(len(text), MOST_TOKENS) for text in texts]
    first = int(numbers[0])
    block = uow.execute(
        _BLOCK, {"space": space, "first": first, "nodes": len(entries), "tokens": sum(lengths)}
    ).scalar_one()
    copying.copy_rows(
        uow, "text_nodes", ("space_id", "node_id", "number", "segment_id", "document_id", "tokens"),
        (
            copying.bigint(space) + copying.uuid(entry.node_id) + copying.bigint(number)
            + copying.uuid(entry.segment_id) + copying.uuid(entry.document_id) + copying.integer(length)
            for entry, number, length in zip(entries, numbers.tolist(), lengths, strict=True)
        ),
    )
    terms, term_ids, postings = count_terms(texts, numbers)
    copy_postings(uow, space, block, pack(terms, term_ids, postings, first))


def _ranked(uow: UnitOfWork, space: int, query: Mapping[str, int]) -> Ranking:
    rows = uow.execute(_SEARCH, {"space": space, "terms": list(query)}).all()
    blocks: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for row in rows:
        if row.term is not None:
            blocks[row.term].append((row.first_number, row.entries))
    nodes, tokens, dead = rows[0].nodes, rows[0].tokens, np.empty(0, np.int64)
    if rows[0].dead:
        gone = uow.execute(_DEAD, {"space": space}).all()
        nodes, tokens = nodes - len(gone), tokens - sum(row.tokens for row in gone)
        dead = np.array([row.number for row in gone], np.int64)
    # In the query's order, whatever order rows come in: sums of floats, and so ties, depend on it.
    found = {term: unpack(blocks[term]) for term in query if term in blocks}
    return rank(found, query, nodes, tokens, dead)


def _hits(uow: UnitOfWork, space: int, ranking: Ranking, limit: int, chosen: _Chosen) -> list[Hit]:
    """The best that are still there and may be returned.

    Under a filter a few more than wanted are tried first; when too few of them may be returned, a filter
    for a part of the dataset is looked up, one for most of it tried on.
    """
    hits, tried = _tried(uow, ranking, chosen, 0, limit if chosen.is_all else _TRIED * limit)
    if len(hits) < limit and chosen.only is not None and tried < len(ranking.numbers):
        narrow = _numbers_of(uow, space, chosen.only)
        if narrow is not None:
            ranking = ranking.among(narrow)
            hits, tried = _tried(uow, ranking, chosen, 0, limit)
    while len(hits) < limit and tried < len(ranking.numbers):
        more, tried = _tried(uow, ranking, chosen, tried, tried * _TRIED_GROWTH)
        hits += more
    return hits[:limit]


def _tried(uow: UnitOfWork, ranking: Ranking, chosen: _Chosen, after: int, until: int) -> tuple[list[Hit], int]:
    """Hits among the ranked from ``after`` on, and where to go on."""
    best = ranking.best(until)
    scores = dict(zip(best.numbers[after:].tolist(), best.scores[after:].tolist(), strict=True))
    known = {row.number: row for row in uow.execute(_NODES, {"numbers": list(scores)})}
    hits = [
        Hit(row.node_id, row.segment_id, row.document_id, score)
        for number, score in scores.items()
        if (row := known.get(number)) is not None and row.document_id in chosen
    ]
    return hits, until


def _numbers_of(uow: UnitOfWork, space: int, documents: AbstractSet[str]) -> Numbers | None:
    """Nodes of documents; None when they are too many to ask for."""
    wanted = {"space": space, "documents": list(documents), "limit": _NARROW + 1}
    found = uow.execute(_OF_DOCUMENTS, wanted).scalars().all()
    return np.sort(np.array(found, np.int64)) if len(found) <= _NARROW else None
