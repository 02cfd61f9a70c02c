"""The splitters against the golden vectors of rag-engine.md 4.4 and its merge rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.split import automatic_split, fixed_split, merge, unescape

GREEK = "alpha beta gamma delta epsilon zeta eta theta"


@pytest.mark.parametrize(
    ("size", "overlap", "separator", "text", "chunks"),
    [
        (100, 10, "\\n", "a\nb\nc", ["a", "b", "c"]),
        (100, 0, "\\n", "a\n\n\nb", ["a", "", "", "b"]),
        (50, 0, "###", "x ### y###z", ["x ", " y", "z"]),
        (10, 0, "\n", "0123456789", ["0123456789"]),
        (10, 0, "\n", "0123456789a", ["0123456789", "a"]),
        (10, 3, "\n", "abcdefghijklmnopqrstuvwxyz", ["abcdefghij", "hijklmnopq", "opqrstuvwx", "vwxyz"]),
        (12, 4, "\n\n", "x" * 30, ["x" * 12, "x" * 12, "x" * 12, "x" * 6]),
        (
            30, 10, "\n", "One two three. Four five six. Seven eight nine. Ten eleven twelve.",
            ["One two three. Four five six.", "Seven eight nine.", "Ten eleven twelve."],
        ),
        (
            30, 12, "\n", "Aa one. Bb two. Cc three. Dd four. Ee five.",
            ["Aa one. Bb two. Cc three.", "Cc three. Dd four. Ee five."],
        ),
        (
            25, 0, "\n", "First line here. And then some words without stops that go on",
            ["First line here.", "And then some words", "without stops that go on"],
        ),
        (
            20, 5, "\n\n", "日本語の文章です。これは二番目の文です。三番目です。",
            ["日本語の文章です。これは二番目の文です。", "三番目です。"],
        ),
        # Where Dify loses spaces and line breaks, we keep them.
        (20, 0, "\n", GREEK, ["alpha beta gamma", "delta epsilon zeta", "eta theta"]),
        (20, 0, "\n\n", "one\ntwo\nthree\nfour\nfive\nsix", ["one\ntwo\nthree\nfour\nf", "ive\nsix"]),
        # Where escape decoding garbles a separator in Dify, it matches.
        (20, 0, "。", "第一句。第二句。第三句", ["第一句", "第二句", "第三句"]),
    ],
)  # fmt: skip
def test_fixed_splitter_gives_the_golden_chunks(
    size: int, overlap: int, separator: str, text: str, chunks: list[str]
) -> None:
    assert list(fixed_split(text, separator, size, overlap)) == chunks


@pytest.mark.parametrize(
    ("size", "overlap", "text", "chunks"),
    [
        (
            50, 10, "Para one is here.\n\nPara two is here and a bit longer than.\n\nThree.",
            ["Para one is here.", "Para two is here and a bit longer than.\n\nThree."],
        ),
        (
            50, 10, f"{GREEK} iota kappa lambda mu nu xi omicron pi",
            [GREEK, "eta theta iota kappa lambda mu nu xi omicron pi"],
        ),
        (
            30, 10, "First para is short.\n\nSecond para is a bit longer. It has two sentences.",
            ["First para is short.", "Second para is a bit longer.", "It has two sentences."],
        ),
        (50, 10, "", []),
        (50, 10, " \n\n \n", []),
        (5, 0, "abcdefghijk\nlm", ["abcde", "fghij", "k\nlm"]),
    ],
)  # fmt: skip
def test_automatic_splitter_gives_the_golden_chunks(size: int, overlap: int, text: str, chunks: list[str]) -> None:
    assert list(automatic_split(text, size, overlap)) == chunks


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("\\n", "\n"), ("\\n\\n", "\n\n"), ("\\t|", "\t|"), ("\\u3002", "。"), ("\\x41", "A"), ("\\\\n", "\\n"),
        ("。", "。"), ("\\d", "\\d"), ("\\", "\\"), ("\\x", "\\x"), ("\\N{BULLET}", "\\N{BULLET}"),
    ],
)  # fmt: skip
def test_separator_is_decoded_where_it_is_an_escape(typed: str, meant: str) -> None:
    assert unescape(typed) == meant


TEXTS = st.text(alphabet="ab \n.。", max_size=300)


@given(TEXTS, st.integers(1, 40), st.data())
def test_no_automatic_chunk_is_blank_or_longer_than_the_size(text: str, size: int, data: st.DataObject) -> None:
    chunks = list(automatic_split(text, size, data.draw(st.integers(0, size))))
    assert all(chunk.strip() == chunk and 0 < len(chunk) <= size for chunk in chunks)


@given(TEXTS, st.integers(1, 40))
def test_without_overlap_every_letter_comes_once(text: str, size: int) -> None:
    assert "".join("".join(automatic_split(text, size, 0)).split()) == "".join(text.split())


@given(st.text(alphabet="ab .。", max_size=300), st.integers(1, 40), st.data())
def test_with_overlap_no_letter_is_lost_from_its_place(text: str, size: int, data: st.DataObject) -> None:
    start = 0
    for chunk in automatic_split(text, size, data.draw(st.integers(0, size))):
        assert (start := text.find(chunk, start)) >= 0


@given(st.text(alphabet="ab\n", min_size=1, max_size=80), st.integers(1, 20), st.data())
def test_splitting_between_characters_is_merging_characters(text: str, size: int, data: st.DataObject) -> None:
    """The arithmetic short cut gives what the rule gives."""
    overlap = data.draw(st.integers(0, size))
    text = text.replace("\n\n", "b")
    expected = [text.strip()] if len(text) < size and text.strip() else list(merge(text, size, overlap))
    assert list(automatic_split(text, size, overlap)) == expected


def test_long_text_is_split_lazily() -> None:
    text = "A sentence of some words. " * 200_000
    chunks = automatic_split(text, 500, 50)
    assert next(chunks).startswith("A sentence")
