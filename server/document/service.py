"""Use cases of documents (dataset-api.md section 3): one public method is one transaction.

What is accepted is a row, a file and a job; the worker does the rest (server/indexing). A new text of a
document that answers searches becomes its next version: the old one answers until the new one is ready.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from server.dataset.model import ECONOMY, ENGINE_TOP_K, HIGH_QUALITY, Dataset, default_retrieval_model
from server.dataset.service import index_values, require
from server.dataset.store import DatasetStore
from server.db.engine import UnitOfWork, UowFactory
from server.document.model import (
    ACTIONS,
    BUSY,
    Document,
    DocumentView,
    Progress,
    Settings,
    Source,
    Upload,
    new_batch,
)
from server.document.store import DocumentStore
from server.ingest.rules import AUTOMATIC, FALLBACK, HIERARCHICAL, ProcessRule, RuleError, parse_rule
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import new_id
from server.kit.validate import id_or_none
from server.limits.quotas import require_document
from server.metadata.store import MetadataStore

NO_DOCUMENT = "Document not found."
_ZIP_LIMIT = 100


class DocumentService:
    """Documents of a dataset. Unknown and foreign ones are not_found."""

    def __init__(self, uow: UowFactory, *, longest_segment: int = 4000) -> None:
        self._uow = uow
        self._longest = longest_segment

    # Accept

    def create(
        self, caller: Caller, dataset_id: str, name: str, upload: Upload, settings: Settings, *, by_text: bool
    ) -> DocumentView:
        """Accept a document; an enabled one of the same name is re-used. Raises invalid_param."""
        with self._uow() as uow:
            view = self.accept(
                uow, caller, dataset_id, name, upload, settings, by_text=by_text, batch=new_batch()
            )
            uow.commit()
        return view

    def accept(
        self, uow: UnitOfWork, caller: Caller, dataset_id: str, name: str, upload: Upload, settings: Settings, *,
        by_text: bool, batch: str, upload_file_id: str = "",
    ) -> DocumentView:
        """The same inside someone else's transaction.

        ``batch`` groups documents that are accepted together; ``upload_file_id`` is the upload's row, if it has one.
        """
        dataset = require(uow, caller, dataset_id, lock=True)
        store = DocumentStore(uow)
        if dataset.is_external:
            raise invalid_param("External datasets are not supported.")
        self._decide_index(store, caller, dataset, settings)
        form = self._form(dataset, settings, by_text=by_text)
        rule_id = self._rule_id(store, caller, dataset, settings, form, automatic=by_text)
        shared = {
            "name": name, "upload_file_id": upload_file_id or _add_upload(store, caller, upload),
            "process_rule_id": rule_id, "doc_form": form, "batch": batch,
            "doc_language": settings.doc_language or "English",
        }
        known = self._namesake(store, caller, dataset, name, settings)
        if known is not None:
            store.renew(caller.tenant_id, known, shared)
            document_id = known.id
        else:
            require_document(uow, caller.tenant_id)
            document_id = new_id()
            store.add(
                {
                    "id": document_id, "tenant_id": caller.tenant_id, "dataset_id": dataset.id,
                    "position": store.next_position(caller.tenant_id, dataset.id),
                    "created_from": "api" if caller.by_key else "web",
                    "created_by": caller.the_account if by_text else dataset.created_by,
                    "need_summary": _summarises(dataset), **shared,
                }
            )
        if dataset.built_in_field_enabled:
            MetadataStore(uow).write_built_in(caller.tenant_id, document_id)
        return self._order(store, caller, dataset, document_id)

    @staticmethod
    def _decide_index(store: DocumentStore, caller: Caller, dataset: Dataset, settings: Settings) -> None:
        """What the first document decides about its dataset (dataset-api.md 3.4)."""
        values: dict[str, Any] = {}
        technique = dataset.indexing_technique or settings.indexing_technique
        if technique is None:
            raise invalid_param("indexing_technique is required.")
        if dataset.indexing_technique is None:
            embedding = settings.embedding if technique == HIGH_QUALITY else None
            values |= index_values(technique, embedding, dataset.generation)
        if technique == HIGH_QUALITY and dataset.retrieval_model is None:
            values["retrieval_model"] = settings.retrieval_model or default_retrieval_model(ENGINE_TOP_K)
        if dataset.data_source_type is None:
            values["data_source_type"] = "upload_file"
        if values:
            store.set_dataset(caller.tenant_id, dataset.id, values)

    @staticmethod
    def _form(dataset: Dataset, settings: Settings, *, by_text: bool) -> str:
        form = settings.doc_form or ("text_model" if by_text else dataset.doc_form or "text_model")
        if dataset.doc_form is not None and form != dataset.doc_form:
            raise invalid_param("doc_form is different from the dataset doc_form.")
        if form == HIERARCHICAL and (dataset.indexing_technique or settings.indexing_technique) == ECONOMY:
            raise invalid_param("doc_form hierarchical_model needs indexing_technique high_quality.")
        return form

    def _rule_id(
        self, store: DocumentStore, caller: Caller, dataset: Dataset, settings: Settings, form: str, *, automatic: bool
    ) -> str:
        """The rule of a new document: the one sent, else the dataset's newest, else automatic (texts only)."""
        if dataset.doc_form is None:
            store.set_dataset(caller.tenant_id, dataset.id, {"doc_form": form})
        if settings.process_rule is not None:
            return self._add_rule(store, caller, dataset, self.checked_rule(settings.process_rule, form))
        latest = store.latest_rule(caller.tenant_id, dataset.id)
        if latest is not None:
            self.checked_rule({"mode": latest.mode, "rules": latest.rules}, form)
            return str(latest.id)
        if not automatic:
            raise invalid_param("process_rule is required.")
        self.checked_rule(None, form)
        return self._add_rule(store, caller, dataset, AUTOMATIC)

    def checked_rule(self, document: Mapping[str, Any] | None, form: str) -> ProcessRule:
        """A rule as the engine takes it. Raises invalid_param."""
        try:
            return parse_rule(document, doc_form=form, longest=self._longest)
        except RuleError as error:
            raise invalid_param(str(error)) from error

    @staticmethod
    def _add_rule(store: DocumentStore, caller: Caller, dataset: Dataset, rule: ProcessRule) -> str:
        shown = rule.as_document()
        return store.add_rule(caller.tenant_id, dataset.id, caller.the_account, shown["mode"], shown["rules"])

    def _namesake(
        self, store: DocumentStore, caller: Caller, dataset: Dataset, name: str, settings: Settings
    ) -> Document | None:
        if settings.original_document_id:
            return self._require(store, caller, dataset, settings.original_document_id, lock=True)
        return store.namesake(caller.tenant_id, dataset.id, name)

    def update(
        self, caller: Caller, dataset_id: str, document_id: str, name: str | None, upload: Upload | None,
        settings: Settings, *, by_text: bool,
    ) -> DocumentView:
        """Give an available document another text, rule or both; its batch stays. Raises invalid_param."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            store = DocumentStore(uow)
            if dataset.is_external:
                raise invalid_param("External datasets are not supported.")
            document = self._require(store, caller, dataset, document_id, lock=True)
            if upload is None and settings.process_rule is None:
                raise invalid_param("Data source or Process rule is required")
            if not document.is_available:
                raise invalid_param("Document is not available")
            form = self._form(dataset, settings, by_text=by_text)
            values: dict[str, Any] = {"doc_language": settings.doc_language or "English"}
            if settings.process_rule is not None:
                rule = self.checked_rule(settings.process_rule, form)
                values["process_rule_id"] = self._add_rule(store, caller, dataset, rule)
            if upload is not None:
                values["upload_file_id"] = _add_upload(store, caller, upload)
            if name:
                values["name"] = name
            store.renew(caller.tenant_id, document, values)
            view = self._order(store, caller, dataset, document.id)
            uow.commit()
        return view

    def _order(self, store: DocumentStore, caller: Caller, dataset: Dataset, document_id: str) -> DocumentView:
        """Have the document indexed after the commit; how it is now."""
        document = self._require(store, caller, dataset, document_id)
        store.order(
            "index_document",
            {"tenant_id": caller.tenant_id, "document_id": document.id, "dataset_id": dataset.id,
             "version": document.version},
        )
        return self._views(store, caller, [document])[0]

    # Read

    def page(
        self, caller: Caller, dataset_id: str, keyword: str, status: str, page: int, limit: int
    ) -> tuple[int, list[DocumentView]]:
        """How many documents match, and a page of them, newest first."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            total, found = store.page(caller.tenant_id, dataset.id, keyword, status, page, limit)
            return total, self._views(store, caller, found, uow)

    def get(self, caller: Caller, dataset_id: str, document_id: str) -> DocumentView:
        """One document with the rules around it."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            document = self._require(store, caller, dataset, document_id)
            (view,) = self._views(store, caller, [document], uow)
            latest = store.latest_rule(caller.tenant_id, dataset.id)
            own = store.rule(caller.tenant_id, document.process_rule_id)
        return DocumentView(
            document=document, source=view.source, hit_count=view.hit_count, segment_count=view.segment_count,
            uploader=view.uploader, bound=view.bound, summarizing=view.summarizing,
            dataset_rule={"mode": latest.mode, "rules": latest.rules} if latest else FALLBACK.as_document(),
            own_rule={"id": own.id, "dataset_id": dataset.id, "mode": own.mode, "rules": own.rules} if own else {},
        )

    def _views(
        self, store: DocumentStore, caller: Caller, found: Sequence[Document], uow: UnitOfWork | None = None
    ) -> list[DocumentView]:
        ids = [document.id for document in found]
        sources = store.sources(caller.tenant_id, [one.upload_file_id for one in found if one.upload_file_id])
        counts = store.counts(caller.tenant_id, found)
        names = store.account_names(list({document.created_by for document in found}))
        bound = MetadataStore(uow).bound(caller.tenant_id, ids) if uow and ids else {}
        summarizing = store.summarizing(caller.tenant_id, ids) if any(one.need_summary for one in found) else set()
        return [
            DocumentView(
                document=one, source=sources.get(one.upload_file_id or ""), segment_count=counts.get(one.id, (0, 0))[0],
                hit_count=counts.get(one.id, (0, 0))[1], uploader=names.get(one.created_by),
                bound=tuple(bound.get(one.id, ())), summarizing=one.id in summarizing,
            )
            for one in found
        ]

    def batch(self, caller: Caller, dataset_id: str, batch: str) -> list[Progress]:
        """How far the documents of a batch are. Raises not_found."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            found = DocumentStore(uow).batch(caller.tenant_id, dataset.id, batch)
        if not found:
            raise not_found("Documents not found.")
        return found

    def progress(self, caller: Caller, dataset_id: str, document_id: str | None) -> list[Progress]:
        """How far one document, or every document of a dataset, is."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            ids = None if document_id is None else [self._require(store, caller, dataset, document_id).id]
            return store.progress(caller.tenant_id, dataset.id, ids)

    def source(self, caller: Caller, dataset_id: str, document_id: str) -> Source:
        """The original file of a document. Raises not_found."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            document = self._require(store, caller, dataset, document_id)
            if document.upload_file_id is None:
                raise not_found("Document does not have an uploaded file to download.")
            found = store.sources(caller.tenant_id, [document.upload_file_id]).get(document.upload_file_id)
        if found is None:
            raise not_found("Uploaded file not found.")
        return found

    def sources(self, caller: Caller, dataset_id: str, document_ids: Sequence[str]) -> list[Source]:
        """The original files of 1 to 100 documents, in their order. One that is unknown: not_found."""
        if not 1 <= len(document_ids) <= _ZIP_LIMIT:
            raise invalid_param(f"document_ids must name 1 to {_ZIP_LIMIT} documents")
        ids = [id_or_none(document_id) for document_id in document_ids]
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            found = {one.id: one for one in store.many(caller.tenant_id, dataset.id, [one for one in ids if one])}
            file_ids = [one.upload_file_id for one in found.values() if one.upload_file_id]
            files = store.sources(caller.tenant_id, file_ids)
        chosen = []
        for document_id in ids:
            document = found.get(document_id or "")
            if document is None:
                raise not_found(NO_DOCUMENT)
            source = files.get(document.upload_file_id or "")
            if source is None:
                raise not_found("Only uploaded-file documents can be downloaded as ZIP.")
            chosen.append(source)
        return chosen

    # Change

    def delete(self, caller: Caller, dataset_id: str, *document_ids: str) -> None:
        """Delete documents, all or none: no search finds them from now on.

        Raises document_indexing, archived_document_immutable.
        """
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            for document_id in sorted(set(document_ids)):
                document = self._require(
                    store, caller, dataset, document_id, lock=True, missing="Document Not Exists."
                )
                if document.archived:
                    raise AppError(Reason.ARCHIVED_DOCUMENT_IMMUTABLE)
                if document.indexing_status in BUSY and not document.is_paused:
                    raise AppError(Reason.DOCUMENT_INDEXING, "Cannot delete document during indexing.")
                store.delete(caller.tenant_id, document)
            uow.commit()

    def set_status(self, caller: Caller, dataset_id: str, action: str, document_ids: Sequence[str]) -> None:
        """Enable, disable, archive or un-archive documents, all or none (dataset-api.md 3.14).

        Searches see it when the call returns: they look at the documents' rows.
        """
        if action not in ACTIONS:
            raise AppError(Reason.INVALID_ACTION, f"Invalid action: {action}. Must be one of {list(ACTIONS)}")
        ids = [known for document_id in document_ids if (known := id_or_none(document_id))]
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            found = store.many(caller.tenant_id, dataset.id, ids, lock=True)
            changed = [document for document in found if _changes(document, action)]
            for document in changed:
                if action == "disable" and document.indexing_status != "completed":
                    raise AppError(Reason.INVALID_ACTION, f"Document: {document.name} is not completed.")
            if changed:
                store.update(caller.tenant_id, [one.id for one in changed], _status_values(action, caller))
            uow.commit()

    def pause(self, caller: Caller, dataset_id: str, document_id: str) -> None:
        """Stop indexing before its next step. Raises document_already_finished is nothing to pause."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            document = self._require(store, caller, dataset, document_id, lock=True)
            if document.archived:
                raise AppError(Reason.ARCHIVED_DOCUMENT_IMMUTABLE)
            if document.indexing_status not in BUSY | {"waiting"}:
                raise AppError(Reason.DOCUMENT_ALREADY_FINISHED)
            store.update(
                caller.tenant_id, [document.id],
                {"is_paused": True, "paused_by": caller.account_id, "paused_at": _now()},
            )
            uow.commit()

    def resume(self, caller: Caller, dataset_id: str, document_id: str) -> None:
        """Go on where indexing was paused. Raises document_already_finished when it was not."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            document = self._require(store, caller, dataset, document_id, lock=True)
            if not document.is_paused:
                raise AppError(Reason.DOCUMENT_ALREADY_FINISHED)
            values = {"is_paused": False, "paused_by": None, "paused_at": None, "attempts": 0}
            store.update(caller.tenant_id, [document.id], values)
            self._order(store, caller, dataset, document.id)
            uow.commit()

    def retry(self, caller: Caller, dataset_id: str, document_ids: Sequence[str]) -> None:
        """Index failed or paused documents from the start. Others are skipped; an archived one is refused."""
        ids = [known for document_id in document_ids if (known := id_or_none(document_id))]
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            found = store.many(caller.tenant_id, dataset.id, ids, lock=True)
            if len(found) != len(set(document_ids)):
                raise not_found(NO_DOCUMENT)
            for document in found:
                if document.archived:
                    raise AppError(Reason.ARCHIVED_DOCUMENT_IMMUTABLE)
                if document.indexing_status == "error" and document.version == document.live_version:
                    # Its own index is whole; that of its dataset could not be built anew.
                    DatasetStore(uow).order_rebuild(dataset)
                elif document.indexing_status == "error" or document.is_paused:
                    store.renew(caller.tenant_id, document, {"error": None})
                    self._order(store, caller, dataset, document.id)
            uow.commit()

    def rename(self, caller: Caller, dataset_id: str, document_id: str, name: str) -> DocumentView:
        """Give a document another name."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = DocumentStore(uow)
            document = self._require(store, caller, dataset, document_id, lock=True)
            store.update(caller.tenant_id, [document.id], {"name": name})
            if dataset.built_in_field_enabled:
                MetadataStore(uow).write_built_in(caller.tenant_id, document.id)
            renamed = self._require(store, caller, dataset, document.id)
            (view,) = self._views(store, caller, [renamed], uow)
            uow.commit()
        return view

    @staticmethod
    def _require(
        store: DocumentStore, caller: Caller, dataset: Dataset, document_id: str, *, lock: bool = False,
        missing: str = NO_DOCUMENT,
    ) -> Document:
        known = id_or_none(document_id)
        document = store.find(caller.tenant_id, dataset.id, known, lock=lock) if known else None
        if document is None:
            raise not_found(missing)
        return document


def _add_upload(store: DocumentStore, caller: Caller, upload: Upload) -> str:
    file_id = new_id()
    store.add_upload(
        caller.tenant_id,
        {
            "id": file_id, "key": upload.key, "name": upload.head.name, "size": upload.size,
            "extension": upload.head.extension, "mime_type": upload.head.mime_type, "hash": upload.hash,
            "created_by_role": "account", "created_by": caller.account_id,
        },
    )
    return file_id


def _summarises(dataset: Dataset) -> bool:
    return bool((dataset.summary_index_setting or {}).get("enable")) and dataset.doc_form != "qa_model"


def _changes(document: Document, action: str) -> bool:
    return {
        "enable": not document.enabled, "disable": document.enabled,
        "archive": not document.archived, "un_archive": document.archived,
    }[action]


def _status_values(action: str, caller: Caller) -> dict[str, Any]:
    by = caller.account_id
    values: dict[str, dict[str, Any]] = {
        "enable": {"enabled": True, "disabled_at": None, "disabled_by": None},
        "disable": {"enabled": False, "disabled_at": _now(), "disabled_by": by},
        "archive": {"archived": True, "archived_at": _now(), "archived_by": by},
        "un_archive": {"archived": False, "archived_at": None, "archived_by": None},
    }
    return values[action]


def _now() -> datetime:
    return datetime.now(UTC)
