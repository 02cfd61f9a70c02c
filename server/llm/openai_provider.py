"""The providers behind the OpenAI wire: OpenAI, any compatible address, and the packaged model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import urlsplit

from server.kit.errors import invalid_param
from server.llm.calls import Deadlines, Timings
from server.llm.catalogue import MODELS, OPENAI_VOICES, compatible_rules, speaker
from server.llm.forms import COMPATIBLE_FORM, OPENAI_FORM
from server.llm.names import LOCAL, OPENAI, OPENAI_COMPATIBLE
from server.llm.openai_chat import Endpoint, OpenAIChat, OpenAIClients, translated
from server.llm.openai_embedding import OpenAIEmbedding
from server.llm.openai_moderation import OpenAIModeration
from server.llm.openai_speech import OpenAISpeech, OpenAITranscription
from server.llm.openai_wire import token_parameter
from server.llm.pool import text_of
from server.llm.port import (
    ChatRequest,
    EmbeddingModel,
    ModelCard,
    ModelFault,
    ModelType,
    PromptMessage,
    ProviderSpec,
    Purpose,
    Recording,
)
from server.llm.rerank import HttpRerank
from server.llm.sound import wav_header

OPENAI_URL = "https://api.openai.com/v1"
_LONGEST_TEXT = 4_096
# Half a second in which nobody speaks.
_SILENCE = Recording(wav_header(16_000, 16_000) + bytes(16_000), "audio/wav")


class _OpenAIWire(ABC):
    """What the three providers share."""

    def __init__(self, timings: Timings) -> None:
        self._clients = OpenAIClients(timings)

    @abstractmethod
    def _endpoint(self, card: ModelCard, credentials: Mapping[str, str]) -> Endpoint:
        """Where a model is called with these credentials."""

    def chat(self, card: ModelCard, credentials: Mapping[str, str]) -> OpenAIChat:
        return OpenAIChat(card, self._endpoint(card, credentials), self._clients)

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> EmbeddingModel:
        return OpenAIEmbedding(card, self._endpoint(card, credentials), self._clients)

    def rerank(self, card: ModelCard, credentials: Mapping[str, str]) -> HttpRerank:
        return HttpRerank(card, self._endpoint(card, credentials), self._clients)

    def moderation(self, card: ModelCard, credentials: Mapping[str, str]) -> OpenAIModeration:
        return OpenAIModeration(card, self._endpoint(card, credentials), self._clients)

    def transcription(self, card: ModelCard, credentials: Mapping[str, str]) -> OpenAITranscription:
        return OpenAITranscription(card, self._endpoint(card, credentials), self._clients)

    def speech(self, card: ModelCard, credentials: Mapping[str, str]) -> OpenAISpeech:
        return OpenAISpeech(card, self._endpoint(card, credentials), self._clients)

    async def _test_call(self, card: ModelCard, credentials: Mapping[str, str]) -> None:
        """The cheapest call that uses the model: one token or word, one short embedding or text, two texts in order."""
        if card.model_type == "text-embedding":
            await self.embedding(card, credentials).embed(["ping"], purpose="query")
            return
        if card.model_type == "rerank":
            await self.rerank(card, credentials).rerank("ping", ["ping", "pong"], top_n=2)
            return
        if card.model_type == "moderation":
            await self.moderation(card, credentials).is_flagged("ping")
            return
        if card.model_type == "speech2text":
            await self.transcription(card, credentials).transcribe(_SILENCE)
            return
        request = ChatRequest([PromptMessage("user", "ping")], {"max_tokens": 5})
        answer: AsyncGenerator[object, None] = (
            self.speech(card, credentials).speak("ping", voice=card.voices[0].id, form="mp3")
            if card.model_type == "tts"
            else self.chat(card, credentials).stream(request)
        )
        async with aclosing(answer) as pieces:
            async for _ in pieces:
                break

    async def close(self) -> None:
        await self._clients.close()


class OpenAIProvider(_OpenAIWire):
    """``langgenius/openai/openai``."""

    spec = ProviderSpec(
        provider=OPENAI,
        label={"en_US": "OpenAI", "zh_Hans": "OpenAI"},
        description={"en_US": "Models provided by OpenAI.", "zh_Hans": "OpenAI 提供的模型。"},
        supported_model_types=("llm", "text-embedding", "moderation", "speech2text", "tts"),
        configurate_methods=("predefined-model", "customizable-model"),
        provider_credential_form=OPENAI_FORM,
        model_credential_form=OPENAI_FORM,
        models=MODELS[OPENAI],
        help={
            "title": {"en_US": "Get your API Key from OpenAI", "zh_Hans": "从 OpenAI 获取 API Key"},
            "url": {"en_US": "https://platform.openai.com/api-keys", "zh_Hans": "https://platform.openai.com/api-keys"},
        },
    )

    def _endpoint(self, card: ModelCard, credentials: Mapping[str, str]) -> Endpoint:
        return Endpoint(
            base_url=_openai_base(text_of(credentials, "openai_api_base")),
            api_key=text_of(credentials, "openai_api_key"),
            organization=text_of(credentials, "openai_organization"),
            name=card.model,
            token_parameter=token_parameter(card.model),
        )

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> EmbeddingModel:
        return OpenAIEmbedding(card, self._endpoint(card, credentials), self._clients, encoding="base64")

    async def validate(self, credentials: Mapping[str, str]) -> None:
        """List models: free, and a wrong key fails it."""
        end = self._endpoint(self.spec.models[0], credentials)
        client = await self._clients.get(end.api_key, end.base_url, end.organization)
        with translated():
            await Deadlines(self._clients.timings).read(client.models.list())

    async def validate_model(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> None:
        await self._test_call(self.custom_card(model, model_type, credentials), credentials)

    def custom_card(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> ModelCard:
        """A fine-tuned model takes the facts of its base (``ft:gpt-4o-mini:org::id``)."""
        base = model.split(":")[1] if model.startswith("ft:") and ":" in model[3:] else model
        known = next((card for card in self.spec.models if card.model == base and card.model_type == model_type), None)
        if known is not None:
            return replace(known, model=model, label=model)
        if model_type == "text-embedding":
            return ModelCard(model, model_type, model, context_size=8_191, max_chunks=32)
        if model_type in ("speech2text", "moderation"):
            return ModelCard(model, model_type, model)
        if model_type == "tts":
            return speaker(model, _LONGEST_TEXT, OPENAI_VOICES, model)
        return ModelCard(
            model, model_type, model, context_size=128_000, max_output=16_384, parameter_rules=compatible_rules(16_384)
        )


def _openai_base(address: str) -> str:
    """OpenAI's form asks for the address without ``/v1``; both are accepted."""
    if not address:
        return OPENAI_URL
    base = checked_url("openai_api_base", address)
    return base if urlsplit(base).path.strip("/") else f"{base}/v1"


def checked_url(field: str, address: str) -> str:
    """An http(s) address without a trailing slash. Raises ``invalid_param`` otherwise."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid_param(f"Variable {field} should be an http or https URL")
    return address.rstrip("/")


class OpenAICompatibleProvider(_OpenAIWire):
    """``langgenius/openai_api_compatible/openai_api_compatible``: custom models only, each with its address."""

    spec = ProviderSpec(
        provider=OPENAI_COMPATIBLE,
        label={"en_US": "OpenAI-API-compatible", "zh_Hans": "OpenAI-API-compatible"},
        description={
            "en_US": "Model providers compatible with OpenAI's API standard, such as LM Studio.",
            "zh_Hans": "兼容 OpenAI API 的模型供应商，例如 LM Studio 。",
        },
        supported_model_types=("llm", "text-embedding", "rerank", "speech2text", "tts"),
        configurate_methods=("customizable-model",),
        model_credential_form=COMPATIBLE_FORM,
    )

    def _endpoint(self, card: ModelCard, credentials: Mapping[str, str]) -> Endpoint:
        name = text_of(credentials, "endpoint_model_name", card.model)
        address = checked_url("endpoint_url", text_of(credentials, "endpoint_url"))
        parameter = text_of(credentials, "token_param_name", "auto")
        return Endpoint(
            base_url=address.removesuffix("/rerank") if card.model_type == "rerank" else address,
            api_key=text_of(credentials, "api_key"),
            name=name,
            token_parameter=token_parameter(name) if parameter == "auto" else parameter,
            include_usage=text_of(credentials, "stream_include_usage", "enabled") == "enabled",
            send_user=text_of(credentials, "user_identity_support", "support") == "support",
        )

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> EmbeddingModel:
        encoding = text_of(credentials, "encoding_format", "float")
        return OpenAIEmbedding(card, self._endpoint(card, credentials), self._clients, encoding=encoding)

    async def validate(self, credentials: Mapping[str, str]) -> None:
        raise invalid_param(f"Provider {OPENAI_COMPATIBLE} has no credentials of its own, only its models have")

    async def validate_model(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> None:
        await self._test_call(self.custom_card(model, model_type, credentials), credentials)

    def custom_card(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> ModelCard:
        context = _whole("context_size", text_of(credentials, "context_size", "4096"))
        label = text_of(credentials, "display_name", model)
        if model_type == "text-embedding":
            chunks = _whole("max_chunks", text_of(credentials, "max_chunks", "16"))
            return ModelCard(model, model_type, label, context_size=context, max_chunks=chunks)
        if model_type == "rerank":
            return ModelCard(model, model_type, label, context_size=context)
        if model_type == "speech2text":
            return ModelCard(model, model_type, label)
        if model_type == "tts":
            voices = [name.strip() for name in text_of(credentials, "voices", "alloy").split(",") if name.strip()]
            return speaker(model, _LONGEST_TEXT, voices or ["alloy"], label)
        longest = _whole("max_tokens_to_sample", text_of(credentials, "max_tokens_to_sample", "4096"))
        return ModelCard(
            model,
            model_type,
            label,
            mode="completion" if text_of(credentials, "mode") == "completion" else "chat",
            context_size=context,
            max_output=longest,
            features=_features(credentials),
            parameter_rules=compatible_rules(longest),
        )


def _whole(field: str, value: str) -> int:
    if not value.isdigit() or not int(value):
        raise invalid_param(f"Variable {field} should be a positive whole number")
    return int(value)


def _features(credentials: Mapping[str, str]) -> tuple[str, ...]:
    features = []
    if text_of(credentials, "function_calling_type") in ("function_call", "tool_call"):
        features += ["tool-call", "multi-tool-call"]
        if text_of(credentials, "stream_function_calling") == "supported":
            features.append("stream-tool-call")
    for name in ("vision", "document", "audio"):
        if text_of(credentials, f"{name}_support") == "support":
            features.append(name)
    if text_of(credentials, "structured_output_support") == "supported":
        features.append("structured-output")
    return tuple(features)


# Samples a second of the packaged voice.
_LOCAL_RATE = 24_000
# E5 models were trained with a word before each text; the model's process puts it there.
_INPUT_TYPES: Mapping[Purpose, Mapping[str, str]] = {
    "query": {"input_type": "query"},
    "document": {"input_type": "passage"},
}


class LocalProvider(_OpenAIWire):
    """``transom/local/local``: the packaged model in its own process, reached over loopback.

    Without an address (settings ``local_model_url``) its models are unavailable.
    """

    spec = ProviderSpec(
        provider=LOCAL,
        label={"en_US": "Transom local models", "zh_Hans": "Transom 本地模型"},
        description={
            "en_US": "Small models that come with Transom. No account and no network needed.",
            "zh_Hans": "随 Transom 提供的小模型，无需账号和网络。",
        },
        supported_model_types=("llm", "text-embedding", "speech2text", "tts"),
        models=MODELS[LOCAL],
        needs_credential=False,
    )

    def __init__(self, timings: Timings, *, url: str = "", key: str = "") -> None:
        super().__init__(replace(timings, first_token=max(timings.first_token, 300.0)))
        self._url = url.rstrip("/")
        self._key = key

    @property
    def available(self) -> bool:
        """Whether the packaged model runs beside this server."""
        return bool(self._url)

    def _endpoint(self, card: ModelCard, credentials: Mapping[str, str]) -> Endpoint:
        if not self._url:
            raise ModelFault("unavailable", "The packaged local model is not running (setting local_model_url).")
        base = self._url if urlsplit(self._url).path.strip("/") else f"{self._url}/v1"
        return Endpoint(base_url=base, api_key=self._key, name=card.model)

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> EmbeddingModel:
        # The process takes another port at each start: the model's name alone is its space.
        return OpenAIEmbedding(
            card, self._endpoint(card, credentials), self._clients, encoding="base64", extra=_INPUT_TYPES, space=LOCAL
        )

    def speech(self, card: ModelCard, credentials: Mapping[str, str]) -> OpenAISpeech:
        return OpenAISpeech(card, self._endpoint(card, credentials), self._clients, rate=_LOCAL_RATE)

    async def validate(self, credentials: Mapping[str, str]) -> None:
        """Nothing to check: there is no credential."""

    async def validate_model(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> None:
        raise invalid_param(f"Provider {LOCAL} has no custom models")

    def custom_card(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> ModelCard:
        raise invalid_param(f"Provider {LOCAL} has no custom models")
