"""SQL of provider credentials, model states and default models. The tenant is in every statement."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import default_models, provider_credentials, provider_models
from server.kit.ids import new_id
from server.provider.model import ModelState, Target

_C = provider_credentials.c
_M = provider_models.c
_KEY = ("tenant_id", "provider", "model", "model_type")


def _is(columns: sa.ColumnCollection, tenant_id: str, target: Target) -> sa.ColumnElement[bool]:  # type: ignore[type-arg]
    return sa.and_(
        columns.tenant_id == tenant_id,
        columns.provider == target.provider,
        columns.model == target.model,
        columns.model_type == target.model_type,
    )


class ProviderStore:
    """One transaction's view of a workspace's model providers."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    # Reading

    def credentials(self, tenant_id: str) -> list[tuple[str, Target, str, str]]:
        """(id, target, name, sealed) of every credential, oldest first."""
        rows = self._uow.execute(
            sa.select(_C.id, _C.provider, _C.model, _C.model_type, _C.name, _C.sealed)
            .where(_C.tenant_id == tenant_id)
            .order_by(_C.created_at, _C.id)
        )
        return [(row.id, Target(row.provider, row.model, row.model_type), row.name, row.sealed) for row in rows]

    def states(self, tenant_id: str) -> dict[Target, ModelState]:
        """Every provider and model the workspace has touched."""
        rows = self._uow.execute(
            sa.select(_M.provider, _M.model, _M.model_type, _M.credential_id, _M.enabled, _M.is_custom)
            .where(_M.tenant_id == tenant_id)
            .order_by(_M.created_at, _M.model)
        )
        return {
            Target(row.provider, row.model, row.model_type): ModelState(row.credential_id, row.enabled, row.is_custom)
            for row in rows
        }

    def defaults(self, tenant_id: str) -> dict[str, tuple[str, str]]:
        """Model type -> (provider, model)."""
        columns = default_models.c
        rows = self._uow.execute(
            sa.select(columns.model_type, columns.provider, columns.model).where(columns.tenant_id == tenant_id)
        )
        return {row.model_type: (row.provider, row.model) for row in rows}

    def sealed(self, tenant_id: str, target: Target, credential_id: str) -> tuple[str, str] | None:
        """(name, sealed) of one credential."""
        row = self._uow.execute(
            sa.select(_C.name, _C.sealed).where(_is(_C, tenant_id, target), _C.id == credential_id)
        ).one_or_none()
        return (row.name, row.sealed) if row else None

    def names(self, tenant_id: str, target: Target) -> set[str]:
        """Names in use for a provider or custom model."""
        return set(self._uow.execute(sa.select(_C.name).where(_is(_C, tenant_id, target))).scalars())

    # Credentials

    def add_credential(self, tenant_id: str, target: Target, name: str, sealed: str) -> str | None:
        """Insert a credential; its id, or None when the name is taken."""
        credential_id = new_id()
        statement = insert(provider_credentials).values(
            id=credential_id,
            tenant_id=tenant_id,
            provider=target.provider,
            model=target.model,
            model_type=target.model_type,
            name=name,
            sealed=sealed,
        )
        added = self._uow.execute(statement.on_conflict_do_nothing(index_elements=[*_KEY, "name"]))
        return credential_id if added.rowcount else None

    def update_credential(self, tenant_id: str, target: Target, credential_id: str, name: str, sealed: str) -> bool:
        """Replace name and values; False when it is gone."""
        return bool(
            self._uow.execute(
                sa.update(provider_credentials)
                .where(_is(_C, tenant_id, target), _C.id == credential_id)
                .values(name=name, sealed=sealed, updated_at=sa.func.now())
            ).rowcount
        )

    def delete_credential(self, tenant_id: str, target: Target, credential_id: str) -> bool:
        """Delete a credential; nothing points at it afterwards. False when it is not there."""
        deleted = self._uow.execute(
            sa.delete(provider_credentials).where(_is(_C, tenant_id, target), _C.id == credential_id)
        )
        self._uow.execute(
            sa.update(provider_models)
            .where(_is(_M, tenant_id, target), _M.credential_id == credential_id)
            .values(credential_id=None)
        )
        return bool(deleted.rowcount)

    def delete_credentials(self, tenant_id: str, target: Target) -> None:
        """Delete all credentials of a custom model."""
        self._uow.execute(sa.delete(provider_credentials).where(_is(_C, tenant_id, target)))

    # States

    def make_current(self, tenant_id: str, target: Target, credential_id: str, *, only_first: bool = False) -> None:
        """Point a provider or custom model at a credential; ``only_first`` keeps one that is in use."""
        statement = insert(provider_models).values(
            **self._key(tenant_id, target), credential_id=credential_id, is_custom=bool(target.model)
        )
        pointed: sa.ColumnElement[str] = statement.excluded.credential_id
        if only_first:
            pointed = sa.func.coalesce(_M.credential_id, pointed)
        self._uow.execute(
            statement.on_conflict_do_update(
                index_elements=list(_KEY), set_={"credential_id": pointed, "is_custom": statement.excluded.is_custom}
            )
        )

    def set_enabled(self, tenant_id: str, target: Target, enabled: bool) -> None:
        """Switch a model on or off."""
        self._uow.execute(
            insert(provider_models)
            .values(**self._key(tenant_id, target), enabled=enabled)
            .on_conflict_do_update(index_elements=list(_KEY), set_={"enabled": enabled})
        )

    def delete_model(self, tenant_id: str, target: Target) -> bool:
        """Forget a custom model; False when there is none."""
        statement = sa.delete(provider_models).where(_is(_M, tenant_id, target), _M.is_custom)
        return bool(self._uow.execute(statement).rowcount)

    def set_default(self, tenant_id: str, model_type: str, provider: str, model: str) -> None:
        """Set the default model of a type."""
        values: Mapping[str, str] = {"provider": provider, "model": model}
        self._uow.execute(
            insert(default_models)
            .values(tenant_id=tenant_id, model_type=model_type, **values)
            .on_conflict_do_update(
                index_elements=["tenant_id", "model_type"], set_={**values, "updated_at": sa.func.now()}
            )
        )

    @staticmethod
    def _key(tenant_id: str, target: Target) -> dict[str, str]:
        return {
            "tenant_id": tenant_id,
            "provider": target.provider,
            "model": target.model,
            "model_type": target.model_type,
        }
