"""Apps that search datasets: citations, context, merging, filters, counts (feature-semantics.md 7, rag-engine.md 7.4)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from server.db.tables import conversations, messages
from tests.doubles.behaviour import Behaviour
from tests.doubles.external_server import ExternalServer
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.rerank_server import RerankServer
from tests.harness.product import COMPATIBLE, App
from tests.rest.knowledge import LINES, NESTED, Knowledge, new_name, search_by
from tests.rest.parties import OtherWorkspace, database
from tests.rest.sse import events
from tests.rest.test_external_knowledge import APIS, api_body
from tests.rest.test_retrieval import cosine_of_words, history, reranked_by

RESOURCE_KEYS = [
    "position", "dataset_id", "dataset_name", "document_id", "document_name", "data_source_type", "segment_id",
    "retriever_from", "score", "hit_count", "word_count", "segment_position", "index_node_hash", "content", "page",
    "doc_metadata", "title", "files", "summary",
]  # fmt: skip
STORED_KEYS = {
    "id", "message_id", "position", "dataset_id", "dataset_name", "document_id", "document_name", "data_source_type",
    "segment_id", "score", "hit_count", "word_count", "segment_position", "index_node_hash", "content", "created_at",
}  # fmt: skip
SEA, MOUNTAIN, RIVER = (
    "The sea is wide and blue.", "The mountain is tall and white.", "A river runs from the mountain to the sea.",
)  # fmt: skip
TEXT = f"{SEA}\n{MOUNTAIN}\n{RIVER}"


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


@pytest.fixture(scope="module")
def model(knowledge: Knowledge, brain: OpenAIServer) -> str:
    """The model of the apps; what it was asked is in ``brain.calls``."""
    return knowledge.add_model(brain.url, f"apps-{uuid.uuid4().hex[:8]}", "llm")


@pytest.fixture(scope="module")
def nature(knowledge: Knowledge) -> str:
    """A dataset of high quality that no test changes."""
    dataset_id = knowledge.quality(retrieval_model=search_by("semantic_search", top_k=2))
    knowledge.add_text(dataset_id, TEXT)
    return dataset_id


@pytest.fixture(scope="module")
def words(knowledge: Knowledge) -> str:
    """An economy dataset that no test changes."""
    dataset_id = knowledge.economy()
    knowledge.add_text(dataset_id, TEXT)
    return dataset_id


def configs(*dataset_ids: str, **fields: Any) -> dict[str, Any]:
    """``dataset_configs`` as the console saves them."""
    named = [{"dataset": {"id": dataset_id, "enabled": True}} for dataset_id in dataset_ids]
    return {
        "retrieval_model": "multiple", "datasets": {"datasets": named}, "top_k": 4, "score_threshold_enabled": False,
        "reranking_enable": False, **fields,
    }  # fmt: skip


def weights(vector: float, keyword: float) -> dict[str, Any]:
    return {
        "reranking_enable": True, "reranking_mode": "weighted_score",
        "weights": {
            "vector_setting": {"vector_weight": vector, "embedding_provider_name": "x", "embedding_model_name": "y"},
            "keyword_setting": {"keyword_weight": keyword},
        },
    }  # fmt: skip


def app_of(knowledge: Knowledge, model: str, mode: str = "chat", **config: Any) -> App:
    """An app of that model."""
    workspace = knowledge.workspace
    made = workspace.ok(workspace.console.post("/console/api/apps", json={"name": f"a {mode}", "mode": mode}))
    chosen = {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}}
    save(knowledge, made["id"], {**made["model_config"], "model": chosen, **config})
    key = workspace.ok(workspace.console.post(f"/console/api/apps/{made['id']}/api-keys"))
    return App(workspace.product.url, made["id"], key["token"])


def save(knowledge: Knowledge, app_id: str, document: Mapping[str, Any]) -> None:
    knowledge.workspace.ok(
        knowledge.workspace.console.post(f"/console/api/apps/{app_id}/model-config", json=dict(document))
    )


def asked(app: App, query: str, **fields: Any) -> dict[str, Any]:
    """The blocking answer."""
    reply = app.send(query, **fields)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def cited(app: App, query: str, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(app, query, **fields)["metadata"]["retriever_resources"]
    return found


def contents(resources: list[dict[str, Any]]) -> list[str]:
    return [resource["content"] for resource in resources]


def prompt(brain: OpenAIServer, model: str) -> list[dict[str, str]]:
    """The messages of the last question to the app's model."""
    found: list[dict[str, str]] = next(call.json() for call in reversed(brain.calls) if call.model == model)["messages"]
    return found


def context_of(message: Mapping[str, str]) -> str:
    return message["content"].partition("<context>\n")[2].partition("\n</context>")[0]


# Citations


def test_citations_come_in_stream_blocking_answer_and_history(knowledge: Knowledge, model: str, nature: str) -> None:
    app = app_of(knowledge, model, dataset_configs=configs(nature))
    dataset = knowledge.ok("GET", f"/datasets/{nature}")
    with app.stream("tall white mountain") as reply:
        last = events(reply.iter_text())[-1]
    assert last["event"] == "message_end"
    streamed = last["metadata"]["retriever_resources"]
    assert [list(resource) for resource in streamed] == [RESOURCE_KEYS] * 2
    assert [resource["position"] for resource in streamed] == [1, 2]
    first = streamed[0]
    assert first["content"] == MOUNTAIN
    assert first["score"] > streamed[1]["score"]
    assert (first["dataset_id"], first["dataset_name"]) == (nature, dataset["name"])
    (document,) = knowledge.ok("GET", f"/datasets/{nature}/documents")["data"]
    assert (first["document_id"], first["document_name"]) == (document["id"], document["name"])
    segments = {one["content"]: one["id"] for one in knowledge.segments(nature, document["id"])}
    assert (first["segment_id"], first["data_source_type"]) == (segments[MOUNTAIN], "upload_file")
    assert first["retriever_from"] == "api"
    for name in ("hit_count", "word_count", "segment_position", "index_node_hash", "page", "title", "summary", "doc_metadata"):
        assert first[name] is None, name
    blocking = asked(app, "tall white mountain")
    assert blocking["metadata"]["retriever_resources"] == streamed
    listed = app.http.get("/v1/messages", params={"user": "u", "conversation_id": blocking["conversation_id"]}).json()
    stored = listed["data"][0]["retriever_resources"]
    assert [set(resource) for resource in stored] == [STORED_KEYS] * 2
    assert {resource["message_id"] for resource in stored} == {blocking["message_id"]}
    for now, then in zip(stored, streamed, strict=True):
        assert {name: now[name] for name in STORED_KEYS & set(then)} == {name: then[name] for name in STORED_KEYS & set(then)}


def test_citations_are_left_out_where_they_are_switched_off(
    knowledge: Knowledge, model: str, nature: str, brain: OpenAIServer
) -> None:
    app = app_of(knowledge, model, dataset_configs=configs(nature), retriever_resource={"enabled": False})
    assert cited(app, "tall white mountain") == []
    assert MOUNTAIN in context_of(prompt(brain, model)[0])


def test_app_without_datasets_writes_no_context(knowledge: Knowledge, model: str, brain: OpenAIServer) -> None:
    app = app_of(knowledge, model, pre_prompt="Be brief.")
    assert cited(app, "tall white mountain") == []
    assert "<context>" not in str(prompt(brain, model))


# Context


def test_context_stands_before_the_apps_own_text_by_score(
    knowledge: Knowledge, model: str, nature: str, brain: OpenAIServer
) -> None:
    app = app_of(knowledge, model, dataset_configs=configs(nature), pre_prompt="Be brief.")
    found = contents(cited(app, "tall white mountain"))
    system, user = prompt(brain, model)
    assert (system["role"], user["role"], user["content"]) == ("system", "user", "tall white mountain")
    assert context_of(system) == "\n".join(found)
    assert system["content"].index("</context>") < system["content"].index("Be brief.")


def test_nothing_found_is_an_empty_context(knowledge: Knowledge, model: str, words: str, brain: OpenAIServer) -> None:
    for dataset_id in (words, knowledge.economy()):
        app = app_of(knowledge, model, dataset_configs=configs(dataset_id))
        assert cited(app, "xylophone") == []
        assert "<context>" in prompt(brain, model)[0]["content"]
        assert context_of(prompt(brain, model)[0]).strip() == ""


def test_context_goes_where_an_advanced_prompt_says(
    knowledge: Knowledge, model: str, nature: str, brain: OpenAIServer
) -> None:
    lines = [{"role": "system", "text": "Facts: [{{#context#}}]"}, {"role": "user", "text": "Hello."}]
    app = app_of(
        knowledge, model, dataset_configs=configs(nature, top_k=1), prompt_type="advanced",
        chat_prompt_config={"prompt": lines},
    )
    asked(app, "tall white mountain")
    assert [message["content"] for message in prompt(brain, model)] == [
        f"Facts: [{MOUNTAIN}]", "Hello.", "tall white mountain",
    ]  # fmt: skip


def test_parents_and_answers_are_cited_in_their_own_way(
    knowledge: Knowledge, model: str, brain: OpenAIServer
) -> None:
    nested = knowledge.quality()
    parent = "Whales sing.\nWhales dive deep."
    knowledge.add_text(nested, parent, process_rule=NESTED, doc_form="hierarchical_model")
    app = app_of(knowledge, model, dataset_configs=configs(nested))
    assert contents(cited(app, "whales dive deep")) == [parent]
    pairs = knowledge.quality()
    brain.script(model, Behaviour(text="Q1: Who dives?\nA1: Whales."))
    knowledge.workspace.use_default(model)
    try:
        knowledge.add_text(pairs, "A text.", doc_form="qa_model")
    finally:
        knowledge.workspace.use_default(knowledge.workspace.model)
        brain.script(model, "")
    app = app_of(knowledge, model, dataset_configs=configs(pairs))
    assert contents(cited(app, "who dives")) == ["question:Who dives? \nanswer:Whales."]
    assert context_of(prompt(brain, model)[0]) == "question:Who dives? answer:Whales."


def test_metadata_of_the_document_is_cited(knowledge: Knowledge, model: str) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, "The harbour is calm.")
    set_metadata(knowledge, dataset_id, {document["id"]: {"lang": "en"}})
    (resource,) = cited(app_of(knowledge, model, dataset_configs=configs(dataset_id)), "harbour")
    assert resource["doc_metadata"] == {"lang": "en"}


# One list out of several


@pytest.fixture(scope="module")
def two(knowledge: Knowledge) -> list[str]:
    """Two datasets of high quality with one embedding model."""
    made = []
    for text in ("Fish swim in the lake.\nThe lake is cold.", "Fish are cooked with lemon.\nLemons are yellow."):
        dataset_id = knowledge.quality(retrieval_model=search_by("semantic_search", top_k=2))
        knowledge.add_text(dataset_id, text)
        made.append(dataset_id)
    return made


def test_several_datasets_give_one_list_by_score(knowledge: Knowledge, model: str, two: list[str]) -> None:
    app = app_of(knowledge, model, dataset_configs=configs(*two, top_k=3))
    resources = cited(app, "fish in the lake")
    assert len(resources) == 3
    assert {resource["dataset_id"] for resource in resources} == set(two)
    scores = [resource["score"] for resource in resources]
    assert scores == sorted(scores, reverse=True)
    limited = configs(*two, score_threshold_enabled=True, score_threshold=scores[1])
    assert len(cited(app_of(knowledge, model, dataset_configs=limited), "fish in the lake")) == 2


def test_rerank_model_orders_all_results(
    knowledge: Knowledge, model: str, two: list[str], ranker: RerankServer
) -> None:
    name = knowledge.add_model(ranker.url, f"apps-{uuid.uuid4().hex[:8]}", "rerank")
    both_spellings = {"reranking_enable": None, "reranking_enabled": True}
    config = configs(*two, **{**reranked_by(name), **both_spellings, "top_k": 2})
    resources = cited(app_of(knowledge, model, dataset_configs=config), "cooked fish")
    (call,) = (call for call in ranker.calls if call.model == name and "cooked fish" in call.json()["query"])
    assert len(call.json()["documents"]) == 4
    assert contents(resources)[0] == "Fish are cooked with lemon."
    assert [resource["position"] for resource in resources] == [1, 2]
    strict = {**config, "score_threshold_enabled": True, "score_threshold": resources[0]["score"]}
    assert len(cited(app_of(knowledge, model, dataset_configs=strict), "cooked fish")) == 1


def test_weights_mix_the_cosines_of_vectors_and_words(
    knowledge: Knowledge, model: str, two: list[str]
) -> None:
    def scores(vector: float, keyword: float) -> dict[str, float]:
        app = app_of(knowledge, model, dataset_configs=configs(*two, **weights(vector, keyword)))
        return {resource["content"]: resource["score"] for resource in cited(app, "cold lake")}

    vectors, keywords, mixed = scores(1.0, 0.0), scores(0.0, 1.0), scores(0.7, 0.3)
    texts = ["Fish swim in the lake.", "The lake is cold.", "Fish are cooked with lemon.", "Lemons are yellow."]
    held = [{"fish", "swim", "lake"}, {"lake", "cold"}, {"fish", "cooked", "lemon"}, {"lemons", "yellow"}]
    expected = dict(zip(texts, cosine_of_words({"cold", "lake"}, held), strict=True))
    assert keywords == pytest.approx(expected, abs=1e-6)
    assert mixed == pytest.approx({text: 0.7 * vectors[text] + 0.3 * keywords[text] for text in texts}, abs=1e-6)


def test_economy_datasets_alone_are_scored_by_words(knowledge: Knowledge, model: str, words: str) -> None:
    other = knowledge.economy()
    knowledge.add_text(other, "The mountain hut is open.")
    app = app_of(knowledge, model, dataset_configs=configs(words, other, top_k=2))
    resources = cited(app, "white mountain")
    assert contents(resources)[0] == MOUNTAIN
    assert len(resources) == 2 and 0 < resources[1]["score"] < resources[0]["score"] <= 1.0


def test_datasets_that_cannot_be_merged_are_an_error(
    knowledge: Knowledge, model: str, nature: str, words: str, brain: OpenAIServer, ranker: RerankServer
) -> None:
    techniques = "The configured knowledge base list have different indexing technique, please set reranking model."
    models = "The configured knowledge base list have different embedding model, please set reranking model."
    embedder = knowledge.add_model(brain.url, f"apps-{uuid.uuid4().hex[:8]}", "text-embedding")
    foreign = knowledge.quality(embedder)
    knowledge.add_text(foreign, TEXT)
    for config, message in (
        (configs(nature, words), techniques), (configs(nature, words, **weights(0.5, 0.5)), techniques),
        (configs(nature, foreign, **weights(0.5, 0.5)), models),
    ):
        app = app_of(knowledge, model, dataset_configs=config)
        reply = app.send("mountain")
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, "invalid_param", message)
        with app.stream("mountain") as streamed:
            last = events(streamed.iter_text())[-1]
        assert (last["event"], last["code"], last["status"], last["message"]) == ("error", "invalid_param", 400, message)
    assert len(cited(app_of(knowledge, model, dataset_configs=configs(nature, foreign)), "mountain")) == 4
    name = knowledge.add_model(ranker.url, f"apps-{uuid.uuid4().hex[:8]}", "rerank")
    mixed = configs(nature, words, **reranked_by(name))
    assert {one["dataset_id"] for one in cited(app_of(knowledge, model, dataset_configs=mixed), "mountain")} == {
        nature, words,
    }  # fmt: skip


def test_datasets_are_searched_beside_each_other(
    knowledge: Knowledge, model: str, elsewhere: ExternalServer
) -> None:
    """Each of five sources answers only when all five were asked."""
    api = knowledge.workspace.console.post(APIS, json=api_body(elsewhere.url)).json()
    made = []
    for number in range(5):
        name = f"together-{uuid.uuid4().hex[:8]}"
        elsewhere.records[name] = [{"content": f"Text {number}.", "score": 0.5 + number / 10, "title": f"t{number}"}]
        dataset = knowledge.dataset(
            provider="external", external_knowledge_api_id=api["id"], external_knowledge_id=name
        )
        made.append(dataset["id"])
    elsewhere.together = 5
    try:
        resources = cited(app_of(knowledge, model, dataset_configs=configs(*made)), "anything")
    finally:
        elsewhere.together = 0
    assert contents(resources) == ["Text 4.", "Text 3.", "Text 2.", "Text 1."]
    first = resources[0]
    assert (first["document_id"], first["segment_id"]) == (None, None)
    assert (first["document_name"], first["data_source_type"], first["dataset_id"]) == ("t4", "external", made[4])


# Picking one


def test_single_mode_asks_the_model_for_one_dataset_and_uses_its_settings(
    knowledge: Knowledge, brain: OpenAIServer
) -> None:
    picker = knowledge.add_model(brain.url, f"picker-{uuid.uuid4().hex[:8]}", "llm")
    seas = knowledge.quality(description="All about seas", retrieval_model=search_by("full_text_search", top_k=1))
    hills = knowledge.quality(description="All about hills", retrieval_model=search_by("semantic_search", top_k=1))
    for dataset_id in (seas, hills):
        knowledge.add_text(dataset_id, TEXT)
    app = app_of(knowledge, picker, dataset_configs=configs(seas, hills, retrieval_model="single"))
    brain.script(picker, Behaviour(text="2"))
    brain.calls.clear()
    (resource,) = cited(app, "tall white mountain")
    assert (resource["dataset_id"], resource["content"]) == (hills, MOUNTAIN)
    question = str(brain.calls[0].json()["messages"])
    assert "All about seas" in question and "All about hills" in question and "tall white mountain" in question
    brain.script(picker, Behaviour(text="None of them fits"))
    assert {one["dataset_id"] for one in cited(app, "mountain")} == {seas, hills}
    brain.calls.clear()
    alone = app_of(knowledge, picker, dataset_configs=configs(hills, retrieval_model="single"))
    assert contents(cited(alone, "tall white mountain")) == [MOUNTAIN]
    assert len(brain.calls) == 1


def test_single_mode_goes_on_without_a_pick_when_the_model_fails(
    knowledge: Knowledge, brain: OpenAIServer, two: list[str]
) -> None:
    picker = knowledge.add_model(brain.url, f"picker-{uuid.uuid4().hex[:8]}", "llm")
    app = app_of(knowledge, picker, dataset_configs=configs(*two, retrieval_model="single", top_k=3))
    brain.script(picker, Behaviour(status=400, times=1))
    assert len(cited(app, "fish")) == 3


# Filters


def set_metadata(knowledge: Knowledge, dataset_id: str, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Give documents metadata; fields are made as they are named."""
    known = {one["name"]: one["id"] for one in knowledge.ok("GET", f"/datasets/{dataset_id}/metadata")["doc_metadata"]}
    operations = []
    for document_id, given in values.items():
        for name, value in given.items():
            if name not in known:
                kind = "string" if isinstance(value, str) else "number"
                path = f"/datasets/{dataset_id}/metadata"
                known[name] = knowledge.ok("POST", path, json={"type": kind, "name": name})["id"]
        listed = [{"id": known[name], "name": name, "value": value} for name, value in given.items()]
        operations.append({"document_id": document_id, "metadata_list": listed})
    knowledge.ok("POST", f"/datasets/{dataset_id}/documents/metadata", json={"operation_data": operations})


@pytest.fixture(scope="module")
def tagged(knowledge: Knowledge) -> str:
    """Three documents about harbours: English of 2020, German of 2024, and one without metadata."""
    dataset_id = knowledge.quality(retrieval_model=search_by("semantic_search", top_k=5))
    made = [knowledge.add_text(dataset_id, f"Harbour {name}.") for name in ("English", "German", "bare")]
    given = [{"lang": "en", "year": 2020}, {"lang": "de", "year": 2024}]
    set_metadata(knowledge, dataset_id, {one["id"]: values for one, values in zip(made, given, strict=False)})
    return dataset_id


def condition(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"name": name, "comparison_operator": operator, "value": value}


def test_manual_filter_is_applied_to_every_dataset(knowledge: Knowledge, model: str, tagged: str) -> None:
    filtering = {"logical_operator": "and", "conditions": [condition("lang", "is", "de")]}
    config = configs(tagged, metadata_filtering_mode="manual", metadata_filtering_conditions=filtering)
    assert contents(cited(app_of(knowledge, model, dataset_configs=config), "harbour")) == ["Harbour German."]
    off = {**config, "metadata_filtering_mode": "disabled"}
    assert len(cited(app_of(knowledge, model, dataset_configs=off), "harbour")) == 3
    nothing = {"conditions": [condition("lang", "is", "xx")]}
    config = configs(tagged, metadata_filtering_mode="manual", metadata_filtering_conditions=nothing)
    assert cited(app_of(knowledge, model, dataset_configs=config), "harbour") == []


BOTH = (
    '[{"name": "lang", "comparison_operator": "is", "value": "de"},'
    ' {"name": "year", "comparison_operator": "=", "value": 2020}]'
)


@pytest.mark.parametrize(
    ("answer", "operator", "expected"),
    [
        ('[{"name": "lang", "comparison_operator": "is", "value": "de"}]', None, {"German"}),
        ('Sure: ```json\n[{"name": "year", "comparison_operator": "<", "value": 2021}]\n```', None, {"English"}),
        (BOTH, None, {"English", "German"}), (BOTH, "and", set()),
        ("[]", None, {"English", "German", "bare"}), ("I cannot tell.", None, {"English", "German", "bare"}),
        ('[{"name": "colour", "comparison_operator": "is", "value": "red"}]', None, {"English", "German", "bare"}),
        ('[{"name": "lang", "comparison_operator": "sounds like", "value": "de"}]', None, {"English", "German", "bare"}),
        ('[{"name": "year", "comparison_operator": ">", "value": "long ago"}]', None, {"English", "German", "bare"}),
        ('[{"name": "lang", "comparison_operator": {"x": 1}}, 7, null]', None, {"English", "German", "bare"}),
    ],
)  # fmt: skip
def test_automatic_filter_is_what_the_model_reads_in_the_query(
    knowledge: Knowledge, brain: OpenAIServer, tagged: str, answer: str, operator: str | None, expected: set[str]
) -> None:
    reader = knowledge.add_model(brain.url, f"reader-{uuid.uuid4().hex[:8]}", "llm")
    brain.script(reader, Behaviour(text=answer))
    config = configs(tagged, metadata_filtering_mode="automatic")
    if operator:
        config["metadata_filtering_conditions"] = {"logical_operator": operator}
    app = app_of(knowledge, reader, dataset_configs=config)
    brain.calls.clear()
    found = {content.removeprefix("Harbour ").removesuffix(".") for content in contents(cited(app, "German harbours"))}
    assert found == expected
    question = next(call for call in brain.calls if call.model == reader).json()["messages"][0]["content"]
    assert "lang" in question and "year" in question and "German harbours" in question


def test_automatic_filter_is_none_when_the_model_fails_or_there_are_no_fields(
    knowledge: Knowledge, brain: OpenAIServer, tagged: str, nature: str
) -> None:
    reader = knowledge.add_model(brain.url, f"reader-{uuid.uuid4().hex[:8]}", "llm")
    brain.script(reader, Behaviour(status=400, times=1))
    config = configs(tagged, metadata_filtering_mode="automatic")
    assert len(cited(app_of(knowledge, reader, dataset_configs=config), "harbour")) == 3
    brain.script(reader, "")
    brain.calls.clear()
    config = configs(nature, metadata_filtering_mode="automatic")
    assert cited(app_of(knowledge, reader, dataset_configs=config), "mountain")
    assert len([call for call in brain.calls if call.model == reader]) == 1


# Which datasets, which documents


def test_documents_that_are_off_and_datasets_that_are_empty_are_skipped(
    knowledge: Knowledge, model: str, nature: str
) -> None:
    dataset_id = knowledge.quality()
    disabled, archived = (knowledge.add_text(dataset_id, f"Mountain {name}.") for name in ("one", "two"))
    # Without the empty economy dataset there is nothing that cannot be merged.
    app = app_of(knowledge, model, dataset_configs=configs(dataset_id, nature, knowledge.economy(), top_k=10))
    assert {"Mountain one.", "Mountain two."} <= set(contents(cited(app, "mountain")))
    for action, document in (("disable", disabled), ("archive", archived)):
        body = {"document_ids": [document["id"]]}
        knowledge.ok("PATCH", f"/datasets/{dataset_id}/documents/status/{action}", json=body)
    assert {resource["dataset_id"] for resource in cited(app, "mountain")} == {nature}


def test_dataset_that_is_switched_off_in_the_app_is_not_searched(
    knowledge: Knowledge, model: str, nature: str, two: list[str]
) -> None:
    config = configs(nature, two[0])
    config["datasets"]["datasets"][0]["dataset"]["enabled"] = False
    resources = cited(app_of(knowledge, model, dataset_configs=config), "mountain lake")
    assert {resource["dataset_id"] for resource in resources} == {two[0]}


def test_dataset_of_another_workspace_is_not_searched(
    knowledge: Knowledge, model: str, model_url: str, nature: str
) -> None:
    stranger = Knowledge(OtherWorkspace(knowledge.workspace.product, model_url))
    stranger.add_embedder()
    foreign = stranger.quality()
    stranger.add_text(foreign, "The secret mountain.")
    app = app_of(knowledge, model, dataset_configs=configs(nature, foreign, str(uuid.uuid4()), "zzz"))
    assert "The secret mountain." not in contents(cited(app, "secret mountain"))
    assert stranger.ok("GET", f"/datasets/{foreign}")["app_count"] == 0
    noted = len(history(knowledge, nature))
    cited(app, "secret mountain")
    history(knowledge, nature, noted + 1)
    assert history(knowledge, foreign) == []


# Completion apps


def test_completion_app_searches_by_its_query_variable(
    knowledge: Knowledge, model: str, nature: str, brain: OpenAIServer
) -> None:
    form = [
        {"text-input": {"label": "Topic", "variable": "topic", "required": False, "default": ""}},
        {"paragraph": {"label": "Query", "variable": "query", "required": False, "default": ""}},
    ]
    app = app_of(
        knowledge, model, "completion", dataset_configs=configs(nature), dataset_query_variable="topic",
        user_input_form=form, pre_prompt="Write: {{query}}",
    )

    def complete(inputs: dict[str, str]) -> list[dict[str, Any]]:
        body = {"inputs": inputs, "user": "u", "response_mode": "blocking"}
        reply = app.http.post("/v1/completion-messages", json=body)
        assert reply.status_code == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["metadata"]["retriever_resources"]
        return found

    assert contents(complete({"topic": "tall white mountain", "query": "a poem"}))[0] == MOUNTAIN
    (message,) = prompt(brain, model)
    assert MOUNTAIN in context_of(message) and "Write: a poem" in message["content"]
    assert complete({"topic": "", "query": "a poem"}) == []
    assert "<context>" not in str(prompt(brain, model))


# Counts and history


def test_search_of_an_app_counts_hits_and_leaves_history(knowledge: Knowledge, model: str) -> None:
    dataset_id = knowledge.quality(retrieval_model=search_by("semantic_search", top_k=2))
    document = knowledge.add_text(dataset_id, TEXT)
    other = knowledge.quality(retrieval_model=search_by("semantic_search", top_k=1))
    knowledge.add_text(other, "A mountain elsewhere.")
    app = app_of(knowledge, model, dataset_configs=configs(dataset_id, other, top_k=2))
    for _ in range(2):
        resources = cited(app, "tall white mountain")
    history(knowledge, dataset_id, 2)
    counted = {one["id"]: one["hit_count"] for one in knowledge.segments(dataset_id, document["id"])}
    for resource in resources:
        if resource["dataset_id"] == dataset_id:
            assert counted.pop(resource["segment_id"]) == 2
    assert set(counted.values()) == {0}
    shown = knowledge.ok("GET", f"/datasets/{dataset_id}/documents/{document['id']}")
    assert shown["hit_count"] == 2 * sum(one["dataset_id"] == dataset_id for one in resources)
    for searched in (dataset_id, other):
        rows = history(knowledge, searched)
        assert [row.content for row in rows] == [[{"content_type": "text_query", "content": "tall white mountain"}]] * 2
        assert {(row.source, row.app_id, row.created_by_role) for row in rows} == {("app", app.id, "end_user")}
        with database(knowledge.workspace.product) as connection:
            query = sa.select(messages.c.from_end_user_id).where(messages.c.app_id == app.id).distinct()
            assert {row.created_by for row in rows} == set(connection.execute(query).scalars())


def test_parent_counts_once_for_several_children(knowledge: Knowledge, model: str) -> None:
    dataset_id = knowledge.quality()
    text = "Whales sing.\nWhales dive."
    document = knowledge.add_text(dataset_id, text, process_rule=NESTED, doc_form="hierarchical_model")
    assert len(cited(app_of(knowledge, model, dataset_configs=configs(dataset_id)), "whales")) == 1
    history(knowledge, dataset_id, 1)
    assert [one["hit_count"] for one in knowledge.segments(dataset_id, document["id"])] == [1]


# In use


def test_dataset_in_use_is_not_deleted_until_no_app_searches_it(knowledge: Knowledge, model: str) -> None:
    dataset_id = knowledge.quality()
    path = f"/datasets/{dataset_id}"
    app = app_of(knowledge, model, dataset_configs=configs(dataset_id))
    other = app_of(knowledge, model, dataset_configs=configs(dataset_id))
    assert knowledge.ok("GET", path)["app_count"] == 2
    status, code, message = knowledge.refusal("DELETE", path)
    assert (status, code) == (409, "dataset_in_use")
    assert message.startswith("The dataset is being used by some apps.")
    console = knowledge.workspace.console
    config = console.get(f"/console/api/apps/{app.id}").json()["model_config"]
    save(knowledge, app.id, {**config, "dataset_configs": configs()})
    assert knowledge.ok("GET", path)["app_count"] == 1
    assert knowledge.refused("DELETE", path) == (409, "dataset_in_use")
    assert console.delete(f"/console/api/apps/{other.id}").status_code == 204
    assert knowledge.http.delete(f"/v1{path}").status_code == 204


@pytest.mark.parametrize("value", ["true", "1", "false", "maybe"])
def test_force_deletes_a_dataset_in_use_and_the_app_goes_on(knowledge: Knowledge, model: str, nature: str, value: str) -> None:
    dataset_id = knowledge.quality()
    knowledge.add_text(dataset_id, "The secret mountain.")
    app = app_of(knowledge, model, dataset_configs=configs(dataset_id, nature))
    assert "The secret mountain." in contents(cited(app, "secret mountain"))
    reply = knowledge.http.delete(f"/v1/datasets/{dataset_id}", params={"force": value})
    if value == "false":
        assert (reply.status_code, reply.json()["code"]) == (409, "dataset_in_use")
    elif value == "maybe":
        assert reply.status_code == 400
    else:
        assert reply.status_code == 204
        assert {resource["dataset_id"] for resource in cited(app, "secret mountain")} == {nature}


def test_conversation_keeps_the_datasets_it_began_with(knowledge: Knowledge, model: str, nature: str) -> None:
    app = app_of(knowledge, model, dataset_configs=configs(nature))
    first = asked(app, "tall white mountain")
    config = knowledge.workspace.console.get(f"/console/api/apps/{app.id}").json()["model_config"]
    save(knowledge, app.id, {**config, "dataset_configs": configs()})
    deadline = time.monotonic() + 15
    while cited(app, "tall white mountain"):
        assert time.monotonic() < deadline, "new conversations follow the new configuration"
    assert contents(cited(app, "tall white mountain", conversation_id=first["conversation_id"]))[0] == MOUNTAIN
    with database(knowledge.workspace.product) as connection:
        count = sa.select(sa.func.count()).select_from(conversations).where(conversations.c.app_id == app.id)
        assert connection.execute(count).scalar_one() >= 2


# Models that fail


def test_embedder_that_fails_fails_the_answer_with_its_reason(
    knowledge: Knowledge, model: str, brain: OpenAIServer
) -> None:
    embedder = knowledge.add_model(brain.url, f"moody-{uuid.uuid4().hex[:8]}", "text-embedding")
    dataset_id = knowledge.quality(embedder)
    knowledge.add_text(dataset_id, TEXT, process_rule=LINES)
    app = app_of(knowledge, model, dataset_configs=configs(dataset_id))
    brain.script(embedder, "error=quota")
    reply = app.send(f"a query never asked before {new_name()}")
    assert (reply.status_code, reply.json()["code"]) == (400, "provider_quota_exceeded")
    with app.stream(f"a query never asked before {new_name()}") as streamed:
        last = events(streamed.iter_text())[-1]
    assert (last["event"], last["code"]) == ("error", "provider_quota_exceeded")
    knowledge.remove_model(embedder, "text-embedding")
    reply = app.send("mountain")
    assert (reply.status_code, reply.json()["code"]) == (400, "provider_not_initialize")


@pytest.fixture(autouse=True)
def _fresh_script(brain: OpenAIServer, model: str) -> Iterator[None]:
    yield
    brain.script(model, "")
