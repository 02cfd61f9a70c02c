"""What a workspace has configured, and what follows from it for a model (data-model.md section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from server.kit.errors import invalid_param
from server.llm.port import ModelType

HIDDEN = "[__HIDDEN__]"
NAME_LIMIT = 30
MODEL_NAME_LIMIT = 255

_TYPES: frozenset[str] = frozenset(get_args(ModelType))
_ALIASES: Mapping[str, ModelType] = {
    "embeddings": "text-embedding",
    "reranking": "rerank",
    "text-generation": "llm",
}


def model_type_of(text: str) -> ModelType:
    """A model type by its name or legacy alias (dataset-api.md 8.1). Raises ``invalid_param``."""
    if text in _ALIASES:
        return _ALIASES[text]
    if text not in _TYPES:
        raise invalid_param(f"invalid origin model type {text}")
    return text  # type: ignore[return-value]


def obfuscated(secret: str) -> str:
    """A secret as it is shown: first 6 characters, 12 asterisks, last 2; short ones 20 asterisks."""
    if len(secret) <= 8:
        return "*" * 20
    return secret[:6] + "*" * 12 + secret[-2:]


@dataclass(frozen=True, slots=True)
class Target:
    """What a credential is for: a provider, or with ``model`` one custom model of it."""

    provider: str
    model: str = ""
    model_type: str = ""


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored credential. ``values`` are None when they cannot be opened with this secret key."""

    id: str
    target: Target
    name: str
    values: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class ModelState:
    """A row about a provider or model: its current credential, and whether it is switched on."""

    credential_id: str | None
    enabled: bool
    is_custom: bool


@dataclass(frozen=True, slots=True)
class TenantModels:
    """Everything a workspace has configured; small, read at once and kept for seconds."""

    tenant_id: str
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    states: Mapping[Target, ModelState] = field(default_factory=dict)
    defaults: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def current(self, target: Target) -> Credential | None:
        """The credential in use for a provider or a custom model."""
        state = self.states.get(target)
        return self.credentials.get(state.credential_id) if state and state.credential_id else None

    def of(self, target: Target) -> list[Credential]:
        """All credentials of a provider or a custom model, oldest first."""
        return [credential for credential in self.credentials.values() if credential.target == target]

    def custom_models(self, provider: str) -> list[Target]:
        """The custom models of a provider, in the order they were added."""
        return [target for target, state in self.states.items() if state.is_custom and target.provider == provider]

    def enabled(self, target: Target) -> bool:
        """Whether a model is switched on; it is unless someone switched it off."""
        state = self.states.get(target)
        return state is None or state.enabled
