"""SQL of documents, their rules and the files they were made from. Bound to one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import (
    accounts,
    datasets,
    document_segments,
    documents,
    jobs,
    process_rules,
    segment_summaries,
    upload_files,
)
from server.document.model import BUSY, COLUMNS, Document, Progress, Source
from server.kit.ids import new_id

_M = documents.c
_S = document_segments.c
_R = process_rules.c
_U = upload_files.c
_ROW = tuple(_M[name] for name in COLUMNS)
_SOURCE = tuple(_U[name] for name in Source.__dataclass_fields__)
_NOW = sa.func.now()
# The stage times that a new text clears.
_CLEARED = dict.fromkeys(
    (
        "processing_started_at", "parsing_completed_at", "cleaning_completed_at", "splitting_completed_at",
        "completed_at", "paused_at", "paused_by",
    )
)


def _is(status: str) -> sa.ColumnElement[bool]:
    """The condition of a display status (dataset-api.md 3.12)."""
    done = _M.indexing_status == "completed"
    return {
        "queuing": _M.indexing_status == "waiting",
        "paused": sa.and_(_M.is_paused, _M.indexing_status.in_(BUSY)),
        "indexing": sa.and_(sa.not_(_M.is_paused), _M.indexing_status.in_(BUSY)),
        "error": _M.indexing_status == "error",
        "available": sa.and_(done, sa.not_(_M.archived), _M.enabled),
        "disabled": sa.and_(done, sa.not_(_M.archived), sa.not_(_M.enabled)),
        "archived": sa.and_(done, _M.archived),
    }[status]


def _document(row: Any) -> Document:
    return Document(**row._mapping)


class DocumentStore:
    """Documents in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def find(self, tenant_id: str, dataset_id: str, document_id: str, *, lock: bool = False) -> Document | None:
        """One document; locked when it is about to change."""
        statement = sa.select(*_ROW).where(
            _M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.id == document_id
        )
        row = self._uow.execute(statement.with_for_update() if lock else statement).one_or_none()
        return _document(row) if row else None

    def dataset_of(self, tenant_id: str, document_id: str) -> str | None:
        """Which dataset a document belongs to."""
        statement = sa.select(_M.dataset_id).where(_M.tenant_id == tenant_id, _M.id == document_id)
        return self._uow.execute(statement).scalar_one_or_none()

    def many(self, tenant_id: str, dataset_id: str, ids: Sequence[str], *, lock: bool = False) -> list[Document]:
        """Documents of a dataset by id, in the order of their ids."""
        statement = sa.select(*_ROW).where(
            _M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.id.in_(ids)
        ).order_by(_M.id)
        return [_document(row) for row in self._uow.execute(statement.with_for_update() if lock else statement)]

    def namesake(self, tenant_id: str, dataset_id: str, name: str) -> Document | None:
        """The enabled, unarchived document of that name, locked (dataset-api.md 3.4)."""
        statement = (
            sa.select(*_ROW)
            .where(
                _M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.name == name, _M.enabled,
                sa.not_(_M.archived), _M.data_source_type == "upload_file",
            )
            .order_by(_M.created_at).limit(1).with_for_update()
        )
        row = self._uow.execute(statement).one_or_none()
        return _document(row) if row else None

    def page(
        self, tenant_id: str, dataset_id: str, keyword: str, status: str, page: int, limit: int
    ) -> tuple[int, list[Document]]:
        """How many match, and a page of them, newest first."""
        matches = [_M.tenant_id == tenant_id, _M.dataset_id == dataset_id]
        if keyword:
            matches.append(_M.name.icontains(keyword, autoescape=True))
        if status:
            matches.append(_is(status))
        total = self._uow.execute(sa.select(sa.func.count()).select_from(documents).where(*matches)).scalar_one()
        if total <= (page - 1) * limit:
            return total, []
        statement = sa.select(*_ROW).where(*matches).order_by(_M.created_at.desc(), _M.position.desc())
        return total, [_document(row) for row in self._uow.execute(statement.limit(limit).offset((page - 1) * limit))]

    def batch(self, tenant_id: str, dataset_id: str, batch: str) -> list[Progress]:
        """Documents of a batch with how far they are: one statement."""
        return self._progress(
            sa.and_(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.batch == batch)
        )

    def progress(self, tenant_id: str, dataset_id: str, document_ids: Sequence[str] | None) -> list[Progress]:
        """The same for documents by id; None: all of the dataset."""
        matches = sa.and_(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id)
        return self._progress(matches if document_ids is None else sa.and_(matches, _M.id.in_(document_ids)))

    def _progress(self, matches: sa.ColumnElement[bool]) -> list[Progress]:
        counted = (
            sa.select(sa.func.count().label("total"), sa.func.count(_S.completed_at).label("completed"))
            .where(_S.document_id == _M.id, _S.version == _M.version)
            .lateral("counted")
        )
        statement = (
            sa.select(*_ROW, counted.c.total, counted.c.completed)
            .select_from(documents.join(counted, sa.true())).where(matches).order_by(_M.position)
        )
        found = []
        for row in self._uow.execute(statement):
            values = dict(row._mapping)
            total, completed = values.pop("total"), values.pop("completed")
            found.append(Progress(document=Document(**values), completed=completed, total=total))
        return found

    def next_position(self, tenant_id: str, dataset_id: str) -> int:
        """The position of a new document; the dataset's row is locked by the caller."""
        statement = sa.select(sa.func.coalesce(sa.func.max(_M.position), 0) + 1)
        return self._uow.execute(
            statement.where(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id)
        ).scalar_one()

    def add(self, values: Mapping[str, Any]) -> None:
        """Make a document."""
        self._uow.execute(sa.insert(documents).values(**values))

    def update(self, tenant_id: str, document_ids: Sequence[str], values: Mapping[str, Any]) -> None:
        """Change columns of documents."""
        self._uow.execute(
            sa.update(documents).where(_M.tenant_id == tenant_id, _M.id.in_(document_ids))
            .values(**values, updated_at=_NOW)
        )

    def renew(self, tenant_id: str, document: Document, values: Mapping[str, Any]) -> None:
        """Make the document wait for another indexing as its next version; a file that it leaves is removed."""
        if values.get("upload_file_id", document.upload_file_id) != document.upload_file_id:
            payload = {
                "tenant_id": tenant_id, "dataset_id": document.dataset_id, "upload_file_id": document.upload_file_id,
            }
            self.order("purge_file", payload)
        self.update(
            tenant_id, [document.id],
            {**_CLEARED, "indexing_status": "waiting", "is_paused": False, "version": document.version + 1,
             "attempts": 0, **values},
        )

    def delete(self, tenant_id: str, document: Document) -> None:
        """Delete a document; what it holds follows by a job."""
        self._uow.execute(sa.delete(documents).where(_M.tenant_id == tenant_id, _M.id == document.id))
        self.order(
            "purge_document",
            {
                "tenant_id": tenant_id, "dataset_id": document.dataset_id, "document_id": document.id,
                "upload_file_id": document.upload_file_id, "process_rule_id": document.process_rule_id,
            },
        )

    def order(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Leave work for after the commit."""
        self._uow.execute(sa.insert(jobs).values(kind=kind, payload=dict(payload)))

    def set_dataset(self, tenant_id: str, dataset_id: str, values: Mapping[str, Any]) -> None:
        """What the first document decides about its dataset."""
        self._uow.execute(
            sa.update(datasets).where(datasets.c.tenant_id == tenant_id, datasets.c.id == dataset_id)
            .values(**values, updated_at=_NOW)
        )

    # Rules

    def add_rule(
        self, tenant_id: str, dataset_id: str, account_id: str, mode: str, rules: Mapping[str, Any] | None
    ) -> str:
        """Keep a rule; its id."""
        rule_id = new_id()
        self._uow.execute(
            sa.insert(process_rules).values(
                id=rule_id, tenant_id=tenant_id, dataset_id=dataset_id, mode=mode, rules=rules, created_by=account_id
            )
        )
        return rule_id

    def latest_rule(self, tenant_id: str, dataset_id: str) -> Any | None:
        """(id, mode, rules) of the newest rule of a dataset."""
        statement = sa.select(_R.id, _R.mode, _R.rules).where(_R.tenant_id == tenant_id, _R.dataset_id == dataset_id)
        return self._uow.execute(statement.order_by(_R.created_at.desc(), _R.id.desc()).limit(1)).one_or_none()

    def rule(self, tenant_id: str, rule_id: str) -> Any | None:
        """(id, mode, rules) of one rule."""
        statement = sa.select(_R.id, _R.mode, _R.rules).where(_R.tenant_id == tenant_id, _R.id == rule_id)
        return self._uow.execute(statement).one_or_none()

    # Around documents: a fixed number of statements, however many there are

    def sources(self, tenant_id: str, file_ids: Sequence[str]) -> dict[str, Source]:
        """Uploaded files by id."""
        statement = sa.select(*_SOURCE).where(_U.tenant_id == tenant_id, _U.id.in_(file_ids))
        return {row.id: Source(**row._mapping) for row in self._uow.execute(statement)}

    def counts(self, tenant_id: str, found: Sequence[Document]) -> dict[str, tuple[int, int]]:
        """(segments, hits) of documents' answering versions, by document."""
        live = [document.live_version or document.version for document in found]
        wanted = sa.tuple_(_S.document_id, _S.version).in_(
            list(zip([document.id for document in found], live, strict=True))
        )
        statement = (
            sa.select(
                _S.document_id, sa.func.count().label("segments"),
                sa.func.coalesce(sa.func.sum(_S.hit_count), 0).label("hits"),
            )
            .where(_S.tenant_id == tenant_id, wanted).group_by(_S.document_id)
        )
        if not found:
            return {}
        return {row.document_id: (row.segments, row.hits) for row in self._uow.execute(statement)}

    def account_names(self, account_ids: Sequence[str]) -> dict[str, str]:
        """Names of accounts by id."""
        statement = sa.select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(account_ids))
        return {row.id: row.name for row in self._uow.execute(statement)}

    def summarizing(self, tenant_id: str, document_ids: Sequence[str]) -> set[str]:
        """Documents some of whose summaries are pending."""
        table = segment_summaries.c
        statement = sa.select(table.document_id).distinct().where(
            table.tenant_id == tenant_id, table.document_id.in_(document_ids),
            table.status.in_(["not_started", "generating"]),
        )
        return set(self._uow.execute(statement).scalars())

    def add_upload(self, tenant_id: str, values: Mapping[str, Any]) -> None:
        """Record a file that is in the store."""
        self._uow.execute(sa.insert(upload_files).values(tenant_id=tenant_id, **values))
