"""Pairs in a model's reply."""

from __future__ import annotations

import pytest

from server.ingest.qa import parse_pairs, qa_prompt


@pytest.mark.parametrize(
    ("reply", "pairs"),
    [
        ("Q1: What?\nA1: That.\nQ2: Why?\nA2: So.", [("What?", "That."), ("Why?", "So.")]),
        ("Here they are:\n\nQ1: a\nA1: b\n   c\n\n\td", [("a", "b\nc\nd")]),
        ("Q1:a A1:b Q2:c A2:d", [("a", "b"), ("c", "d")]),
        ("Q1：问题？\nA1：答案。", [("问题？", "答案。")]),
        ("问题如下吗A0 Q1: 问\nA1: 答", [("问", "答")]),
        ("**Q1:** bold\n**A1:** yes", [("bold", "yes")]),
        ("Q1: two\nlines\nA1: x", [("two\nlines", "x")]),
        ("Q1: \nA1: no question\nQ2: no answer\nA2:\nQ3: ok\nA3: ok", [("ok", "ok")]),
        ("Q1: never answered\nQ2: x\nA2: y", [("x", "y")]),
        ("A1: unasked\nQ2: x\nA2: y", [("x", "y")]),
        ("See FAQ1: it is there", []),
        ("", []),
    ],
)
def test_pairs_of_a_reply(reply: str, pairs: list[tuple[str, str]]) -> None:
    assert parse_pairs(reply) == pairs


def test_prompt_names_the_language_and_the_format() -> None:
    prompt = qa_prompt("Chinese")
    assert "Chinese" in prompt
    assert "Q1:" in prompt
    assert "A1:" in prompt


@pytest.mark.timeout(20)
def test_reply_of_tags_alone_takes_linear_time() -> None:
    assert parse_pairs("Q1: A1: " * 100_000) == []
