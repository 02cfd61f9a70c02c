"""Puts nodes into the indexes of a dataset and takes them out: vectors and full text, or keywords.

With a vector store whose writes are part of the transaction (pgvector), rows and vectors commit and die
together. With another one (Milvus), vectors are written before the transaction and deleted before or after
theirs: what a crash leaves in between is an entry whose segment is not there, which no search returns and
the reconcile job removes.

What is being built (the index of another model, rebuild.py, or the copy in another store, moves.py) is always
changed inside the transaction, under the locks of the rows: so the building and the changes of one segment
come one after the other. While a dataset moves, everything is written to both stores and removed from both.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from server.dataset.model import ECONOMY, Dataset
from server.db.engine import UnitOfWork, UowFactory
from server.index.fulltext import FullText, TextEntry
from server.index.keywords import KeywordEntry, KeywordTable
from server.index.port import Entry, Space, Vector
from server.index.stores import VectorStores
from server.indexing.model import Failed, IndexChanged, Node
from server.indexing.route_store import RouteStore
from server.ingest.keywords import keywords, words


@dataclass(frozen=True, slots=True)
class Place:
    """The vectors of one index of a dataset in one store."""

    store: str
    space: Space


@dataclass(frozen=True, slots=True)
class Prepared:
    """Nodes ready to be written into the wanted index of ``dataset``: everything slow is done."""

    dataset: Dataset
    nodes: Sequence[Node]
    vectors: Sequence[Vector | None]
    texts: Sequence[TextEntry]
    keywords: Sequence[KeywordEntry]
    # Stores that have the vectors already.
    outside: set[str] = field(default_factory=set)

    @property
    def dimension(self) -> int | None:
        """Length of the vectors; None without any."""
        return next((len(vector) for vector in self.vectors if vector is not None), None)

    def only(self, node_ids: Container[str]) -> Prepared:
        """The part of it that is about some nodes."""
        kept = [at for at, node in enumerate(self.nodes) if node.node_id in node_ids]
        return Prepared(
            self.dataset, [self.nodes[at] for at in kept], [self.vectors[at] for at in kept] if self.vectors else (),
            [entry for entry in self.texts if entry.node_id in node_ids],
            [entry for entry in self.keywords if entry.node_id in node_ids], self.outside,
        )


class Entries:
    """The three indexes as one. Thread-safe."""

    def __init__(
        self, uow: UowFactory, stores: VectorStores, fulltext: FullText, keyword_table: KeywordTable
    ) -> None:
        self._uow = uow
        self.stores = stores
        self.fulltext = fulltext
        self.keyword_table = keyword_table

    # Write

    def prepare(self, dataset: Dataset, nodes: Sequence[Node], vectors: Sequence[Vector | None]) -> Prepared:
        """Cut the words of nodes; ``vectors`` is empty for economy."""
        if dataset.indexing_technique == ECONOMY:
            found = [
                KeywordEntry(
                    node_id=node.node_id, segment_id=node.segment_id, document_id=node.document_id,
                    keywords=node.keywords or tuple(keywords(node.text, dataset.keyword_number)),
                    document_position=node.document_position, position=node.position,
                )
                for node in nodes
            ]
            return Prepared(dataset, nodes, (), (), found)
        texts = [
            TextEntry(
                node_id=node.node_id, segment_id=node.segment_id, document_id=node.document_id,
                tokens=words(node.text),
            )
            for node in nodes
        ]
        return Prepared(dataset, nodes, vectors, texts, ())

    def write_outside(self, prepared: Prepared) -> None:
        """What must be written before the transaction; with a transactional store only its decision.

        Raises Failed for vectors of another length than the index has, VectorStoreUnavailable.
        """
        dimension = prepared.dimension
        if dimension is None:
            return
        dataset = self._pinned(prepared.dataset, dimension)
        if dataset.dimension is not None and dataset.dimension != dimension:
            raise Failed(
                f"The embedding model gives vectors of length {dimension}, the dataset has {dataset.dimension}. "
                "Choose the dataset's embedding model again to embed everything anew."
            )
        name = dataset.vector_store
        is_built = dataset.generation == dataset.live_generation
        if is_built and name is not None and not self.stores.get(name).transactional:
            self._write_vectors(None, Place(name, space_of(dataset, dimension)), prepared)
            prepared.outside.add(name)

    def _pinned(self, dataset: Dataset, dimension: int) -> Dataset:
        """The dataset with its dimension and store decided."""
        if dataset.dimension is not None and dataset.vector_store is not None:
            return dataset
        with self._uow() as uow:
            store = RouteStore(uow)
            store.pin(dataset, dimension, self.stores.default)
            uow.commit()
        found = stored_dataset(self._uow, dataset.tenant_id, dataset.id)
        return found if found is not None and found.generation == dataset.generation else dataset

    def write(self, uow: UnitOfWork, prepared: Prepared) -> None:
        """The part of the transaction. Entries of the same node are replaced.

        Raises IndexChanged when the dataset is gone or wants another index by now.
        """
        dataset = RouteStore(uow).hold(prepared.dataset.tenant_id, prepared.dataset.id)
        if dataset is None or dataset.generation != prepared.dataset.generation:
            raise IndexChanged
        dimension = prepared.dimension
        if dimension is not None:
            names = _stores_of(dataset)
            for name in names:
                transactional = self.stores.get(name).transactional
                if transactional or name not in prepared.outside:
                    place = Place(name, space_of(dataset, dimension))
                    self._write_vectors(uow if transactional else None, place, prepared)
            self.take_back(prepared, besides=names)
        if prepared.texts:
            self.fulltext.write(uow, dataset.tenant_id, dataset.id, prepared.texts)
        if prepared.keywords:
            self.keyword_table.write(uow, dataset.tenant_id, dataset.id, prepared.keywords)

    def _write_vectors(self, uow: UnitOfWork | None, place: Place, prepared: Prepared) -> None:
        entries = [
            Entry(node_id=node.node_id, segment_id=node.segment_id, document_id=node.document_id, vector=vector)
            for node, vector in zip(prepared.nodes, prepared.vectors, strict=True)
            if vector is not None
        ]
        self.stores.get(place.store).write(uow, place.space, entries)

    def take_back(self, prepared: Prepared, *, besides: Iterable[str] = ()) -> None:
        """Remove what ``write_outside`` wrote: the transaction for it will not come."""
        dimension = prepared.dimension
        if dimension is None:
            return
        space = space_of(prepared.dataset, dimension)
        for name in prepared.outside.difference(besides):
            self.stores.get(name).delete_nodes(None, space, [node.node_id for node in prepared.nodes])

    # Remove

    def is_outside(self, dataset: Dataset) -> bool:
        """Whether the store that answers is no part of transactions: ``remove_outside`` has something to do."""
        return dataset.vector_store is not None and not self.stores.get(dataset.vector_store).transactional

    def remove_outside(self, dataset: Dataset, node_ids: Sequence[str]) -> None:
        """The part that is no transaction, before or after it; nothing with a transactional store."""
        for place in self._outside(dataset):
            self.stores.get(place.store).delete_nodes(None, place.space, node_ids)

    def remove_documents_outside(self, dataset: Dataset, document_ids: Sequence[str]) -> None:
        """The same for everything of documents whose nodes nobody knows any more."""
        for place in self._outside(dataset):
            self.stores.get(place.store).delete_documents(None, place.space, document_ids)

    def _outside(self, dataset: Dataset) -> list[Place]:
        if not self.is_outside(dataset):
            return []
        return [place for place in places_of(dataset) if place.store == dataset.vector_store]

    def remove(self, uow: UnitOfWork, dataset: Dataset, node_ids: Sequence[str]) -> None:
        """The part of the transaction; for the rest the caller uses ``remove_outside`` with the same ``dataset``."""
        done = dataset.vector_store
        now = RouteStore(uow).hold(dataset.tenant_id, dataset.id)
        for place in places_of(now) if now is not None else ():
            store = self.stores.get(place.store)
            if store.transactional:
                store.delete_nodes(uow, place.space, node_ids)
            elif place.store != done:
                store.delete_nodes(None, place.space, node_ids)
        self.fulltext.delete_nodes(uow, dataset.tenant_id, dataset.id, node_ids)
        self.keyword_table.delete_nodes(uow, dataset.tenant_id, dataset.id, node_ids)

    def drop(self, places: Iterable[Place]) -> None:
        """Remove all vectors of places where nobody writes any more."""
        for place in places:
            store = self.stores.get(place.store)
            if not store.transactional:
                store.drop(None, place.space)
                continue
            with self._uow() as uow:
                store.drop(uow, place.space)
                uow.commit()

    # Order

    def expect(self, dataset: Dataset, dimension: int, count: int) -> None:
        """About so many entries will come into the wanted index."""
        for name in _stores_of(dataset) or [self.stores.default]:
            self.stores.get(name).expect(space_of(dataset, dimension), count)

    def tend(self, dataset: Dataset) -> None:
        """Bring the indexes into order after many writes; outside of a transaction, minutes for a large one."""
        FullText.tend(self._uow, dataset.tenant_id, dataset.id)
        for place in places_of(dataset):
            self.stores.get(place.store).tend(place.space)


def space_of(dataset: Dataset, dimension: int, generation: int | None = None) -> Space:
    """The vectors of a dataset's index that is wanted, or of another generation."""
    return Space(
        tenant_id=dataset.tenant_id, dataset_id=dataset.id, dimension=dimension,
        generation=dataset.generation if generation is None else generation,
    )


def places_of(dataset: Dataset) -> list[Place]:
    """Where all its vectors may be: of the index that answers, of one that is built, of both while it moves."""
    return [Place(store, space_of(dataset, dimension, generation)) for store, dimension, generation in dataset.places]


def live_place(dataset: Dataset) -> Place | None:
    """Where searches look; None before the first vector."""
    if dataset.live_dimension is None or dataset.vector_store is None:
        return None
    return Place(dataset.vector_store, space_of(dataset, dataset.live_dimension, dataset.live_generation))


def _stores_of(dataset: Dataset) -> list[str]:
    return [name for name in (dataset.vector_store, dataset.moving_to) if name is not None]


def stored_dataset(uow: UowFactory, tenant_id: str, dataset_id: str) -> Dataset | None:
    """A dataset as it is now."""
    from server.dataset.store import DatasetStore

    with uow() as open_uow:
        return DatasetStore(open_uow).find(tenant_id, dataset_id)
