"""The providers ``langgenius/cohere/cohere`` and ``langgenius/jina/jina``, for their rerank models."""

from __future__ import annotations

from collections.abc import Mapping

from server.llm.calls import Timings
from server.llm.catalogue import MODELS
from server.llm.faults import unsupported
from server.llm.forms import COHERE_FORM, JINA_FORM
from server.llm.names import COHERE, JINA
from server.llm.openai_chat import Endpoint, OpenAIClients
from server.llm.openai_provider import checked_url
from server.llm.pool import text_of
from server.llm.port import (
    ChatModel,
    EmbeddingModel,
    ModelCard,
    ModelType,
    ModerationModel,
    ProviderSpec,
    SpeechModel,
    TranscriptionModel,
)
from server.llm.rerank import HttpRerank

_CONTEXT = 4_096


def _spec(provider: str, name: str, form: tuple[Mapping[str, object], ...], keys: str) -> ProviderSpec:
    return ProviderSpec(
        provider=provider,
        label={"en_US": name, "zh_Hans": name},
        description={"en_US": f"{name}'s rerank models.", "zh_Hans": f"{name} 的重排序模型。"},
        supported_model_types=("rerank",),
        configurate_methods=("predefined-model", "customizable-model"),
        provider_credential_form=form,
        model_credential_form=form,
        models=MODELS[provider],
        help={
            "title": {"en_US": f"Get your API key from {name}", "zh_Hans": f"从 {name} 获取 API Key"},
            "url": {"en_US": keys, "zh_Hans": keys},
        },
    )


class RerankProvider:
    """A provider of rerank models alone; ``address`` is used when a credential has no ``base_url``."""

    def __init__(self, timings: Timings, spec: ProviderSpec, address: str) -> None:
        self.spec = spec
        self._address = address
        self._clients = OpenAIClients(timings)

    def rerank(self, card: ModelCard, credentials: Mapping[str, str]) -> HttpRerank:
        given = text_of(credentials, "base_url")
        address = checked_url("base_url", given).removesuffix("/rerank") if given else self._address
        return HttpRerank(card, Endpoint(address, text_of(credentials, "api_key"), card.model), self._clients)

    async def validate(self, credentials: Mapping[str, str]) -> None:
        """Rank two words with the newest model; there is no cheaper call that a wrong key fails."""
        await self._test_call(self.spec.models[0], credentials)

    async def validate_model(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> None:
        await self._test_call(self.custom_card(model, model_type, credentials), credentials)

    async def _test_call(self, card: ModelCard, credentials: Mapping[str, str]) -> None:
        await self.rerank(card, credentials).rerank("ping", ["ping", "pong"], top_n=2)

    def custom_card(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> ModelCard:
        return ModelCard(model, model_type, model, context_size=_CONTEXT)

    def chat(self, card: ModelCard, credentials: Mapping[str, str]) -> ChatModel:
        raise unsupported(self.spec.provider, "llm")

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> EmbeddingModel:
        raise unsupported(self.spec.provider, "text-embedding")

    def moderation(self, card: ModelCard, credentials: Mapping[str, str]) -> ModerationModel:
        raise unsupported(self.spec.provider, "moderation")

    def transcription(self, card: ModelCard, credentials: Mapping[str, str]) -> TranscriptionModel:
        raise unsupported(self.spec.provider, "speech2text")

    def speech(self, card: ModelCard, credentials: Mapping[str, str]) -> SpeechModel:
        raise unsupported(self.spec.provider, "tts")

    async def close(self) -> None:
        await self._clients.close()


def cohere(timings: Timings) -> RerankProvider:
    """Cohere."""
    spec = _spec(COHERE, "Cohere", COHERE_FORM, "https://dashboard.cohere.com/api-keys")
    return RerankProvider(timings, spec, "https://api.cohere.com/v2")


def jina(timings: Timings) -> RerankProvider:
    """Jina."""
    return RerankProvider(timings, _spec(JINA, "Jina AI", JINA_FORM, "https://jina.ai/"), "https://api.jina.ai/v1")
