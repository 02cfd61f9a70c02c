"""What of an answer is spoken, and in which pieces."""

from __future__ import annotations

import pytest

from server.audio.spoken import Spoken, plain
from server.kit.sentences import all_sentences, grouped, sentences


def spoken(text: str, step: int = 3) -> list[str]:
    answer, pieces = Spoken(), []
    for at in range(0, len(text), step):
        pieces += answer.add(text[at : at + step])
    return [*pieces, *answer.finish()]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("One. Two! Three? Four", ["One.", " Two!", " Three?", " Four"]),
        ("It costs 3.14 euro, e.g. here. Yes.", ["It costs 3.14 euro, e.g. here.", " Yes."]),
        ("你好。再见！好吗？", ["你好。", "再见！", "好吗？"]),
        ('He said "no." Then he left.', ['He said "no."', " Then he left."]),
        ("first line\nsecond line", ["first line\n", "second line"]),
        ("  \n ", []),
    ],
)
def test_sentences_end_where_a_reader_breathes(text: str, cut: list[str]) -> None:
    assert all_sentences(text) == cut


def test_no_sentence_is_longer_than_allowed_and_nothing_is_lost() -> None:
    for text in ("word " * 300, "x" * 1_000, "part, " * 200 + "end. Next one."):
        cut = all_sentences(text, 100)
        assert max(map(len, cut)) <= 100 and "".join(cut).strip() == text.strip()
        assert all(len(piece) <= 250 for piece in grouped(text, 250))
    assert sentences("Whole. Half") == (["Whole."], " Half")


def test_first_piece_has_two_sentences_and_later_ones_more() -> None:
    pieces = spoken(" ".join(f"This is number {at}." for at in range(16)))
    assert [piece.count(".") for piece in pieces] == [2, 3, 4, 5, 2]


def test_thoughts_and_code_are_not_spoken_wherever_the_stream_is_cut() -> None:
    assert spoken("Look: ```python\nprint(1). Done.\n``` That was it.") == ["Look:  That was it."]
    for step in range(1, 12):
        said = " ".join(spoken("<think>Let me see. Is it so? Yes.</think>It is <so. Good. <think>more. And", step))
        assert said == "It is <so. Good."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Title\n\nSome **bold** and *soft* words", "Title\n\nSome bold and soft words"),
        ("See [the page](https://example.com/a_b) now", "See the page now"),
        ("- one\n- two", "one\ntwo"),
        ("Run `make run` first", "Run make run first"),
        ("snake_case and 2 * 3 stay", "snake_case and 2 * 3 stay"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a , b\n\n1 , 2"),
    ],
)
def test_marks_of_markdown_are_not_spoken(text: str, said: str) -> None:
    assert plain(text) == said


def test_piece_without_a_word_is_left_out() -> None:
    assert spoken("---. ```\ncode. more.\n``` ***!") == []
