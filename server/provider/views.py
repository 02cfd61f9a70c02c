"""The console's JSON shapes of providers and models (console-api.md section 10), as plain dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.kit.errors import not_found
from server.kit.ids import is_uuid
from server.llm.forms import secret_names
from server.llm.port import ModelCard, ModelType, Provider
from server.provider.model import Credential, Target, TenantModels, obfuscated
from server.provider.resolve import Known, Resolver

Json = dict[str, Any]

_NO_BALANCING: Mapping[str, Any] = {"enabled": False, "configs": []}


class Views:
    """Prints what a workspace has."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def providers(self, tenant: TenantModels, model_type: ModelType | None) -> list[Json]:
        """Shape ``Provider`` of every provider, or of those with models of one type."""
        return [
            self._provider(tenant, provider)
            for provider in self._resolver.registry
            if model_type is None or model_type in provider.spec.supported_model_types
        ]

    def _provider(self, tenant: TenantModels, provider: Provider) -> Json:
        spec = provider.spec
        return {
            **_head(tenant, provider),
            "description": dict(spec.description),
            "background": None,
            "help": dict(spec.help) if spec.help else None,
            "configurate_methods": list(spec.configurate_methods),
            "provider_credential_schema": _schema(spec.provider_credential_form),
            "model_credential_schema": _model_schema(spec.model_credential_form),
            "preferred_provider_type": "custom" if tenant.current(Target(spec.provider)) else "system",
            "custom_configuration": self._custom(tenant, provider),
            "system_configuration": self._system(spec.provider),
        }

    def _custom(self, tenant: TenantModels, provider: Provider) -> Json:
        target = Target(provider.spec.provider)
        current = tenant.current(target)
        customs = tenant.custom_models(target.provider)
        return {
            "status": "active" if current or customs else "no-configure",
            "current_credential_id": current.id if current else None,
            "current_credential_name": current.name if current else None,
            "available_credentials": _credential_list(tenant.of(target)),
            "custom_models": [_custom_model(tenant, custom) for custom in customs],
            "can_added_models": [],
        }

    def _system(self, provider: str) -> Json:
        enabled = self._resolver.system.credentials(provider) is not None
        return {"enabled": enabled, "current_quota_type": None, "quota_configurations": []}

    def provider_credential(self, tenant: TenantModels, provider: str, credential_id: str) -> Json | None:
        """A provider's credential, secrets obfuscated; the current one without an id, None without one."""
        adapter = self._resolver.registry.get(provider)
        credential = _chosen(tenant, Target(adapter.spec.provider), credential_id)
        return _shown(credential, adapter.spec.provider_credential_form) if credential else None

    def model_credential(self, tenant: TenantModels, target: Target, credential_id: str) -> Json:
        """A custom model's credential with the others it has."""
        form = self._resolver.registry.get(target.provider).spec.model_credential_form
        credential = _chosen(tenant, target, credential_id)
        current = tenant.current(target)
        return {
            "credentials": _shown(credential, form) if credential else {},
            "current_credential_id": current.id if current else None,
            "current_credential_name": current.name if current else None,
            "load_balancing": dict(_NO_BALANCING),
            "available_credentials": _credential_list(tenant.of(target)),
        }

    def provider_models(self, tenant: TenantModels, provider: str) -> list[Json]:
        """Shape ``ModelWithProvider`` of every model of a provider, usable or not."""
        adapter = self._resolver.registry.get(provider)
        head = _head(tenant, adapter)
        return [{**_model(known), "provider": head} for known in self._resolver.models(tenant, adapter)]

    def models_by_type(self, tenant: TenantModels, model_type: ModelType) -> list[Json]:
        """Active models of one type, by provider; providers without any are left out."""
        groups = []
        for provider in self._resolver.registry:
            models = [
                _model(known)
                for known in self._resolver.models(tenant, provider)
                if known.card.model_type == model_type and known.status == "active" and not known.card.deprecated
            ]
            if models:
                head = _head(tenant, provider)
                head.pop("supported_model_types")
                groups.append({**head, "status": "active", "models": models})
        return groups

    def default_model(self, tenant: TenantModels, model_type: ModelType) -> Json | None:
        """The default model of a type: the workspace's, else the operator's."""
        default = self._resolver.default(tenant, model_type)
        provider = self._resolver.registry.find(default[0]) if default else None
        if default is None or provider is None:
            return None
        return {"model": default[1], "model_type": model_type, "provider": {**_head(tenant, provider), "models": []}}

    def parameter_rules(self, tenant: TenantModels, provider: str, model: str) -> list[Json]:
        """Parameters of a language model; empty when it cannot be called."""
        known = self._resolver.find(tenant, self._resolver.registry.get(provider), model, "llm")
        if known is None or known.credentials is None:
            return []
        return [dict(rule) for rule in known.card.parameter_rules]


def _head(tenant: TenantModels, provider: Provider) -> Json:
    spec = provider.spec
    return {
        "tenant_id": tenant.tenant_id,
        "provider": spec.provider,
        "label": dict(spec.label),
        "icon_small": None,
        "icon_small_dark": None,
        "supported_model_types": list(spec.supported_model_types),
    }


def _schema(form: Sequence[Mapping[str, object]]) -> Json | None:
    return {"credential_form_schemas": [dict(item) for item in form]} if form else None


def _model_schema(form: Sequence[Mapping[str, object]]) -> Json | None:
    if not form:
        return None
    name = {
        "label": {"en_US": "Model Name", "zh_Hans": "模型名称"},
        "placeholder": {"en_US": "Enter full model name", "zh_Hans": "输入模型全称"},
    }
    return {"model": name, "credential_form_schemas": [dict(item) for item in form]}


def _custom_model(tenant: TenantModels, target: Target) -> Json:
    current = tenant.current(target)
    return {
        "model": target.model,
        "model_type": target.model_type,
        "current_credential_id": current.id if current else None,
        "current_credential_name": current.name if current else None,
        "available_model_credentials": _credential_list(tenant.of(target)),
    }


def _credential_list(credentials: Sequence[Credential]) -> list[Json]:
    return [{"credential_id": item.id, "credential_name": item.name} for item in credentials]


def _chosen(tenant: TenantModels, target: Target, credential_id: str) -> Credential | None:
    if not credential_id:
        return tenant.current(target)
    found = tenant.credentials.get(credential_id.lower()) if is_uuid(credential_id) else None
    if found is None or found.target != target:
        raise not_found("Credential not found.")
    return found


def _shown(credential: Credential, form: Sequence[Mapping[str, object]]) -> Json:
    secrets = secret_names(form)
    values = credential.values or {}
    return {name: obfuscated(value) if name in secrets else value for name, value in values.items()}


def _model(known: Known) -> Json:
    card = known.card
    properties: Json = {"mode": card.mode} if card.model_type == "llm" else {}
    if card.context_size:
        properties["context_size"] = card.context_size
    if card.max_chunks:
        properties["max_chunks"] = card.max_chunks
    if card.model_type == "tts":
        properties |= _speaking(card)
    label = card.label or card.model
    return {
        "model": card.model,
        "label": {"en_US": label, "zh_Hans": label},
        "model_type": card.model_type,
        "features": list(card.features) or None,
        "fetch_from": "customizable-model" if known.is_custom else "predefined-model",
        "model_properties": properties,
        "deprecated": card.deprecated,
        "status": known.status,
        "load_balancing_enabled": False,
        "has_invalid_load_balancing_configs": False,
    }


def _speaking(card: ModelCard) -> Json:
    voices = [{"mode": voice.id, "name": voice.name or voice.id, "language": list(voice.languages)}
              for voice in card.voices]  # fmt: skip
    return {
        "voices": voices, "default_voice": card.voices[0].id if card.voices else "", "word_limit": card.longest_text,
        "audio_type": "mp3",
    }  # fmt: skip
