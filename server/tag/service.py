"""Use cases of tags (dataset-api.md 7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from server.dataset.service import require
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.errors import invalid_param, not_found
from server.kit.plain import clean_text
from server.kit.validate import Checks, id_or_none
from server.tag.store import APP_TYPE, TYPE, Row, TagStore

NAME_LIMIT = 50
_NO_TAG = "Tag not found"
_TAKEN = "Tag name already exists"


class TagService:
    """Tags of a workspace. Unknown and foreign ones are not_found."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def all(self, caller: Caller, kind: str = TYPE, keyword: str = "") -> Sequence[Row]:
        """Every tag of a type whose name contains a word, newest first; of no type, none. Raises invalid_param."""
        if not kind:
            return []
        checked = _kind(kind)
        with self._uow() as uow:
            return TagStore(uow, checked).all(caller.tenant_id, keyword)

    def create(self, caller: Caller, name: str, kind: str = TYPE) -> Row:
        """Make a tag. Raises invalid_param."""
        checked = _name(name)
        with self._uow() as uow:
            store = TagStore(uow, _kind(kind))
            tag_id = store.add(caller.tenant_id, caller.the_account, checked)
            if tag_id is None:
                raise invalid_param(_TAKEN)
            row = _found(store, caller, tag_id)
            uow.commit()
        return row

    def kind(self, caller: Caller, tag_id: str) -> str:
        """What a tag is for. Raises not_found."""
        known = id_or_none(tag_id)
        with self._uow() as uow:
            kind = TagStore(uow).type_of(caller.tenant_id, known) if known else None
        if kind is None:
            raise not_found(_NO_TAG)
        return kind

    def rename(self, caller: Caller, tag_id: str, name: str, kind: str = TYPE) -> Row:
        """Rename a tag; its own name again is fine. Raises not_found, invalid_param."""
        checked = _name(name)
        with self._uow() as uow:
            store = TagStore(uow, kind)
            known = str(_found(store, caller, tag_id).id)
            if store.name_taken(caller.tenant_id, checked, known):
                raise invalid_param(_TAKEN)
            store.rename(caller.tenant_id, known, checked)
            row = _found(store, caller, known)
            uow.commit()
        return row

    def delete(self, caller: Caller, tag_id: str, kind: str = TYPE) -> None:
        """Delete a tag; what carries it stays. Raises not_found."""
        with self._uow() as uow:
            store = TagStore(uow, kind)
            store.delete(caller.tenant_id, str(_found(store, caller, tag_id).id))
            uow.commit()

    def bind(self, caller: Caller, target_id: str, tag_ids: Sequence[str], kind: str = TYPE) -> None:
        """Bind tags to a dataset, or an app; unknown tags and those bound already are skipped."""
        ids = _ids(tag_ids)
        with self._uow() as uow:
            store = TagStore(uow, _kind(kind))
            store.bind(caller.tenant_id, _target(uow, store, caller, target_id, kind), ids)
            uow.commit()

    def unbind(self, caller: Caller, target_id: str, tag_ids: Sequence[str], kind: str = TYPE) -> None:
        """Unbind tags from a dataset, or an app; those not bound are skipped."""
        ids = _ids(tag_ids)
        with self._uow() as uow:
            store = TagStore(uow, _kind(kind))
            store.unbind(caller.tenant_id, _target(uow, store, caller, target_id, kind), ids)
            uow.commit()

    def of_dataset(self, caller: Caller, dataset_id: str) -> Sequence[Row]:
        """Tags of one dataset."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            return TagStore(uow).of_target(caller.tenant_id, dataset.id)


def _kind(kind: str) -> str:
    if kind not in {TYPE, APP_TYPE}:
        raise invalid_param("Invalid tag type.")
    return kind


def _target(uow: UnitOfWork, store: TagStore, caller: Caller, target_id: str, kind: str) -> str:
    if kind == TYPE:
        return require(uow, caller, target_id).id
    known = id_or_none(target_id)
    if known is None or not store.has_app(caller.tenant_id, known):
        raise not_found("App not found")
    return known


def _name(name: str) -> str:
    cleaned = clean_text(name)
    checks = Checks("TagPayload")
    if not cleaned:
        checks.add("name", "String should have at least 1 character", "string_too_short", name)
    elif len(cleaned) > NAME_LIMIT:
        checks.add("name", f"String should have at most {NAME_LIMIT} characters", "string_too_long", name)
    checks.done()
    return cleaned


def _ids(tag_ids: Sequence[str]) -> list[str]:
    if not any(tag_ids):
        raise invalid_param("Tag IDs is required.")
    return [known for tag_id in tag_ids if (known := id_or_none(tag_id))]


def _found(store: TagStore, caller: Caller, tag_id: str) -> Row:
    known = id_or_none(tag_id)
    row = store.find(caller.tenant_id, known) if known else None
    if row is None:
        raise not_found(_NO_TAG)
    return row
