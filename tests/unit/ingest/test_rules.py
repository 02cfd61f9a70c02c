"""What a process rule may say, and what is refused before a document exists."""

from __future__ import annotations

from typing import Any

import pytest

from server.ingest.rules import AUTOMATIC, FALLBACK, RuleError, Segmentation, parse_rule


def custom(**segmentation: Any) -> dict[str, Any]:
    return {
        "mode": "custom",
        "rules": {
            "pre_processing_rules": [{"id": "remove_extra_spaces", "enabled": True}],
            "segmentation": {"separator": "\n\n", "max_tokens": 800, "chunk_overlap": 80, **segmentation},
        },
    }


def hierarchical(**rules: Any) -> dict[str, Any]:
    return {
        "mode": "hierarchical",
        "rules": {
            "pre_processing_rules": [],
            "segmentation": {"max_tokens": 100},
            "subchunk_segmentation": {"separator": ". ", "max_tokens": 60},
            **rules,
        },
    }


def refusal(document: Any, doc_form: str = "text_model") -> str:
    with pytest.raises(RuleError) as refused:
        parse_rule(document, doc_form=doc_form)
    return str(refused.value)


def test_no_rule_is_automatic() -> None:
    assert parse_rule(None, doc_form="text_model") is AUTOMATIC


@pytest.mark.parametrize("rules", [None, {}, {"segmentation": "nonsense"}])
def test_rules_of_automatic_mode_are_ignored(rules: Any) -> None:
    assert parse_rule({"mode": "automatic", "rules": rules}, doc_form="qa_model") is AUTOMATIC


def test_automatic_rule_is_500_50_with_spaces_removed() -> None:
    assert AUTOMATIC.segmentation == Segmentation("\n", 500, 50)
    assert AUTOMATIC.removes_extra_spaces
    assert not AUTOMATIC.removes_urls_emails


def test_custom_rule_is_read() -> None:
    rule = parse_rule(custom(), doc_form="text_model")
    assert rule.segmentation == Segmentation("\n\n", 800, 80)
    assert rule.removes_extra_spaces
    assert not rule.removes_urls_emails


def test_defaults_of_a_segmentation() -> None:
    document = custom()
    document["rules"]["segmentation"] = {"max_tokens": 100}
    assert parse_rule(document, doc_form="text_model").segmentation == Segmentation("\n", 100, 0)


def test_numbers_as_floats_are_whole() -> None:
    segmentation = parse_rule(custom(max_tokens=100.0, chunk_overlap=5.0), doc_form="text_model").segmentation
    assert segmentation == Segmentation("\n\n", 100, 5)


def test_later_duplicate_of_a_cleaning_rule_wins_and_unknown_ids_are_kept() -> None:
    document = custom()
    document["rules"]["pre_processing_rules"] = [
        {"id": "remove_urls_emails", "enabled": True},
        {"id": "remove_stopwords", "enabled": True},
        {"id": "someone_elses", "enabled": True},
        {"id": "remove_urls_emails", "enabled": False},
    ]
    rule = parse_rule(document, doc_form="text_model")
    assert not rule.removes_urls_emails
    assert dict(rule.pre_processing) == {"remove_urls_emails": False, "remove_stopwords": True, "someone_elses": True}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": None}, "Process rule mode is required"),
        ({"mode": "clever"}, "Process rule mode is invalid"),
        ({"rules": None}, "Process rule rules is required"),
        ({"rules": []}, "Process rule rules is invalid"),
    ],
)
def test_broken_rule_is_refused(change: dict[str, Any], message: str) -> None:
    assert refusal({**custom(), **change}) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pre_processing_rules": None}, "Process rule pre_processing_rules is required"),
        ({"pre_processing_rules": {}}, "Process rule pre_processing_rules is invalid"),
        ({"pre_processing_rules": ["x"]}, "Process rule pre_processing_rules is invalid"),
        ({"pre_processing_rules": [{"enabled": True}]}, "Process rule pre_processing_rules id is required"),
        ({"pre_processing_rules": [{"id": "x"}]}, "Process rule pre_processing_rules enabled is required"),
        ({"pre_processing_rules": [{"id": "x", "enabled": "yes"}]}, "Process rule pre_processing_rules enabled is invalid"),
        ({"segmentation": None}, "Process rule segmentation is required"),
        ({"segmentation": "x"}, "Process rule segmentation is invalid"),
        ({"parent_mode": "grandparent"}, "Process rule parent_mode is invalid"),
    ],
)  # fmt: skip
def test_broken_rules_are_refused(change: dict[str, Any], message: str) -> None:
    document = custom()
    document["rules"] |= change
    assert refusal(document) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"separator": ""}, "Process rule segmentation separator is required"),
        ({"separator": None}, "Process rule segmentation separator is required"),
        ({"separator": 5}, "Process rule segmentation separator is invalid"),
        ({"max_tokens": 0}, "Process rule segmentation max_tokens is required"),
        ({"max_tokens": None}, "Process rule segmentation max_tokens is required"),
        ({"max_tokens": "many"}, "Process rule segmentation max_tokens is invalid"),
        ({"max_tokens": 99.5}, "Process rule segmentation max_tokens is invalid"),
        ({"max_tokens": True}, "Process rule segmentation max_tokens is invalid"),
        ({"max_tokens": float("nan")}, "Process rule segmentation max_tokens is invalid"),
        ({"max_tokens": float("inf")}, "Process rule segmentation max_tokens is invalid"),
        ({"chunk_overlap": -1}, "Process rule segmentation chunk_overlap is invalid"),
        ({"max_tokens": 10}, "Custom segment length should be between 50 and 4000."),
        ({"max_tokens": 49}, "Custom segment length should be between 50 and 4000."),
        ({"max_tokens": 4001}, "Custom segment length should be between 50 and 4000."),
        (
            {"max_tokens": 50, "chunk_overlap": 60},
            "Got a larger chunk overlap (60) than chunk size (50), should be smaller.",
        ),
    ],
)
def test_broken_segmentation_is_refused(change: dict[str, Any], message: str) -> None:
    assert refusal(custom(**change)) == message


@pytest.mark.parametrize(("length", "overlap"), [(50, 50), (4000, 0)])
def test_lengths_at_the_bounds_are_taken(length: int, overlap: int) -> None:
    rule = parse_rule(custom(max_tokens=length, chunk_overlap=overlap), doc_form="text_model")
    assert (rule.segmentation.max_tokens, rule.segmentation.chunk_overlap) == (length, overlap)


def test_longest_segment_is_a_setting() -> None:
    assert parse_rule(custom(max_tokens=8000), doc_form="text_model", longest=8000).segmentation.max_tokens == 8000


def test_unknown_form_is_refused() -> None:
    assert refusal(custom(), "poem_model") == "Invalid doc_form."


@pytest.mark.parametrize("document", [None, {"mode": "automatic"}])
def test_automatic_mode_of_a_hierarchical_document_is_refused(document: Any) -> None:
    assert "hierarchical_model" in refusal(document, "hierarchical_model")


def test_parent_mode_defaults_to_paragraph() -> None:
    rule = parse_rule(hierarchical(), doc_form="hierarchical_model")
    assert rule.parent_mode == "paragraph"
    assert rule.subchunk == Segmentation(". ", 60, 0)


def test_hierarchical_rule_without_children_is_refused() -> None:
    text = refusal(hierarchical(subchunk_segmentation=None), "hierarchical_model")
    assert text == "No subchunk segmentation found in rules."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": 10}, "Custom segment length should be between 50 and 4000."),
        ({"max_tokens": 0}, "Process rule subchunk_segmentation max_tokens is required"),
        ({"chunk_overlap": 61}, "Got a larger chunk overlap (61) than chunk size (60), should be smaller."),
    ],
)
def test_broken_children_of_a_hierarchical_rule_are_refused(change: dict[str, Any], message: str) -> None:
    document = hierarchical(subchunk_segmentation={"separator": ". ", "max_tokens": 60, **change})
    assert refusal(document, "hierarchical_model") == message


def test_full_doc_needs_no_length_of_its_parent() -> None:
    document = hierarchical(parent_mode="full-doc", segmentation={"separator": "\n", "max_tokens": 0})
    assert parse_rule(document, doc_form="hierarchical_model").is_full_doc


def test_hierarchical_rule_serves_a_plain_document() -> None:
    rule = parse_rule(hierarchical(subchunk_segmentation=None), doc_form="text_model")
    assert rule.segmentation == Segmentation("\n", 100, 0)


@pytest.mark.parametrize(
    ("document", "doc_form"),
    [
        (None, "text_model"),
        (custom(), "text_model"),
        (hierarchical(), "hierarchical_model"),
        (hierarchical(parent_mode="full-doc", segmentation={"max_tokens": 0}), "hierarchical_model"),
    ],
)
def test_stored_rule_is_read_as_the_same_rule(document: Any, doc_form: str) -> None:
    rule = parse_rule(document, doc_form=doc_form)
    assert parse_rule(rule.as_document(), doc_form=doc_form) == rule


@pytest.mark.parametrize(("rule", "mode", "length"), [(AUTOMATIC, "automatic", 500), (FALLBACK, "custom", 1024)])
def test_rules_that_nobody_wrote_show_both_spellings_of_the_separator(rule: Any, mode: str, length: int) -> None:
    document = rule.as_document()
    assert document["mode"] == mode
    assert document["rules"]["segmentation"] == {
        "separator": "\n", "delimiter": "\n", "max_tokens": length, "chunk_overlap": 50,
    }  # fmt: skip
