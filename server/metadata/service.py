"""Use cases of metadata (dataset-api.md 7.3). Writes of one dataset wait for each other (a row lock)."""

from __future__ import annotations

from collections.abc import Sequence

from server.dataset.model import Dataset
from server.dataset.service import require
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import invalid_param, not_found
from server.kit.plain import clean, clean_text
from server.kit.validate import Checks, id_or_none
from server.metadata.model import BUILT_IN_FIELDS, NAME_LIMIT, TYPES, DocumentValues, FieldUse
from server.metadata.store import MetadataStore

_NO_FIELD = "Metadata not found."
_NO_VALUE = "A metadata value is a text, a number or null."
_TAKEN = "Metadata name already exists."


class MetadataService:
    """Metadata of a dataset's documents."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def create(self, caller: Caller, dataset_id: str, name: str, kind: str) -> FieldUse:
        """Add a field. Raises invalid_param."""
        checks = Checks("MetadataArgs")
        checks.choice("type", kind, TYPES)
        checks.done()
        checked = _name(name)
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            field_id = MetadataStore(uow).add(caller.tenant_id, dataset.id, caller.the_account, checked, kind)
            if field_id is None:
                raise invalid_param(_TAKEN)
            uow.commit()
        return FieldUse(field_id, checked, kind)

    def fields(self, caller: Caller, dataset_id: str) -> tuple[Dataset, list[FieldUse]]:
        """The dataset and its custom fields."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            return dataset, MetadataStore(uow).fields(caller.tenant_id, dataset.id)

    def rename(self, caller: Caller, dataset_id: str, field_id: str, name: str) -> FieldUse:
        """Rename a field, in all documents too. Raises not_found, invalid_param."""
        checked = _name(name)
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            store = MetadataStore(uow)
            field = _found(store, caller, dataset, field_id)
            if store.name_taken(caller.tenant_id, dataset.id, checked, field.id):
                raise invalid_param(_TAKEN)
            store.rename(caller.tenant_id, dataset.id, field, checked)
            uow.commit()
        return FieldUse(field.id, checked, field.type)

    def delete(self, caller: Caller, dataset_id: str, field_id: str) -> None:
        """Delete a field and its values. Raises not_found."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            store = MetadataStore(uow)
            store.delete(caller.tenant_id, dataset.id, _found(store, caller, dataset, field_id))
            uow.commit()

    def switch_built_in(self, caller: Caller, dataset_id: str, action: str) -> None:
        """Switch the built-in fields; ``action`` is enable or disable. Raises invalid_param."""
        if action not in {"enable", "disable"}:
            raise invalid_param("action must be enable or disable")
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            if dataset.built_in_field_enabled != (action == "enable"):
                MetadataStore(uow).switch_built_in(caller.tenant_id, dataset.id, enabled=action == "enable")
            uow.commit()

    def set_values(self, caller: Caller, dataset_id: str, operations: Sequence[DocumentValues]) -> None:
        """Set values, one document after another, each committed; the first that fails ends it.

        Raises invalid_param for a document or field that is not of this dataset, and for a value that is an object
        or a list (dataset-api.md 7.2).
        """
        with self._uow() as uow:
            require(uow, caller, dataset_id)
        for operation in operations:
            self._set_on_document(caller, dataset_id, operation)

    def _set_on_document(self, caller: Caller, dataset_id: str, operation: DocumentValues) -> None:
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            store = MetadataStore(uow)
            document_id = id_or_none(operation.document_id)
            stored = store.document(caller.tenant_id, dataset.id, document_id) if document_id else None
            if document_id is None or stored is None:
                raise invalid_param("Document not found.")
            fields = {field.id: field for field in store.fields(caller.tenant_id, dataset.id)}
            values, bound = {}, []
            for field_id, _, value in operation.values:
                field = fields.get(id_or_none(field_id) or "")
                if field is None:
                    raise invalid_param(_NO_FIELD)
                if isinstance(value, (dict, list)):
                    raise invalid_param(_NO_VALUE)
                values[field.name] = clean(value)
                bound.append(field.id)
            if operation.partial:
                carried = store.bound(caller.tenant_id, [document_id]).get(document_id, [])
                bound += [known for known, _, _ in carried]
                values = {**stored, **values}
            store.set_values(caller.tenant_id, dataset.id, document_id, values, list(dict.fromkeys(bound)))
            if dataset.built_in_field_enabled:
                store.write_built_in(caller.tenant_id, document_id)
            uow.commit()


def _name(name: str) -> str:
    cleaned = clean_text(name)
    if not cleaned:
        raise invalid_param("name is required")
    if len(cleaned) > NAME_LIMIT:
        raise invalid_param(f"Metadata name cannot exceed {NAME_LIMIT} characters.")
    if cleaned in BUILT_IN_FIELDS:
        raise invalid_param("Metadata name already exists in Built-in fields.")
    return cleaned


def _found(store: MetadataStore, caller: Caller, dataset: Dataset, field_id: str) -> FieldUse:
    known = id_or_none(field_id)
    field = store.find(caller.tenant_id, dataset.id, known) if known else None
    if field is None:
        raise not_found(_NO_FIELD)
    return field
