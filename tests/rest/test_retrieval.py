"""Searching one dataset through Envoy: methods, ranking, filters, errors (dataset-api.md section 6, rag-engine.md 7)."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from server.db.tables import dataset_queries
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.rerank_server import RerankServer
from tests.harness.product import COMPATIBLE
from tests.harness.stores import wait_until
from tests.rest.knowledge import NESTED, Knowledge, search_by
from tests.rest.parties import database

# In the order of Dify's answer (dataset-api.md 6.2).
SEGMENT_KEYS = [
    "id", "position", "document_id", "content", "sign_content", "answer", "word_count", "tokens", "keywords",
    "index_node_id", "index_node_hash", "hit_count", "enabled", "disabled_at", "disabled_by", "status", "created_by",
    "created_at", "indexing_at", "completed_at", "error", "stopped_at", "document",
]  # fmt: skip
METHODS = ("semantic_search", "full_text_search", "hybrid_search")
SENTENCES = (
    "The sea is wide and blue.", "The mountain is tall and white.", "A river runs from the mountain to the sea.",
    "Fish live in the river.", "山上终年积雪。", "海里有很多鱼。",
)  # fmt: skip
TEXT = "\n".join(SENTENCES)


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


@pytest.fixture(scope="module")
def nature(knowledge: Knowledge) -> str:
    """A dataset of high quality that no test changes."""
    dataset_id = knowledge.quality()
    knowledge.add_text(dataset_id, TEXT)
    return dataset_id


@pytest.fixture(scope="module")
def words(knowledge: Knowledge) -> str:
    """An economy dataset that no test changes."""
    dataset_id = knowledge.economy()
    knowledge.add_text(dataset_id, TEXT)
    return dataset_id


@pytest.fixture(scope="module")
def rerank(knowledge: Knowledge, ranker: RerankServer) -> dict[str, Any]:
    """The part of a retrieval model that names a rerank model."""
    knowledge.add_model(ranker.url, "loopback-rerank", "rerank")
    return reranked_by("loopback-rerank")


def reranked_by(model: str) -> dict[str, Any]:
    named = {"reranking_provider_name": COMPATIBLE, "reranking_model_name": model}
    return {"reranking_enable": True, "reranking_mode": "reranking_model", "reranking_model": named}


def weighted(vector: float, keyword: float, **fields: Any) -> dict[str, Any]:
    """Hybrid search by weights; the embedding model that it names is not looked at."""
    weights = {
        "weight_type": "customized", "keyword_setting": {"keyword_weight": keyword},
        "vector_setting": {
            "vector_weight": vector, "embedding_provider_name": "a/b/c", "embedding_model_name": "any",
        },
    }  # fmt: skip
    return search_by("hybrid_search", reranking_mode="weighted_score", weights=weights, **fields)


def contents(records: Sequence[dict[str, Any]]) -> list[str]:
    return [record["segment"]["content"] for record in records]


def scores(records: Sequence[dict[str, Any]]) -> list[float]:
    return [record["score"] for record in records]


def explained(knowledge: Knowledge, dataset_id: str, query: str, model: dict[str, Any]) -> dict[str, Any]:
    body = {"query": query, "retrieval_model": model, "explain": True}
    found: dict[str, Any] = knowledge.ok("POST", f"/datasets/{dataset_id}/retrieve", json=body)
    return found


# The answer


def test_record_has_the_keys_of_the_reference(knowledge: Knowledge, nature: str) -> None:
    body = {"query": "wide sea", "retrieval_model": search_by("semantic_search", top_k=1)}
    reply = knowledge.ok("POST", f"/datasets/{nature}/retrieve", json=body)
    assert list(reply) == ["query", "records"]
    assert reply["query"] == {"content": "wide sea"}
    (record,) = reply["records"]
    assert list(record) == ["segment", "child_chunks", "score", "tsne_position", "files", "summary"]
    assert (record["child_chunks"], record["tsne_position"], record["files"], record["summary"]) == ([], None, [], None)
    segment = record["segment"]
    assert list(segment) == SEGMENT_KEYS
    assert (segment["content"], segment["sign_content"]) == ("The sea is wide and blue.",) * 2
    assert (segment["position"], segment["word_count"], segment["hit_count"], segment["enabled"]) == (1, 25, 0, True)
    assert segment["tokens"] > 0 and segment["keywords"] is None and segment["status"] == "completed"
    document = segment["document"]
    assert list(document) == ["id", "data_source_type", "name", "doc_type", "doc_metadata"]
    assert (document["id"], document["data_source_type"]) == (segment["document_id"], "upload_file")
    assert document["doc_metadata"] is None
    again = knowledge.ok("POST", f"/datasets/{nature}/hit-testing", json=body)
    assert again == reply


def test_metadata_of_the_document_comes_as_a_map_of_its_values(knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, "The harbour is calm.")
    kinds = {"lang": "string", "year": "number", "seen": "time"}
    fields = {
        name: knowledge.ok("POST", f"/datasets/{dataset_id}/metadata", json={"type": kind, "name": name})["id"]
        for name, kind in kinds.items()
    }
    values = {"lang": "en", "year": 2024, "seen": 1767225600}
    listed = [{"id": fields[name], "name": name, "value": value} for name, value in values.items()]
    body = {"operation_data": [{"document_id": document["id"], "metadata_list": listed}]}
    knowledge.ok("POST", f"/datasets/{dataset_id}/documents/metadata", json=body)
    (record,) = knowledge.retrieve(dataset_id, "harbour")
    assert record["segment"]["document"]["doc_metadata"] == values


# Methods


@pytest.mark.parametrize("method", METHODS)
def test_methods_find_by_meaning_and_words_in_two_languages(knowledge: Knowledge, nature: str, method: str) -> None:
    for query, best in (("tall white mountain", "The mountain is tall and white."), ("积雪", "山上终年积雪。")):
        found = knowledge.retrieve(nature, query, search_by(method, top_k=2))
        assert contents(found)[0] == best
        assert scores(found) == sorted(scores(found), reverse=True)
        assert all(score > 0 for score in scores(found)[:1])
        assert len(found) <= (4 if method == "hybrid_search" else 2)


def test_hybrid_without_reranking_is_the_union_of_both_lists(knowledge: Knowledge, nature: str) -> None:
    query = "river fish"
    lists = {
        method: contents(knowledge.retrieve(nature, query, search_by(method, top_k=2))) for method in METHODS
    }
    union = set(lists["semantic_search"]) | set(lists["full_text_search"])
    assert set(lists["hybrid_search"]) == union
    assert len(lists["hybrid_search"]) == len(union) <= 4


def test_words_that_nothing_holds_find_nothing_and_meaning_always_finds(knowledge: Knowledge, nature: str) -> None:
    assert knowledge.retrieve(nature, "xylophone", search_by("full_text_search")) == []
    assert len(knowledge.retrieve(nature, "xylophone", search_by("semantic_search", top_k=100))) == len(SENTENCES)


def test_keyword_search_of_a_dataset_without_keywords_finds_nothing(knowledge: Knowledge, nature: str) -> None:
    assert knowledge.retrieve(nature, "mountain", search_by("keyword_search")) == []


@pytest.mark.parametrize("method", [*METHODS, "keyword_search"])
def test_empty_dataset_answers_with_no_records(knowledge: Knowledge, method: str) -> None:
    for dataset_id in (knowledge.quality(), knowledge.economy(), knowledge.dataset()["id"]):
        assert knowledge.retrieve(dataset_id, "anything", search_by(method)) == []


def test_threshold_cuts_by_the_score_that_is_shown(knowledge: Knowledge, nature: str) -> None:
    for method in METHODS:
        everything = knowledge.retrieve(nature, "mountain river", search_by(method, top_k=6))
        limit = scores(everything)[1]
        model = search_by(method, top_k=6, score_threshold_enabled=True, score_threshold=limit)
        kept = knowledge.retrieve(nature, "mountain river", model)
        assert contents(kept) == [
            content for content, score in zip(contents(everything), scores(everything), strict=True) if score >= limit
        ]
        assert 2 <= len(kept) < len(everything)
        off = {**model, "score_threshold_enabled": False}
        assert len(knowledge.retrieve(nature, "mountain river", off)) == len(everything)
        beyond = {**model, "score_threshold": 1000.0}
        assert knowledge.retrieve(nature, "mountain river", beyond) == []


def test_stored_model_is_used_and_replaced_whole_by_that_of_the_call(knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality(retrieval_model=search_by("full_text_search", top_k=1))
    knowledge.add_text(dataset_id, TEXT)
    assert contents(knowledge.retrieve(dataset_id, "fish")) == ["Fish live in the river."]
    assert knowledge.retrieve(dataset_id, "xylophone") == []
    assert len(knowledge.retrieve(dataset_id, "xylophone", search_by("semantic_search", top_k=3))) == 3
    without = knowledge.quality()
    knowledge.add_text(without, TEXT)
    # The engine's own default: semantic, four of them.
    assert len(knowledge.retrieve(without, "xylophone")) == 4


# Keywords


def test_economy_matches_keywords_whatever_is_asked_for(knowledge: Knowledge, words: str) -> None:
    for method in (*METHODS, "keyword_search"):
        found = knowledge.retrieve(words, "river mountain", search_by(method))
        assert contents(found)[0] == "A river runs from the mountain to the sea."
        assert scores(found) == [0.0] * 3
    for query, best in (("MOUNTAIN white", "The mountain is tall and white."), ("积雪", "山上终年积雪。")):
        assert contents(knowledge.retrieve(words, query))[0] == best
    thresholds = search_by("semantic_search", score_threshold_enabled=True, score_threshold=0.9)
    assert len(knowledge.retrieve(words, "river mountain", thresholds)) == 3


def test_keyword_ties_come_in_the_order_of_documents(knowledge: Knowledge) -> None:
    dataset_id = knowledge.economy()
    made = [knowledge.add_text(dataset_id, f"Lighthouse {name}.\nLighthouse keeper {name}.") for name in "abc"]
    body = {"name": "again.txt", "text": "Lighthouse a.\nLighthouse keeper a."}
    knowledge.ok("POST", f"/datasets/{dataset_id}/documents/{made[0]['id']}/update-by-text", json=body)
    knowledge.wait_indexed(dataset_id, made[0]["batch"])
    found = contents(knowledge.retrieve(dataset_id, "lighthouse", search_by("keyword_search", top_k=6)))
    assert found == [f"Lighthouse {kind}{name}." for name in "abc" for kind in ("", "keeper ")]
    found = contents(knowledge.retrieve(dataset_id, "lighthouse keeper", search_by("keyword_search", top_k=3)))
    assert found == [f"Lighthouse keeper {name}." for name in "abc"]


# Weights


def cosine_of_words(query: set[str], candidates: Sequence[set[str]]) -> list[float]:
    """K of rag-engine.md 7.1, as the text says it."""
    count = len(candidates)
    vocabulary = sorted(set().union(*candidates))
    idf = {
        word: math.log((1 + count) / (1 + sum(word in held for held in candidates))) + 1 for word in vocabulary
    }

    def vector(held: set[str]) -> list[float]:
        return [idf[word] if word in held else 0.0 for word in vocabulary]

    def cosine(one: list[float], other: list[float]) -> float:
        length = math.hypot(*one) * math.hypot(*other)
        return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0

    return [cosine(vector(query), vector(held)) for held in candidates]


def test_weighted_score_is_the_worked_example(knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality()
    knowledge.add_text(dataset_id, "alpha beta\nbeta gamma")
    expected = cosine_of_words({"alpha", "beta"}, [{"alpha", "beta"}, {"beta", "gamma"}])
    assert expected == pytest.approx([1.0, 0.336097], abs=1e-6)
    found = explained(knowledge, dataset_id, "alpha beta", weighted(0.7, 0.3))
    vectors = {one["segment_id"]: one["vector_score"] for one in found["explanation"]["candidates"]}
    for record, keyword_score in zip(found["records"], expected, strict=True):
        cosine = vectors[record["segment"]["id"]]
        assert record["score"] == pytest.approx(0.7 * cosine + 0.3 * keyword_score, abs=1e-6)
    assert contents(found["records"]) == ["alpha beta", "beta gamma"]


def test_weights_use_a_cosine_for_what_only_the_words_found(knowledge: Knowledge, nature: str) -> None:
    found = explained(knowledge, nature, "mountain river fish", weighted(1.0, 0.0, top_k=2))
    assert len(found["records"]) == 2
    for one in found["explanation"]["candidates"]:
        assert one["score_after"] == pytest.approx(one["vector_score"])
        assert -1.0 <= one["vector_score"] <= 1.0
    only_words = explained(knowledge, nature, "mountain river fish", weighted(0.0, 1.0, top_k=6))
    assert max(scores(only_words["records"])) <= 1.0
    limited = weighted(0.0, 1.0, top_k=6, score_threshold_enabled=True, score_threshold=0.3)
    assert all(score >= 0.3 for score in scores(knowledge.retrieve(nature, "mountain river fish", limited)))


def test_weights_without_their_mode_do_nothing(knowledge: Knowledge, nature: str) -> None:
    model = {**weighted(0.7, 0.3), "reranking_mode": None}
    plain = knowledge.retrieve(nature, "mountain", search_by("hybrid_search"))
    assert knowledge.retrieve(nature, "mountain", model) == plain


# Rerank


@pytest.mark.parametrize("method", METHODS)
def test_rerank_orders_the_candidates_and_shows_its_scores(
    knowledge: Knowledge, nature: str, rerank: dict[str, Any], ranker: RerankServer, method: str
) -> None:
    ranker.calls.clear()
    found = explained(knowledge, nature, "fish in the river", search_by(method, **{"top_k": 2, **rerank}))
    (call,) = ranker.calls
    assert call.json()["query"] == "fish in the river"
    # Reranking never widens the pool.
    assert len(call.json()["documents"]) <= (4 if method == "hybrid_search" else 2)
    assert len(found["records"]) <= 2
    after = {one["segment_id"]: one["score_after"] for one in found["explanation"]["candidates"]}
    assert scores(found["records"]) == sorted(after.values(), reverse=True)[:2]
    assert contents(found["records"])[0] == "Fish live in the river."
    limit = scores(found["records"])[0]
    strict = search_by(method, **{"top_k": 2, "score_threshold_enabled": True, "score_threshold": limit, **rerank})
    impossible = {**strict, "score_threshold": 1.5}
    assert knowledge.retrieve(nature, "fish in the river", impossible) == []


def test_threshold_of_reranked_words_is_one_of_the_last_score(
    knowledge: Knowledge, tagged: tuple[str, dict[str, str]], rerank: dict[str, Any]
) -> None:
    # A word that every text has weighs little.
    model = search_by("full_text_search", top_k=10, score_threshold_enabled=True, score_threshold=0.5)
    assert knowledge.retrieve(tagged[0], "harbour", model) == []
    assert len(knowledge.retrieve(tagged[0], "harbour", {**model, **rerank})) == 4


def test_rerank_model_that_is_switched_off_is_not_called(
    knowledge: Knowledge, nature: str, rerank: dict[str, Any], ranker: RerankServer
) -> None:
    ranker.calls.clear()
    model = search_by("semantic_search", **{**rerank, "reranking_enable": False})
    assert knowledge.retrieve(nature, "fish", model)
    assert not ranker.calls


# Parent and child


def test_children_are_grouped_under_their_parent(knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality()
    text = "Whales sing.\nWhales dive deep.\nGulls cry.\n\nBees buzz.\nWhales are big."
    knowledge.add_text(dataset_id, text, process_rule=NESTED, doc_form="hierarchical_model")
    for method in METHODS:
        found = knowledge.retrieve(dataset_id, "whales dive", search_by(method, top_k=3))
        first, *rest = found
        assert first["segment"]["content"] == "Whales sing.\nWhales dive deep.\nGulls cry."
        assert len({record["segment"]["id"] for record in found}) == len(found)
        children = first["child_chunks"]
        assert [set(child) for child in children] == [{"id", "content", "position", "score"}] * len(children)
        assert (children[0]["content"], children[0]["position"]) == ("Whales dive deep.", 2)
        assert [child["score"] for child in children] == sorted((child["score"] for child in children), reverse=True)
        assert first["score"] == children[0]["score"]
        assert "Gulls cry." not in [child["content"] for child in children]
        assert sum(len(record["child_chunks"]) for record in found) <= (6 if method == "hybrid_search" else 3)
        assert scores(found) == sorted(scores(found), reverse=True), rest


def test_children_are_what_is_reranked(
    knowledge: Knowledge, rerank: dict[str, Any], ranker: RerankServer
) -> None:
    dataset_id = knowledge.quality()
    text = "Whales sing.\nWhales dive deep."
    knowledge.add_text(dataset_id, text, process_rule=NESTED, doc_form="hierarchical_model")
    ranker.calls.clear()
    (record,) = knowledge.retrieve(dataset_id, "dive deep", search_by("semantic_search", **rerank))
    (call,) = ranker.calls
    assert sorted(call.json()["documents"]) == ["Whales dive deep.", "Whales sing."]
    assert record["child_chunks"][0]["content"] == "Whales dive deep."
    assert record["score"] == record["child_chunks"][0]["score"]


# Filters


@pytest.fixture(scope="module")
def tagged(knowledge: Knowledge) -> tuple[str, dict[str, str]]:
    """A dataset of documents with metadata: (its id, names of documents by id)."""
    dataset_id = knowledge.quality()
    fields = {
        name: knowledge.ok("POST", f"/datasets/{dataset_id}/metadata", json={"type": kind, "name": name})["id"]
        for name, kind in {"code": "string", "year": "number", "seen": "time"}.items()
    }
    given: dict[str, dict[str, Any]] = {
        "a": {"code": "100%_A", "year": 2020, "seen": 1_600_000_000}, "b": {"code": "b-100", "year": 2024.5},
        "c": {"code": None}, "d": {},
    }  # fmt: skip
    names = {}
    for name, values in given.items():
        document = knowledge.add_text(dataset_id, f"Harbour {name}.")
        names[document["id"]] = name
        listed = [{"id": fields[key], "name": key, "value": value} for key, value in values.items()]
        body = {"operation_data": [{"document_id": document["id"], "metadata_list": listed}]}
        knowledge.ok("POST", f"/datasets/{dataset_id}/documents/metadata", json=body)
    return dataset_id, names


def filtered(knowledge: Knowledge, tagged: tuple[str, dict[str, str]], filtering: Any, method: str = METHODS[0]) -> str:
    dataset_id, names = tagged
    model = search_by(method, top_k=10, metadata_filtering_conditions=filtering)
    found = knowledge.retrieve(dataset_id, "harbour", model)
    return "".join(sorted(names[record["segment"]["document_id"]] for record in found))


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        ("code", "contains", "100", "ab"), ("code", "contains", "100%_", "a"), ("code", "contains", "%", "a"),
        ("code", "not contains", "100%", "b"), ("code", "start with", "100", "a"), ("code", "start with", "_", ""),
        ("code", "end with", "100", "b"), ("code", "end with", "a", ""), ("code", "is", "b-100", "b"),
        ("code", "=", "B-100", ""), ("code", "is not", "b-100", "a"), ("code", "≠", "zzz", "ab"),
        ("code", "empty", None, "d"), ("code", "not empty", None, "abc"), ("year", "empty", None, "cd"),
        ("code", "in", ["b-100", "x"], "b"), ("code", "in", "100%_A, b-100", "ab"), ("code", "in", [], ""),
        ("code", "not in", ["b-100"], "a"), ("code", "not in", [], "abcd"),
        ("year", "=", 2020, "a"), ("year", "is", 2024.5, "b"), ("year", "is not", 2020, "b"),
        ("year", "<", 2024, "a"), ("year", ">", 2024, "b"), ("year", "≥", 2020, "ab"), ("year", "<=", "2020", "a"),
        ("seen", "before", 1_600_000_001, "a"), ("seen", "after", 1_600_000_000, ""), ("seen", ">=", 1_600_000_000, "a"),
        ("code", "is", None, "abcd"), ("nothing", "is", "x", ""), ("nothing", "empty", None, "abcd"),
    ],
)  # fmt: skip
def test_condition_picks_documents(
    knowledge: Knowledge, tagged: tuple[str, dict[str, str]], name: str, operator: str, value: Any, expected: str
) -> None:
    condition = {"name": name, "comparison_operator": operator, "value": value}
    assert filtered(knowledge, tagged, {"logical_operator": "and", "conditions": [condition]}) == expected


def test_conditions_are_joined_by_and_or_or(knowledge: Knowledge, tagged: tuple[str, dict[str, str]]) -> None:
    conditions = [
        {"name": "code", "comparison_operator": "contains", "value": "100"},
        {"name": "year", "comparison_operator": ">", "value": 2021},
    ]
    for operator, expected in (("and", "b"), ("or", "ab"), ("xor", "ab")):
        assert filtered(knowledge, tagged, {"logical_operator": operator, "conditions": conditions}) == expected
    assert filtered(knowledge, tagged, {"conditions": conditions}) == "b"
    for nothing in (None, {}, {"conditions": []}, {"logical_operator": "and", "conditions": None}):
        assert filtered(knowledge, tagged, nothing) == "abcd"
    for method in METHODS:
        assert filtered(knowledge, tagged, {"conditions": conditions}, method) == "b"


def test_condition_that_cannot_be_is_refused(knowledge: Knowledge, tagged: tuple[str, dict[str, str]]) -> None:
    for operator, value in (("like", "x"), ("", "x"), ("<", "many"), (">", ["x"])):
        condition = {"name": "code", "comparison_operator": operator, "value": value}
        model = search_by("semantic_search", metadata_filtering_conditions={"conditions": [condition]})
        body = {"query": "harbour", "retrieval_model": model}
        answer = knowledge.refused("POST", f"/datasets/{tagged[0]}/retrieve", json=body)
        assert answer == (400, "invalid_param"), (operator, value)


def test_filter_of_an_economy_dataset_comes_before_the_cut(knowledge: Knowledge) -> None:
    dataset_id = knowledge.economy()
    field = knowledge.ok("POST", f"/datasets/{dataset_id}/metadata", json={"type": "string", "name": "lang"})["id"]
    last = [knowledge.add_text(dataset_id, f"Harbour {name}.") for name in "abc"][-1]
    listed = [{"id": field, "name": "lang", "value": "en"}]
    body = {"operation_data": [{"document_id": last["id"], "metadata_list": listed}]}
    knowledge.ok("POST", f"/datasets/{dataset_id}/documents/metadata", json=body)
    condition = {"name": "lang", "comparison_operator": "is", "value": "en"}
    model = search_by("keyword_search", top_k=1, metadata_filtering_conditions={"conditions": [condition]})
    assert contents(knowledge.retrieve(dataset_id, "harbour", model)) == ["Harbour c."]


# What a search leaves behind


def history(knowledge: Knowledge, dataset_id: str, count: int = 0) -> list[Any]:
    """The searches of a dataset; waits until there are ``count``: they are written a moment after the answer."""
    wait_until(lambda: len(_history(knowledge, dataset_id)) >= count, f"{count} searches are noted", every=0.02)
    return _history(knowledge, dataset_id)


def _history(knowledge: Knowledge, dataset_id: str) -> list[Any]:
    with database(knowledge.workspace.product) as connection:
        table = dataset_queries
        statement = sa.select(table).where(table.c.dataset_id == dataset_id).order_by(table.c.created_at)
        return list(connection.execute(statement))


def test_search_leaves_a_row_of_history_and_counts_no_hit(knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, "The harbour is calm.")
    query = "calm harbour"
    knowledge.retrieve(dataset_id, query)
    (row,) = history(knowledge, dataset_id, 1)
    assert row.content == [{"content_type": "text_query", "content": query}]
    assert (row.source, row.created_by_role, row.app_id) == ("hit_testing", "account", None)
    assert row.created_by == document["created_by"]
    nothing = {"conditions": [{"name": "lang", "comparison_operator": "is", "value": "xx"}]}
    model = search_by("semantic_search", metadata_filtering_conditions=nothing)
    assert knowledge.retrieve(dataset_id, query, model) == []
    everyone = {"conditions": [{"name": "lang", "comparison_operator": "empty", "value": None}]}
    model = search_by("full_text_search", metadata_filtering_conditions=everyone)
    assert knowledge.retrieve(dataset_id, "xylophone", model) == []
    noted = history(knowledge, dataset_id, 2)
    assert [row.content[0]["content"] for row in noted] == [query, "xylophone"], "a search that searched nothing is not"
    assert [one["hit_count"] for one in knowledge.segments(dataset_id, document["id"])] == [0]
    assert knowledge.ok("GET", f"/datasets/{dataset_id}/documents/{document['id']}")["hit_count"] == 0


# Errors


def test_query_has_1_to_250_characters(knowledge: Knowledge, nature: str) -> None:
    path = f"/datasets/{nature}/retrieve"
    assert knowledge.ok("POST", path, json={"query": "海" * 250})["query"]["content"] == "海" * 250
    assert knowledge.refused("POST", path, json={"query": "海" * 251}) == (400, "invalid_param")
    for bad in ({}, {"query": None}, {"query": ""}, {"query": "  "}):
        answer = knowledge.refusal("POST", path, json=bad)
        assert answer[:2] == (400, "invalid_param") and "query" in answer[2].lower()


@pytest.mark.parametrize(
    "change",
    [
        {"search_method": "zzz"}, {"top_k": 0}, {"top_k": 101}, {"top_k": -1}, {"top_k": "x"}, {"top_k": 1.5},
        {"score_threshold": "high"}, {"reranking_enable": "maybe"},
        {"weights": {"vector_setting": {"embedding_model_name": "x"}}}, {"weights": {"keyword_setting": {}}},
        {"reranking_model": {"reranking_provider_name": COMPATIBLE, "reranking_model_name": "nobody"}},
    ],
    ids=str,
)  # fmt: skip
def test_retrieval_model_that_cannot_be_is_refused(
    knowledge: Knowledge, nature: str, change: dict[str, Any]
) -> None:
    body = {"query": "sea", "retrieval_model": {**search_by("hybrid_search"), **change}}
    reply = knowledge.http.post(f"/v1/datasets/{nature}/retrieve", json=body)
    assert (reply.status_code, reply.json()["code"]) in {(400, "invalid_param"), (400, "bad_request")}


@pytest.mark.parametrize("missing", ["search_method", "reranking_enable", "top_k", "score_threshold_enabled"])
def test_retrieval_model_needs_its_four_keys(knowledge: Knowledge, nature: str, missing: str) -> None:
    model = {name: value for name, value in search_by("semantic_search").items() if name != missing}
    status, code, message = knowledge.refusal(
        "POST", f"/datasets/{nature}/retrieve", json={"query": "sea", "retrieval_model": model}
    )
    assert (status, code) == (400, "invalid_param") and missing in message


def test_null_model_is_no_model(knowledge: Knowledge, nature: str) -> None:
    assert len(knowledge.retrieve(nature, "sea", None, retrieval_model=None)) == 4


def test_dataset_that_is_not_there_or_switched_off(knowledge: Knowledge) -> None:
    for unknown in (str(uuid.uuid4()), "zzz"):
        answer = knowledge.refusal("POST", f"/datasets/{unknown}/retrieve", json={"query": "x"})
        assert answer == (404, "not_found", "Dataset not found.")
    dataset_id = knowledge.economy()
    console = knowledge.workspace.console
    assert console.post(f"/console/api/datasets/{dataset_id}/api-keys/disable").status_code == 200
    answer = knowledge.refusal("POST", f"/datasets/{dataset_id}/retrieve", json={"query": "x"})
    assert answer == (403, "forbidden", "Dataset api access is not enabled.")


@pytest.fixture
def moody(knowledge: Knowledge, brain: OpenAIServer) -> Iterator[str]:
    """An embedder that fails on demand."""
    name = f"moody-{uuid.uuid4().hex[:8]}"
    yield knowledge.add_model(brain.url, name, "text-embedding")
    brain.script(name, "")


def test_models_that_fail_are_400_by_their_reason(knowledge: Knowledge, moody: str, brain: OpenAIServer) -> None:
    dataset_id = knowledge.quality(moody)
    knowledge.add_text(dataset_id, TEXT)
    path = f"/datasets/{dataset_id}/retrieve"
    faults = {"status=400": "completion_request_error", "error=quota": "provider_quota_exceeded",
              "status=404": "model_currently_not_support", "garbage": "completion_request_error"}  # fmt: skip
    for fault, code in faults.items():
        brain.script(moody, fault)
        query = f"a query never asked before: {fault}"
        assert knowledge.refused("POST", path, json={"query": query}) == (400, code), fault
    brain.script(moody, "")
    knowledge.remove_model(moody, "text-embedding")
    assert knowledge.refused("POST", path, json={"query": "sea"}) == (400, "provider_not_initialize")
    words_only = {"query": "sea", "retrieval_model": search_by("full_text_search")}
    assert knowledge.ok("POST", path, json=words_only)["records"]


def test_rerank_model_that_fails_is_400(
    knowledge: Knowledge, nature: str, ranker: RerankServer
) -> None:
    name = knowledge.add_model(ranker.url, f"moody-{uuid.uuid4().hex[:8]}", "rerank")
    ranker.script(name, "status=400")
    body = {"query": "sea", "retrieval_model": search_by("semantic_search", **reranked_by(name))}
    assert knowledge.refused("POST", f"/datasets/{nature}/retrieve", json=body) == (400, "completion_request_error")


# Explain


def test_explanation_names_stages_and_scores(knowledge: Knowledge, nature: str, rerank: dict[str, Any]) -> None:
    plain = {"query": "river fish", "retrieval_model": search_by("hybrid_search")}
    assert "explanation" not in knowledge.ok("POST", f"/datasets/{nature}/retrieve", json=plain)
    assert "explanation" not in knowledge.ok("POST", f"/datasets/{nature}/retrieve", json={**plain, "explain": False})
    everyone = {"conditions": [{"name": "lang", "comparison_operator": "empty", "value": None}]}
    model = search_by("hybrid_search", metadata_filtering_conditions=everyone, **rerank)
    found = explained(knowledge, nature, "river fish", model)
    explanation = found["explanation"]
    assert set(explanation) == {"search_method", "stages", "candidates"}
    assert explanation["search_method"] == "hybrid_search"
    stages = {stage["name"]: stage for stage in explanation["stages"]}
    assert {"filter", "embed", "vector", "full_text", "rerank"} <= set(stages)
    assert all(stage["milliseconds"] >= 0 for stage in explanation["stages"])
    assert stages["filter"]["count"] == 1 and stages["vector"]["count"] == 3
    returned = {one["segment_id"] for one in explanation["candidates"] if one["returned"]}
    assert returned == {record["segment"]["id"] for record in found["records"]}
    assert all(one["score_after"] is not None for one in explanation["candidates"])
    assert any(one["text_score"] is None for one in explanation["candidates"]) or stages["full_text"]["count"] == 3
    keyword = explained(knowledge, nature, "river fish", search_by("full_text_search"))["explanation"]
    assert [stage["name"] for stage in keyword["stages"]] == ["full_text"]
    assert all(one["score_after"] is None and one["vector_score"] is None for one in keyword["candidates"])


def test_explanation_of_an_economy_dataset_says_keyword_search(knowledge: Knowledge, words: str) -> None:
    explanation = explained(knowledge, words, "river fish", search_by("hybrid_search"))["explanation"]
    assert explanation["search_method"] == "keyword_search"
    assert explanation["candidates"][0]["text_score"] == 2.0
