"""The table of predefined models holds together."""

from __future__ import annotations

import pytest

from server.llm.catalogue import LOCAL_EMBEDDING, LOCAL_MODEL, MODELS, find, is_reasoning
from server.llm.names import GOOGLE, LOCAL, OPENAI, OPENAI_COMPATIBLE, full_name

CARDS = [(provider, card) for provider, cards in MODELS.items() for card in cards]


def test_no_model_is_listed_twice() -> None:
    keys = [(provider, card.model, card.model_type) for provider, card in CARDS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("provider", "card"), CARDS, ids=[card.model for _, card in CARDS])
def test_card_is_complete(provider: str, card) -> None:
    without_tokens = card.model_type in ("speech2text", "tts", "moderation")
    assert card.label and (card.context_size > 0) != without_tokens
    assert card.pricing is not None or provider == LOCAL or without_tokens or card.model_type == "rerank"
    assert (len(card.voices) > 0) == (card.longest_text > 0) == (card.model_type == "tts")
    assert (card.max_chunks > 0) == (card.model_type == "text-embedding")
    if card.model_type == "llm":
        names = [rule["name"] for rule in card.parameter_rules]
        assert 0 < card.max_output <= card.context_size
        assert len(names) == len(set(names))
        assert {"max_tokens", "max_output_tokens"} & set(names)


def test_families_of_the_issue_are_there() -> None:
    for model in ("gemini-2.0-flash", "gemini-2.5-pro", "gemini-3-pro-preview"):
        assert find(GOOGLE, model, "llm")
    for model in ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "o3", "o4-mini"):
        assert find(OPENAI, model, "llm")
    assert find(GOOGLE, "gemini-embedding-001", "text-embedding")
    assert find(OPENAI, "text-embedding-3-large", "text-embedding")
    assert find(LOCAL, LOCAL_MODEL, "llm")
    assert find(LOCAL, LOCAL_EMBEDDING, "text-embedding")
    assert find(OPENAI, "gpt-4o", "text-embedding") is None


@pytest.mark.parametrize(
    ("model", "reasoning"),
    [("o3-mini", True), ("gpt-5", True), ("gpt-5.4-nano", True), ("gpt-5-chat-latest", False), ("gpt-4o", False)],
)
def test_reasoning_models_are_known_by_name(model: str, reasoning: bool) -> None:
    assert is_reasoning(model) is reasoning


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("openai", OPENAI),
        ("google", GOOGLE),
        ("gemini", GOOGLE),
        ("langgenius/gemini", GOOGLE),
        ("local", LOCAL),
        ("openai_api_compatible", OPENAI_COMPATIBLE),
        ("langgenius/openai", OPENAI),
        ("tongyi", "langgenius/tongyi/tongyi"),
        (OPENAI, OPENAI),
    ],
)
def test_short_provider_names_are_completed(short: str, full: str) -> None:
    assert full_name(short) == full
