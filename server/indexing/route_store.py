"""SQL of where a dataset's vectors are, and the lock that keeps it so.

Who writes or removes entries holds the lock shared, in the transaction that changes the rows, and looks
where to; who changes where holds it alone. It is the last lock that a transaction takes before those of
the indexes: rows of dataset, documents and segments come first.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.dataset.model import Dataset
from server.dataset.store import DatasetStore
from server.db.engine import UnitOfWork
from server.db.tables import (
    child_chunks,
    datasets,
    document_segments,
    jobs,
    segment_summaries,
    vector_moves,
)

_D = datasets.c
_V = vector_moves.c
_LOCKS = 0x7473 << 48  # "ts": keeps these apart from other advisory locks of the database


class RouteStore:
    """Where the vectors of datasets are, in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def hold(self, tenant_id: str, dataset_id: str, *, alone: bool = False) -> Dataset | None:
        """The dataset as it is now; where its entries belong stays so until the transaction ends.

        ``alone``: nobody else is writing entries either, and those who did have committed.
        """
        key = _LOCKS | uuid.UUID(dataset_id).int & (1 << 47) - 1
        lock = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        self._uow.execute(sa.select(lock(key)))
        return DatasetStore(self._uow).find(tenant_id, dataset_id)

    def pin(self, dataset: Dataset, dimension: int, store: str) -> None:
        """The first vectors of an index say how long they are and where they lie; later ones change nothing."""
        self._uow.execute(
            sa.update(datasets)
            .where(
                _D.tenant_id == dataset.tenant_id, _D.id == dataset.id, _D.generation == dataset.generation,
                sa.or_(_D.dimension.is_(None), _D.vector_store.is_(None)),
            )
            .values(
                dimension=sa.func.coalesce(_D.dimension, dimension),
                live_dimension=sa.case(
                    (_D.live_generation == _D.generation, sa.func.coalesce(_D.live_dimension, dimension)),
                    else_=_D.live_dimension,
                ),
                vector_store=sa.func.coalesce(_D.vector_store, store),
            )
        )

    # Moves

    def drop_is_ordered(self, tenant_id: str, dataset_id: str) -> bool:
        """Whether entries of the dataset somewhere are still to be dropped; from now on that is due at once."""
        sooner = sa.func.least(jobs.c.due_at, sa.func.now())
        dropping = (
            sa.update(jobs)
            .where(
                jobs.c.kind == "drop_indexes", jobs.c.payload["tenant_id"].astext == tenant_id,
                jobs.c.payload["dataset_id"].astext == dataset_id,
            )
            .values(due_at=sa.case((jobs.c.attempts == 0, sooner), else_=jobs.c.due_at))
        )
        return self._uow.execute(dropping).rowcount > 0

    def set_route(self, tenant_id: str, dataset_id: str, store: str | None, moving_to: str | None) -> None:
        """Change where the vectors are."""
        self._uow.execute(
            sa.update(datasets).where(_D.tenant_id == tenant_id, _D.id == dataset_id)
            .values(vector_store=store, moving_to=moving_to)
        )

    def move(self, tenant_id: str, dataset_id: str) -> Any | None:
        """The row of a move."""
        statement = sa.select(*_V).where(_V.tenant_id == tenant_id, _V.dataset_id == dataset_id)
        return self._uow.execute(statement).one_or_none()

    def order_move(self, tenant_id: str, dataset_id: str, target: str) -> None:
        """A move is wanted; one that goes on already stays as it is."""
        row = {"tenant_id": tenant_id, "dataset_id": dataset_id, "target": target}
        self._uow.execute(insert(vector_moves).values(**row).on_conflict_do_nothing())

    def begin_move(self, tenant_id: str, dataset_id: str, total: int) -> None:
        """Copying begins, of about so many entries."""
        self._uow.execute(
            sa.update(vector_moves).where(_V.tenant_id == tenant_id, _V.dataset_id == dataset_id)
            .values(total=total, copied=0, generation=0, after_node=None)
        )

    def note_progress(self, tenant_id: str, dataset_id: str, generation: int, node_id: str, count: int) -> None:
        """So many entries more are copied, up to a node of a generation."""
        self._uow.execute(
            sa.update(vector_moves).where(_V.tenant_id == tenant_id, _V.dataset_id == dataset_id)
            .values(copied=_V.copied + count, generation=generation, after_node=node_id)
        )

    def hold_nodes(self, tenant_id: str, node_ids: Sequence[str]) -> list[str]:
        """Those of the nodes that a segment, child chunk or summary has; nobody changes or removes these now."""
        found: list[str] = []
        for table in (document_segments, child_chunks, segment_summaries):
            statement = sa.select(table.c.index_node_id).where(
                table.c.tenant_id == tenant_id, table.c.index_node_id.in_(node_ids)
            )
            found += self._uow.execute(statement.with_for_update(read=True)).scalars()
        return found

    def forget_move(self, tenant_id: str, dataset_id: str) -> None:
        """The move is over."""
        self._uow.execute(
            sa.delete(vector_moves).where(_V.tenant_id == tenant_id, _V.dataset_id == dataset_id)
        )

    def move_faults(self, tenant_id: str) -> dict[str, str]:
        """Why the last attempt of each move of a workspace failed, by dataset."""
        dataset = jobs.c.payload["dataset_id"].astext
        statement = sa.select(dataset.label("dataset_id"), jobs.c.last_error).where(
            jobs.c.kind == "move_dataset", jobs.c.payload["tenant_id"].astext == tenant_id,
            jobs.c.last_error.is_not(None),
        )
        return {row.dataset_id: row.last_error for row in self._uow.execute(statement)}

    def routes(self, tenant_id: str) -> Sequence[Any]:
        """Datasets of a workspace by name: id, name, where its vectors are, where to they move, how far that is."""
        moved = sa.and_(_V.dataset_id == _D.id, _V.tenant_id == _D.tenant_id)
        statement = (
            sa.select(_D.id, _D.name, _D.vector_store, _V.target, _V.total, _V.copied)
            .select_from(datasets.outerjoin(vector_moves, moved))
            .where(_D.tenant_id == tenant_id, _D.provider == "vendor").order_by(_D.name)
        )
        return self._uow.execute(statement).all()
