"""What an app's moderation is, and what it says of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from server.kit.plain import clean_text

Kind = Literal["keywords", "openai_moderation", "api"]
KINDS: tuple[Kind, ...] = ("keywords", "openai_moderation", "api")


@dataclass(frozen=True, slots=True)
class Side:
    """Whether questions, or answers, are checked; ``preset`` stands for what is flagged."""

    enabled: bool = False
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How an app moderates. ``keywords`` are in the case that ``folded`` makes."""

    kind: Kind
    inputs: Side
    outputs: Side
    keywords: tuple[str, ...] = ()
    extension_id: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose texts are checked."""

    tenant_id: str
    app_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens with something flagged.

    ``is_final``: ``text`` is the answer and nothing follows (``direct_output``). Else the turn goes on with what
    replaces it (``overridden``): ``inputs`` and ``query`` of a question, ``text`` of an answer.
    """

    is_final: bool
    text: str = ""
    inputs: Mapping[str, Any] | None = None
    query: str | None = None


def moderation_of(feature: object) -> Rule | None:
    """Read a stored ``sensitive_word_avoidance``. None when it is off, or of no known type, as old data may be."""
    if not isinstance(feature, Mapping) or feature.get("enabled") is not True:
        return None
    kind, config = feature.get("type"), feature.get("config")
    if kind not in KINDS or not isinstance(config, Mapping):
        return None
    words = config.get("keywords")
    rule = Rule(
        kind=kind, inputs=_side(config.get("inputs_config")), outputs=_side(config.get("outputs_config")),
        keywords=tuple(folded(word) for word in words.splitlines() if word.strip()) if isinstance(words, str) else (),
        extension_id=str(config.get("api_based_extension_id") or ""),
    )  # fmt: skip
    return rule if rule.inputs.enabled or rule.outputs.enabled else None


def replaced(inputs: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The inputs of a question with those that an extension has overridden; only declared ones, which are there."""
    return {name: given.get(name, value) if given else value for name, value in inputs.items()}


def folded(text: str) -> str:
    """A text in which keywords are found whatever their case."""
    return text.strip().casefold()


def _side(config: object) -> Side:
    if not isinstance(config, Mapping):
        return Side()
    preset = config.get("preset_response")
    return Side(config.get("enabled") is True, clean_text(preset) if isinstance(preset, str) else "")
