"""Local token counts: exact for known texts, cheap, and safe for very long input."""

from __future__ import annotations

import pytest

from server.llm import tokens
from server.llm.port import FilePart, PromptMessage


def test_count_of_known_texts_is_o200k() -> None:
    assert tokens.count("hello world") == 2
    assert tokens.count("") == 0
    assert tokens.count("<|endoftext|>") == 7


def test_count_of_more_than_200_000_tokens_works() -> None:
    assert tokens.count("a b " * 300_000) > 500_000


async def test_messages_cost_their_text_their_frame_and_their_files() -> None:
    plain = [PromptMessage("user", "hello world")]
    assert await tokens.count_messages(plain) == 3 + 3 + 2
    image = FilePart("image", "image/png", data=b"x", detail="low")
    assert await tokens.count_messages([PromptMessage("user", "hello world", (image,))]) == 3 + 3 + 2 + 85
    assert await tokens.count_messages([]) == 0


async def test_estimate_is_marked_as_one() -> None:
    usage = await tokens.estimate([PromptMessage("user", "hello world")], "hello world")
    assert usage.estimated
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (8, 2, 10)


@pytest.mark.parametrize("text", ["plain words " * 400, "向量检索与全文检索。" * 300, "a" * 3000 + "字" * 3000, "𝄞" * 500])
def test_cut_text_fits_and_is_a_beginning(text: str) -> None:
    cut = tokens.cut(text, 100)
    assert text.startswith(cut)
    assert 95 <= tokens.count(cut) <= 100


def test_cut_leaves_a_text_that_fits() -> None:
    assert tokens.cut("short", 100) == "short"
    assert tokens.cut("word " * 90, 100) == "word " * 90


async def test_fitted_texts_are_never_empty() -> None:
    assert await tokens.fit(["", "a"], 10) == [" ", "a"]
    assert await tokens.fit(["", "x" * 100], 0) == [" ", "x" * 100]
