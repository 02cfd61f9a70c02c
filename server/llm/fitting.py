"""How much of a conversation fits into a model's context (feature-semantics.md 4 and 6.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from server.llm.port import PromptMessage

_UNKNOWN_CONTEXT_BUDGET = 2000
_LEAST_ANSWER = 16
_MESSAGE_OVERHEAD = 16
"""More tokens than any chat format spends around one message."""

CountTokens = Callable[[Sequence[PromptMessage]], Awaitable[int]]


def budget(context_size: int, max_tokens: int, prompt_tokens: int) -> int:
    """How many tokens of history fit beside the rest of the prompt and the answer."""
    if context_size <= 0:
        return _UNKNOWN_CONTEXT_BUDGET
    return max(context_size - max_tokens - prompt_tokens, 0)


def most_tokens(messages: Sequence[PromptMessage]) -> int | None:
    """A cheap upper bound of the token count, None when files make it unknown.

    A token is at least one byte, so most turns need no counting at all.
    """
    if any(message.files for message in messages):
        return None
    texts = [message.text for message in messages]
    calls = [call for message in messages for call in message.calls]
    texts += [f"{call.name}{call.arguments}" for call in calls]
    overhead = _MESSAGE_OVERHEAD * (len(messages) + len(calls) + 1)
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) + overhead


async def fit(history: Sequence[PromptMessage], limit: int, count: CountTokens) -> list[PromptMessage]:
    """Drop the oldest single messages until the rest counts at most ``limit`` tokens or one is left.

    Counts from the newest back in doubling steps, so the cost follows ``limit``, not the history.
    """
    bound = most_tokens(history)
    if len(history) <= 1 or (bound is not None and bound <= limit):
        return list(history)
    total = len(history)
    fits, size = 1, 2
    while size < total and await count(history[total - size :]) <= limit:
        fits, size = size, size * 2
    too_many = size
    if size >= total:
        if await count(history) <= limit:
            return list(history)
        too_many = total
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if await count(history[total - middle :]) <= limit:
            fits = middle
        else:
            too_many = middle
    return list(history[total - fits :])


async def shrink_max_tokens(
    parameters: Mapping[str, Any], messages: Sequence[PromptMessage], context_size: int, count: CountTokens
) -> Mapping[str, Any]:
    """Lower ``max_tokens`` to what the context leaves, never below 16 (feature-semantics.md section 4)."""
    wanted = parameters.get("max_tokens")
    if context_size <= 0 or not isinstance(wanted, (int, float)):
        return parameters
    bound = most_tokens(messages)
    if bound is not None and bound + wanted <= context_size:
        return parameters
    used = await count(messages)
    if used + wanted <= context_size:
        return parameters
    return {**parameters, "max_tokens": max(context_size - used, _LEAST_ANSWER)}
