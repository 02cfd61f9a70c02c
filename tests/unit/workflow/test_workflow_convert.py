"""A configured app as a graph: what it asks, searches and says (console-api.md section 6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from server.app.model import App, Config
from server.chat.model_config import default_document
from server.engine.graph import check
from server.kit.ids import new_id
from server.workflow.convert import section_of

DATASET = new_id()
NOW = datetime.now(UTC)
MODEL = {"provider": "langgenius/openai/openai", "name": "m", "mode": "chat", "completion_params": {}}


def converted(mode: str, into: str, **config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The nodes' data by id, and the features; the graph can run."""
    document = {**default_document(mode, MODEL), **config}
    app = App(
        id=new_id(), name="a", description="", mode=mode, icon_type=None, icon=None, icon_background=None,
        enable_site=True, enable_api=True, max_active_requests=None, use_icon_as_answer_icon=False, created_by=None,
        updated_by=None, created_at=NOW, updated_at=NOW, author_name=None, tags=(), icon_file=None, has_trigger=False,
        config=Config(document, None, NOW),
    )  # fmt: skip
    section = section_of(app, into)
    assert check(section["graph"]) == []
    return {node["id"]: node["data"] for node in section["graph"]["nodes"]}, section["features"]


def searching(**config: Any) -> dict[str, Any]:
    datasets = {"datasets": [{"dataset": {"enabled": True, "id": DATASET}}]}
    return {"dataset_configs": {"retrieval_model": "multiple", "top_k": 3, "datasets": datasets, **config}}


def test_chat_app_remembers_and_answers() -> None:
    nodes, features = converted("chat", "advanced-chat", pre_prompt="Be {{tone}}. {{#query#}} {{other thing}}",
                                opening_statement="Hi")  # fmt: skip
    assert list(nodes) == ["start", "llm", "answer"]
    assert nodes["llm"]["prompt_template"] == [
        {"role": "system", "text": "Be {{#start.tone#}}. {{#sys.query#}} {{other thing}}"}
    ]
    assert nodes["llm"]["memory"]["window"] == {"enabled": False, "size": None}
    assert nodes["answer"]["answer"] == "{{#llm.text#}}"
    assert features["opening_statement"] == "Hi"


def test_completion_app_ends_with_a_result_and_keeps_no_memory() -> None:
    nodes, features = converted("completion", "workflow", pre_prompt="Write about {{topic}}")
    assert list(nodes) == ["start", "llm", "end"]
    assert "memory" not in nodes["llm"]
    assert nodes["end"]["outputs"] == [{"variable": "result", "value_selector": ["llm", "text"], "value_type": "string"}]
    assert "opening_statement" not in features


@pytest.mark.parametrize(
    ("mode", "into", "asked"),
    [("chat", "advanced-chat", ["sys", "query"]), ("completion", "workflow", ["start", "topic"])],
)
def test_app_that_searches_puts_what_it_found_into_the_prompt(mode: str, into: str, asked: list[str]) -> None:
    nodes, _ = converted(mode, into, pre_prompt="Be brief.", dataset_query_variable="topic", **searching())
    assert list(nodes)[1] == "knowledge_retrieval"
    found = nodes["knowledge_retrieval"]
    assert (found["dataset_ids"], found["query_variable_selector"]) == ([DATASET], asked)
    assert (found["retrieval_mode"], found["multiple_retrieval_config"]["top_k"]) == ("multiple", 3)
    assert nodes["llm"]["context"] == {"enabled": True, "variable_selector": ["knowledge_retrieval", "result"]}
    assert nodes["llm"]["prompt_template"][0]["text"] == "{{#context#}}\nBe brief."


def test_app_that_picks_a_dataset_asks_its_model() -> None:
    nodes, _ = converted("chat", "advanced-chat", **searching(retrieval_model="single"))
    assert nodes["knowledge_retrieval"]["retrieval_mode"] == "single"
    assert nodes["knowledge_retrieval"]["single_retrieval_config"]["model"] == MODEL


def test_advanced_prompts_keep_their_messages() -> None:
    prompt = [{"role": "system", "text": "Be {{tone}}"}, {"role": "assistant", "text": "{{#context#}}"}, {"text": "x"}]
    nodes, _ = converted("chat", "advanced-chat", prompt_type="advanced", chat_prompt_config={"prompt": prompt})
    assert nodes["llm"]["prompt_template"] == [
        {"role": "system", "text": "Be {{#start.tone#}}"}, {"role": "assistant", "text": "{{#context#}}"},
        {"role": "user", "text": "x"},
    ]  # fmt: skip


def test_completion_models_get_one_text() -> None:
    model = {**MODEL, "mode": "completion"}
    nodes, _ = converted("chat", "advanced-chat", model=model, pre_prompt="Go", **searching())
    assert nodes["llm"]["prompt_template"] == {"text": "{{#context#}}\nGo\n{{#sys.query#}}"}


def test_pictures_go_to_the_model_when_the_app_takes_them() -> None:
    image = {"image": {"enabled": True, "detail": "low", "number_limits": 2, "transfer_methods": ["local_file"]}}
    nodes, features = converted("chat", "advanced-chat", file_upload=image)
    assert nodes["llm"]["vision"] == {
        "enabled": True, "configs": {"variable_selector": ["sys", "files"], "detail": "low"},
    }  # fmt: skip
    assert features["file_upload"] == image
