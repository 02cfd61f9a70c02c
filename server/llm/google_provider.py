"""The provider ``langgenius/gemini/google``."""

from __future__ import annotations

from collections.abc import Mapping

from server.kit.errors import invalid_param
from server.llm.calls import Deadlines, Timings
from server.llm.catalogue import MODELS
from server.llm.faults import unsupported
from server.llm.forms import GOOGLE_FORM
from server.llm.google_chat import GoogleChat, GoogleClients, GoogleEndpoint, translated
from server.llm.google_embedding import GoogleEmbedding
from server.llm.google_speech import GoogleSpeech, GoogleTranscription
from server.llm.names import GOOGLE
from server.llm.pool import text_of
from server.llm.port import ModelCard, ModelType, ModerationModel, ProviderSpec, RerankModel


class GoogleProvider:
    """Gemini. ``base_url`` and ``api_version`` are the server's settings; a credential's own win."""

    spec = ProviderSpec(
        provider=GOOGLE,
        label={"en_US": "Gemini", "zh_Hans": "Gemini"},
        description={"en_US": "Google's Gemini models.", "zh_Hans": "谷歌提供的 Gemini 模型。"},
        supported_model_types=("llm", "text-embedding", "speech2text", "tts"),
        provider_credential_form=GOOGLE_FORM,
        models=MODELS[GOOGLE],
        help={
            "title": {"en_US": "Get your API Key from Google", "zh_Hans": "从 Google 获取 API Key"},
            "url": {"en_US": "https://ai.google.dev/", "zh_Hans": "https://ai.google.dev/"},
        },
    )

    def __init__(self, timings: Timings, *, base_url: str = "", api_version: str = "") -> None:
        self._clients = GoogleClients(timings)
        self._base_url = base_url
        self._api_version = api_version

    def _endpoint(self, credentials: Mapping[str, str]) -> GoogleEndpoint:
        return GoogleEndpoint(
            text_of(credentials, "google_api_key"),
            text_of(credentials, "google_base_url", self._base_url),
            text_of(credentials, "api_version", self._api_version),
        )

    async def validate(self, credentials: Mapping[str, str]) -> None:
        """List models: the cheapest call that a wrong key fails."""
        end = self._endpoint(credentials)
        client = await self._clients.get(end.api_key, end.base_url, end.api_version)
        with translated():
            await Deadlines(self._clients.timings).read(client.aio.models.list(config={"page_size": 1}))

    async def validate_model(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> None:
        raise invalid_param(f"Provider {GOOGLE} has no custom models")

    def chat(self, card: ModelCard, credentials: Mapping[str, str]) -> GoogleChat:
        return GoogleChat(card, self._endpoint(credentials), self._clients)

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> GoogleEmbedding:
        return GoogleEmbedding(card, self._endpoint(credentials), self._clients)

    def transcription(self, card: ModelCard, credentials: Mapping[str, str]) -> GoogleTranscription:
        return GoogleTranscription(card, self._endpoint(credentials), self._clients)

    def speech(self, card: ModelCard, credentials: Mapping[str, str]) -> GoogleSpeech:
        return GoogleSpeech(card, self._endpoint(credentials), self._clients)

    def rerank(self, card: ModelCard, credentials: Mapping[str, str]) -> RerankModel:
        raise unsupported(GOOGLE, "rerank")

    def moderation(self, card: ModelCard, credentials: Mapping[str, str]) -> ModerationModel:
        raise unsupported(GOOGLE, "moderation")

    def custom_card(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> ModelCard:
        raise invalid_param(f"Provider {GOOGLE} has no custom models")

    async def close(self) -> None:
        await self._clients.close()
