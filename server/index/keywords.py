"""The keyword table of economy datasets: which nodes have a keyword (rag-engine.md 6.1).

A row for each node and keyword: a node has about ten, so they are few, and counting the rows that match is
the score. Keywords are compared in lower case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.index import copying
from server.index.checks import checked_id, checked_ids, checked_limit
from server.index.port import Hit
from server.index.postings import term_of
from server.index.spaces import SpaceStore

_COLUMNS = ("space_id", "keyword", "node_id", "segment_id", "document_id", "document_position", "position")
_DELETE = {
    column: sa.text(f"DELETE FROM keyword_nodes WHERE space_id = :space AND {column} = ANY(CAST(:ids AS uuid[]))")  # noqa: S608
    for column in ("node_id", "document_id")
}
_SEARCH = """
    SELECT node_id::text, segment_id::text, document_id::text, count(*) AS score
    FROM keyword_nodes WHERE space_id = :space AND keyword = ANY(:keywords) {condition}
    GROUP BY node_id, segment_id, document_id
    ORDER BY count(*) DESC, min(document_position), min(position), min(number) LIMIT :limit
"""
# Documents come as a subquery so that the planner does not weigh their ids one by one.
_DOCUMENTS = "(SELECT unnest(CAST(:documents AS uuid[])))"
_SEARCH_IN = {
    "": sa.text(_SEARCH.format(condition="")),
    "only": sa.text(_SEARCH.format(condition=f"AND document_id IN {_DOCUMENTS}")),
    "without": sa.text(_SEARCH.format(condition=f"AND document_id NOT IN {_DOCUMENTS}")),
}
_COUNT = sa.text("SELECT count(DISTINCT node_id) FROM keyword_nodes WHERE space_id = :space")


@dataclass(frozen=True, slots=True)
class KeywordEntry:
    """A node with its keywords. Positions break ties: lower first, then as the nodes were written."""

    node_id: str
    segment_id: str
    document_id: str
    keywords: Sequence[str]
    document_position: int = 0
    position: int = 0


class KeywordTable:
    """The keyword index of every dataset. Thread-safe; everything is in the caller's transaction."""

    def write(self, uow: UnitOfWork, tenant_id: str, dataset_id: str, entries: Sequence[KeywordEntry]) -> None:
        """Add entries; those of the same node are replaced. A node without keywords is in no index."""
        latest = {checked_id(entry.node_id): entry for entry in entries}
        if not latest:
            return
        for entry in latest.values():
            checked_id(entry.segment_id), checked_id(entry.document_id)
        spaces = SpaceStore(uow, "keyword")
        space = spaces.ensure(tenant_id, dataset_id).id
        spaces.lock_documents(space, (entry.document_id for entry in latest.values()))
        uow.execute(_DELETE["node_id"], {"space": space, "ids": list(latest)})
        copying.copy_rows(
            uow, "keyword_nodes", _COLUMNS, (row for entry in latest.values() for row in _rows(space, entry))
        )

    def delete_nodes(self, uow: UnitOfWork, tenant_id: str, dataset_id: str, node_ids: Sequence[str]) -> None:
        """Remove entries of nodes; unknown ones are fine."""
        self._delete(uow, tenant_id, dataset_id, "node_id", checked_ids(node_ids))

    def delete_documents(self, uow: UnitOfWork, tenant_id: str, dataset_id: str, document_ids: Sequence[str]) -> None:
        """Remove all entries of documents."""
        self._delete(uow, tenant_id, dataset_id, "document_id", checked_ids(document_ids))

    def drop(self, uow: UnitOfWork, tenant_id: str, dataset_id: str) -> None:
        """Hide the table with the caller's transaction; the sweep deletes its rows."""
        SpaceStore(uow, "keyword").drop(tenant_id, dataset_id)

    def search(
        self, uow: UnitOfWork, tenant_id: str, dataset_id: str, keywords: Sequence[str], limit: int,
        *, documents: Sequence[str] | None = None, without: Sequence[str] = (),
    ) -> list[Hit]:
        """Nodes with the most of ``keywords``: of ``documents`` only, or of all but ``without``.

        The score is the number of keywords that match.
        """
        checked_limit(limit)
        wanted, excluded = _stored(keywords), checked_ids(without)
        kind, listed = ("without", excluded) if excluded else ("", [])
        if documents is not None:
            kind, listed = "only", list(dict.fromkeys(checked_ids(documents)).keys() - set(excluded))
        registered = SpaceStore(uow, "keyword").find(tenant_id, dataset_id)
        if registered is None or not wanted or (kind == "only" and not listed):
            return []
        rows = uow.execute(
            _SEARCH_IN[kind], {"space": registered.id, "keywords": wanted, "documents": listed, "limit": limit}
        )
        return [Hit(row.node_id, row.segment_id, row.document_id, float(row.score)) for row in rows]

    def count(self, uow: UnitOfWork, tenant_id: str, dataset_id: str) -> int:
        """How many nodes the table has."""
        registered = SpaceStore(uow, "keyword").find(tenant_id, dataset_id)
        return int(uow.execute(_COUNT, {"space": registered.id}).scalar_one()) if registered else 0

    @staticmethod
    def _delete(uow: UnitOfWork, tenant_id: str, dataset_id: str, column: str, ids: list[str]) -> None:
        registered = SpaceStore(uow, "keyword").find(tenant_id, dataset_id, share=True)
        if registered is not None and ids:
            uow.execute(_DELETE[column], {"space": registered.id, "ids": ids})


def _stored(keywords: Sequence[str]) -> list[str]:
    """How keywords are stored and looked up, once each."""
    return list(dict.fromkeys(term for keyword in keywords if (term := term_of(keyword.lower()))))


def _rows(space: int, entry: KeywordEntry) -> list[bytes]:
    head = copying.bigint(space)
    tail = (
        copying.uuid(entry.node_id) + copying.uuid(entry.segment_id) + copying.uuid(entry.document_id)
        + copying.integer(entry.document_position) + copying.integer(entry.position)
    )
    return [head + copying.raw(keyword.encode()) + tail for keyword in _stored(entry.keywords)]
