"""Keywords, full-text tokens, and the keyword half of the hybrid score."""

from __future__ import annotations

import pytest

from server.ingest.keywords import keywords, query_keywords, tfidf_cosine, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # The same as jieba's extract_tags with Dify's stop words gives.
        ("How do I reset the device to factory settings?", {"device", "factory", "reset", "settings"}),
        ("Dify 是一个开源的大语言模型应用开发平台", {"Dify", "平台", "应用", "开发", "开源", "模型", "语言"}),
        ("3.14", {"3.14", "14"}),
        ("", set()),
        ("的 了 the of ! 。 --- ...", set()),
    ],
)
def test_keywords_of_a_text(text: str, found: set[str]) -> None:
    assert set(keywords(text)) == found


def test_rarer_words_come_first() -> None:
    """By jieba's table: 10.1 and 7.6."""
    assert keywords("版本 圆周率", 1) == ["圆周率"]


def test_frequent_words_come_first() -> None:
    assert keywords("apple banana banana", 1) == ["banana"]


def test_limit_counts_words_not_their_parts() -> None:
    text = " ".join(f"word{number}" for number in range(30))
    assert len(keywords(text)) == 10
    assert len(keywords(text, None)) == 30


def test_words_that_differ_in_case_only_are_one_shown_as_first_met() -> None:
    assert keywords("Dify dify DIFY") == ["Dify"]


def test_query_keywords_are_lower_case() -> None:
    assert query_keywords("Dify Platform") == ["dify", "platform"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The Quick, brown fox!", ["the", "quick", "brown", "fox"]),
        ("圆周率约为3.14。", ["圆周", "圆周率", "约", "为", "3.14"]),
        ("Ｃａｆｅ １２", ["cafe", "12"]),
        ("naïve Café", ["naive", "cafe"]),
        ("Привет мир", ["привет", "мир"]),
        ("queries settings boxes glass bus gas shoes", ["query", "setting", "box", "glass", "bus", "gas", "shoes"]),
        ("", []),
        ("—— ！？ ...", []),
        ("x" * 100, ["x" * 64]),
    ],
)
def test_full_text_tokens(text: str, tokens: list[str]) -> None:
    assert words(text) == tokens


def test_query_in_other_form_has_the_words_of_the_text() -> None:
    assert set(words("the SETTING's query")) >= {"setting", "query"}
    assert set(words("设备 恢复出厂设置")) & set(words("如何将设备恢复到出厂设置"))


def test_keyword_score_of_the_worked_example() -> None:
    """rag-engine.md 7.1."""
    first, second = tfidf_cosine(["a", "b"], [["a", "b"], ["b", "c"]])
    assert first == pytest.approx(1.0, abs=5e-7)
    assert second == pytest.approx(0.336097, abs=5e-7)
    assert 0.7 * 0.5 + 0.3 * first == pytest.approx(0.65, abs=5e-7)
    assert 0.7 * 0.5 + 0.3 * second == pytest.approx(0.450829, abs=5e-7)


def test_keyword_score_ignores_case() -> None:
    assert tfidf_cosine(["Dify"], [["dify"]]) == pytest.approx([1.0])


def test_query_words_in_no_candidate_weigh_nothing() -> None:
    assert tfidf_cosine(["a", "zzz"], [["a"]]) == pytest.approx([1.0])


@pytest.mark.parametrize("query", [[], ["zzz"]])
def test_keyword_score_without_common_words_is_zero(query: list[str]) -> None:
    assert tfidf_cosine(query, [["a"], []]) == [0.0, 0.0]


def test_keyword_scores_of_no_candidates_are_none() -> None:
    assert tfidf_cosine(["a"], []) == []
