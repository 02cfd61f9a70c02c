"""The nodes ``knowledge-retrieval`` and ``document-extractor`` (workflow-engine.md 8.5, 8.18)."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.node import NodeDataError
from server.engine.values import File
from server.kit.errors import invalid_param
from tests.engine.models.world import MODEL, FakeKnowledge, World, parsed

ITEM = {"metadata": {"_source": "knowledge"}, "content": "x"}
TXT = File("document", "local_file", name="a.txt", extension=".txt", id="1")
BAD = File("document", "local_file", name="b.bad", extension=".bad", id="2")


def search(**more: Any) -> dict[str, Any]:
    return {"dataset_ids": ["d1"], "query_variable_selector": ["sys", "query"], "retrieval_mode": "multiple", **more}


async def test_query_finds_items() -> None:
    world = World(None, {"sys.query": "cats"}, knowledge=FakeKnowledge(ITEM))
    result = await world.result("knowledge-retrieval", **search(multiple_retrieval_config={"top_k": 3}))
    assert result.outputs == {"result": [ITEM]} and result.inputs == {"query": "cats"}
    (asked,) = world.knowledge.searches
    assert (asked.query, asked.dataset_ids) == ("cats", ("d1",))
    assert asked.settings["multiple_retrieval_config"] == {"top_k": 3}


async def test_without_selectors_nothing_happens() -> None:
    world = World()
    result = await world.result("knowledge-retrieval", **search(query_variable_selector=[]))
    assert result.outputs == {} and not world.knowledge.searches


async def test_empty_query_finds_nothing() -> None:
    world = World(None, {"sys.query": " "})
    assert (await world.result("knowledge-retrieval", **search())).outputs == {"result": []}
    assert not world.knowledge.searches


async def test_query_must_be_text() -> None:
    error = await World(None, {"sys.query": 5}).error("knowledge-retrieval", **search())
    assert str(error) == "Query variable is not string type."


async def test_attachments_must_be_files() -> None:
    data = search(query_attachment_selector=["a", "files"])
    error = await World(None, {"sys.query": "q", "a.files": "x"}).error("knowledge-retrieval", **data)
    assert str(error) == "Attachments variable is not array file or file type."


async def test_refusal_of_a_search_fails_the_node() -> None:
    world = World(None, {"sys.query": "q"}, knowledge=FakeKnowledge(invalid_param("set a reranking model")))
    error = await world.error("knowledge-retrieval", **search())
    assert str(error) == "set a reranking model" and error.inputs == {"query": "q"}


@pytest.mark.parametrize(("written", "value"), [
    ("{{#a.year#}} and more", 2020), ("{{#a.name#}}", "Ann B"), ("in {{#a.year#}}", "in"), ("x\n\ty", "x y"),
    (7, 7), (None, None), ("", ""), (["a"], ["a"]),
])  # fmt: skip
async def test_only_the_first_piece_of_a_condition_counts(written, value) -> None:
    world = World(None, {"sys.query": "q", "a.year": 2020, "a.name": "Ann\r\nB"})
    conditions = {
        "logical_operator": "and", "conditions": [{"name": "n", "comparison_operator": "is", "value": written}],
    }
    await world.result(
        "knowledge-retrieval", **search(metadata_filtering_mode="manual", metadata_filtering_conditions=conditions)
    )
    (asked,) = world.knowledge.searches
    assert asked.settings["metadata_filtering_conditions"]["conditions"][0]["value"] == value


@pytest.mark.parametrize(("change", "message"), [
    ({"dataset_ids": "d"}, "dataset_ids must be a list"),
    ({"retrieval_mode": "all"}, "retrieval_mode must be one of"),
    ({"retrieval_mode": "single"}, "provider is missing"),
    ({"metadata_filtering_mode": "automatic"}, "provider is missing"),
    ({"metadata_filtering_mode": "other"}, "metadata_filtering_mode must be"),
])  # fmt: skip
def test_bad_data_is_told_at_publish_time(change, message) -> None:
    with pytest.raises(NodeDataError, match=message):
        parsed("knowledge-retrieval", **search(**change))


def test_single_mode_names_its_model() -> None:
    node = parsed("knowledge-retrieval", **search(retrieval_mode="single", single_retrieval_config={"model": MODEL}))
    assert node.uses() == [("sys", "query")]


@pytest.mark.parametrize(("value", "text"), [(TXT, "text of a.txt"), ([TXT, TXT], ["text of a.txt"] * 2), ([], [])])
async def test_document_gives_a_text_and_documents_a_list(value, text) -> None:
    result = await World(None, {"a.f": value}).result("document-extractor", variable_selector=["a", "f"])
    assert result.outputs == {"text": text}


@pytest.mark.parametrize(("values", "message"), [
    ({}, "File variable not found for selector: ['a', 'f']"),
    ({"a.f": "x"}, "Variable ['a', 'f'] is not an ArrayFileSegment"),
    ({"a.f": 5}, "Variable ['a', 'f'] is not an ArrayFileSegment"),
    ({"a.f": [TXT, "x"]}, "Variable ['a', 'f'] is not an ArrayFileSegment"),
    ({"a.f": [TXT, BAD]}, "Unsupported Extension Type: .bad"),
])  # fmt: skip
async def test_document_that_cannot_be_read_fails(values, message) -> None:
    error = await World(None, values).error("document-extractor", variable_selector=["a", "f"])
    assert str(error) == message
