"""The models of a workspace, read from its stored configuration."""

from __future__ import annotations

from collections.abc import Mapping

from server.app.ports import LookModels
from server.llm.port import ModelType
from server.provider.model import TenantModels
from server.provider.resolve import Resolver
from server.provider.service import ProviderService


class StoredModels:
    """What a workspace can call, and what it calls by default."""

    def __init__(self, tenant: TenantModels, resolver: Resolver) -> None:
        self._tenant = tenant
        self._resolver = resolver

    def default(self, model_type: ModelType) -> tuple[str, str] | None:
        """(full provider name, model) of a type: the workspace's choice, else the operator's."""
        return self._resolver.default(self._tenant, model_type)

    def known(self, model_type: ModelType) -> Mapping[str, Mapping[str, str]]:
        """Active models of a type: full provider name -> model name -> mode."""
        found: dict[str, dict[str, str]] = {}
        for provider in self._resolver.registry:
            for model in self._resolver.models(self._tenant, provider):
                if model.status == "active" and model.card.model_type == model_type:
                    found.setdefault(provider.spec.provider, {})[model.card.model] = model.card.mode
        return found


def stored_models(providers: ProviderService, resolver: Resolver) -> LookModels:
    """How `AppService` and `ImportService` look at the models of a workspace."""
    return lambda tenant_id: StoredModels(providers.load(tenant_id), resolver)
