"""Keys of the Service and Dataset API (console-api.md section 7)."""

from __future__ import annotations

import builtins

from server.app.key_store import KeyStore
from server.app.model import ApiKey, OwnedKey
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.crypto import Sealer
from server.kit.errors import AppError, Reason, bad_request, not_found
from server.kit.ids import canonical, is_uuid, random_text

MAX_KEYS = 10
_TOO_MANY = f"Cannot create more than {MAX_KEYS} API keys for this resource type."
_TOKEN_LENGTH = 24


def new_token(kind: str) -> str:
    """An unguessable key: ``app-`` or ``dataset-`` and 24 letters and digits."""
    return f"{kind}-{random_text(_TOKEN_LENGTH)}"


class KeyService:
    """Keys of an app, or with ``app_id`` None the dataset keys of the workspace."""

    def __init__(self, uow: UowFactory, sealer: Sealer) -> None:
        self._uow = uow
        self._sealer = sealer

    def list(self, caller: Caller, app_id: str | None) -> list[ApiKey]:
        """The keys in clear, newest first. Raises app_not_found."""
        app_id = _app_id(app_id)
        with self._uow() as uow:
            store = KeyStore(uow, self._sealer)
            if app_id and not store.app_exists(caller.tenant_id, app_id):
                raise AppError(Reason.APP_NOT_FOUND)
            return store.list(caller.tenant_id, app_id)

    def create(self, caller: Caller, app_id: str | None) -> ApiKey:
        """Make a key. Raises app_not_found; bad_request when there are ten."""
        app_id = _app_id(app_id)
        with self._uow() as uow:
            store = KeyStore(uow, self._sealer)
            if not store.lock_owner(caller.tenant_id, app_id):
                raise AppError(Reason.APP_NOT_FOUND)
            if store.count(caller.tenant_id, app_id) >= MAX_KEYS:
                raise bad_request(_TOO_MANY)
            key = store.add(caller.tenant_id, caller.the_account, app_id, new_token("app" if app_id else "dataset"))
            uow.commit()
            return key

    def add(self, uow: UnitOfWork, caller: Caller, app_id: str | None, token: str) -> ApiKey:
        """Keep a given key inside someone else's transaction."""
        return KeyStore(uow, self._sealer).add(caller.tenant_id, caller.the_account, app_id, token)

    def is_known(self, token: str) -> bool:
        """Whether a key exists."""
        with self._uow() as uow:
            return KeyStore(uow, self._sealer).is_known(token)

    def delete(self, caller: Caller, app_id: str | None, key_id: str) -> str:
        """Revoke a key; its hash, for the caches of the server processes. Raises app_not_found, not_found."""
        app_id = _app_id(app_id)
        with self._uow() as uow:
            store = KeyStore(uow, self._sealer)
            if app_id and not store.app_exists(caller.tenant_id, app_id):
                raise AppError(Reason.APP_NOT_FOUND)
            hashed = store.delete(caller.tenant_id, app_id, canonical(key_id)) if is_uuid(key_id) else None
            if hashed is None:
                raise not_found("API key not found")
            uow.commit()
            return hashed

    def every(self, caller: Caller) -> builtins.list[OwnedKey]:
        """The workspace's keys in clear with the apps they open, newest first: one statement."""
        with self._uow() as uow:
            return KeyStore(uow, self._sealer).every(caller.tenant_id)

    def revoke(self, caller: Caller, named: str) -> str:
        """Revoke the key with that id or that text; its hash, as `delete`. Raises not_found."""
        with self._uow() as uow:
            store = KeyStore(uow, self._sealer)
            chosen = {"key_id": canonical(named)} if is_uuid(named) else {"token": named}
            hashed = store.delete_any(caller.tenant_id, **chosen)
            if hashed is None:
                raise not_found("API key not found")
            uow.commit()
            return hashed


def _app_id(app_id: str | None) -> str | None:
    if app_id is None:
        return None
    if not is_uuid(app_id):
        raise AppError(Reason.APP_NOT_FOUND)
    return canonical(app_id)
