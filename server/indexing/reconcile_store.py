"""SQL that finds what went missing and what was left over, over all workspaces: the server's own view."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.index_tables import index_spaces, keyword_nodes, text_nodes
from server.db.tables import (
    child_chunks,
    datasets,
    document_segments,
    documents,
    jobs,
    segment_summaries,
    upkeep_findings,
)

_M = documents.c
_S = document_segments.c
_D = datasets.c
_X = index_spaces.c
_NOW = sa.func.now()
_UNFINISHED = ("waiting", "parsing", "cleaning", "splitting", "indexing")
# What was touched less long ago than this may be in somebody's hands.
_QUIET = timedelta(minutes=2)
# A day's checks of all datasets are spread over so long.
_SPREAD_SECONDS = 20 * 3600.0


def _job(kinds: tuple[str, ...], field: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a job of these kinds names the row. One condition each, so that the planner may hash it."""
    return sa.exists().where(jobs.c.kind.in_(kinds), jobs.c.payload[field].astext == sa.cast(column, sa.Text))


class ReconcileStore:
    """One transaction of the reconcile jobs."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def note(self, kind: str, count: int) -> None:
        """Count what was found."""
        statement = insert(upkeep_findings).values(kind=kind, total=count)
        self._uow.execute(
            statement.on_conflict_do_update(
                index_elements=["kind"],
                set_={"total": upkeep_findings.c.total + statement.excluded.total, "found_at": _NOW},
            )
        )

    # What nobody works on

    def order_lost_documents(self, limit: int) -> int:
        """Documents that wait for indexing while no job says so are ordered again; how many."""
        lost = (
            sa.select(_M.tenant_id, _M.dataset_id, _M.id, _M.version)
            .where(
                _M.indexing_status.in_(_UNFINISHED), sa.not_(_M.is_paused), _M.updated_at < _NOW - _QUIET,
                sa.not_(_job(("index_document",), "document_id", _M.id)),
                sa.not_(_job(("rebuild_dataset",), "dataset_id", _M.dataset_id)),
            )
            .limit(limit)
        )
        return self._order(
            "index_document",
            [
                {
                    "tenant_id": row.tenant_id, "dataset_id": row.dataset_id, "document_id": row.id,
                    "version": row.version,
                }
                for row in self._uow.execute(lost)
            ],
        )

    def order_lost_rebuilds(self, limit: int) -> int:
        """Datasets that want another index which nobody builds; not those whose documents say why it failed."""
        failed = sa.exists().where(
            _M.dataset_id == _D.id, _M.indexing_status == "error", _M.live_version == _M.version
        )
        lost = (
            sa.select(_D.tenant_id, _D.id, _D.generation)
            .where(
                _D.generation != _D.live_generation, _D.updated_at < _NOW - _QUIET,
                sa.not_(_job(("rebuild_dataset",), "dataset_id", _D.id)), sa.not_(failed),
            )
            .limit(limit)
        )
        return self._order(
            "rebuild_dataset",
            [
                {"tenant_id": row.tenant_id, "dataset_id": row.id, "generation": row.generation}
                for row in self._uow.execute(lost)
            ],
        )

    # What nobody refers to

    def order_orphans(self, limit: int) -> int:
        """Documents that are gone while their segments are not, and no job removes them; how many."""
        orphaned = (
            sa.select(_S.tenant_id, _S.dataset_id, _S.document_id).distinct()
            .where(
                sa.not_(sa.exists().where(_M.id == _S.document_id)),
                sa.not_(_job(("purge_document",), "document_id", _S.document_id)),
                sa.not_(_job(("purge_dataset",), "dataset_id", _S.dataset_id)),
            )
            .limit(limit)
        )
        return self._order(
            "purge_document",
            [
                {"tenant_id": row.tenant_id, "dataset_id": row.dataset_id, "document_id": row.document_id}
                for row in self._uow.execute(orphaned)
            ],
        )

    def order_orphan_datasets(self, limit: int) -> int:
        """Datasets that are gone while their documents are not, and no job removes them; how many."""
        orphaned = (
            sa.select(_M.tenant_id, _M.dataset_id).distinct()
            .where(
                sa.not_(sa.exists().where(_D.id == _M.dataset_id)),
                sa.not_(_job(("purge_dataset",), "dataset_id", _M.dataset_id)),
            )
            .limit(limit)
        )
        return self._order(
            "purge_dataset",
            [
                {"tenant_id": row.tenant_id, "dataset_id": row.dataset_id, "places": []}
                for row in self._uow.execute(orphaned)
            ],
        )

    def drop_orphan_spaces(self) -> int:
        """Indexes in this database of datasets that are gone, have another one or moved away; how many."""
        used = sa.exists().where(
            _D.id == _X.dataset_id,
            sa.or_(
                _X.kind != "vector",
                sa.and_(
                    _X.generation.in_([_D.generation, _D.live_generation]),
                    sa.or_(_D.vector_store == "pgvector", _D.moving_to == "pgvector"),
                ),
            ),
        )
        orphaned = sa.and_(
            _X.dropped_at.is_(None), _X.created_at < _NOW - _QUIET, sa.not_(used),
            sa.not_(_job(("purge_dataset", "drop_indexes"), "dataset_id", _X.dataset_id)),
        )
        return self._uow.execute(sa.update(index_spaces).where(orphaned).values(dropped_at=_NOW)).rowcount

    def order_checks(self) -> int:
        """Have the entries of every dataset compared with its segments in the course of the day; how many."""
        ordered = sa.select(
            sa.literal("check_entries"),
            sa.func.json_build_object("tenant_id", _D.tenant_id, "dataset_id", _D.id),
            _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.func.random() * _SPREAD_SECONDS),
        ).where(_D.provider == "vendor", sa.not_(_job(("check_entries",), "dataset_id", _D.id)))
        return self._uow.execute(sa.insert(jobs).from_select(["kind", "payload", "due_at"], ordered)).rowcount

    def orphan_words(self, tenant_id: str, dataset_id: str, limit: int) -> list[str]:
        """Nodes of full text and keywords that no segment, child chunk or summary has."""
        found: set[str] = set()
        for kind, table in (("text", text_nodes), ("keyword", keyword_nodes)):
            space = sa.select(_X.id).where(
                _X.tenant_id == tenant_id, _X.dataset_id == dataset_id, _X.kind == kind, _X.dropped_at.is_(None)
            )
            rowless = [
                sa.not_(sa.exists().where(owner.c.tenant_id == tenant_id, owner.c.index_node_id == table.c.node_id))
                for owner in (document_segments, child_chunks, segment_summaries)
            ]
            nodes = sa.select(table.c.node_id).distinct().where(table.c.space_id.in_(space), *rowless).limit(limit)
            found.update(self._uow.execute(nodes).scalars())
        return sorted(found)

    def order_purge(self, tenant_id: str, dataset_id: str, node_ids: list[str]) -> None:
        """Have entries without rows removed, unless their rows come after all."""
        payload = {"tenant_id": tenant_id, "dataset_id": dataset_id, "node_ids": node_ids}
        self._uow.execute(sa.insert(jobs).values(kind="purge_nodes", payload=payload, due_at=_NOW + _QUIET))

    def _order(self, kind: str, payloads: list[Mapping[str, Any]]) -> int:
        if payloads:
            self._uow.execute(sa.insert(jobs), [{"kind": kind, "payload": payload} for payload in payloads])
        return len(payloads)
