"""Counting tokens on this machine, for memory budgets and for answers that were stopped.

The tokenizer is o200k_base for every model: exact for today's OpenAI models, an estimate
for others. Only the compiled part of ``bpe-openai`` is loaded: its Python layer builds
tables we do not need (0.9 s and 75 MB more, measured).
"""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from server.llm.port import PromptMessage, Usage

_PIECE = 200_000
_INLINE = 20_000
# Bytes of a character in UTF-8; a token has at least one byte.
_LONGEST_CHARACTER = 4
# Characters of the longest token, a run of spaces.
_LONGEST_TOKEN = 128
_PER_MESSAGE = 3
_PER_REPLY = 3
_IMAGE = {"low": 85, "high": 765}
_OTHER_FILE = 258

_lock = threading.Lock()
_tokenizer: Any = None


def _load() -> Any:
    global _tokenizer
    with _lock:
        if _tokenizer is None:
            package = importlib.util.find_spec("bpe_openai")
            if package is None or not package.submodule_search_locations:
                raise ModuleNotFoundError("bpe-openai is not installed")
            file = next(Path(package.submodule_search_locations[0]).glob("_bindings.*[!i]"))
            spec = importlib.util.spec_from_file_location("bpe_openai._bindings", file)
            if spec is None or spec.loader is None:
                raise ImportError(f"cannot load {file}")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            _tokenizer = module.tokenizer_for_encoding("o200k_base")
    return _tokenizer


def count(text: str) -> int:
    """Tokens of a text. The first call loads the tokenizer (80 ms); 25 million characters/s then."""
    return _short(text) if len(text) <= 1_000 else _count(text)


def _count(text: str) -> int:
    tokenizer = _tokenizer or _load()
    return sum(tokenizer.count(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))


_short = lru_cache(maxsize=1024)(_count)


async def count_text(text: str) -> int:
    """The same without holding up the event loop."""
    if _tokenizer is not None and len(text) <= _INLINE:
        return count(text)
    return await asyncio.to_thread(count, text)


def cut(text: str, limit: int) -> str:
    """The start of a text that has at most ``limit`` tokens; the whole text when it has."""
    if len(text) * _LONGEST_CHARACTER <= limit:
        return text
    fits, over = 0, min(len(text), limit * _LONGEST_TOKEN) + 1
    if over > len(text) and count(text) <= limit:
        return text
    while over - fits > 1:
        middle = (fits + over) // 2
        fits, over = (middle, over) if count(text[:middle]) <= limit else (fits, middle)
    return text[:fits]


def _fit(texts: Sequence[str], limit: int) -> list[str]:
    return [(cut(text, limit) if limit else text) or " " for text in texts]


async def fit(texts: Sequence[str], limit: int) -> list[str]:
    """Texts as an embedding model takes them: cut to ``limit`` tokens (0: uncut), never empty."""
    if not limit or (_tokenizer is not None and sum(map(len, texts)) <= _INLINE):
        return _fit(texts, limit)
    return await asyncio.to_thread(_fit, texts, limit)


def message_tokens(message: PromptMessage) -> int:
    """Tokens of one prompt message with its frame and files."""
    files = sum(_IMAGE[part.detail] if part.kind == "image" else _OTHER_FILE for part in message.files)
    calls = sum(_PER_MESSAGE + count(call.name) + count(call.arguments) for call in message.calls)
    return _PER_MESSAGE + count(message.text) + files + calls


def prompt_tokens(messages: Sequence[PromptMessage]) -> int:
    """Tokens of a whole prompt."""
    return _PER_REPLY + sum(map(message_tokens, messages)) if messages else 0


async def count_messages(messages: Sequence[PromptMessage]) -> int:
    """Tokens of a whole prompt, without holding up the event loop."""
    if _tokenizer is not None and sum(len(message.text) for message in messages) <= _INLINE:
        return prompt_tokens(messages)
    return await asyncio.to_thread(prompt_tokens, messages)


async def estimate(messages: Sequence[PromptMessage], answer: str) -> Usage:
    """Usage for a provider that reported none, or for an answer that was stopped."""
    prompt = await count_messages(messages)
    completion = await count_text(answer)
    return Usage(prompt, completion, prompt + completion, estimated=True)


def estimate_now(messages: Sequence[PromptMessage], answer: str) -> Usage:
    """The same at once, for callers that cannot wait because they are being cancelled."""
    prompt, completion = prompt_tokens(messages), count(answer)
    return Usage(prompt, completion, prompt + completion, estimated=True)


def estimate_texts(texts: Sequence[str]) -> Usage:
    """Usage of an embedding or rerank call whose provider reported none."""
    found = sum(map(count, texts))
    return Usage(prompt_tokens=found, total_tokens=found, estimated=True)


async def warm() -> None:
    """Load the tokenizer ahead of the first use."""
    await asyncio.to_thread(_load)
