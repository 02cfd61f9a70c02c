"""Use cases of stored extensions. Unknown and foreign ones are not_found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.db.engine import UowFactory
from server.extension.model import Extension, Fields
from server.extension.store import ExtensionStore
from server.kit.caller import Caller
from server.kit.crypto import Sealer
from server.kit.errors import AppError, invalid_param, not_found
from server.kit.ids import new_id
from server.kit.validate import id_or_none


class ExtensionService:
    """Extensions of workspaces; their keys are sealed."""

    def __init__(self, uow: UowFactory, sealer: Sealer) -> None:
        self._uow = uow
        self._sealer = sealer

    def list(self, caller: Caller) -> Sequence[Extension]:
        """All of the workspace, newest first."""
        with self._uow() as uow:
            return [self._made(row) for row in ExtensionStore(uow).all(caller.tenant_id)]

    def ids(self, tenant_id: str) -> set[str]:
        """Those that configurations may name."""
        with self._uow() as uow:
            return ExtensionStore(uow).ids(tenant_id)

    def find(self, tenant_id: str, extension_id: str) -> Extension | None:
        """One by its canonical id."""
        with self._uow.single() as uow:
            row = ExtensionStore(uow).find(tenant_id, extension_id)
        return None if row is None else self._made(row)

    def get(self, caller: Caller, extension_id: str) -> Extension:
        """One. Raises not_found."""
        known = id_or_none(extension_id)
        found = self.find(caller.tenant_id, known) if known else None
        if found is None:
            raise not_found("API-based extension not found.")
        return found

    def add(self, caller: Caller, fields: Fields) -> Extension:
        """Store one that has answered a ping. Raises invalid_param when its name is taken."""
        extension_id = new_id()
        owner = {"id": extension_id, "tenant_id": caller.tenant_id, "created_by": caller.the_account}
        with self._uow() as uow:
            if not ExtensionStore(uow).add(owner | self._columns(fields)):
                raise _taken()
            uow.commit()
        return self.get(caller, extension_id)

    def replace(self, caller: Caller, extension_id: str, fields: Fields) -> Extension:
        """Replace one. Raises invalid_param when its name is taken."""
        with self._uow() as uow:
            if not ExtensionStore(uow).update(caller.tenant_id, extension_id, self._columns(fields)):
                raise _taken()
            uow.commit()
        return self.get(caller, extension_id)

    def delete(self, caller: Caller, extension_id: str) -> str:
        """Forget one; its canonical id. Raises not_found."""
        known = id_or_none(extension_id)
        with self._uow() as uow:
            if known is None or not ExtensionStore(uow).delete(caller.tenant_id, known):
                raise not_found("API-based extension not found.")
            uow.commit()
        return known

    def _columns(self, fields: Fields) -> dict[str, Any]:
        return {
            "name": fields.name, "endpoint": fields.endpoint, "sealed_key": self._sealer.seal(fields.api_key),
        }  # fmt: skip

    def _made(self, row: Any) -> Extension:
        return Extension(
            id=row.id, tenant_id=row.tenant_id, name=row.name, endpoint=row.endpoint,
            api_key=self._sealer.open(row.sealed_key), created_at=row.created_at,
        )  # fmt: skip


def _taken() -> AppError:
    return invalid_param("name must be unique, it is already existed")
