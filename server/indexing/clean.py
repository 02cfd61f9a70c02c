"""The jobs that remove what was deleted or replaced.

Searches stopped seeing these rows when they were deleted or replaced; here they go, in batches, with their
index entries. Each job may be repeated. A vector store that is down keeps nothing but its own entries: rows,
words and files go first, and the job comes back for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.dataset.model import ECONOMY, HIGH_QUALITY, Dataset
from server.db.engine import UowFactory
from server.db.tables import (
    dataset_members,
    dataset_metadata_fields,
    dataset_queries,
    document_metadata_bindings,
    process_rules,
    vector_moves,
)
from server.index.port import Space
from server.indexing.entries import Entries, Place, places_of, stored_dataset
from server.indexing.picture_store import PictureStore
from server.indexing.ports import Files
from server.indexing.route_store import RouteStore
from server.indexing.store import CleanStore

_BATCH = 500
_OF_DATASET = (
    dataset_metadata_fields, dataset_queries, document_metadata_bindings, process_rules, dataset_members, vector_moves
)  # fmt: skip


class Cleaner:
    """Runs in the worker; thread-safe."""

    def __init__(self, uow: UowFactory, entries: Entries, files: Files) -> None:
        self._uow = uow
        self._entries = entries
        self._files = files

    def segments(self, payload: Mapping[str, Any]) -> None:
        """``purge_segments``: versions of a document that were replaced."""
        tenant_id, dataset_id = payload["tenant_id"], payload["dataset_id"]
        dataset = stored_dataset(self._uow, tenant_id, dataset_id)
        if dataset is None:
            return
        while True:
            with self._uow() as uow:
                store = CleanStore(uow)
                found = store.segments(
                    tenant_id, dataset_id, document_id=payload["document_id"], below=payload["below"], limit=_BATCH
                )
            if not found:
                self._remove_pictures(tenant_id, dataset_id, document_id=payload["document_id"], below=payload["below"])
                return
            # Afterwards nobody knows the nodes.
            self._entries.remove_outside(dataset, _nodes(found))
            self._delete(tenant_id, dataset, found)

    def nodes(self, payload: Mapping[str, Any]) -> None:
        """``purge_nodes``: index entries of segments, child chunks and summaries that are not there any more."""
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        if dataset is None:
            return
        with self._uow() as uow:
            gone = CleanStore(uow).without_rows(dataset.tenant_id, payload["node_ids"])
            self._entries.remove(uow, dataset, gone)
            uow.commit()
        self._entries.remove_outside(dataset, gone)

    def document(self, payload: Mapping[str, Any]) -> None:
        """``purge_document``: everything of a deleted document, with its file."""
        tenant_id, dataset_id, document_id = payload["tenant_id"], payload["dataset_id"], payload["document_id"]
        dataset = stored_dataset(self._uow, tenant_id, dataset_id)
        while True:
            with self._uow() as uow:
                store = CleanStore(uow)
                found = store.segments(tenant_id, dataset_id, document_id=document_id, below=None, limit=_BATCH)
            if not found:
                break
            self._delete(tenant_id, dataset, found)
        with self._uow() as uow:
            CleanStore(uow).delete_document_rows(tenant_id, document_id, payload.get("process_rule_id"))
            uow.commit()
        self._file(tenant_id, payload.get("upload_file_id"))
        self._remove_pictures(tenant_id, dataset_id, document_id=document_id)
        if dataset is not None:
            self._entries.remove_documents_outside(dataset, [document_id])

    def _delete(self, tenant_id: str, dataset: Dataset | None, found: Mapping[str, list[str]]) -> None:
        with self._uow() as uow:
            store = CleanStore(uow)
            # Rows first: who copies entries while the dataset moves looks whether they are still there.
            store.delete_segments(tenant_id, list(found))
            if dataset is not None:
                self._entries.remove(uow, dataset, _nodes(found))
            uow.commit()

    def dataset(self, payload: Mapping[str, Any]) -> None:
        """``purge_dataset``: everything of a deleted dataset, with its files.

        Documents go first: without them nobody adds segments or entries any more.
        """
        tenant_id, dataset_id = payload["tenant_id"], payload["dataset_id"]
        while True:
            with self._uow() as uow:
                documents = CleanStore(uow).files(tenant_id, dataset_id, _BATCH)
            if not documents:
                break
            for _, file_id in documents:
                self._file(tenant_id, file_id, of_dataset=dataset_id)
            with self._uow() as uow:
                CleanStore(uow).delete_documents(tenant_id, [document_id for document_id, _ in documents])
                uow.commit()
        while True:
            with self._uow() as uow:
                store = CleanStore(uow)
                found = store.segments(tenant_id, dataset_id, document_id=None, below=None, limit=_BATCH)
                store.delete_segments(tenant_id, list(found))
                uow.commit()
            if not found:
                break
        self._remove_pictures(tenant_id, dataset_id)
        with self._uow() as uow:
            store = CleanStore(uow)
            store.drop_spaces(tenant_id, dataset_id)
            store.delete_dataset_rows(tenant_id, dataset_id, _OF_DATASET)
            store.forget_jobs(dataset_id)
            uow.commit()
        self._entries.drop(_places(payload))

    def indexes(self, payload: Mapping[str, Any]) -> None:
        """``drop_indexes``: what answered before another index, or another store, did."""
        tenant_id, dataset_id = payload["tenant_id"], payload["dataset_id"]
        with self._uow() as uow:
            # Whoever still wrote there has committed; nobody begins to.
            dataset = RouteStore(uow).hold(tenant_id, dataset_id, alone=True)
        used = set(places_of(dataset)) if dataset is not None else set()
        self._entries.drop(place for place in _places(payload) if place not in used)
        with self._uow() as uow:
            now = RouteStore(uow).hold(tenant_id, dataset_id, alone=True)
            if now is not None and now.generation == now.live_generation:
                # Words have no generations: only while no other technique is wanted is it known whose they are.
                if now.live_technique == ECONOMY:
                    self._entries.fulltext.drop(uow, tenant_id, dataset_id)
                elif now.live_technique == HIGH_QUALITY:
                    self._entries.keyword_table.drop(uow, tenant_id, dataset_id)
            uow.commit()

    def file(self, payload: Mapping[str, Any]) -> None:
        """``purge_file``: the file of a text that was replaced."""
        self._file(payload["tenant_id"], payload["upload_file_id"])

    def _remove_pictures(self, tenant_id: str, dataset_id: str, **which: Any) -> None:
        while True:
            with self._uow() as uow:
                found = PictureStore(uow).some(tenant_id, dataset_id, _BATCH, **which)
            if not found:
                return
            for _, key in found:
                self._files.delete(key)
            with self._uow() as uow:
                PictureStore(uow).remove(tenant_id, [file_id for file_id, _ in found])
                uow.commit()

    def _file(self, tenant_id: str, file_id: str | None, *, of_dataset: str | None = None) -> None:
        """Remove an upload unless a document, of another dataset than a deleted one, is made from it."""
        if file_id is None:
            return
        with self._uow() as uow:
            key = CleanStore(uow).unused_file(tenant_id, file_id, of_dataset)
        if key is None:
            return
        self._files.delete(key)
        with self._uow() as uow:
            CleanStore(uow).delete_file(tenant_id, file_id)
            uow.commit()


def _nodes(found: Mapping[str, list[str]]) -> list[str]:
    return [node for of_segment in found.values() for node in of_segment]


def _places(payload: Mapping[str, Any]) -> list[Place]:
    return [
        Place(
            store, Space(
                tenant_id=payload["tenant_id"], dataset_id=payload["dataset_id"], dimension=dimension,
                generation=generation,
            ),
        )
        for store, dimension, generation in payload.get("places", ())
    ]
