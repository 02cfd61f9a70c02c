"""Names of conversations and suggested questions (feature-semantics.md section 10 and 3.2)."""

from __future__ import annotations

import json

import pytest

from server.chat import naming, suggested
from server.llm.port import PromptMessage


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "New conversation"),
        ("first question", "first question"),
        ("x" * 20, "x" * 20),
        ("x" * 21, "x" * 20 + "…"),
        ("你好 🙂", "你好 🙂"),
    ],
)
def test_initial_name_is_the_query_or_its_start(query: str, name: str) -> None:
    assert naming.initial_name(query) == name


def test_title_is_asked_for_with_the_documented_parameters() -> None:
    request = naming.request("a\nb\r\nc")
    assert request.parameters == {"temperature": 1, "max_tokens": 500}
    assert [message.role for message in request.messages] == ["system", "user"]
    assert json.loads(request.messages[1].text) == {"first_message": "a b  c"}


def test_long_query_is_cut_to_both_ends_for_the_title() -> None:
    assert json.loads(naming.request("x" * 2000).messages[1].text)["first_message"] == "x" * 2000
    shown = json.loads(naming.request("a" * 1000 + "b" * 1001).messages[1].text)["first_message"]
    assert shown.startswith("a" * 300)
    assert shown.endswith("b" * 300)
    assert len(shown) < 700


@pytest.mark.parametrize(
    "reply",
    [
        '{"title": "Sea travel"}',
        'Sure!\n```json\n{"title": " Sea\\n travel "}\n```',
        '{broken {"title": "Sea travel"}',
        '{"title": "Sea travel"} {"title": "Other"}',
    ],
)
def test_title_is_found_in_a_reply(reply: str) -> None:
    assert naming.title(reply, "q") == "Sea travel"


@pytest.mark.parametrize("reply", ["", "tok0 tok1", "[1]", "{}", '{"title": 5}', '{"title": "  "}', "{" * 50_000])
def test_unusable_reply_gives_the_query(reply: str) -> None:
    assert naming.title(reply, "what\nis it") == "what is it"


def test_title_is_cut_at_75_characters() -> None:
    assert naming.title(json.dumps({"title": "x" * 75}), "q") == "x" * 75
    assert naming.title(json.dumps({"title": "x" * 76}), "q") == "x" * 75 + "..."
    assert naming.title("", "y" * 80) == "y" * 75 + "..."


def test_fallback_is_the_query_cut_at_50_characters() -> None:
    assert naming.fallback("x" * 50) == "x" * 50
    assert naming.fallback("x" * 51) == "x" * 47 + "..."
    assert naming.fallback(" ") == "New conversation"


def test_suggestions_are_asked_for_with_the_thread_as_lines() -> None:
    history = [PromptMessage("user", "q"), PromptMessage("assistant", "a")]
    request = suggested.request(history)
    assert request.parameters == {"temperature": 0, "max_tokens": 256}
    (message,) = request.messages
    assert message.role == "user"
    assert message.text.startswith("Human: q\nAssistant: a\n\n")
    assert "JSON array" in suggested.request(history, "Ask like a pirate.").messages[0].text
    assert "pirate" in suggested.request(history, "Ask like a pirate.").messages[0].text


@pytest.mark.parametrize(
    ("reply", "questions"),
    [
        ('["a?", "b?"]', ["a?", "b?"]),
        ('Here:\n```json\n["a [1]?", 5, null, " b? ", ""]\n```', ["a [1]?", "b?"]),
        ('[see] ["a?"]', ["a?"]),
        ("[]", []),
        ("tok0 tok1", []),
        ('["open', []),
        ("[" * 50_000, []),
        ("", []),
    ],
)
def test_questions_are_the_strings_of_the_first_array(reply: str, questions: list[str]) -> None:
    assert suggested.questions(reply) == questions
