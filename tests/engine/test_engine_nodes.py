"""Start and list-operator (workflow-engine.md 8.1, 8.19)."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.graph import GraphError
from server.engine.node import NodeDataError, NodeError
from server.engine.nodes.list_operator import ListOperatorNode
from server.engine.values import File
from tests.engine.context import context
from tests.engine.flows import end, graph, node, run

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def start(schema: Any = None, *, required: bool = False) -> dict[str, Any]:
    variable = {"variable": "data", "type": "json_object", "required": required, "json_schema": schema}
    return node("start", "start", variables=[variable])


JSON_INPUTS = [
    ("fits", SCHEMA, {"n": 1}, False, ""),
    ("fits-text-schema", '{"type": "object", "required": ["n"]}', {"n": "x"}, False, ""),
    ("no-schema", None, {"any": "thing"}, False, ""),
    ("absent", SCHEMA, None, False, ""),
    ("absent-but-required", SCHEMA, None, True, "data is required in input form"),
    ("not-an-object", SCHEMA, [1], False, "JSON object for 'data' must be an object"),
    ("does-not-fit", SCHEMA, {"n": "x"}, False, "JSON object for 'data' does not match schema: 'x' is not of type 'integer'"),
    ("lacks", SCHEMA, {}, False, "JSON object for 'data' does not match schema: 'n' is a required property"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "required", "error"), [row[1:] for row in JSON_INPUTS], ids=[row[0] for row in JSON_INPUTS])
async def test_start_checks_json_objects(schema: Any, value: Any, required: bool, error: str) -> None:
    told = await run(graph(start(schema, required=required), end(out="start.data"), "start > end"), data=value)
    if error:
        assert (told.end.status, told.end.error) == ("failed", error)
    else:
        assert told.end.outputs == {"out": value}


@pytest.mark.parametrize("schema", ["{", {"type": "nonsense"}], ids=["not-json", "not-a-schema"])
def test_start_with_a_bad_schema_is_refused(schema: Any) -> None:
    with pytest.raises(GraphError) as caught:
        graph(start(schema), end(), "start > end")
    assert "json_schema of 'data' is not" in str(caught.value)


FILES = [
    File("document", "local_file", name="b.pdf", extension=".pdf", size=20, url="u1"),
    File("image", "remote_url", name="a.png", extension=".png", size=10, url="u2"),
    File("image", "local_file", name="c.jpg", extension=".jpg", size=30, url="u3"),
]


def operator(**steps: Any) -> dict[str, Any]:
    return {"variable": ["n", "v"], **{name: {"enabled": True, **step} for name, step in steps.items()}}


async def operate(value: Any, **steps: Any) -> Any:
    result = await ListOperatorNode.parse(operator(**steps), "list").run(context({"n": {"v": value}, "s": {"x": "b", "two": 2}}))
    items = result.outputs["result"]
    assert result.outputs["first_record"] == (items[0] if items else None)
    assert result.outputs["last_record"] == (items[-1] if items else None)
    return items


def where(*conditions: tuple[str, Any] | tuple[str, Any, str]) -> dict[str, Any]:
    return {"conditions": [
        {"key": condition[2] if len(condition) == 3 else "", "comparison_operator": condition[0], "value": condition[1]}
        for condition in conditions
    ]}


WORDS = ["apple", "bob", "cab", ""]
FILTERED: list[tuple[str, Any, dict[str, Any], Any]] = [
    ("contains", WORDS, where(("contains", "b")), ["bob", "cab"]),
    ("template", WORDS, where(("contains", "{{#s.x#}}")), ["bob", "cab"]),
    ("not-contains", WORDS, where(("not contains", "b")), ["apple", ""]),
    ("start", WORDS, where(("start with", "b")), ["bob"]),
    ("end", WORDS, where(("end with", "b")), ["bob", "cab"]),
    ("is", WORDS, where(("is", "bob")), ["bob"]),
    ("is-not", WORDS, where(("is not", "bob")), ["apple", "cab", ""]),
    ("in", WORDS, where(("in", "a bob b")), ["bob", ""]),
    ("in-list", WORDS, where(("in", ["bob", "cab"])), ["bob", "cab"]),
    ("not-in", WORDS, where(("not in", ["bob", "cab"])), ["apple", ""]),
    ("empty", WORDS, where(("empty", "")), [""]),
    ("not-empty", WORDS, where(("not empty", "")), ["apple", "bob", "cab"]),
    ("two", WORDS, where(("contains", "b"), ("start with", "c")), ["cab"]),
    ("equal", [1, 2, 2.5], where(("=", "2")), [2]),
    ("unequal", [1, 2, 2.5], where(("≠", "2")), [1, 2.5]),
    ("greater", [1, 2, 2.5], where((">", "{{#s.two#}}")), [2.5]),
    ("less", [1, 2, 2.5], where(("<", "2")), [1]),
    ("at-most", [1, 2, 2.5], where(("≤", "2")), [1, 2]),
    ("at-least", [1, 2, 2.5], where(("≥", "2")), [2, 2.5]),
    ("true", [True, False], where(("is", True)), [True]),
    ("not-true", [True, False], where(("is not", "true")), [False]),
    ("file-name", FILES, where(("contains", ".p", "name")), FILES[:2]),
    ("file-extension", FILES, where(("is", ".jpg", "extension")), FILES[2:]),
    ("file-type", FILES, where(("in", ["image"], "type")), FILES[1:]),
    ("file-method", FILES, where(("not in", ["local_file"], "transfer_method")), [FILES[1]]),
    ("file-size", FILES, where(("≥", "20", "size")), [FILES[0], FILES[2]]),
]


@pytest.mark.parametrize(("value", "step", "expected"), [row[1:] for row in FILTERED], ids=[row[0] for row in FILTERED])
async def test_list_is_filtered(value: Any, step: dict[str, Any], expected: Any) -> None:
    assert await operate(value, filter_by=step) == expected


async def test_steps_are_applied_in_their_order() -> None:
    numbers = [5, 1, 4, 2, 3]
    assert await operate(numbers, filter_by=where((">", "1")), order_by={"value": "desc"}, limit={"size": 2}) == [5, 4]
    assert await operate(
        numbers, filter_by=where((">", "1")), extract_by={"serial": "2"}, order_by={"value": "asc"}, limit={"size": 5},
    ) == [4]


ORDERED = [
    ("asc", ["b", "a"], {"value": "asc"}, ["a", "b"]), ("desc", [1, 3, 2], {"value": "desc"}, [3, 2, 1]),
    ("file-size", FILES, {"key": "size", "value": "desc"}, [FILES[2], FILES[0], FILES[1]]),
    ("file-name", FILES, {"key": "name", "value": "asc"}, [FILES[1], FILES[0], FILES[2]]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "step", "expected"), [row[1:] for row in ORDERED], ids=[row[0] for row in ORDERED])
async def test_list_is_ordered(value: Any, step: dict[str, Any], expected: Any) -> None:
    assert await operate(value, order_by=step) == expected


async def test_serial_is_a_template() -> None:
    assert await operate(["a", "b"], extract_by={"serial": "{{#s.two#}}"}) == ["b"]


@pytest.mark.parametrize("value", [[], None], ids=["empty", "none"])
async def test_nothing_stays_nothing(value: Any) -> None:
    assert await operate(value, extract_by={"serial": "9"}, filter_by=where((">", "x"))) == []


LIST_FAILURES: list[tuple[str, Any, dict[str, Any], str]] = [
    ("text", "abc", {}, "Variable ['n', 'v'] is not an array type, actual type: string"),
    ("objects", [{"a": 1}], {}, "Variable ['n', 'v'] is not an array type, actual type: array[object]"),
    ("beyond", ["a"], {"extract_by": {"serial": "2"}}, "Invalid serial index: must be <= 1, got 2"),
    ("before", ["a"], {"extract_by": {"serial": "0"}}, "Invalid serial index: must be >= 1, got 0"),
    ("word", ["a"], {"extract_by": {"serial": "x"}}, "Invalid serial index: expected a number, got 'x'"),
    ("operator", [1], {"filter_by": where(("contains", "1"))}, "Invalid filter condition: contains"),
    ("number", [1], {"filter_by": where((">", "x"))}, "Invalid filter value: 'x'"),
    ("file-key", FILES, {"filter_by": where(("contains", "x", "size"))}, "Invalid filter condition: contains"),
]


@pytest.mark.parametrize(("value", "steps", "message"), [row[1:] for row in LIST_FAILURES], ids=[row[0] for row in LIST_FAILURES])
async def test_impossible_steps_fail(value: Any, steps: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeError) as caught:
        await operate(value, **steps)
    assert str(caught.value) == message


async def test_list_that_was_never_written_fails() -> None:
    with pytest.raises(NodeError) as caught:
        await ListOperatorNode.parse(operator(), "list").run(context({}))
    assert str(caught.value) == "Variable not found for selector: ['n', 'v']"


@pytest.mark.parametrize(("steps", "message"), [
    ({"filter_by": where(("like", "x"))}, "Comparison operator 'like' is not supported."),
    ({"order_by": {"key": "colour", "value": "asc"}}, "Files have no 'colour'."),
    ({"limit": {"size": "many"}}, "size must be a whole number, not 'many'."),
], ids=["operator", "key", "size"])  # fmt: skip
def test_bad_list_operator_is_refused(steps: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeDataError) as caught:
        ListOperatorNode.parse(operator(**steps), "list")
    assert str(caught.value) == message


def test_list_operator_says_what_it_reads() -> None:
    node_ = ListOperatorNode.parse(operator(filter_by=where(("is", "{{#a.b#}}")), extract_by={"serial": "{{#c.d#}}"}), "list")
    assert node_.uses() == [("n", "v"), ("a", "b"), ("c", "d")]
