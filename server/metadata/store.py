"""SQL of metadata fields and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import accounts, dataset_metadata_fields, datasets, document_metadata_bindings, documents
from server.kit.ids import new_id
from server.metadata.model import BUILT_IN_FIELDS, FieldUse

_F = dataset_metadata_fields.c
_B = document_metadata_bindings.c
_M = documents.c
_COUNT = sa.select(sa.func.count()).where(_B.field_id == _F.id).scalar_subquery().label("used")
_EMPTY = sa.text("'{}'::jsonb")


class MetadataStore:
    """Fields of one dataset in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def fields(self, tenant_id: str, dataset_id: str) -> list[FieldUse]:
        """Custom fields with their use, oldest first."""
        statement = (
            sa.select(_F.id, _F.name, _F.type, _COUNT).where(_F.tenant_id == tenant_id, _F.dataset_id == dataset_id)
            .order_by(_F.created_at, _F.id)
        )
        rows = self._uow.execute(statement)
        return [FieldUse(row.id, row.name, row.type, row.used) for row in rows]

    def find(self, tenant_id: str, dataset_id: str, field_id: str) -> FieldUse | None:
        """One field; locked."""
        statement = sa.select(_F.id, _F.name, _F.type).where(
            _F.tenant_id == tenant_id, _F.dataset_id == dataset_id, _F.id == field_id
        )
        row = self._uow.execute(statement.with_for_update()).one_or_none()
        return FieldUse(row.id, row.name, row.type) if row else None

    def add(self, tenant_id: str, dataset_id: str, account_id: str, name: str, kind: str) -> str | None:
        """Make a field; its id, None when the name is taken."""
        statement = insert(dataset_metadata_fields).values(
            id=new_id(), tenant_id=tenant_id, dataset_id=dataset_id, name=name, type=kind, created_by=account_id
        )
        statement = statement.on_conflict_do_nothing(index_elements=["dataset_id", "name"])
        return self._uow.execute(statement.returning(_F.id)).scalar_one_or_none()

    def name_taken(self, tenant_id: str, dataset_id: str, name: str, besides: str) -> bool:
        """Whether another field has that name."""
        statement = sa.select(_F.id).where(
            _F.tenant_id == tenant_id, _F.dataset_id == dataset_id, _F.name == name, _F.id != besides
        )
        return self._uow.execute(statement).first() is not None

    def rename(self, tenant_id: str, dataset_id: str, field: FieldUse, name: str) -> None:
        """Rename a field and its key in every document."""
        self._uow.execute(
            sa.update(dataset_metadata_fields).where(_F.tenant_id == tenant_id, _F.id == field.id)
            .values(name=name, updated_at=sa.func.now())
        )
        moved = sa.func.jsonb_build_object(name, _M.doc_metadata[field.name])
        self._uow.execute(
            sa.update(documents)
            .where(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.doc_metadata.has_key(field.name))
            .values(doc_metadata=_without(field.name).op("||")(moved))
        )

    def delete(self, tenant_id: str, dataset_id: str, field: FieldUse) -> None:
        """Delete a field, its bindings and its key in every document."""
        self._uow.execute(
            sa.update(documents)
            .where(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.doc_metadata.has_key(field.name))
            .values(doc_metadata=_without(field.name))
        )
        self._uow.execute(
            sa.delete(document_metadata_bindings).where(_B.tenant_id == tenant_id, _B.field_id == field.id)
        )
        self._uow.execute(
            sa.delete(dataset_metadata_fields).where(_F.tenant_id == tenant_id, _F.id == field.id)
        )

    def switch_built_in(self, tenant_id: str, dataset_id: str, *, enabled: bool) -> None:
        """Write the built-in keys into every document, or take them out."""
        self._uow.execute(
            sa.update(datasets).where(datasets.c.tenant_id == tenant_id, datasets.c.id == dataset_id)
            .values(built_in_field_enabled=enabled)
        )
        stored = sa.func.coalesce(_M.doc_metadata, _EMPTY)
        changed = stored.op("||")(_BUILT_IN) if enabled else _without_built_in(stored)
        self._uow.execute(
            sa.update(documents).where(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id)
            .values(doc_metadata=changed)
        )

    def write_built_in(self, tenant_id: str, document_id: str) -> None:
        """Write the built-in keys into one document."""
        stored = sa.func.coalesce(_M.doc_metadata, _EMPTY)
        self._uow.execute(
            sa.update(documents).where(_M.tenant_id == tenant_id, _M.id == document_id)
            .values(doc_metadata=stored.op("||")(_BUILT_IN))
        )

    # Values

    def document(self, tenant_id: str, dataset_id: str, document_id: str) -> Mapping[str, Any] | None:
        """The stored values of a document, locked; None when there is no such document."""
        statement = sa.select(sa.func.coalesce(_M.doc_metadata, _EMPTY)).where(
            _M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.id == document_id
        )
        return self._uow.execute(statement.with_for_update()).scalar_one_or_none()

    def set_values(
        self, tenant_id: str, dataset_id: str, document_id: str, values: Mapping[str, Any], field_ids: Sequence[str]
    ) -> None:
        """Replace a document's values and which fields it carries."""
        self._uow.execute(
            sa.update(documents).where(_M.tenant_id == tenant_id, _M.id == document_id)
            .values(doc_metadata=dict(values))
        )
        self._uow.execute(
            sa.delete(document_metadata_bindings).where(_B.tenant_id == tenant_id, _B.document_id == document_id)
        )
        if field_ids:
            shared = {"tenant_id": tenant_id, "dataset_id": dataset_id, "document_id": document_id}
            self._uow.execute(
                sa.insert(document_metadata_bindings), [{**shared, "field_id": one} for one in field_ids]
            )

    def bound(self, tenant_id: str, document_ids: Sequence[str]) -> dict[str, list[tuple[str, str, str]]]:
        """(id, name, type) of the fields that documents carry, by document."""
        statement = (
            sa.select(_B.document_id, _F.id, _F.name, _F.type)
            .select_from(document_metadata_bindings.join(dataset_metadata_fields, _F.id == _B.field_id))
            .where(_B.tenant_id == tenant_id, _B.document_id.in_(document_ids))
            .order_by(_F.created_at, _F.id)
        )
        found: dict[str, list[tuple[str, str, str]]] = {}
        for row in self._uow.execute(statement):
            found.setdefault(row.document_id, []).append((row.id, row.name, row.type))
        return found


_UPLOADER = sa.select(accounts.c.name).where(accounts.c.id == _M.created_by).scalar_subquery()
_BUILT_IN = sa.func.jsonb_build_object(
    "document_name", _M.name, "uploader", sa.func.coalesce(_UPLOADER, ""),
    "upload_date", sa.func.extract("epoch", _M.created_at),
    "last_update_date", sa.func.extract("epoch", _M.updated_at),
    "source",
    sa.case(
        (_M.data_source_type == "upload_file", "file_upload"), (_M.data_source_type == "website_crawl", "website"),
        (_M.data_source_type == "notion_import", "notion"), else_=_M.data_source_type,
    ),
)


def _without(name: str) -> Any:
    return _M.doc_metadata.op("-")(sa.literal(name, sa.Text))


def _without_built_in(stored: Any) -> Any:
    for name in BUILT_IN_FIELDS:
        stored = stored.op("-")(sa.literal(name, sa.Text))
    return sa.func.nullif(stored, _EMPTY)
