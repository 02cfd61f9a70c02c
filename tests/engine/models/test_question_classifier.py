"""The node ``question-classifier`` (workflow-engine.md 8.6)."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.node import NodeDataError
from tests.engine.models.world import MODEL, FakeMemory, ScriptedModel, World, parsed

VALUES = {"sys.query": "it broke", "start.brand": "Acme"}


def node(**more: Any) -> dict[str, Any]:
    classes = [{"id": "1", "name": "Praise of {{#start.brand#}}"}, {"id": "2", "name": "Complaint", "label": "Bad"}]
    return {"model": MODEL, "query_variable_selector": ["sys", "query"], "classes": classes, **more}


def said(category: str) -> str:
    return f'{{"category_id": "{category}", "category_name": "x"}}'


@pytest.mark.parametrize(("text", "chosen"), [
    (said("2"), "2"),
    (f"Sure:\n```json\n{said('2')}\n```\nbye", "2"),
    (f"<think>{said('1')}</think>It is {said('2')}.", "2"),
    (f"[{said('2')}]", "2"),
    ('{"category_id": 2, "category_name": "Complaint"}', "2"),
    (said("9"), "1"),
    ('{"category_name": "Complaint"}', "1"),
], ids=["plain", "fence", "thought", "list", "number", "unknown id", "no id"])  # fmt: skip
async def test_answer_chooses_the_way_out(text, chosen) -> None:
    result = await World(ScriptedModel(text), VALUES).result("question-classifier", **node())
    assert result.handle == result.outputs["class_id"] == chosen
    assert result.outputs["class_name"] == {"1": "Praise of Acme", "2": "Complaint"}[chosen]
    assert result.outputs["class_label"] == {"1": "CLASS 1", "2": "Bad"}[chosen]
    assert result.outputs["usage"]["total_tokens"] == 15 and result.inputs == {"query": "it broke"}
    assert result.process_data["finish_reason"] == "stop"


@pytest.mark.parametrize(("text", "message"), [
    ("I think it is a complaint", "could not find json block in the output."),
    ('{"category_id": "2",, }', "got invalid json object. error: "),
    (f"[{said('1')}, {said('2')}]", "got invalid return object. obj:"),
])  # fmt: skip
async def test_answer_without_json_fails_and_is_paid(text, message) -> None:
    error = await World(ScriptedModel(text), VALUES).error("question-classifier", **node())
    assert str(error).startswith(message)
    assert error.usage is not None and error.inputs == {"query": "it broke"}


async def test_prompt_has_classes_instruction_history_and_query() -> None:
    model = ScriptedModel(said("1"))
    world = World(model, VALUES, memory=FakeMemory(("hello", "hi")))
    await world.result("question-classifier", **node(
        instruction="For {{#start.brand#}} only", memory={"window": {"enabled": True, "size": 3}}
    ))  # fmt: skip
    (role, system), query = model.prompt
    assert role == "system" and query == ("user", "it broke")
    for part in ('"category_id": "1"', "Praise of Acme", "For Acme only", "Human: hello\nAssistant: hi"):
        assert part in system


async def test_model_that_takes_schemas_is_held_to_the_ids() -> None:
    model = ScriptedModel(said("1"), features=["structured-output"])
    await World(model, VALUES).result("question-classifier", **node())
    schema = model.requests[0].schema
    assert schema is not None and schema["properties"]["category_id"]["enum"] == ["1", "2"]


def test_classes_are_needed() -> None:
    with pytest.raises(NodeDataError, match="classes must not be empty"):
        parsed("question-classifier", **node(classes=[]))
    assert set(parsed("question-classifier", **node()).uses()) == {("sys", "query"), ("start", "brand")}
