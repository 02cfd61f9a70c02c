"""The jobs that remove what was deleted or replaced: ``purge_segments``, ``purge_document``, ``purge_dataset``
and those of vectors alone, ``purge_nodes`` and ``purge_spaces``.

Searches stopped seeing these rows when they were deleted or replaced; here they go, in batches, with their
index entries. Each may be repeated; each waits for a vector store that is down (the job comes back).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.db.engine import UowFactory
from server.db.tables import (
    dataset_members,
    dataset_metadata_fields,
    dataset_queries,
    document_metadata_bindings,
    process_rules,
)
from server.index.port import Space
from server.indexing.entries import Entries, spaces_in, spaces_of, stored_dataset
from server.indexing.ports import Files
from server.indexing.store import CleanStore

_BATCH = 500
_OF_DATASET = (dataset_metadata_fields, dataset_queries, document_metadata_bindings, process_rules, dataset_members)


class Cleaner:
    """Runs in the worker; thread-safe."""

    def __init__(self, uow: UowFactory, entries: Entries, files: Files) -> None:
        self._uow = uow
        self._entries = entries
        self._files = files

    def segments(self, payload: Mapping[str, Any]) -> None:
        """Versions of a document that were replaced."""
        self._segments(
            payload["tenant_id"], payload["dataset_id"], document_id=payload["document_id"], below=payload["below"]
        )

    def nodes(self, payload: Mapping[str, Any]) -> None:
        """Index entries of segments that were deleted, in a store that knows no transactions."""
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        if dataset is not None:
            self._entries.remove_outside(spaces_of(dataset), payload["node_ids"])

    def spaces(self, payload: Mapping[str, Any]) -> None:
        """Vectors of generations that answer no more."""
        self._entries.drop_spaces(self._uow, spaces_in(payload))

    def document(self, payload: Mapping[str, Any]) -> None:
        """Everything of a deleted document, with its file."""
        tenant_id, document_id = payload["tenant_id"], payload["document_id"]
        self._segments(tenant_id, payload["dataset_id"], document_id=document_id, below=None)
        with self._uow() as uow:
            CleanStore(uow).delete_document_rows(tenant_id, document_id, payload.get("process_rule_id"))
            uow.commit()
        self._file(tenant_id, payload.get("upload_file_id"))

    def dataset(self, payload: Mapping[str, Any]) -> None:
        """Everything of a deleted dataset, with its files."""
        tenant_id, dataset_id = payload["tenant_id"], payload["dataset_id"]
        self._entries.drop(self._uow, tenant_id, dataset_id, spaces_in(payload))
        self._segments(tenant_id, dataset_id, document_id=None, below=None)
        while True:
            with self._uow() as uow:
                found = CleanStore(uow).files(tenant_id, dataset_id, _BATCH)
            if not found:
                break
            for _, file_id in found:
                self._file(tenant_id, file_id)
            with self._uow() as uow:
                CleanStore(uow).delete_documents(tenant_id, [document_id for document_id, _ in found])
                uow.commit()
        with self._uow() as uow:
            CleanStore(uow).delete_dataset_rows(tenant_id, dataset_id, _OF_DATASET)
            uow.commit()

    def _segments(self, tenant_id: str, dataset_id: str, *, document_id: str | None, below: int | None) -> None:
        dataset = stored_dataset(self._uow, tenant_id, dataset_id)
        spaces: Sequence[Space] = spaces_of(dataset) if dataset else ()
        while True:
            with self._uow() as uow:
                store = CleanStore(uow)
                found = store.segments(tenant_id, dataset_id, document_id=document_id, below=below, limit=_BATCH)
            if not found:
                return
            nodes = [node for of_segment in found.values() for node in of_segment]
            self._entries.remove_outside(spaces, nodes)
            with self._uow() as uow:
                self._entries.remove(uow, tenant_id, dataset_id, spaces, nodes)
                CleanStore(uow).delete_segments(tenant_id, list(found))
                uow.commit()

    def _file(self, tenant_id: str, file_id: str | None) -> None:
        if file_id is None:
            return
        with self._uow() as uow:
            key = CleanStore(uow).file_key(tenant_id, file_id)
        if key is None:
            return
        self._files.delete(key)
        with self._uow() as uow:
            CleanStore(uow).delete_file(tenant_id, file_id)
            uow.commit()
