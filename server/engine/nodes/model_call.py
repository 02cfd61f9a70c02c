"""What nodes that ask a model share: its configuration, one call of it, and how its faults are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Spent
from server.engine.nodes.data import mapping, required
from server.kit.errors import AppError, Reason
from server.llm.meter import Heard, Meter
from server.llm.port import ChatModel, ChatRequest, FilePart, FunctionCall, ModelFault, PromptMessage

_ERROR_TYPES: Mapping[str, str] = {
    "auth": "InvokeAuthorizationError", "quota": "QuotaExceededError", "rate_limit": "InvokeRateLimitError",
    "model": "ModelNotExistError", "request": "InvokeBadRequestError", "unavailable": "InvokeServerUnavailableError",
    "broken_stream": "InvokeConnectionError",
}  # fmt: skip
_SHOWN_DATA = 10


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The ``model`` object of a node's data."""

    provider: str
    name: str
    mode: str
    parameters: Mapping[str, Any]
    stop: tuple[str, ...] = ()

    @classmethod
    def parse(cls, value: Any, name: str = "model") -> Self:
        """Raises NodeDataError."""
        data = mapping(value, name)
        parameters = dict(mapping(data.get("completion_params"), f"{name}.completion_params"))
        stop = parameters.pop("stop", None) or ()
        if isinstance(stop, str):
            stop = (stop,)
        if not isinstance(stop, (list, tuple)) or not all(isinstance(word, str) for word in stop):
            raise NodeDataError(f"{name}.completion_params.stop must be a list of texts.")
        model = data.get("name") or data.get("model")
        provider = required(data, "provider")
        return cls(provider, required({"name": model}, "name"), str(data.get("mode") or ""), parameters, tuple(stop))

    def request(self, messages: Sequence[PromptMessage], user: str, **more: Any) -> ChatRequest:
        """A call with the author's parameters."""
        return ChatRequest(messages=messages, parameters=self.parameters, stop=self.stop, user=user, **more)

    @property
    def longest_answer(self) -> int:
        """Tokens kept free for the answer."""
        for key in ("max_tokens", "max_output_tokens", "max_completion_tokens"):
            if isinstance(value := self.parameters.get(key), int):
                return value
        return 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, whole."""

    text: str
    spent: Spent
    finish_reason: str
    calls: tuple[FunctionCall, ...] = ()


async def open_model(ctx: Context, config: ModelConfig) -> ChatModel:
    """The model that a node names. Raises NodeError."""
    try:
        return await ctx.ports.models.chat_model(ctx.run.tenant_id, config.provider, config.name)
    except AppError as error:
        raise failed(error, config) from error


async def ask(
    ctx: Context, model: ChatModel, config: ModelConfig, request: ChatRequest,
    on_text: Callable[[str], None] | None = None,
) -> Answer:
    """One call; ``on_text`` gets the pieces as they come. Raises NodeError with what was spent until then.

    What was spent is counted also when the node is cancelled.
    """
    meter = Meter(model.card)
    try:
        async with aclosing(model.stream(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if (piece := meter.take(chunk)) and on_text is not None:
                    on_text(piece)
    except AppError as error:
        raise failed(error, config, _cut(meter, request) if meter.has_begun else None) from error
    except asyncio.CancelledError:
        ctx.pay(_cut(meter, request))
        raise
    heard = await meter.whole(request)
    return Answer(heard.text, _spent(meter, heard), heard.finish_reason, heard.calls)


def _cut(meter: Meter, request: ChatRequest) -> Spent:
    return _spent(meter, meter.cut(request))


def _spent(meter: Meter, heard: Heard) -> Spent:
    return Spent(heard.usage, heard.shown, meter.card.provider, meter.card.model)


def failed(error: AppError, config: ModelConfig, spent: Spent | None = None) -> NodeError:
    """A fault of a model as a node's."""
    if isinstance(error, ModelFault):
        return NodeError(str(error), _ERROR_TYPES[error.fault], usage=spent)
    if error.reason == Reason.PROVIDER_NOT_INITIALIZE:
        text = error.message or f"Model {config.name} credentials is not initialized."
        kind = "ModelNotExistError" if error.message else "ProviderTokenNotInitError"
        return NodeError(text, kind, usage=spent)
    return NodeError(str(error), "LLMNodeError", usage=spent)


def process_data(
    config: ModelConfig, messages: Sequence[PromptMessage], answer: Answer | None = None
) -> dict[str, Any]:
    """What is recorded of a call."""
    return {
        "model_mode": config.mode or "chat", "prompts": [_saved(message) for message in messages],
        "usage": answer.spent.shown if answer else None, "finish_reason": answer.finish_reason if answer else None,
        "model_provider": config.provider, "model_name": config.name,
    }


def _saved(message: PromptMessage) -> dict[str, Any]:
    """A message as it is recorded: of files only the ends of their bytes."""
    saved: dict[str, Any] = {
        "role": message.role, "text": message.text, "files": [_saved_file(file) for file in message.files],
    }
    if message.calls:
        saved["tool_calls"] = [
            {name: value for name, value in asdict(call).items() if name != "signature"} for call in message.calls
        ]
    return saved


def _saved_file(file: FilePart) -> dict[str, Any]:
    shown = file.url or ""
    if file.data is not None:
        shown = f"{file.data[:_SHOWN_DATA].hex()}...[TRUNCATED]...{file.data[-_SHOWN_DATA:].hex()}"
    saved: dict[str, Any] = {"type": file.kind, "data": shown, "mime_type": file.mime_type, "filename": file.name}
    return {**saved, "detail": file.detail} if file.kind == "image" else saved
