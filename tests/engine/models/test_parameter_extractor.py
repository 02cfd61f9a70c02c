"""The node ``parameter-extractor`` (workflow-engine.md 8.14)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.engine.node import NodeDataError
from server.llm.port import FunctionCall, ModelFault
from tests.engine.models.world import MODEL, TOOLS, ScriptedModel, World, asks, parsed

VALUES = {"start.text": "two nights in Rome"}


def parameter(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": f"the {name}", "required": True, **more}


CITY, NIGHTS = parameter("city"), parameter("nights", "number")


def node(*parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "model": MODEL, "query": ["start", "text"], "parameters": [*parameters] or [CITY, NIGHTS],
        "reasoning_mode": "function_call", **more,
    }


async def test_function_call_is_read() -> None:
    model = ScriptedModel([asks("extract_parameters", city="Rome", nights=2)], features=TOOLS)
    result = await World(model, VALUES).result("parameter-extractor", **node(instruction="Be exact"))
    (function,) = model.requests[0].tools
    assert function.parameters["properties"]["nights"] == {"type": "number", "description": "the nights"}
    assert "Be exact" in model.prompt[0][1] and model.prompt[1] == ("user", "two nights in Rome")
    outputs = dict(result.outputs)
    assert outputs.pop("__usage")["total_tokens"] == 15
    assert outputs == {"__is_success": 1, "__reason": None, "city": "Rome", "nights": 2}
    assert result.process_data["tool_call"]["name"] == "extract_parameters"
    assert result.process_data["function"]["name"] == "extract_parameters"
    assert result.inputs["query"] == "two nights in Rome"


async def test_text_instead_of_a_call_is_read_too() -> None:
    model = ScriptedModel('Here: {"city": "Rome", "nights": "2"} bye', features=TOOLS)
    result = await World(model, VALUES).result("parameter-extractor", **node())
    assert (result.outputs["city"], result.outputs["nights"], result.outputs["__is_success"]) == ("Rome", 2, 1)


@pytest.mark.parametrize(("features", "mode", "schema"), [
    ((), "function_call", False), (TOOLS, "prompt", False), (("structured-output",), "prompt", True),
])  # fmt: skip
async def test_model_is_asked_in_text(features, mode, schema) -> None:
    model = ScriptedModel('{"city": "Rome", "nights": 2}', features=features)
    result = await World(model, VALUES).result("parameter-extractor", **node(reasoning_mode=mode))
    assert not model.requests[0].tools and (model.requests[0].schema is not None) == schema
    assert '"nights"' in model.prompt[0][1] and result.outputs["__is_success"] == 1


@pytest.mark.parametrize(("text", "reason", "values"), [
    ("nothing", "Failed to extract result from function call or text response, using empty result.", ("", 0)),
    ('{"city": "Rome"}', "Invalid number of parameters", ("Rome", 0)),
    ('{"city": "Rome", "nights": 1, "more": 2}', "Invalid number of parameters", ("Rome", 1)),
    ('{"city": "Rome", "other": 1}', "Parameter nights is required", ("Rome", 0)),
    ('{"city": 5, "nights": 1}', "Invalid value for parameter city, expected type: string, actual type: integer",
     ("", 1)),
    ('{"city": "Rome", "nights": "two"}',
     "Invalid value for parameter nights, expected type: number, actual type: string", ("Rome", 0)),
])  # fmt: skip
async def test_bad_answer_is_told_and_does_not_fail(text, reason, values) -> None:
    result = await World(ScriptedModel(text), VALUES).result("parameter-extractor", **node())
    assert (result.outputs["__is_success"], result.outputs["__reason"]) == (0, reason)
    assert (result.outputs["city"], result.outputs["nights"]) == values


@pytest.mark.parametrize(("kind", "given", "value", "success"), [
    ("number", "2.5", 2.5, 1), ("number", True, 1, 1), ("boolean", "True", True, 1), ("bool", 1, True, 1),
    ("boolean", "maybe", False, 0), ("array[number]", ["1", 2, "x"], [1, 2], 0), ("array[string]", ["a", 1], ["a"], 0),
    ("array[object]", [{"a": 1}], [{"a": 1}], 1), ("array[boolean]", [True], [True], 1), ("array[string]", "a", [], 0),
    ("string", None, "", 0),
])  # fmt: skip
async def test_values_come_in_their_types(kind, given, value, success) -> None:
    data = node(parameter("p", kind))
    result = await World(ScriptedModel(json.dumps({"p": given})), VALUES).result("parameter-extractor", **data)
    assert (result.outputs["p"], result.outputs["__is_success"]) == (value, success)


async def test_select_knows_its_options() -> None:
    data = node(parameter("p", "select", options=["a", "b"]))
    result = await World(ScriptedModel('{"p": "c"}'), VALUES).result("parameter-extractor", **data)
    assert result.outputs["__reason"] == "Invalid `select` value for parameter p" and result.outputs["p"] == "c"


async def test_broken_arguments_of_a_call_are_repaired() -> None:
    model = ScriptedModel([FunctionCall("1", "extract_parameters", '{"city": "Rome", "nights": 2')], features=TOOLS)
    result = await World(model, VALUES).result("parameter-extractor", **node())
    assert result.outputs["city"] == "Rome" and result.outputs["__is_success"] == 1


async def test_fault_of_the_model_fails_the_node() -> None:
    error = await World(ScriptedModel(ModelFault("unavailable", "Away.")), VALUES).error("parameter-extractor", **node())
    assert str(error) == "Away."
    assert error.outputs == {"__is_success": 0, "__reason": "Failed to invoke model", "__error": "Away."}


@pytest.mark.parametrize(("data", "message"), [
    (node(parameters=[]), "parameters must not be empty"),
    (node(parameter("__reason")), "__reason is reserved"),
    (node(parameter("x", "date")), "the type of x is not known"),
])  # fmt: skip
def test_bad_data_is_told_at_publish_time(data, message) -> None:
    with pytest.raises(NodeDataError, match=message):
        parsed("parameter-extractor", **data)
