"""SQL of draft variables: what variables held when a draft was last tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.workflow_tables import workflow_draft_variables, workflow_node_data
from server.kit.ids import new_id

_V = workflow_draft_variables.c
_now = sa.func.now()
_HEAD = (
    _V.id, _V.node_id, _V.name, _V.description, _V.value_type, _V.visible, _V.editable, _V.node_execution_id,
    _V.last_edited_at,
)  # fmt: skip
_WRITTEN = ("value", "value_type", "node_execution_id", "visible", "editable")
_KEY = ("app_id", "node_id", "name")

Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class DraftValue:
    """A value that a debug run wrote. ``node_id`` is a node's, or conversation or sys."""

    node_id: str
    name: str
    value_type: str
    value: Any
    description: str = ""
    node_execution_id: str | None = None
    visible: bool = True
    editable: bool = True


class DraftVariableStore:
    """Draft variables of an app in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def save(self, tenant_id: str, app_id: str, values: Sequence[DraftValue], *, replace: bool = True) -> None:
        """Store what a debug run left; ``replace`` False keeps what is there."""
        if not values:
            return
        rows = [
            {
                "id": new_id(), "tenant_id": tenant_id, "app_id": app_id, "node_id": one.node_id, "name": one.name,
                "description": one.description, "value_type": one.value_type, "value": one.value,
                "visible": one.visible, "editable": one.editable, "node_execution_id": one.node_execution_id,
            }
            for one in values
        ]  # fmt: skip
        new = insert(workflow_draft_variables)
        written = {
            **{name: new.excluded[name] for name in _WRITTEN}, "last_edited_at": None, "updated_at": _now,
        }  # fmt: skip
        self._uow.execute(
            new.on_conflict_do_update(index_elements=_KEY, where=_V.tenant_id == tenant_id, set_=written)
            if replace
            else new.on_conflict_do_nothing(index_elements=_KEY),
            rows,
        )

    def page(self, tenant_id: str, app_id: str, page: int, limit: int) -> tuple[int, Sequence[Row]]:
        """How many there are, and a page of them without values."""
        mine = (_V.tenant_id == tenant_id, _V.app_id == app_id)
        total = self._uow.execute(sa.select(sa.func.count()).where(*mine)).scalar_one()
        statement = sa.select(*_HEAD).where(*mine).order_by(_V.created_at.desc(), _V.id.desc())
        return total, self._uow.execute(statement.limit(limit).offset((page - 1) * limit)).all()

    def of_node(self, tenant_id: str, app_id: str, node_id: str) -> Sequence[Row]:
        """Variables of a node, or of conversation or sys, with their values."""
        statement = sa.select(*_HEAD, _V.value).where(
            _V.tenant_id == tenant_id, _V.app_id == app_id, _V.node_id == node_id
        )
        return self._uow.execute(statement.order_by(_V.created_at, _V.id)).all()

    def values(self, tenant_id: str, app_id: str) -> Sequence[Row]:
        """All of them with their values: what a single step begins with."""
        statement = sa.select(_V.node_id, _V.name, _V.value_type, _V.value)
        return self._uow.execute(statement.where(_V.tenant_id == tenant_id, _V.app_id == app_id)).all()

    def one(self, tenant_id: str, app_id: str, variable_id: str, *, lock: bool = False) -> Row | None:
        """One variable with its value."""
        statement = sa.select(*_HEAD, _V.value).where(
            _V.tenant_id == tenant_id, _V.app_id == app_id, _V.id == variable_id
        )
        return self._uow.execute(statement.with_for_update() if lock else statement).one_or_none()

    def change(self, tenant_id: str, app_id: str, variable_id: str, values: Mapping[str, Any], *, edited: bool) -> None:
        """Change a variable by hand, or set it back."""
        self._uow.execute(
            sa.update(workflow_draft_variables)
            .where(_V.tenant_id == tenant_id, _V.app_id == app_id, _V.id == variable_id)
            .values(last_edited_at=_now if edited else None, updated_at=_now, **values)
        )

    def name_taken(self, tenant_id: str, app_id: str, node_id: str, name: str) -> bool:
        """Whether a node has a variable of that name."""
        statement = sa.select(_V.id).where(
            _V.tenant_id == tenant_id, _V.app_id == app_id, _V.node_id == node_id, _V.name == name
        )
        return self._uow.execute(statement).one_or_none() is not None

    def outputs(self, tenant_id: str, execution_id: str) -> Mapping[str, Any]:
        """What a node execution wrote; nothing when it is gone."""
        table = workflow_node_data.c
        statement = sa.select(table.outputs).where(table.tenant_id == tenant_id, table.execution_id == execution_id)
        return self._uow.execute(statement).scalar_one_or_none() or {}

    def delete(self, tenant_id: str, app_id: str, *, variable_id: str = "", node_id: str = "") -> int:
        """Delete one, those of a node, or all; how many went."""
        statement = sa.delete(workflow_draft_variables).where(_V.tenant_id == tenant_id, _V.app_id == app_id)
        if variable_id:
            statement = statement.where(_V.id == variable_id)
        if node_id:
            statement = statement.where(_V.node_id == node_id)
        return self._uow.execute(statement).rowcount
