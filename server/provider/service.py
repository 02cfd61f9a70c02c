"""Use cases on provider credentials and models; each public method is one transaction.

No method makes a test call: ``runtime`` does that before it stores anything.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import orjson

from server.db.engine import UowFactory
from server.kit.crypto import Sealer
from server.kit.errors import AppError, invalid_param, not_found
from server.kit.ids import is_uuid
from server.provider.model import HIDDEN, NAME_LIMIT, Credential, Target, TenantModels
from server.provider.store import ProviderStore

log = logging.getLogger("transom.provider")

_NO_CREDENTIAL = "Credential not found."


class ProviderService:
    """Stores what a workspace configures of its model providers."""

    def __init__(self, uow: UowFactory, sealer: Sealer) -> None:
        self._uow = uow
        self._sealer = sealer

    def load(self, tenant_id: str) -> TenantModels:
        """Everything the workspace has configured, credentials opened."""
        with self._uow() as uow:
            store = ProviderStore(uow)
            rows = store.credentials(tenant_id)
            states = store.states(tenant_id)
            defaults = store.defaults(tenant_id)
        credentials = {
            credential_id: Credential(credential_id, target, name, self._opened(sealed, credential_id))
            for credential_id, target, name, sealed in rows
        }
        return TenantModels(tenant_id, credentials, states, defaults)

    def merged(
        self, tenant_id: str, target: Target, credential_id: str, values: Mapping[str, object]
    ) -> dict[str, object]:
        """The values with ``[__HIDDEN__]`` replaced by what is stored. Raises ``not_found``."""
        with self._uow() as uow:
            row = self._row(ProviderStore(uow), tenant_id, target, credential_id)
        stored = self._opened(row[1], credential_id) or {}
        return {name: stored.get(name, "") if value == HIDDEN else value for name, value in values.items()}

    def add(self, tenant_id: str, target: Target, name: str | None, values: Mapping[str, str]) -> str:
        """Store a credential and use it when none is in use; its id. A taken name: ``invalid_param``."""
        sealed = self._sealed(values)
        with self._uow() as uow:
            store = ProviderStore(uow)
            chosen = _checked_name(name) or _free_name(store.names(tenant_id, target))
            credential_id = store.add_credential(tenant_id, target, chosen, sealed)
            if credential_id is None:
                raise _taken(chosen)
            store.make_current(tenant_id, target, credential_id, only_first=True)
            uow.commit()
        return credential_id

    def update(
        self, tenant_id: str, target: Target, credential_id: str, name: str | None, values: Mapping[str, str]
    ) -> None:
        """Replace a credential's values, and its name when one is given."""
        sealed = self._sealed(values)
        with self._uow() as uow:
            store = ProviderStore(uow)
            old_name, _ = self._row(store, tenant_id, target, credential_id)
            chosen = _checked_name(name) or old_name
            if chosen != old_name and chosen in store.names(tenant_id, target):
                raise _taken(chosen)
            if not store.update_credential(tenant_id, target, credential_id, chosen, sealed):
                raise not_found(_NO_CREDENTIAL)
            uow.commit()

    def delete(self, tenant_id: str, target: Target, credential_id: str) -> None:
        """Delete a credential. A custom model goes with its last one."""
        with self._uow() as uow:
            store = ProviderStore(uow)
            self._row(store, tenant_id, target, credential_id)
            store.delete_credential(tenant_id, target, credential_id)
            if target.model and not store.names(tenant_id, target):
                store.delete_model(tenant_id, target)
            uow.commit()

    def switch(self, tenant_id: str, target: Target, credential_id: str) -> None:
        """Use another stored credential."""
        with self._uow() as uow:
            store = ProviderStore(uow)
            self._row(store, tenant_id, target, credential_id)
            store.make_current(tenant_id, target, credential_id)
            uow.commit()

    def delete_model(self, tenant_id: str, target: Target) -> None:
        """Delete a custom model with its credentials. Raises ``not_found``."""
        with self._uow() as uow:
            store = ProviderStore(uow)
            if not store.delete_model(tenant_id, target):
                raise not_found(f"Model {target.model} not found.")
            store.delete_credentials(tenant_id, target)
            uow.commit()

    def set_enabled(self, tenant_id: str, target: Target, enabled: bool) -> None:
        """Switch a model on or off."""
        with self._uow() as uow:
            ProviderStore(uow).set_enabled(tenant_id, target, enabled)
            uow.commit()

    def set_defaults(self, tenant_id: str, defaults: Sequence[Target]) -> None:
        """Set default models, one a type."""
        with self._uow() as uow:
            store = ProviderStore(uow)
            for target in defaults:
                store.set_default(tenant_id, target.model_type, target.provider, target.model)
            uow.commit()

    def _row(self, store: ProviderStore, tenant_id: str, target: Target, credential_id: str) -> tuple[str, str]:
        row = store.sealed(tenant_id, target, credential_id) if is_uuid(credential_id) else None
        if row is None:
            raise not_found(_NO_CREDENTIAL)
        return row

    def _sealed(self, values: Mapping[str, str]) -> str:
        return self._sealer.seal(orjson.dumps(dict(values)).decode())

    def _opened(self, sealed: str, credential_id: str) -> Mapping[str, str] | None:
        try:
            values = orjson.loads(self._sealer.open(sealed))
        except ValueError:
            log.error("credential %s cannot be opened: it was sealed with another secret_key", credential_id)
            return None
        return {str(name): str(value) for name, value in values.items()}


def _checked_name(name: str | None) -> str:
    chosen = (name or "").strip()
    if len(chosen) > NAME_LIMIT:
        raise invalid_param(f"name cannot be longer than {NAME_LIMIT} characters")
    return chosen


def _free_name(taken: set[str]) -> str:
    """``API KEY 1`` and so on, as Dify names them."""
    return next(name for number in range(1, len(taken) + 2) if (name := f"API KEY {number}") not in taken)


def _taken(name: str) -> AppError:
    return invalid_param(f"Credential with name '{name}' already exists.")
