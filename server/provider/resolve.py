"""From a workspace's configuration to a callable model: which card, which credential, which status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.kit.errors import AppError, Reason
from server.llm.catalogue import LOCAL_EAR, LOCAL_EMBEDDING, LOCAL_MODEL, LOCAL_VOICE
from server.llm.names import GOOGLE, LOCAL, full_name
from server.llm.port import ModelCard, ModelType, Provider
from server.llm.registry import Registry
from server.provider.model import Target, TenantModels

Status = Literal["active", "no-configure", "disabled", "credential-removed"]

GOOGLE_DEFAULTS: Mapping[str, str] = {
    "llm": "gemini-2.5-flash", "text-embedding": "gemini-embedding-001", "speech2text": "gemini-2.5-flash",
    "tts": "gemini-2.5-flash-preview-tts",
}  # fmt: skip
LOCAL_DEFAULTS: Mapping[str, str] = {
    "llm": LOCAL_MODEL, "text-embedding": LOCAL_EMBEDDING, "speech2text": LOCAL_EAR, "tts": LOCAL_VOICE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SystemModels:
    """What the operator gives every workspace: a Gemini key, the packaged models."""

    google_api_key: str = field(default="", repr=False)
    local_model: bool = False

    def credentials(self, provider: str) -> Mapping[str, str] | None:
        """The operator's credential of a provider; {} for one that needs none."""
        if provider == GOOGLE and self.google_api_key:
            return {"google_api_key": self.google_api_key}
        return {} if provider == LOCAL and self.local_model else None

    def default(self, model_type: str) -> tuple[str, str] | None:
        """The default model of a workspace that chose none."""
        if self.google_api_key and model_type in GOOGLE_DEFAULTS:
            return GOOGLE, GOOGLE_DEFAULTS[model_type]
        return (LOCAL, LOCAL_DEFAULTS[model_type]) if self.local_model and model_type in LOCAL_DEFAULTS else None


@dataclass(frozen=True, slots=True)
class Known:
    """A model of a workspace. ``credentials`` are set when ``status`` is active."""

    provider: Provider
    card: ModelCard
    status: Status
    is_custom: bool = False
    credentials: Mapping[str, str] | None = None


class Resolver:
    """Answers what a workspace can call."""

    def __init__(self, registry: Registry, system: SystemModels) -> None:
        self.registry = registry
        self.system = system

    def provider_credentials(self, tenant: TenantModels, provider: str) -> Mapping[str, str] | None:
        """The workspace's own credential of a provider, else the operator's."""
        current = tenant.current(Target(provider))
        if current is not None and current.values is not None:
            return current.values
        return self.system.credentials(provider)

    def models(self, tenant: TenantModels, provider: Provider) -> Iterator[Known]:
        """Every model of a provider: custom ones first, as the workspace added them."""
        customs = tenant.custom_models(provider.spec.provider)
        for target in customs:
            yield self._custom(tenant, provider, target)
        hidden = {(target.model, target.model_type) for target in customs}
        credentials = self.provider_credentials(tenant, provider.spec.provider)
        for card in provider.spec.models:
            if (card.model, card.model_type) not in hidden:
                yield self._predefined(tenant, provider, card, credentials)

    def find(self, tenant: TenantModels, provider: Provider, model: str, model_type: ModelType) -> Known | None:
        """One model of a provider."""
        target = Target(provider.spec.provider, model, model_type)
        state = tenant.states.get(target)
        if state is not None and state.is_custom:
            return self._custom(tenant, provider, target)
        card = next((c for c in provider.spec.models if c.model == model and c.model_type == model_type), None)
        if card is None:
            return None
        return self._predefined(tenant, provider, card, self.provider_credentials(tenant, target.provider))

    def callable(self, tenant: TenantModels, name: str, model: str, model_type: ModelType) -> Known:
        """An active model, or the error that says why it is none (errors.md section 3)."""
        provider = self.registry.find(name)
        if provider is None:
            raise AppError(Reason.PROVIDER_NOT_INITIALIZE, f"Provider {full_name(name)} does not exist.")
        known = self.find(tenant, provider, model, model_type)
        if known is None:
            raise AppError(Reason.PROVIDER_NOT_INITIALIZE, f"Model {model} not exist.")
        if known.status == "disabled":
            raise AppError(Reason.MODEL_CURRENTLY_NOT_SUPPORT, f"Model {model} is disabled.")
        if known.credentials is None:
            raise AppError(Reason.PROVIDER_NOT_INITIALIZE)
        return known

    def default(self, tenant: TenantModels, model_type: ModelType) -> tuple[str, str] | None:
        """(provider, model) of a type: the workspace's choice, else the operator's."""
        return tenant.defaults.get(model_type) or self.system.default(model_type)

    def _predefined(
        self, tenant: TenantModels, provider: Provider, card: ModelCard, credentials: Mapping[str, str] | None
    ) -> Known:
        target = Target(provider.spec.provider, card.model, card.model_type)
        if credentials is None:
            return Known(provider, card, "no-configure")
        status: Status = "active" if tenant.enabled(target) else "disabled"
        return Known(provider, card, status, credentials=credentials)

    def _custom(self, tenant: TenantModels, provider: Provider, target: Target) -> Known:
        current = tenant.current(target)
        values = current.values if current else None
        known_type: ModelType = target.model_type  # type: ignore[assignment]
        if values is None:
            card = ModelCard(target.model, known_type, target.model)
            return Known(provider, card, "credential-removed", is_custom=True)
        card = provider.custom_card(target.model, known_type, values)
        status: Status = "active" if tenant.enabled(target) else "disabled"
        return Known(provider, card, status, is_custom=True, credentials=values)
