"""Chunk structures of the three document forms (rag-engine.md section 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from server.ingest.chunks import Chunk, child_chunks, chunks, text_hash, without_leading_symbols
from server.ingest.part import Part
from server.ingest.rules import AUTOMATIC, ProcessRule, Segmentation

LINES = ProcessRule("custom", (), Segmentation("\n", 500, 0))
PARAGRAPHS = ProcessRule("hierarchical", (), Segmentation("\n\n", 500, 0), "paragraph", Segmentation("\n", 500, 0))
FULL_DOC = replace(PARAGRAPHS, parent_mode="full-doc")


def count_words(text: str) -> int:
    return len(text.split())


def made(parts: list[str], rule: ProcessRule, doc_form: str) -> list[Chunk]:
    return list(chunks(map(Part, parts), rule, doc_form, count_tokens=count_words))


def contents(parts: list[str], rule: ProcessRule = LINES, doc_form: str = "text_model") -> list[str]:
    return [chunk.content for chunk in made(parts, rule, doc_form)]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("# Title", "Title"), ("- item", "- item"), ("(1) x", "1) x"), ("...dots", "dots"), ("。句", "句"),
        ("，逗号", "，逗号"), ("【标题】", "【标题】"), ("《书》", "书》"), ("…rest", "…rest"), ("!bang", "!bang"),
        ("{json}", "{json}"), ("| a | b |", "| a | b |"), ("“quoted”", "quoted”"), ("\u3000indent", "indent"),
        ("[link](https://x.y) text", "[link](https://x.y) text"), ("[link](/x) text", "link](/x) text"),
        ("[1] note", "1] note"), ("plain", "plain"), ("###", ""),
    ],
)  # fmt: skip
def test_leading_symbols_of_a_chunk_go(text: str, stored: str) -> None:
    assert without_leading_symbols(text).strip() == stored


def test_plain_chunks_are_trimmed_and_blank_ones_dropped() -> None:
    assert contents(["x \n\n  \n y\n###\n# Title"]) == ["x", "y", "Title"]


def test_chunks_never_span_parts() -> None:
    assert contents(["one", "two"], AUTOMATIC) == ["one", "two"]


def test_parts_are_cleaned() -> None:
    assert contents(["a\x00b  c"], AUTOMATIC) == ["ab c"]


def test_question_chunks_are_plain_chunks() -> None:
    assert contents(["# Title\n- item"], LINES, "qa_model") == ["Title", "- item"]


def test_parent_keeps_its_text_and_has_children() -> None:
    parents = made(["# One\ntwo \n\n. Three\nfour\n\n \n\n。五"], PARAGRAPHS, "hierarchical_model")
    assert parents == [
        Chunk("# One\ntwo ", ("# One", "two ")), Chunk("Three\nfour", ("Three", "four")), Chunk("五", ("五",)),
    ]  # fmt: skip


def test_children_drop_blanks_and_one_leading_stop() -> None:
    rule = replace(PARAGRAPHS, subchunk=Segmentation(" | ", 50, 0))
    assert child_chunks("a |  | ..b | 。 | # c", rule) == ("a", ".b", "# c")


def test_long_child_is_cut() -> None:
    rule = replace(PARAGRAPHS, subchunk=Segmentation("\n", 10, 3))
    assert child_chunks("abcdefghijklmnopqrstuvwxyz", rule) == ("abcdefghij", "hijklmnopq", "opqrstuvwx", "vwxyz")


def test_rule_without_children_gives_none() -> None:
    assert child_chunks("text", LINES) == ()


def test_full_doc_is_one_parent_as_it_is() -> None:
    parents = made(["# One  <|x|>\x01", " two\n\n\n\nthree "], FULL_DOC, "hierarchical_model")
    assert [parent.content for parent in parents] == ["# One  <|x|>\x01\n two\n\n\n\nthree "]
    assert parents[0].children == ("# One  <|x|>\x01", " two", "three ")


def test_full_doc_ends_at_ten_thousand_tokens_and_asks_for_no_more() -> None:
    asked = 0

    def parts() -> Iterator[Part]:
        nonlocal asked
        for _ in range(50):
            asked += 1
            yield Part("word " * 999 + "word")

    (parent,) = chunks(parts(), FULL_DOC, "hierarchical_model", count_tokens=count_words)
    assert count_words(parent.content) == pytest.approx(10_000, rel=0.01)
    assert count_words(parent.content) <= 10_000
    assert asked == 11


@pytest.mark.parametrize("doc_form", ["text_model", "qa_model"])
def test_empty_document_has_no_chunks(doc_form: str) -> None:
    assert made([], AUTOMATIC, doc_form) == []
    assert made(["", " \n"], AUTOMATIC, doc_form) == []


@pytest.mark.parametrize("rule", [PARAGRAPHS, FULL_DOC])
def test_empty_hierarchical_document_has_no_chunks(rule: ProcessRule) -> None:
    assert made(["", " \n"], rule, "hierarchical_model") == []


def test_chunks_come_while_parts_are_still_read() -> None:
    def parts() -> Iterator[Part]:
        yield Part("first")
        raise AssertionError("asked too early")

    assert next(chunks(parts(), AUTOMATIC, "text_model", count_tokens=len)).content == "first"


def test_hash_is_of_the_text_and_the_word_none() -> None:
    assert text_hash("内容") == hashlib.sha256("内容None".encode()).hexdigest()
