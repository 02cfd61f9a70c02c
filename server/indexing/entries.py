"""Puts nodes into the indexes of a dataset and takes them out: vectors and full text, or keywords.

With a vector store whose writes are part of the transaction (pgvector), rows and vectors commit and die
together. With another one (Milvus), vectors are written before the transaction and deleted before theirs:
what a crash leaves in between is an entry whose segment is not there, which no search returns and the
reconcile job removes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from server.dataset.model import ECONOMY, Dataset
from server.db.engine import UnitOfWork, UowFactory
from server.index.fulltext import FullText, TextEntry
from server.index.keywords import KeywordEntry, KeywordTable
from server.index.port import Entry, Space, Vector, VectorStore
from server.indexing.model import Node
from server.ingest.keywords import keywords, words


@dataclass(frozen=True, slots=True)
class Prepared:
    """Nodes ready to be written: everything slow is done."""

    nodes: Sequence[Node]
    vectors: Sequence[Vector | None]
    texts: Sequence[TextEntry]
    keywords: Sequence[KeywordEntry]

    @property
    def dimension(self) -> int | None:
        """Length of the vectors; None without any."""
        return next((len(vector) for vector in self.vectors if vector is not None), None)

    def only(self, wanted: Collection[Node]) -> Prepared:
        """The same without the nodes that are not ``wanted``."""
        kept = [node in wanted for node in self.nodes]
        lists = (self.nodes, self.vectors, self.texts, self.keywords)
        # A list is empty where the index has nothing of its kind.
        return Prepared(*(tuple(compress(one, kept)) for one in lists))  # type: ignore[arg-type]


def space_of(dataset: Dataset, dimension: int, generation: int | None = None) -> Space:
    """The vectors of a dataset's index that is wanted, or of another generation."""
    return Space(
        tenant_id=dataset.tenant_id, dataset_id=dataset.id, dimension=dimension,
        generation=dataset.generation if generation is None else generation,
    )


class Entries:
    """The three indexes as one."""

    def __init__(self, vectors: VectorStore, fulltext: FullText, keyword_table: KeywordTable) -> None:
        self.vectors = vectors
        self.fulltext = fulltext
        self.keyword_table = keyword_table

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
            return Prepared(nodes, (), (), found)
        texts = [
            TextEntry(
                node_id=node.node_id, segment_id=node.segment_id, document_id=node.document_id,
                tokens=words(node.text),
            )
            for node in nodes
        ]
        return Prepared(nodes, vectors, texts, ())

    def write_outside(self, dataset: Dataset, prepared: Prepared) -> None:
        """What must be written before the transaction; nothing with a transactional store."""
        if not self.vectors.transactional:
            self._write_vectors(None, dataset, prepared)

    def write(self, uow: UnitOfWork, dataset: Dataset, prepared: Prepared) -> None:
        """The part of the transaction. Entries of the same node are replaced."""
        if self.vectors.transactional:
            self._write_vectors(uow, dataset, prepared)
        if prepared.texts:
            self.fulltext.write(uow, dataset.tenant_id, dataset.id, prepared.texts)
        if prepared.keywords:
            self.keyword_table.write(uow, dataset.tenant_id, dataset.id, prepared.keywords)

    def _write_vectors(self, uow: UnitOfWork | None, dataset: Dataset, prepared: Prepared) -> None:
        entries = [
            Entry(node_id=node.node_id, segment_id=node.segment_id, document_id=node.document_id, vector=vector)
            for node, vector in zip(prepared.nodes, prepared.vectors, strict=False)
            if vector is not None
        ]
        if entries:
            self.vectors.write(uow, space_of(dataset, len(entries[0].vector)), entries)

    def remove_outside(self, spaces: Sequence[Space], node_ids: Sequence[str]) -> None:
        """What must be removed before the transaction; nothing with a transactional store."""
        if not self.vectors.transactional:
            for space in spaces:
                self.vectors.delete_nodes(None, space, node_ids)

    def remove(
        self, uow: UnitOfWork, tenant_id: str, dataset_id: str, spaces: Sequence[Space], node_ids: Sequence[str]
    ) -> None:
        """The part of the transaction."""
        if self.vectors.transactional:
            for space in spaces:
                self.vectors.delete_nodes(uow, space, node_ids)
        self.fulltext.delete_nodes(uow, tenant_id, dataset_id, node_ids)
        self.keyword_table.delete_nodes(uow, tenant_id, dataset_id, node_ids)

    def drop_spaces(self, uow: UowFactory, spaces: Sequence[Space]) -> None:
        """Vectors of generations that nobody will ask for again."""
        if not self.vectors.transactional:
            for space in spaces:
                self.vectors.drop(None, space)
        elif spaces:
            with uow() as transaction:
                for space in spaces:
                    self.vectors.drop(transaction, space)
                transaction.commit()

    def drop(self, uow: UowFactory, tenant_id: str, dataset_id: str, spaces: Sequence[Space]) -> None:
        """Everything of a dataset."""
        self.drop_spaces(uow, spaces)
        with uow() as transaction:
            self.fulltext.drop(transaction, tenant_id, dataset_id)
            self.keyword_table.drop(transaction, tenant_id, dataset_id)
            transaction.commit()


def spaces_of(dataset: Dataset) -> list[Space]:
    """Where a dataset's vectors may be: the index that answers and the one that is built."""
    found = []
    if dataset.live_dimension:
        found.append(space_of(dataset, dataset.live_dimension, dataset.live_generation))
    if dataset.dimension and dataset.generation != dataset.live_generation:
        found.append(space_of(dataset, dataset.dimension))
    return found


def spaces_in(payload: Mapping[str, Any], name: str = "spaces") -> list[Space]:
    """The spaces of a dataset that a job names as [dimension, generation]."""
    named: Iterable[tuple[int, int]] = payload.get(name) or ()
    return [
        Space(
            tenant_id=payload["tenant_id"], dataset_id=payload["dataset_id"], dimension=dimension,
            generation=generation,
        )
        for dimension, generation in named
    ]


def stored_dataset(uow: UowFactory, tenant_id: str, dataset_id: str) -> Dataset | None:
    """A dataset as it is now."""
    from server.dataset.store import DatasetStore

    with uow() as open_uow:
        return DatasetStore(open_uow).find(tenant_id, dataset_id)
