"""Summaries that a model writes of segments, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.product import COMPATIBLE
from tests.harness.stores import wait_until
from tests.rest.knowledge import NESTED, Knowledge, search_by

GIST, REFUSES = "gist@text=The gist of {user}", "gist-off@status=401,skip=1"
TEXT = "Whales sing.\nBees dance.\nStones lie."


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    for model in (GIST, REFUSES):
        indexed.workspace.add_model(model)
    return indexed


def summarised(knowledge: Knowledge, model: str = GIST, **fields: Any) -> str:
    """A new dataset whose segments are summarised."""
    setting = {"enable": True, "model_name": model, "model_provider_name": COMPATIBLE}
    return knowledge.quality(summary_index_setting=setting, **fields)


def wait_summaries(knowledge: Knowledge, dataset_id: str, document_id: str) -> list[str | None]:
    """The summaries of a document's segments once none is pending."""
    path = f"/datasets/{dataset_id}/documents/{document_id}"
    wait_until(lambda: knowledge.ok("GET", path)["summary_index_status"] is None, "nothing is summarised", every=0.05)
    return [one["summary"] for one in knowledge.segments(dataset_id, document_id)]


def test_each_segment_is_summarised_after_the_document_is_completed(knowledge: Knowledge) -> None:
    dataset_id = summarised(knowledge)
    document = knowledge.add_text(dataset_id, TEXT)
    assert document["need_summary"] is True
    assert wait_summaries(knowledge, dataset_id, document["id"]) == [f"The gist of {line}" for line in TEXT.split("\n")]
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        (best, *_) = knowledge.retrieve(dataset_id, "gist bees", search_by(method, top_k=2))
        assert (best["segment"]["content"], best["summary"]) == ("Bees dance.", "The gist of Bees dance.")


def test_text_of_the_summary_finds_its_segment_once(knowledge: Knowledge) -> None:
    dataset_id = summarised(knowledge)
    document = knowledge.add_text(dataset_id, "One line alone.")
    wait_summaries(knowledge, dataset_id, document["id"])
    records = knowledge.retrieve(dataset_id, "gist", search_by("full_text_search", top_k=5))
    assert [one["segment"]["content"] for one in records] == ["One line alone."]


def test_parents_are_summarised_not_their_children(knowledge: Knowledge) -> None:
    dataset_id = summarised(knowledge)
    text = "Whales sing.\nWhales dive."
    document = knowledge.add_text(dataset_id, text, process_rule=NESTED, doc_form="hierarchical_model")
    assert wait_summaries(knowledge, dataset_id, document["id"]) == [f"The gist of {text}"]


def test_changed_segment_is_summarised_again_unless_a_summary_comes_with_it(knowledge: Knowledge) -> None:
    dataset_id = summarised(knowledge)
    document = knowledge.add_text(dataset_id, TEXT)
    wait_summaries(knowledge, dataset_id, document["id"])
    first, second, _ = knowledge.segments(dataset_id, document["id"])
    path = f"/datasets/{dataset_id}/documents/{document['id']}/segments"
    knowledge.ok("POST", f"{path}/{first['id']}", json={"segment": {"content": "Dolphins leap."}})
    knowledge.ok("POST", f"{path}/{second['id']}", json={"segment": {"content": "Wasps hum.", "summary": "Mine."}})
    assert wait_summaries(knowledge, dataset_id, document["id"]) == [
        "The gist of Dolphins leap.", "Mine.", "The gist of Stones lie.",
    ]
    assert knowledge.retrieve(dataset_id, "gist whales", search_by("full_text_search", top_k=1))[0]["segment"][
        "content"
    ] != "Whales sing."  # fmt: skip


def test_model_that_refuses_leaves_a_completed_document_without_summaries(knowledge: Knowledge) -> None:
    dataset_id = summarised(knowledge, REFUSES)
    document = knowledge.add_text(dataset_id, TEXT)
    assert wait_summaries(knowledge, dataset_id, document["id"]) == [None, None, None]
    assert knowledge.ok("GET", f"/datasets/{dataset_id}/documents/{document['id']}")["indexing_status"] == "completed"
    assert knowledge.retrieve(dataset_id, "whales", search_by("semantic_search", top_k=1))[0]["summary"] is None


def test_nothing_is_summarised_where_that_is_off_or_has_no_vectors(knowledge: Knowledge) -> None:
    setting = {"enable": True, "model_name": GIST, "model_provider_name": COMPATIBLE}
    for dataset_id in (knowledge.quality(), knowledge.economy(summary_index_setting=setting)):
        document = knowledge.add_text(dataset_id, "Whales sing.")
        assert document["summary_index_status"] is None
        assert wait_summaries(knowledge, dataset_id, document["id"]) == [None]
