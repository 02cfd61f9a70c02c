"""What this process counts. Whoever does the thing counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.kit.metrics import Counter, Histogram

if TYPE_CHECKING:
    from server.llm.port import ModelCard, Usage

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

CALLS = Histogram(
    "transom_call_seconds", "Calls by RPC and HTTP status; a stream lasts to its end.", ("rpc", "status"), _SECONDS
)
STREAMS = Counter("transom_streams_open", "Streams that are open.", gauge=True)
RUNS_STARTED = Counter("transom_runs_started_total", "Runs that this process began or went on with.", ("mode",))
RUNS_ENDED = Counter("transom_runs_ended_total", "Runs that this process ended or paused.", ("mode", "status"))
MODEL_CALLS = Counter(
    "transom_model_calls_total", "Calls of models: ok, the fault, or cut.", ("provider", "type", "outcome")
)
MODEL_TOKENS = Counter("transom_model_tokens_total", "Tokens that providers reported.", ("provider", "type", "kind"))
SPANS = Counter(
    "transom_spans_total", "Spans of traces: sent, lost by a collector, dropped for want of room.",
    ("outcome",),
)
LIMITED = Counter("transom_limited_total", "Calls refused by a rate limit.", ("limit",))


def count_model(card: ModelCard, outcome: str, usage: Usage | None) -> None:
    """One call of a model has ended."""
    provider = card.provider or "other"
    MODEL_CALLS.add((provider, card.model_type, outcome))
    if usage is not None and not usage.estimated:
        MODEL_TOKENS.add((provider, card.model_type, "prompt"), usage.prompt_tokens)
        MODEL_TOKENS.add((provider, card.model_type, "completion"), usage.completion_tokens)
