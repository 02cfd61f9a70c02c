"""Spans of model calls, by OpenTelemetry's conventions for generative AI: never what was asked or answered."""

from __future__ import annotations

from server.kit import trace
from server.llm.names import COHERE, GOOGLE, JINA, OPENAI
from server.llm.port import ModelCard, Usage

_SYSTEMS = {GOOGLE: "gcp.gemini", OPENAI: "openai", COHERE: "cohere", JINA: "jina"}
_OPERATIONS = {"llm": "chat", "text-embedding": "embeddings"}


def begin(card: ModelCard) -> trace.Span:
    """The span of one call with all its attempts, below which the requests of each are."""
    operation = "text_completion" if card.mode == "completion" else _OPERATIONS.get(card.model_type, card.model_type)
    span = trace.begin(f"{operation} {card.model}", "client")
    if span:
        system = _SYSTEMS.get(card.provider, card.provider.rpartition("/")[2])
        span.set("gen_ai.operation.name", operation)
        span.set("gen_ai.request.model", card.model)
        # The name that took the place of the first, which many collectors still look for.
        span.set("gen_ai.system", system)
        span.set("gen_ai.provider.name", system)
    return span


def end(span: trace.Span, outcome: str, usage: Usage | None, reason: str | None = None) -> None:
    """It is over: ``outcome`` is ok, a fault, or cut when the answer was not wanted any more."""
    if span:
        if usage is not None:
            span.set("gen_ai.usage.input_tokens", usage.prompt_tokens)
            span.set("gen_ai.usage.output_tokens", usage.completion_tokens)
            span.set("transom.usage.estimated", usage.estimated)
        if reason:
            span.set("gen_ai.response.finish_reasons", [reason])
        span.set("transom.outcome", outcome)
        if outcome not in {"ok", "cut"}:
            span.fail(outcome)
    span.end()
