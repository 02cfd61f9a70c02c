"""Datasets of a product whose parts are taken away, and everything that they are made of, counted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from server.bootstrap_knowledge import vector_stores
from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.tables import metadata
from server.index.port import Space
from server.settings import load
from tests.durability.cluster import Cluster
from tests.harness.stores import wait_until
from tests.index.milvus_servers import LiteServer
from tests.rest.knowledge import LINES, Knowledge, search_by

PROVIDER = "langgenius/openai_api_compatible/openai_api_compatible"
BY_MEANING, BY_WORDS = search_by("semantic_search", top_k=10), search_by("full_text_search", top_k=10)
# Tables that name a dataset in another column, or through another table.
_ELSEWHERE = {
    "tag_bindings": "SELECT count(*) FROM tag_bindings WHERE target_id = :dataset",
    "vectors": "SELECT count(*) FROM vector_rows JOIN index_spaces s ON s.id = space_id WHERE s.dataset_id = :dataset",
    "texts": "SELECT count(*) FROM text_nodes JOIN index_spaces s ON s.id = space_id WHERE s.dataset_id = :dataset",
    "keywords": "SELECT count(*) FROM keyword_nodes JOIN index_spaces s ON s.id = space_id WHERE s.dataset_id = :dataset",
    "jobs": "SELECT count(*) FROM jobs WHERE payload->>'dataset_id' = CAST(:dataset AS text)",
}  # fmt: skip


def text_of(lines: int, word: str = "line") -> str:
    """A text of so many segments, each about something else."""
    return "\n".join(f"The {word} number{at} speaks of topic{at}." for at in range(lines))


class Library:
    """Datasets on a cluster, seen through the API and through what is stored."""

    def __init__(self, cluster: Cluster, embedder: str = "shelf-embed", milvus: LiteServer | None = None) -> None:
        self.cluster = cluster
        self.milvus = milvus
        self.api = Knowledge(cluster.workspace)
        self.embedder = self.api.add_embedder(embedder)
        self._engine = make_engine(cluster.product.postgres_url, pool_size=2)
        self.uow: UowFactory = uow_factory(self._engine)
        environment = {
            name: value for name, value in cluster.product._environment().items() if name.startswith("TRANSOM_")
        }
        self.settings = load(environment)
        self.stores = vector_stores(self.settings, self._engine)

    def close(self) -> None:
        self.stores.close()
        self._engine.dispose()

    def reconnect(self) -> None:
        """After the database was away."""
        self._engine.dispose()

    def mend(self) -> None:
        """Start again what does not run."""
        if self.milvus is not None and self.milvus._child is None:
            self.milvus.start()
        self.cluster.mend()

    # API

    def dataset(self, embedder: str = "", **fields: Any) -> str:
        """A new dataset of high quality, unless said otherwise."""
        if embedder:
            self.api.add_embedder(embedder, default=False)
        chosen = {"embedding_model": embedder or self.embedder, "embedding_model_provider": PROVIDER}
        technique = fields.pop("indexing_technique", "high_quality")
        made = self.api.dataset(indexing_technique=technique, **(chosen if technique == "high_quality" else {}), **fields)
        return str(made["id"])

    def add(self, dataset_id: str, text: str, **fields: Any) -> dict[str, Any]:
        """Have a text accepted as a document; it is not waited for."""
        body = {"name": f"{uuid.uuid4().hex[:8]}.txt", "text": text, "process_rule": LINES, **fields}
        made = self.api.ok("POST", f"/datasets/{dataset_id}/document/create-by-text", json=body)
        return {**made["document"], "batch": made["batch"]}

    def update(self, dataset_id: str, document_id: str, text: str) -> None:
        """Give a document another text."""
        body = {"name": "other.txt", "text": text, "process_rule": LINES}
        self.api.ok("POST", f"/datasets/{dataset_id}/documents/{document_id}/update-by-text", json=body)

    def state(self, dataset_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """How far a document is."""
        (found,) = self.api.ok("GET", f"/datasets/{dataset_id}/documents/{document['batch']}/indexing-status")["data"]
        return dict(found)

    def wait_done(self, dataset_id: str, document: dict[str, Any], *, seconds: float = 60) -> dict[str, Any]:
        """Its state when it is completed, in error or paused."""
        (found,) = self.api.wait_indexed(dataset_id, document["batch"], seconds=seconds)
        return found

    def found(self, dataset_id: str, query: str, model: dict[str, Any] = BY_MEANING) -> list[str]:
        """The texts that a search returns, best first."""
        return [one["segment"]["content"] for one in self.api.retrieve(dataset_id, query, model)]

    def embedded(self, embedder: str) -> list[str]:
        """Texts that the embedder's double was asked for, test calls left out; with repetitions."""
        calls = self.cluster.model_calls(embedder)
        return [text for call in calls for text in call["body"]["input"] if text != "ping"]

    # What is stored

    def scalar(self, statement: str, **values: Any) -> Any:
        """One value of the database."""
        with self.uow() as uow:
            return uow.execute(sa.text(statement), values).scalar()

    def change(self, statement: str, **values: Any) -> None:
        """Change the database."""
        with self.uow() as uow:
            uow.execute(sa.text(statement), values)
            uow.commit()

    def counts(self, dataset_id: str) -> dict[str, int]:
        """Rows of every table that belong to a dataset, entries of its indexes and files; tables without any left out."""
        statements = {
            table.name: f"SELECT count(*) FROM {table.name} WHERE dataset_id = :dataset"
            for table in metadata.tables.values() if "dataset_id" in table.c and table.name != "index_spaces"
        }  # fmt: skip
        statements |= _ELSEWHERE
        statements["spaces"] = "SELECT count(*) FROM index_spaces WHERE dataset_id = :dataset AND dropped_at IS NULL"
        found = {name: self.scalar(statement, dataset=dataset_id) for name, statement in statements.items()}
        return {name: count for name, count in found.items() if count}

    def sweep(self) -> None:
        """Have what is to be dropped, and the rows of what was, removed now instead of in some minutes."""
        self.change("UPDATE jobs SET due_at = now() WHERE kind = 'drop_indexes' AND attempts = 0")
        self.wait_jobs("drop_indexes")
        self.change("UPDATE index_spaces SET dropped_at = dropped_at - interval '1 hour' WHERE dropped_at IS NOT NULL")
        self.change("INSERT INTO jobs (kind, payload) VALUES ('sweep_indexes', '{}')")
        self.wait_jobs("sweep_indexes")

    def wait_jobs(self, *kinds: str, seconds: float = 40) -> None:
        """Until no job of these kinds is left."""
        wait_until(
            lambda: not self.scalar("SELECT count(*) FROM jobs WHERE kind = ANY(:kinds)", kinds=list(kinds)),
            f"{kinds} are done", seconds=seconds, every=0.05,
        )

    def segments(self, document_id: str) -> list[str]:
        """Texts of all segments of a document, whatever their version, in order."""
        statement = sa.text(
            "SELECT content FROM document_segments WHERE document_id = :document ORDER BY version, position, id"
        )
        with self.uow() as uow:
            return list(uow.execute(statement, {"document": document_id}).scalars())

    def vector_nodes(self, dataset_id: str) -> list[str]:
        """Nodes in the vector index, with repetitions, in order."""
        return self._nodes(dataset_id, "vector_rows")

    def stored(self, name: str, dataset_id: str, *, generation: int = 1, dimension: int = 64) -> list[str]:
        """Nodes that a vector store has of one index of a dataset, in order."""
        store = self.stores.get(name)
        space = self.space(dataset_id, generation=generation, dimension=dimension)
        with self.uow() as uow:
            pages = store.nodes(uow if store.transactional else None, space, 1000)
            return sorted(node for page in pages for node in page)

    def space(self, dataset_id: str, *, generation: int = 1, dimension: int = 64) -> Space:
        """One index of a dataset."""
        tenant_id = self.scalar("SELECT id::text FROM tenants")
        return Space(tenant_id=tenant_id, dataset_id=dataset_id, dimension=dimension, generation=generation)

    def text_nodes(self, dataset_id: str) -> list[str]:
        """The same of the full text."""
        return self._nodes(dataset_id, "text_nodes")

    def _nodes(self, dataset_id: str, table: str) -> list[str]:
        statement = (
            f"SELECT node_id::text FROM {table} JOIN index_spaces s ON s.id = space_id "
            "WHERE s.dataset_id = :dataset AND s.dropped_at IS NULL ORDER BY 1"
        )
        with self.uow() as uow:
            return list(uow.execute(sa.text(statement), {"dataset": dataset_id}).scalars())

    def segment_nodes(self, dataset_id: str) -> list[str]:
        """Nodes that the segments of a dataset have, in order."""
        statement = "SELECT index_node_id::text FROM document_segments WHERE dataset_id = :dataset ORDER BY 1"
        with self.uow() as uow:
            return list(uow.execute(sa.text(statement), {"dataset": dataset_id}).scalars())

    def check_whole(self, dataset_id: str, document: dict[str, Any], lines: Sequence[str]) -> None:
        """The document has these segments, once each, and each is once in both indexes."""
        assert self.segments(document["id"]) == list(lines)
        wanted = self.segment_nodes(dataset_id)
        assert self.vector_nodes(dataset_id) == wanted
        assert self.text_nodes(dataset_id) == wanted

    def files(self) -> set[Path]:
        """Every uploaded file on disk."""
        root = Path(self.cluster.product.folder) / "files"
        return {path for path in root.rglob("*") if path.is_file() and ".drafts" not in path.parts}


@contextmanager
def library(cluster: Cluster, milvus: LiteServer | None = None) -> Iterator[Library]:
    """A library for the length of a block."""
    made = Library(cluster, milvus=milvus)
    try:
        yield made
    finally:
        made.close()
