"""What moderators are asked, and what their answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from server.extension.model import ExtensionError
from server.kit.errors import AppError, Reason
from server.moderation import service as module
from server.moderation.model import Subject, Verdict, moderation_of
from server.moderation.service import ModerationService

SUBJECT = Subject("w", "a")
BOTH = {side: {"enabled": True, "preset_response": f"no {side}"} for side in ("inputs_config", "outputs_config")}


class Judge:
    """A moderation model that flags ``bad``, or never answers."""

    def __init__(self, *, is_silent: bool = False) -> None:
        self.is_silent = is_silent
        self.asked: list[str] = []

    async def is_flagged(self, text: str) -> bool:
        self.asked.append(text)
        if self.is_silent:
            await asyncio.Event().wait()
        return "bad" in text

    async def moderation_model(self, *_: str) -> Judge:
        return self


class Extension:
    """Answers everything the same."""

    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self._answer = answer

    async def ask(self, *_: Any) -> Mapping[str, Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def rule(kind: str, **config: Any) -> Any:
    return moderation_of({"enabled": True, "type": kind, "config": {**BOTH, **config}})


def by_extension(answer: Mapping[str, Any] | Exception) -> ModerationService:
    return ModerationService(Judge(), Extension(answer))


@pytest.mark.parametrize(
    ("inputs", "query", "flagged"),
    [
        ({"a": "x", "b": 1}, "fine", False),
        ({"a": "STRASSE 7"}, "", True),
        ({"a": "x"}, "in der straße", True),
        ({"a": None, "b": 42}, "", True),
        ({}, "", False),
    ],
)
async def test_words_are_found_in_any_case_in_every_input(inputs: Any, query: str, flagged: bool) -> None:
    service = ModerationService(Judge(), Extension({}))
    found = await service.inputs(SUBJECT, rule("keywords", keywords="Straße\n\n 42 \n"), inputs, query)
    assert found == (Verdict(is_final=True, text="no inputs_config") if flagged else None)


async def test_side_that_is_off_asks_nobody() -> None:
    judge = Judge()
    service = ModerationService(judge, Extension(ExtensionError("never")))
    off = rule("openai_moderation", inputs_config={"enabled": False})
    assert await service.inputs(SUBJECT, off, {"a": "bad"}, "bad") is None
    assert judge.asked == []
    assert await service.output(SUBJECT, off, "bad") == Verdict(is_final=True, text="no outputs_config")
    assert await service.output(SUBJECT, off, "") is None


async def test_model_that_is_silent_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.02)
    service = ModerationService(Judge(is_silent=True), Extension({}))
    with pytest.raises(AppError) as caught:
        await service.inputs(SUBJECT, rule("openai_moderation"), {}, "hello")
    assert caught.value.reason is Reason.COMPLETION_REQUEST_ERROR


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({}, None),
        ({"flagged": "true"}, None),
        ({"flagged": True}, Verdict(is_final=True)),
        ({"flagged": True, "action": "odd", "preset_response": "p\x00"}, Verdict(is_final=True, text="p")),
        ({"flagged": True, "action": "overridden", "inputs": [], "query": 1}, Verdict(is_final=False)),
        (
            {"flagged": True, "action": "overridden", "inputs": {"a": 1}, "query": "q"},
            Verdict(is_final=False, inputs={"a": 1}, query="q"),
        ),
    ],
)
async def test_odd_answers_of_an_extension_are_read_as_far_as_they_go(answer: Any, verdict: Verdict | None) -> None:
    assert await by_extension(answer).inputs(SUBJECT, rule("api"), {}, "hello") == verdict


async def test_extension_that_fails_is_an_invalid_param() -> None:
    with pytest.raises(AppError, match="the API-based extension failed: gone") as caught:
        await by_extension(ExtensionError("gone")).output(SUBJECT, rule("api"), "hello")
    assert caught.value.reason is Reason.INVALID_PARAM


@pytest.mark.parametrize(
    "feature",
    [
        None, {}, {"enabled": False, "type": "keywords", "config": BOTH}, {"enabled": True, "type": "odd", "config": BOTH},
        {"enabled": True, "type": "keywords"}, {"enabled": True, "type": "keywords", "config": {"inputs_config": 1}},
    ],
)
def test_feature_that_says_nothing_moderates_nothing(feature: Any) -> None:
    assert moderation_of(feature) is None
