"""SQL of extensions, bound to one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from server.db.engine import UnitOfWork
from server.db.extension_tables import api_based_extensions

_E = api_based_extensions.c
Row = sa.Row[Any]


class ExtensionStore:
    """Extensions in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def all(self, tenant_id: str) -> Sequence[Row]:
        """Every extension, newest first."""
        return self._uow.execute(
            sa.select(api_based_extensions).where(_E.tenant_id == tenant_id)
            .order_by(_E.created_at.desc(), _E.id.desc())
        ).all()

    def ids(self, tenant_id: str) -> set[str]:
        """The ids of all extensions."""
        return set(self._uow.execute(sa.select(_E.id).where(_E.tenant_id == tenant_id)).scalars())

    def find(self, tenant_id: str, extension_id: str) -> Row | None:
        """One extension."""
        return self._uow.execute(
            sa.select(api_based_extensions).where(_E.tenant_id == tenant_id, _E.id == extension_id)
        ).one_or_none()

    def add(self, values: Mapping[str, Any]) -> bool:
        """Add one; False when its name is taken."""
        added = insert(api_based_extensions).values(**values).on_conflict_do_nothing().returning(_E.id)
        return self._uow.execute(added).one_or_none() is not None

    def update(self, tenant_id: str, extension_id: str, values: Mapping[str, Any]) -> bool:
        """Replace one; False when its name is taken, which ends the transaction."""
        changed = sa.update(api_based_extensions).where(_E.tenant_id == tenant_id, _E.id == extension_id)
        try:
            self._uow.execute(changed.values(**values, updated_at=sa.func.now()))
        except IntegrityError:
            return False
        return True

    def delete(self, tenant_id: str, extension_id: str) -> bool:
        """Forget one; False when it is not there."""
        gone = sa.delete(api_based_extensions).where(_E.tenant_id == tenant_id, _E.id == extension_id)
        return self._uow.execute(gone.returning(_E.id)).one_or_none() is not None
