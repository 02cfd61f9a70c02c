"""Use cases of segments and child chunks: one public method is one transaction.

What is written is in the index when the transaction commits (with pgvector in the same transaction). Texts are
embedded before (editor.py), so no connection waits for a model.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from server.dataset.model import Dataset
from server.dataset.service import require
from server.db.engine import UnitOfWork, UowFactory
from server.document.model import Document
from server.document.store import DocumentStore
from server.indexing.entries import Entries, Prepared
from server.indexing.store import IndexingStore
from server.indexing.summary_store import SummaryStore
from server.kit.caller import Caller
from server.kit.errors import invalid_param, not_found
from server.kit.validate import id_or_none
from server.segment.model import HIERARCHICAL, Child, Segment, SegmentView, Summary
from server.segment.store import SegmentStore

log = logging.getLogger("transom.segment")

NO_DOCUMENT = "Document not found."
NO_SEGMENT = "Segment not found."
NO_CHILD = "Child chunk not found."


@dataclass(frozen=True, slots=True)
class Scope:
    """The dataset and document of a call."""

    dataset: Dataset
    document: Document


class SegmentService:
    """Segments of a document. Unknown and foreign ones are not_found."""

    def __init__(self, uow: UowFactory, entries: Entries) -> None:
        self._uow = uow
        self._entries = entries

    # Read

    def scope(self, caller: Caller, dataset_id: str, document_id: str, *, writable: bool = False) -> Scope:
        """The dataset and document; ``writable``: completed and enabled, else not_found (dataset-api.md 5.1)."""
        with self._uow() as uow:
            return self._scope(uow, caller, dataset_id, document_id, writable=writable)

    @staticmethod
    def _scope(
        uow: UnitOfWork, caller: Caller, dataset_id: str, document_id: str, *, writable: bool = False,
        lock: bool = False,
    ) -> Scope:
        dataset = require(uow, caller, dataset_id)
        known = id_or_none(document_id)
        document = DocumentStore(uow).find(caller.tenant_id, dataset.id, known, lock=lock) if known else None
        if document is None:
            raise not_found(NO_DOCUMENT)
        if writable and document.indexing_status != "completed":
            raise not_found("Document is not completed.")
        if writable and not document.enabled:
            raise not_found("Document is disabled.")
        return Scope(dataset, document)

    def page(
        self, caller: Caller, dataset_id: str, document_id: str, status: Sequence[str], keyword: str, page: int,
        limit: int,
    ) -> tuple[Scope, int, list[SegmentView]]:
        """The dataset and document, how many of its segments match, and a page of them."""
        with self._uow() as uow:
            scope = self._scope(uow, caller, dataset_id, document_id)
            version = scope.document.live_version or scope.document.version
            store = SegmentStore(uow)
            total, found = store.page(
                caller.tenant_id, scope.document.id, version, status, keyword, page, limit
            )
            return scope, total, self._views(store, caller, scope, found)

    def get(
        self, caller: Caller, dataset_id: str, document_id: str, segment_id: str
    ) -> tuple[Scope, SegmentView]:
        """One segment."""
        with self._uow() as uow:
            scope = self._scope(uow, caller, dataset_id, document_id)
            store = SegmentStore(uow)
            (view,) = self._views(store, caller, scope, [segment_of(store, caller, scope, segment_id)])
            return scope, view

    def views(self, caller: Caller, scope: Scope, segment_ids: Sequence[str]) -> list[SegmentView]:
        """Segments by id, by position."""
        with self._uow() as uow:
            store = SegmentStore(uow)
            found = store.many(caller.tenant_id, scope.document.id, segment_ids)
            return self._views(store, caller, scope, found)

    @staticmethod
    def _views(store: SegmentStore, caller: Caller, scope: Scope, found: Sequence[Segment]) -> list[SegmentView]:
        ids = [segment.id for segment in found]
        if not ids:
            return []
        rule = store.rule(caller.tenant_id, scope.document.process_rule_id) or {}
        full_doc = (rule.get("rules") or {}).get("parent_mode") == "full-doc"
        shows_children = scope.document.doc_form == HIERARCHICAL and not full_doc
        children = store.children(caller.tenant_id, ids) if shows_children else {}
        attachments, summaries = store.attachments(caller.tenant_id, ids), store.summaries(caller.tenant_id, ids)
        return [
            SegmentView(
                one, tuple(children.get(one.id, ())), tuple(attachments.get(one.id, ())), summaries.get(one.id)
            )
            for one in found
        ]

    def ground(self, caller: Caller, scope: Scope) -> tuple[Mapping[str, Any] | None, int]:
        """The rule of the document, and the position of its last segment."""
        with self._uow() as uow:
            store = SegmentStore(uow)
            rule = store.rule(caller.tenant_id, scope.document.process_rule_id)
            return rule, store.last_position(caller.tenant_id, scope.document.id)

    def summary(self, caller: Caller, segment: Segment) -> Summary | None:
        """What a segment was summarised to."""
        with self._uow() as uow:
            return SegmentStore(uow).summary(caller.tenant_id, segment.id)

    def children(
        self, caller: Caller, dataset_id: str, document_id: str, segment_id: str, keyword: str, page: int, limit: int
    ) -> tuple[int, list[Child]]:
        """How many child chunks match, and a page of them."""
        with self._uow() as uow:
            scope = self._scope(uow, caller, dataset_id, document_id)
            store = SegmentStore(uow)
            segment = segment_of(store, caller, scope, segment_id)
            return store.child_page(caller.tenant_id, segment.id, keyword, page, limit)

    # Write

    def add(
        self, caller: Caller, scope: Scope, rows: Sequence[dict[str, Any]], children: Sequence[dict[str, Any]],
        attachments: Mapping[str, Sequence[str]], ready: Prepared | None,
    ) -> list[SegmentView]:
        """Add segments behind the last one. ``ready`` None: they could not be indexed and say so.

        Raises IndexChanged, as everything that writes entries.
        """
        with self._uow() as uow:
            now = self._scope(uow, caller, scope.dataset.id, scope.document.id, writable=True, lock=True)
            store = SegmentStore(uow)
            last = store.last_position(caller.tenant_id, scope.document.id)
            version = now.document.live_version
            store.add([{**row, "position": last + at, "version": version} for at, row in enumerate(rows, 1)])
            store.add_children(children)
            for segment_id, file_ids in attachments.items():
                store.set_attachments(caller.tenant_id, now.dataset.id, now.document.id, segment_id, file_ids)
            store.count_words(caller.tenant_id, now.document.id, sum(row["word_count"] for row in rows))
            if ready is not None:
                self._entries.write(uow, ready)
            views = self._views(
                store, caller, now, store.many(caller.tenant_id, now.document.id, [row["id"] for row in rows])
            )
            uow.commit()
        return views

    def change(
        self, caller: Caller, scope: Scope, segment_id: str, values: Mapping[str, Any], ready: Prepared | None,
        *, children: Sequence[dict[str, Any]] | None = None, attachments: Sequence[str] | None = None,
        summary: Summary | None = None, renew_summary: bool = False,
    ) -> None:
        """Change a segment; ``ready`` replaces its entries, ``children`` its child chunks."""
        old_nodes: list[str] = []
        with self._uow() as uow:
            store = SegmentStore(uow)
            segment = segment_of(store, caller, scope, segment_id, lock=True)
            if children is not None:
                old = store.children(caller.tenant_id, [segment.id]).get(segment.id, [])
                old_nodes = [child.index_node_id for child in old]
                store.delete_children(caller.tenant_id, segment.id)
                store.add_children(children)
            if attachments is not None:
                store.set_attachments(
                    caller.tenant_id, scope.dataset.id, scope.document.id, segment.id, attachments
                )
            if summary is not None:
                store.set_summary(caller.tenant_id, segment, summary)
                old_nodes += [] if summary.text else [summary.node_id]
            if renew_summary and SummaryStore(uow).renew(caller.tenant_id, segment.id):
                payload = {"tenant_id": caller.tenant_id, "dataset_id": scope.dataset.id}
                IndexingStore(uow).order("summarise_document", {**payload, "document_id": scope.document.id})
            if values:
                more = values.get("word_count", segment.word_count) - segment.word_count
                store.count_words(caller.tenant_id, scope.document.id, more)
                store.update(caller.tenant_id, [segment.id], values)
            if old_nodes:
                self._remove_for_good(uow, scope.dataset, old_nodes)
            if ready is not None:
                self._entries.write(uow, ready)
            uow.commit()

    def _remove_for_good(self, uow: UnitOfWork, dataset: Dataset, nodes: Sequence[str]) -> None:
        """Nodes that never come back: a store that knows no transactions is told after the commit."""
        self._entries.remove(uow, dataset, nodes)
        if self._entries.is_outside(dataset):
            IndexingStore(uow).order("purge_nodes", purge_payload(dataset, nodes))

    def disable(self, caller: Caller, scope: Scope, segment_id: str) -> None:
        """No search finds the segment from now on; its row and children stay."""
        with self._uow() as uow:
            store = SegmentStore(uow)
            segment = segment_of(store, caller, scope, segment_id, lock=True)
            values = {"enabled": False, "disabled_at": datetime.now(UTC), "disabled_by": caller.account_id}
            store.update(caller.tenant_id, [segment.id], values)
            nodes = _nodes(store, caller, segment)
            self._entries.remove(uow, scope.dataset, nodes)
            uow.commit()
        try:
            self._entries.remove_outside(scope.dataset, nodes)
        except OSError as error:
            # Nothing is lost: searches drop what its row says is disabled.
            log.warning("entries of disabled segment %s stay: %s", segment.id, error)

    def delete(self, caller: Caller, dataset_id: str, document_id: str, *segment_ids: str) -> None:
        """Delete segments with their children and entries, all or none."""
        with self._uow() as uow:
            scope = self._scope(uow, caller, dataset_id, document_id, lock=True)
            store = SegmentStore(uow)
            for segment_id in sorted(set(segment_ids)):
                segment = segment_of(store, caller, scope, segment_id, lock=True)
                nodes = _nodes(store, caller, segment)
                store.delete(caller.tenant_id, segment.id)
                store.count_words(caller.tenant_id, scope.document.id, -segment.word_count)
                self._remove_for_good(uow, scope.dataset, nodes)
            uow.commit()

    # Child chunks

    def parent(self, caller: Caller, dataset_id: str, document_id: str, segment_id: str) -> tuple[Scope, Segment]:
        """The segment that a child chunk is added to. Raises invalid_param unless the form is hierarchical."""
        with self._uow() as uow:
            scope = self._scope(uow, caller, dataset_id, document_id)
            if scope.document.doc_form != HIERARCHICAL:
                raise invalid_param("Child chunks belong to documents of doc_form hierarchical_model only.")
            return scope, segment_of(SegmentStore(uow), caller, scope, segment_id)

    def add_child(
        self, caller: Caller, scope: Scope, segment: Segment, row: dict[str, Any], ready: Prepared
    ) -> Child:
        """Add a child chunk at the end."""
        with self._uow() as uow:
            store = SegmentStore(uow)
            segment_of(store, caller, scope, segment.id, lock=True)
            known = store.children(caller.tenant_id, [segment.id]).get(segment.id, [])
            store.add_children([{**row, "position": max((one.position for one in known), default=0) + 1}])
            self._entries.write(uow, ready)
            child = child_of(store, caller, segment, row["id"])
            uow.commit()
        return child

    def change_child(
        self, caller: Caller, segment: Segment, child: Child, content: str, ready: Prepared
    ) -> Child:
        """Give a child chunk another text."""
        with self._uow() as uow:
            store = SegmentStore(uow)
            child_of(store, caller, segment, child.id)
            values = {
                "content": content, "word_count": len(content), "type": "customized", "updated_by": caller.account_id,
            }
            store.update_child(caller.tenant_id, child.id, values)
            self._entries.write(uow, ready)
            changed = child_of(store, caller, segment, child.id)
            uow.commit()
        return changed

    def find_child(self, caller: Caller, segment: Segment, child_id: str) -> Child:
        """One child chunk of a segment."""
        with self._uow() as uow:
            return child_of(SegmentStore(uow), caller, segment, child_id)

    def delete_child(self, caller: Caller, scope: Scope, segment: Segment, child_id: str) -> None:
        """Delete a child chunk and its entry."""
        with self._uow() as uow:
            store = SegmentStore(uow)
            child = child_of(store, caller, segment, child_id)
            store.delete_children(caller.tenant_id, segment.id, [child.id])
            self._remove_for_good(uow, scope.dataset, [child.index_node_id])
            uow.commit()


def purge_payload(dataset: Dataset, nodes: Sequence[str]) -> dict[str, Any]:
    """Index entries to remove after the commit, from a store that knows no transactions."""
    return {"tenant_id": dataset.tenant_id, "dataset_id": dataset.id, "node_ids": list(nodes)}


def segment_of(
    store: SegmentStore, caller: Caller, scope: Scope, segment_id: str, *, lock: bool = False
) -> Segment:
    """A segment of the document, or not_found."""
    known = id_or_none(segment_id)
    segment = store.find(caller.tenant_id, scope.document.id, known, lock=lock) if known else None
    if segment is None:
        raise not_found(NO_SEGMENT)
    return segment


def child_of(store: SegmentStore, caller: Caller, segment: Segment, child_id: str) -> Child:
    """A child chunk of the segment, or not_found."""
    known = id_or_none(child_id)
    child = store.child(caller.tenant_id, segment.id, known) if known else None
    if child is None:
        raise not_found(NO_CHILD)
    return child


def _nodes(store: SegmentStore, caller: Caller, segment: Segment) -> list[str]:
    children = store.children(caller.tenant_id, [segment.id]).get(segment.id, [])
    summary = store.summary(caller.tenant_id, segment.id)
    nodes = [segment.index_node_id, *(child.index_node_id for child in children)]
    return [*nodes, summary.node_id] if summary else nodes
