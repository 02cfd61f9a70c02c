"""What runs and handlers ask of model providers: callable models, test calls, changes.

A workspace's configuration is read once and kept a few seconds, so that a chat request on a
warm process makes no query. Every change drops it here and, over the bus, everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from server.bus import Bus
from server.db.bridge import Database
from server.kit.cache import AsyncCache
from server.kit.errors import AppError, Reason, invalid_param
from server.llm.forms import checked_form
from server.llm.names import full_name
from server.llm.port import (
    ChatModel,
    EmbeddingModel,
    ModelCard,
    ModelFault,
    ModelType,
    ModerationModel,
    Provider,
    RerankModel,
    SpeechModel,
    TranscriptionModel,
)
from server.provider.model import HIDDEN, MODEL_NAME_LIMIT, Target, TenantModels
from server.provider.resolve import Known, Resolver
from server.provider.service import ProviderService

TOPIC = "models"
CACHE_SECONDS = 10.0
TEST_SECONDS = 30.0

T = TypeVar("T")


@dataclass(slots=True)
class _Warm:
    """A workspace's configuration and the models already made from it."""

    models: TenantModels
    made: dict[tuple[str, str, str], Any] = field(default_factory=dict)


class ModelRuntime:
    """The one way to a model. Also keeps workspaces' configuration, see ``invalidate``."""

    def __init__(self, db: Database, service: ProviderService, resolver: Resolver, bus: Bus) -> None:
        self._db = db
        self._service = service
        self._resolver = resolver
        self._bus = bus
        self._cache: AsyncCache[str, _Warm] = AsyncCache(CACHE_SECONDS)
        bus.on(TOPIC, self.invalidate)

    def invalidate(self, tenant_id: str) -> None:
        """Forget what is kept of a workspace."""
        self._cache.drop(tenant_id)

    async def changed(self, tenant_id: str) -> None:
        """Forget it in every process."""
        await self._bus.publish(TOPIC, tenant_id)

    async def _warm(self, tenant_id: str) -> _Warm:
        async def load() -> _Warm:
            return _Warm(await self._db(self._service.load, tenant_id))

        return self._cache.peek(tenant_id) or await self._cache.get(tenant_id, load)

    async def configuration(self, tenant_id: str) -> TenantModels:
        """What the workspace has configured, at most a few seconds old."""
        return (await self._warm(tenant_id)).models

    # Models

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """A chat model with the workspace's credential.

        Raises ``provider_not_initialize`` without a credential or for an unknown model, and
        ``model_currently_not_support`` for one that is switched off.
        """
        return await self._made(tenant_id, provider, model, "llm", lambda by: by.chat)

    async def embedding_model(self, tenant_id: str, provider: str, model: str) -> EmbeddingModel:
        """A text-embedding model; errors as ``chat_model``."""
        return await self._made(tenant_id, provider, model, "text-embedding", lambda by: by.embedding)

    async def rerank_model(self, tenant_id: str, provider: str, model: str) -> RerankModel:
        """A rerank model; errors as ``chat_model``."""
        return await self._made(tenant_id, provider, model, "rerank", lambda by: by.rerank)

    async def moderation_model(self, tenant_id: str, provider: str, model: str) -> ModerationModel:
        """A moderation model; errors as ``chat_model``."""
        return await self._made(tenant_id, provider, model, "moderation", lambda by: by.moderation)

    async def transcription_model(self, tenant_id: str, provider: str, model: str) -> TranscriptionModel:
        """A speech2text model; errors as ``chat_model``."""
        return await self._made(tenant_id, provider, model, "speech2text", lambda by: by.transcription)

    async def speech_model(self, tenant_id: str, provider: str, model: str) -> SpeechModel:
        """A tts model; errors as ``chat_model``."""
        return await self._made(tenant_id, provider, model, "tts", lambda by: by.speech)

    async def _made(
        self, tenant_id: str, provider: str, model: str, model_type: ModelType,
        adapter: Callable[[Provider], Callable[[ModelCard, Mapping[str, str]], T]],
    ) -> T:
        """The kept model, else a new one by what its provider's ``adapter`` makes of its name and credential."""
        warm = await self._warm(tenant_id)
        key = (model_type, provider, model)
        made: T | None = warm.made.get(key)
        if made is None:
            known = self._resolver.callable(warm.models, provider, model, model_type)
            made = warm.made[key] = adapter(known.provider)(_named(known), known.credentials or {})
        return made

    async def default_model(self, tenant_id: str, model_type: ModelType) -> tuple[str, str] | None:
        """(provider, model) of the workspace's default of a type, else the operator's; None without."""
        return self._resolver.default((await self._warm(tenant_id)).models, model_type)

    async def default_llm(self, tenant_id: str) -> ChatModel:
        """The workspace's default chat model. Raises ``provider_not_initialize`` when there is none."""
        return await self.chat_model(tenant_id, *await self._default(tenant_id, "llm"))

    async def default_embedding(self, tenant_id: str) -> EmbeddingModel:
        """The workspace's default embedding model; errors as ``default_llm``."""
        return await self.embedding_model(tenant_id, *await self._default(tenant_id, "text-embedding"))

    async def default_transcription(self, tenant_id: str) -> TranscriptionModel:
        """The workspace's default speech2text model. Raises ``provider_not_support_speech_to_text`` without one."""
        default = await self.default_model(tenant_id, "speech2text")
        if default is None:
            raise AppError(Reason.PROVIDER_NOT_SUPPORT_SPEECH_TO_TEXT)
        return await self.transcription_model(tenant_id, *default)

    async def default_speech(self, tenant_id: str) -> SpeechModel:
        """The workspace's default tts model; errors as ``default_llm``."""
        return await self.speech_model(tenant_id, *await self._default(tenant_id, "tts"))

    async def _default(self, tenant_id: str, model_type: ModelType) -> tuple[str, str]:
        default = await self.default_model(tenant_id, model_type)
        if default is None:
            raise AppError(Reason.PROVIDER_NOT_INITIALIZE)
        return default

    async def known_models(self, tenant_id: str) -> dict[str, dict[str, str]]:
        """Active language models: full provider name -> model name -> mode."""
        tenant = (await self._warm(tenant_id)).models
        found: dict[str, dict[str, str]] = {}
        for provider in self._resolver.registry:
            for known in self._resolver.models(tenant, provider):
                if known.status == "active" and known.card.model_type == "llm":
                    found.setdefault(provider.spec.provider, {})[known.card.model] = known.card.mode
        return found

    async def active(self, tenant_id: str, model_type: ModelType) -> set[tuple[str, str]]:
        """(full provider name, model) of every model of a type that can be called."""
        tenant = (await self._warm(tenant_id)).models
        return {
            (provider.spec.provider, known.card.model)
            for provider in self._resolver.registry
            for known in self._resolver.models(tenant, provider)
            if known.status == "active" and known.card.model_type == model_type
        }

    # Changes: test first, then store, then tell everyone

    async def add_provider_credential(
        self, tenant_id: str, provider: str, values: Mapping[str, object], name: str | None
    ) -> None:
        """Store a credential of a provider after a test call. A failed test: ``invalid_param``."""
        adapter = self._configurable(provider)
        checked = checked_form(adapter.spec.provider_credential_form, values)
        await tested(adapter.validate(checked))
        await self._change(tenant_id, self._service.add, Target(adapter.spec.provider), name, checked)

    async def update_provider_credential(
        self, tenant_id: str, provider: str, credential_id: str, values: Mapping[str, object], name: str | None
    ) -> None:
        """Replace a credential of a provider after a test call."""
        adapter = self._configurable(provider)
        target = Target(adapter.spec.provider)
        merged = await self._db(self._service.merged, tenant_id, target, credential_id, values)
        checked = checked_form(adapter.spec.provider_credential_form, merged)
        await tested(adapter.validate(checked))
        await self._change(tenant_id, self._service.update, target, credential_id, name, checked)

    async def try_provider_credential(self, tenant_id: str, provider: str, values: Mapping[str, object]) -> None:
        """Only the test call. ``[__HIDDEN__]`` stands for the secret in use."""
        adapter = self._configurable(provider)
        merged = await self._unhidden(tenant_id, Target(adapter.spec.provider), values)
        await tested(adapter.validate(checked_form(adapter.spec.provider_credential_form, merged)))

    async def add_model_credential(
        self, tenant_id: str, target: Target, values: Mapping[str, object], name: str | None
    ) -> None:
        """Add a custom model, or another credential of one, after a test call."""
        checked = await self._tested_model(target, values)
        await self._change(tenant_id, self._service.add, target, name, checked)

    async def update_model_credential(
        self, tenant_id: str, target: Target, credential_id: str, values: Mapping[str, object], name: str | None
    ) -> None:
        """Replace a custom model's credential after a test call."""
        merged = await self._db(self._service.merged, tenant_id, target, credential_id, values)
        checked = await self._tested_model(target, merged)
        await self._change(tenant_id, self._service.update, target, credential_id, name, checked)

    async def try_model_credential(self, tenant_id: str, target: Target, values: Mapping[str, object]) -> None:
        """Only the test call of a custom model."""
        await self._tested_model(target, await self._unhidden(tenant_id, target, values))

    async def delete_credential(self, tenant_id: str, target: Target, credential_id: str) -> None:
        """Delete a credential of a provider or custom model."""
        await self._change(tenant_id, self._service.delete, target, credential_id)

    async def switch_credential(self, tenant_id: str, target: Target, credential_id: str) -> None:
        """Use another stored credential."""
        await self._change(tenant_id, self._service.switch, target, credential_id)

    async def delete_model(self, tenant_id: str, target: Target) -> None:
        """Delete a custom model."""
        await self._change(tenant_id, self._service.delete_model, target)

    async def set_enabled(self, tenant_id: str, target: Target, enabled: bool) -> None:
        """Switch a model on or off. An unknown model: ``invalid_param``."""
        adapter = self._resolver.registry.get(target.provider)
        tenant = await self.configuration(tenant_id)
        model_type: ModelType = target.model_type  # type: ignore[assignment]
        if self._resolver.find(tenant, adapter, target.model, model_type) is None:
            raise invalid_param(f"Model {target.model} does not exist.")
        await self._change(tenant_id, self._service.set_enabled, target, enabled)

    async def set_defaults(self, tenant_id: str, defaults: Sequence[Target]) -> None:
        """Set default models. One that the workspace cannot call: ``invalid_param``."""
        tenant = await self.configuration(tenant_id)
        for target in defaults:
            model_type: ModelType = target.model_type  # type: ignore[assignment]
            try:
                self._resolver.callable(tenant, target.provider, target.model, model_type)
            except AppError as error:
                reason = error.message or f"Model {target.model} credentials is not initialized."
                raise invalid_param(reason) from error
        await self._change(tenant_id, self._service.set_defaults, defaults)

    def target(self, provider: str, model: str = "", model_type: str = "") -> Target:
        """A provider or a custom model by its full id. An unknown provider: ``invalid_param``."""
        return Target(self._resolver.registry.get(provider).spec.provider, model, model_type)

    async def _change(self, tenant_id: str, change: Any, *args: object) -> None:
        await self._db(change, tenant_id, *args)
        await self.changed(tenant_id)

    def _configurable(self, provider: str) -> Provider:
        adapter = self._resolver.registry.get(provider)
        if not adapter.spec.provider_credential_form:
            raise invalid_param(f"Provider {full_name(provider)} takes no credentials.")
        return adapter

    async def _tested_model(self, target: Target, values: Mapping[str, object]) -> dict[str, str]:
        adapter = self._resolver.registry.get(target.provider)
        model_type: ModelType = target.model_type  # type: ignore[assignment]
        if "customizable-model" not in adapter.spec.configurate_methods:
            raise invalid_param(f"Provider {target.provider} has no custom models.")
        if model_type not in adapter.spec.supported_model_types:
            raise invalid_param(f"Provider {target.provider} does not support model_type {model_type}.")
        if not target.model or len(target.model) > MODEL_NAME_LIMIT:
            raise invalid_param(f"model is required, with at most {MODEL_NAME_LIMIT} characters")
        checked = checked_form(adapter.spec.model_credential_form, values, model_type)
        adapter.custom_card(target.model, model_type, checked)
        await tested(adapter.validate_model(target.model, model_type, checked))
        return checked

    async def _unhidden(self, tenant_id: str, target: Target, values: Mapping[str, object]) -> Mapping[str, object]:
        if HIDDEN not in values.values():
            return values
        current = (await self.configuration(tenant_id)).current(target)
        stored = (current.values if current else None) or {}
        return {name: stored.get(name, "") if value == HIDDEN else value for name, value in values.items()}


def _named(known: Known) -> ModelCard:
    return replace(known.card, provider=known.provider.spec.provider)


async def tested(call: Awaitable[None]) -> None:
    """Await a test call; why it failed becomes ``invalid_param``."""
    try:
        async with asyncio.timeout(TEST_SECONDS):
            await call
    except TimeoutError as error:
        raise invalid_param("Credentials validation failed: the provider did not answer in time.") from error
    except ModelFault as fault:
        raise invalid_param(f"Credentials validation failed: {fault}") from fault
