"""What a model is asked while an app searches: which dataset to take, which metadata a query names."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from server.dataset.model import Dataset, ModelRef
from server.kit.errors import AppError
from server.llm import thinking
from server.llm.meter import Heard, Meter
from server.llm.port import ChatModel, ChatRequest, PromptMessage
from server.metadata.conditions import where

_PATIENCE_SECONDS = 30.0
# Enough for a model that reasons before it answers.
_MOST_TOKENS = 2048
Listen = Callable[[Heard], None]
_OBJECT = re.compile(r"[\[{].*[\]}]", re.DOTALL)
_PICK = (
    "Choose the one knowledge base that can answer the question. Answer with its number alone.\n\n{listed}\n\n"
    "Question: {query}"
)
_FILTER = (
    "A question is searched in documents that carry these metadata fields: {fields}.\n"
    "Which conditions on the fields does the question itself state? Answer with a JSON array of objects with the keys "
    '"name", "comparison_operator" (one of contains, not contains, start with, end with, is, is not, empty, not empty, '
    '=, ≠, <, >, ≤, ≥, before, after) and "value". Answer [] when it states none.\n\nQuestion: {query}'
)


class Models(Protocol):
    """What is needed of the model providers."""

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """A model with the workspace's credential."""
        ...

    async def default_llm(self, tenant_id: str) -> ChatModel:
        """The workspace's default model."""
        ...


class Asker:
    """Small questions to a model, answered whole."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def ask(
        self, tenant_id: str, model: ModelRef | None, request: ChatRequest, heard: Listen | None = None
    ) -> str:
        """The answer of the app's model, else of the workspace's default, without its reasoning.

        ``heard`` gets what it cost. Raises AppError, TimeoutError.
        """
        async with asyncio.timeout(_PATIENCE_SECONDS):
            if model is None:
                chosen = await self._models.default_llm(tenant_id)
            else:
                chosen = await self._models.chat_model(tenant_id, model.provider, model.model)
            meter = Meter(chosen.card)
            async with aclosing(chosen.stream(request)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    meter.take(chunk)
            answer = await meter.whole(request)
        if heard is not None:
            heard(answer)
        return thinking.without(answer.text)


def pick_request(query: str, datasets: Sequence[Dataset]) -> ChatRequest:
    """Ask for one of the datasets by number."""
    listed = "\n".join(
        f"{number}. {dataset.name}: {dataset.description or dataset.name}" for number, dataset in enumerate(datasets, 1)
    )
    return _request(_PICK.format(listed=listed, query=query))


def picked(answer: str, datasets: Sequence[Dataset]) -> Dataset | None:
    """The dataset that an answer names; None when it names none of them."""
    number = re.search(r"\d+", answer)
    if number and 1 <= int(number[0]) <= len(datasets):
        return datasets[int(number[0]) - 1]
    return next((dataset for dataset in datasets if dataset.name in answer), None)


def pairs_request(instructions: str, text: str) -> ChatRequest:
    """Ask for the questions and answers of a text (rag-engine.md section 5)."""
    messages = [PromptMessage(role="system", text=instructions), PromptMessage(role="user", text=text)]
    return ChatRequest(messages=messages, parameters={"temperature": 0.01, "max_tokens": 2000})


def filter_request(query: str, fields: Sequence[str]) -> ChatRequest:
    """Ask for conditions on metadata."""
    return _request(_FILTER.format(fields=", ".join(fields), query=query))


def read_filter(answer: str, fields: Sequence[str], operator: str) -> Mapping[str, Any] | None:
    """The conditions of an answer, over known fields only; None without any or when it cannot be read."""
    found = _OBJECT.search(answer)
    try:
        sent = json.loads(found[0]) if found else []
    except ValueError:
        return None
    items = sent if isinstance(sent, list) else [sent]
    conditions = [
        {"name": item["name"], "comparison_operator": item["comparison_operator"], "value": item.get("value")}
        for item in items
        if isinstance(item, dict) and item.get("name") in fields and item.get("comparison_operator")
    ]
    conditions = [condition for condition in conditions if _is_possible(condition)]
    return {"logical_operator": operator, "conditions": conditions} if conditions else None


def _is_possible(condition: Mapping[str, Any]) -> bool:
    """A model may name an operator that there is not, or compare with what is no number."""
    try:
        return where({"conditions": [condition]}) is not None
    except AppError:
        return False


def _request(text: str) -> ChatRequest:
    return ChatRequest(
        messages=[PromptMessage(role="user", text=text)], parameters={"temperature": 0, "max_tokens": _MOST_TOKENS}
    )
