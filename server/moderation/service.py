"""Checks texts by keywords, by OpenAI's moderation model, or by an extension of the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from server.extension.model import MODERATE_INPUT, MODERATE_OUTPUT, ExtensionError
from server.kit.errors import invalid_param
from server.kit.plain import clean, clean_text
from server.llm.names import OPENAI
from server.llm.port import ModelFault
from server.moderation.model import Rule, Side, Subject, Verdict

MODEL = "omni-moderation-latest"
SECONDS = 60.0
"""How long the model may take, as long as an extension (server.extension.calls)."""

_LONG = 50_000


class Judge(Protocol):
    """A moderation model."""

    async def is_flagged(self, text: str) -> bool:
        """Whether a text should not be said. Raises ModelFault."""
        ...


class Models(Protocol):
    """What finds moderation models."""

    async def moderation_model(self, tenant_id: str, provider: str, model: str) -> Judge:
        """The model with the workspace's credential. Raises provider_not_initialize and the like."""
        ...


class Extensions(Protocol):
    """What asks extensions."""

    async def ask(self, tenant_id: str, extension_id: str, point: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """An extension's answer. Raises ExtensionError."""
        ...


class ModerationService:
    """One a process.

    Who checks may fail: the model's provider or the extension is away, slow, or not configured. A question that
    could not be checked is not answered; an answer that could not be checked is told as it is (the caller of
    ``output`` sees to that, feature-semantics.md 3.6). Both raise AppError: of an extension ``invalid_param``.
    """

    def __init__(self, models: Models, extensions: Extensions) -> None:
        self._models = models
        self._extensions = extensions

    async def inputs(self, subject: Subject, rule: Rule, inputs: Mapping[str, Any], query: str) -> Verdict | None:
        """What is flagged in a question; None: nothing is, or questions are not checked."""
        if not rule.inputs.enabled:
            return None
        if rule.kind == "api":
            params = {"app_id": subject.app_id, "inputs": dict(inputs), "query": query}
            said = await self._asked(subject, rule, MODERATE_INPUT, params)
            return _input_verdict(said)
        texts = [str(value) for value in inputs.values() if value is not None]
        return await self._checked(subject, rule, rule.inputs, [*texts, query] if query else texts)

    async def output(self, subject: Subject, rule: Rule, text: str) -> Verdict | None:
        """What is flagged in an answer so far; None: nothing is, or answers are not checked."""
        if not rule.outputs.enabled or not text:
            return None
        if rule.kind == "api":
            said = await self._asked(subject, rule, MODERATE_OUTPUT, {"app_id": subject.app_id, "text": text})
            return _output_verdict(said)
        return await self._checked(subject, rule, rule.outputs, [text])

    async def _checked(self, subject: Subject, rule: Rule, side: Side, texts: Sequence[str]) -> Verdict | None:
        if rule.kind == "keywords":
            # Many words in a long text take tens of milliseconds: not on the event loop.
            is_long = sum(map(len, texts)) > _LONG
            flagged = await asyncio.to_thread(_holds, texts, rule) if is_long else _holds(texts, rule)
        elif whole := "\n".join(texts):
            flagged = await self._judged(subject.tenant_id, whole)
        else:
            flagged = False
        return Verdict(is_final=True, text=side.preset) if flagged else None

    async def _judged(self, tenant_id: str, text: str) -> bool:
        judge = await self._models.moderation_model(tenant_id, OPENAI, MODEL)
        try:
            async with asyncio.timeout(SECONDS):
                return await judge.is_flagged(text)
        except TimeoutError as error:
            raise ModelFault("unavailable", "The moderation model did not answer in time.") from error

    async def _asked(self, subject: Subject, rule: Rule, point: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return await self._extensions.ask(subject.tenant_id, rule.extension_id, point, params)
        except ExtensionError as error:
            raise invalid_param(f"sensitive_word_avoidance: the API-based extension failed: {error}") from error


def _holds(texts: Sequence[str], rule: Rule) -> bool:
    return any(word in text for text in map(str.casefold, texts) for word in rule.keywords)


def _input_verdict(said: Mapping[str, Any]) -> Verdict | None:
    if said.get("flagged") is not True:
        return None
    if said.get("action") != "overridden":
        return _direct(said)
    inputs, query = said.get("inputs"), said.get("query")
    return Verdict(
        is_final=False, inputs=clean(inputs) if isinstance(inputs, Mapping) else None,
        query=clean_text(query) if isinstance(query, str) else None,
    )  # fmt: skip


def _output_verdict(said: Mapping[str, Any]) -> Verdict | None:
    if said.get("flagged") is not True:
        return None
    if said.get("action") != "overridden":
        return _direct(said)
    text = said.get("text")
    return Verdict(is_final=False, text=clean_text(text) if isinstance(text, str) else "")


def _direct(said: Mapping[str, Any]) -> Verdict:
    preset = said.get("preset_response")
    return Verdict(is_final=True, text=clean_text(preset) if isinstance(preset, str) else "")
