"""The model port: what the rest of the server knows about model providers.

An adapter turns its provider's faults into ``ModelFault`` and nothing else; the mapping
to public reasons is ``FAULT_REASONS`` (errors.md section 3, sse-events.md section 6).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol

from server.kit.errors import AppError, Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from server.llm.sound import Form

    # A row a text, in the order of the texts.
    Matrix = NDArray[np.float32]

Purpose = Literal["query", "document"]
Role = Literal["system", "user", "assistant", "tool"]
ModelType = Literal["llm", "text-embedding", "rerank", "speech2text", "moderation", "tts"]


@dataclass(frozen=True, slots=True)
class FilePart:
    """One file of a prompt. Exactly one of ``data`` and ``url`` is set."""

    kind: Literal["image", "document", "audio", "video"]
    mime_type: str
    data: bytes | None = None
    url: str | None = None
    detail: Literal["low", "high"] = "high"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A tool as a model sees it; ``parameters`` is a JSON schema of type object."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A model asks for a tool. ``arguments`` is what it wrote: JSON text, if it did well.

    ``signature`` is the provider's own and goes back to it unchanged with the call.
    """

    id: str
    name: str
    arguments: str = "{}"
    signature: str = ""


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One prompt message; files precede the text (feature-semantics.md 6.2).

    An assistant's message may ask for tools (``calls``). The answer to each is a message of the role ``tool``
    with the call's id and the tool's name.
    """

    role: Role
    text: str
    files: tuple[FilePart, ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    call_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the provider reported them (guarantee G8), or our estimate."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    estimated: bool = False


@dataclass(slots=True)
class Chunk:
    """A piece of a streamed answer. ``usage`` is cumulative; the last one counts.

    ``calls`` are whole and come with the last piece, whose finish reason is then ``tool_calls``. Nobody changes one; it
    is not frozen because there is one a token, and a frozen one takes five times as long to make.
    """

    text: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None
    calls: tuple[FunctionCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One model call. ``parameters`` are Dify's completion_params without ``stop``.

    ``tools`` are for models with the feature ``tool-call``, ``schema`` (a JSON schema that the answer must fit)
    for those with ``structured-output``.
    """

    messages: Sequence[PromptMessage]
    parameters: Mapping[str, object] = field(default_factory=dict)
    stop: Sequence[str] = ()
    user: str = ""
    tools: Sequence[Function] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pricing:
    """Unit prices: price = tokens * unit price * unit (sse-events.md 8.1)."""

    prompt: Decimal = Decimal(0)
    completion: Decimal = Decimal(0)
    unit: Decimal = Decimal("0.000001")
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a tts model; ``languages`` are tags such as ``en-US``, none: any."""

    id: str
    name: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known about a model."""

    model: str
    model_type: ModelType
    label: str = ""
    mode: Literal["chat", "completion"] = "chat"
    context_size: int = 0
    max_output: int = 0
    # Texts that one embedding call takes at most.
    max_chunks: int = 0
    # Length of vectors to ask for; 0: the model's own.
    dimensions: int = 0
    features: tuple[str, ...] = ()
    # Of a tts model; the first is its default.
    voices: tuple[Voice, ...] = ()
    # Characters that one call speaks at most.
    longest_text: int = 0
    pricing: Pricing | None = None
    deprecated: bool = False
    parameter_rules: tuple[Mapping[str, object], ...] = ()
    # Full name of its provider, once a workspace may call it.
    provider: str = ""


Fault = Literal["auth", "quota", "rate_limit", "model", "request", "unavailable", "broken_stream"]

FAULT_REASONS: Mapping[Fault, Reason] = {
    "auth": Reason.COMPLETION_REQUEST_ERROR,
    "quota": Reason.PROVIDER_QUOTA_EXCEEDED,
    "rate_limit": Reason.RATE_LIMIT_ERROR,
    "model": Reason.MODEL_CURRENTLY_NOT_SUPPORT,
    "request": Reason.COMPLETION_REQUEST_ERROR,
    "unavailable": Reason.COMPLETION_REQUEST_ERROR,
    "broken_stream": Reason.COMPLETION_REQUEST_ERROR,
}


class ModelFault(AppError):
    """A failed model call; ``message`` is the provider's text, safe to show."""

    def __init__(self, fault: Fault, message: str, *, retry_after: float | None = None, detail: str = "") -> None:
        public = "Incorrect API key provided" if fault == "auth" else message
        super().__init__(FAULT_REASONS[fault], public, detail=detail or message, retry_after=retry_after)
        self.fault = fault


class ChatModel(Protocol):
    """A chat model bound to one credential; cheap to make, its client is pooled."""

    card: ModelCard

    def stream(self, request: ChatRequest) -> AsyncIterator[Chunk]:
        """Stream the answer. Closing the iterator closes the upstream request at once.

        Raises ModelFault. Retries happen only before the first chunk and honour Retry-After.
        A stream that ends without a finish reason is a ``broken_stream`` fault.
        """
        ...

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        """Count prompt tokens locally; never a network call on a request path."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """The answer of one embedding call. A row that the model could not compute holds NaN."""

    vectors: Matrix
    usage: Usage


class EmbeddingModel(Protocol):
    """A text-embedding model bound to one credential.

    ``account`` stands for the credential and its address: what shares it shares the provider's
    limits. ``space`` stands for the model and its address: only vectors of one space compare.
    Neither reveals what it stands for.
    """

    card: ModelCard
    account: str
    space: str

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> Embedded:
        """Embed at most ``card.max_chunks`` texts by one call, without a retry. Raises ModelFault.

        A text longer than ``card.context_size`` tokens is cut.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer of one rerank call: (index of the text, score 0..1), best first."""

    scores: tuple[tuple[int, float], ...]
    usage: Usage


class RerankModel(Protocol):
    """A rerank model bound to one credential; ``account`` as in EmbeddingModel."""

    card: ModelCard
    account: str

    async def rerank(self, query: str, texts: Sequence[str], *, top_n: int) -> Ranking:
        """Score texts against a query by one call, without a retry. Raises ModelFault."""
        ...


class ModerationModel(Protocol):
    """A moderation model bound to one credential."""

    card: ModelCard

    async def is_flagged(self, text: str) -> bool:
        """Whether a text should not be said, without a retry. Raises ModelFault."""
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """Audio that somebody sent, as a file. ``mime_type`` is the sender's word."""

    data: bytes
    mime_type: str


class TranscriptionModel(Protocol):
    """A speech2text model bound to one credential."""

    card: ModelCard

    async def transcribe(self, recording: Recording) -> str:
        """What is said, by one call, without a retry; empty when nobody speaks. Raises ModelFault."""
        ...


class SpeechModel(Protocol):
    """A tts model bound to one credential."""

    card: ModelCard

    def speak(self, text: str, *, voice: str, form: Form) -> AsyncGenerator[bytes, None]:
        """One file in pieces, as they are made. Closing the iterator closes the upstream request at once.

        ``voice`` is one of the card's. Raises ModelFault; without a retry.
        """
        ...


class Provider(Protocol):
    """A provider adapter: static facts, validation by a test call, model clients."""

    spec: ProviderSpec

    async def validate(self, credentials: Mapping[str, str]) -> None:
        """Make a cheap real call. Raises ModelFault when the credential does not work."""
        ...

    async def validate_model(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> None:
        """The same for a custom model's own credential."""
        ...

    def chat(self, card: ModelCard, credentials: Mapping[str, str]) -> ChatModel: ...

    def embedding(self, card: ModelCard, credentials: Mapping[str, str]) -> EmbeddingModel:
        """Raises AppError ``model_currently_not_support`` when the provider has no such models."""
        ...

    def rerank(self, card: ModelCard, credentials: Mapping[str, str]) -> RerankModel:
        """As ``embedding``."""
        ...

    def moderation(self, card: ModelCard, credentials: Mapping[str, str]) -> ModerationModel:
        """As ``embedding``."""
        ...

    def transcription(self, card: ModelCard, credentials: Mapping[str, str]) -> TranscriptionModel:
        """As ``embedding``."""
        ...

    def speech(self, card: ModelCard, credentials: Mapping[str, str]) -> SpeechModel:
        """As ``embedding``."""
        ...

    def custom_card(self, model: str, model_type: ModelType, credentials: Mapping[str, str]) -> ModelCard:
        """The card of a customizable model, read from its credential form."""
        ...

    async def close(self) -> None:
        """Close every pooled client."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """Static facts of a provider (console-api.md section 10, shape ``Provider``)."""

    provider: str
    label: Mapping[str, str]
    description: Mapping[str, str] = field(default_factory=dict)
    supported_model_types: tuple[ModelType, ...] = ("llm",)
    configurate_methods: tuple[str, ...] = ("predefined-model",)
    provider_credential_form: tuple[Mapping[str, object], ...] = ()
    model_credential_form: tuple[Mapping[str, object], ...] = ()
    models: tuple[ModelCard, ...] = ()
    needs_credential: bool = True
    help: Mapping[str, object] | None = None
