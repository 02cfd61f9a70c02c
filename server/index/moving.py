"""Carries vectors from one store or space to another while both are in use.

Who changes the source afterwards lets ``carry`` run again for the nodes concerned, from a job: after the
last such run the target has what the source has. Runs may overlap and be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from server.db.engine import UnitOfWork, UowFactory
from server.index.port import Entry, Space, VectorStore

# How often a node may change while it is carried, each time within a moment, before the job starts over.
_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A space in a store."""

    store: VectorStore
    space: Space


class Mover:
    """From one place to another of the same dimension. Thread-safe; for background jobs."""

    def __init__(self, uow: UowFactory, source: Place, target: Place) -> None:
        self._uow = uow
        self._source = source
        self._target = target

    def copy(self, *, after: str = "", batch: int = 500) -> Iterator[tuple[str, int]]:
        """Carry everything after node ``after``; yields the last node and how many, for going on after a death.

        What only the target has stays.
        """
        while ids := self._page(after, batch):
            self.carry(ids)
            after = ids[-1]
            yield after, len(ids)

    def carry(self, node_ids: Sequence[str]) -> None:
        """Make these nodes in the target as they are in the source: written, or deleted when they are gone."""
        carried: dict[str, Entry] | None = None
        for _ in range(_MOST_ROUNDS):
            found = self._read(node_ids)
            if carried is not None and _same(found, carried):
                return
            self._write(found, [node for node in node_ids if node not in found])
            carried = found
        raise RuntimeError("the nodes change faster than they can be carried")

    def _page(self, after: str, batch: int) -> list[str]:
        with self._open(self._source) as uow:
            return next(self._source.store.nodes(uow, self._source.space, batch, after=after), [])

    def _read(self, node_ids: Sequence[str]) -> dict[str, Entry]:
        with self._open(self._source) as uow:
            return {entry.node_id: entry for entry in self._source.store.read(uow, self._source.space, node_ids)}

    def _write(self, found: dict[str, Entry], gone: Sequence[str]) -> None:
        with self._open(self._target) as uow:
            self._target.store.write(uow, self._target.space, list(found.values()))
            self._target.store.delete_nodes(uow, self._target.space, gone)
            if uow is not None:
                uow.commit()

    @contextmanager
    def _open(self, place: Place) -> Iterator[UnitOfWork | None]:
        """A transaction for a store that takes part in one."""
        if not place.store.transactional:
            yield None
            return
        with self._uow() as uow:
            yield uow


def _same(now: dict[str, Entry], then: dict[str, Entry]) -> bool:
    return now.keys() == then.keys() and all(
        (entry.segment_id, entry.document_id) == (then[node].segment_id, then[node].document_id)
        and bool((entry.vector == then[node].vector).all())
        for node, entry in now.items()
    )
