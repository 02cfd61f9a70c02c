"""Assignments of both forms (workflow-engine.md 8.11)."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.node import NodeDataError, NodeError
from server.engine.nodes.assigner import AssignerNodeV1, AssignerNodeV2
from tests.engine.context import context
from tests.engine.flows import CHAT, end, fails, graph, node, run, start

TYPES = {
    "text": ("string", "old"), "count": ("number", 10), "rate": ("number", 2.5), "flag": ("boolean", False),
    "thing": ("object", {"a": 1}), "texts": ("array[string]", ["x", "y"]), "numbers": ("array[number]", [1, 2]),
    "things": ("array[object]", []), "any": ("array[any]", [1, "x"]), "empty": ("array[string]", []),
}  # fmt: skip
SCOPES = {
    "conversation": {name: value for name, (_, value) in TYPES.items()},
    "n": {"s": "new", "i": 3, "l": ["p", "q"], "ints": [7, 8], "none": None, "o": {"b": 2}, "t": True},
}
DECLARED = {("conversation", name): kind for name, (kind, _) in TYPES.items()}


def item(target: str, operation: str, value: Any = None, kind: str = "constant") -> dict[str, Any]:
    return {"variable_selector": ["conversation", target], "operation": operation, "input_type": kind, "value": value}


async def assign(*items: dict[str, Any]) -> dict[str, Any]:
    result = await AssignerNodeV2.parse({"items": list(items)}, "set").run(context(SCOPES, DECLARED))
    assert result.outputs == {}
    return {selector[1]: value for selector, value in result.writes}


VAR = "variable"
DONE: list[tuple[str, dict[str, Any], Any]] = [
    ("over-write-variable", item("text", "over-write", ["n", "s"], VAR), "new"),
    ("over-write-constant", item("text", "over-write", "c"), "c"),
    ("over-write-number", item("count", "over-write", 4), 4),
    ("over-write-boolean", item("flag", "over-write", True), True),
    ("over-write-object", item("thing", "over-write", {"z": 1}), {"z": 1}),
    ("over-write-list", item("texts", "over-write", ["n", "l"], VAR), ["p", "q"]),
    ("over-write-any-list", item("any", "over-write", ["n", "ints"], VAR), [7, 8]),
    ("set-text", item("text", "set", "s"), "s"),
    ("set-object-json", item("thing", "set", '{"k": 1}'), {"k": 1}),
    ("clear-text", item("text", "clear", kind=VAR), ""),
    ("clear-number", item("count", "clear", kind=VAR), 0),
    ("clear-boolean", item("flag", "clear", kind=VAR), False),
    ("clear-object", item("thing", "clear", kind=VAR), {}),
    ("clear-list", item("texts", "clear", kind=VAR), []),
    ("append", item("texts", "append", ["n", "s"], VAR), ["x", "y", "new"]),
    ("append-to-empty", item("empty", "append", ["n", "s"], VAR), ["new"]),
    ("append-object", item("things", "append", ["n", "o"], VAR), [{"b": 2}]),
    ("append-any", item("any", "append", ["n", "o"], VAR), [1, "x", {"b": 2}]),
    ("extend", item("texts", "extend", ["n", "l"], VAR), ["x", "y", "p", "q"]),
    ("plus", item("count", "+=", 5), 15),
    ("minus", item("count", "-=", 5), 5),
    ("times", item("rate", "*=", 2), 5.0),
    ("by", item("count", "/=", 4), 2.5),
    ("remove-first", item("texts", "remove-first", kind=VAR), ["y"]),
    ("remove-last", item("texts", "remove-last", kind=VAR), ["x"]),
    ("remove-from-empty", item("empty", "remove-first", kind=VAR), []),
]


@pytest.mark.parametrize(("what", "expected"), [row[1:] for row in DONE], ids=[row[0] for row in DONE])
async def test_assignment_gives_a_new_value(what: dict[str, Any], expected: Any) -> None:
    assert await assign(what) == {what["variable_selector"][1]: expected}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("plus-variable", item("count", "+=", ["n", "i"], VAR), "Input type variable is not supported for operation +="),
    ("set-variable", item("text", "set", ["n", "s"], VAR), "Input type variable is not supported for operation set"),
    ("clear-constant", item("text", "clear"), "Input type constant is not supported for operation clear"),
    ("remove-constant", item("texts", "remove-last"), "Input type constant is not supported for operation remove-last"),
    ("list-constant", item("texts", "over-write", ["a"]), "Input type constant is not supported for operation over-write"),
    ("append-constant", item("texts", "append", "a"), "Input type constant is not supported for operation append"),
    ("append-to-text", item("text", "append", ["n", "s"], VAR), "Operation append is not supported for type string"),
    ("plus-text", item("text", "+=", "a"), "Operation += is not supported for type string"),
    ("set-list", item("texts", "set", ["a"]), "Operation set is not supported for type array[string]"),
    ("remove-object", item("thing", "remove-first", kind=VAR), "Operation remove-first is not supported for type object"),
    ("by-zero", item("count", "/=", 0), "Invalid input value 0"),
    ("plus-word", item("count", "+=", "x"), "Invalid input value x"),
    ("wrong-type", item("text", "over-write", ["n", "i"], VAR), "Invalid input value 3"),
    ("boolean-for-number", item("count", "over-write", ["n", "t"], VAR), "Invalid input value True"),
    ("wrong-element", item("texts", "append", ["n", "i"], VAR), "Invalid input value 3"),
    ("wrong-elements", item("texts", "extend", ["n", "ints"], VAR), "Invalid input value [7, 8]"),
    ("extend-with-one", item("texts", "extend", ["n", "s"], VAR), "Invalid input value new"),
    ("bad-json", item("thing", "set", "{"), "Invalid input value {"),
    ("no-target", item("nothing", "over-write", "x"), "Variable ['conversation', 'nothing'] not found"),
    ("no-source", item("text", "over-write", ["n", "zz"], VAR), "Variable ['n', 'zz'] not found"),
]


@pytest.mark.parametrize(("what", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_impossible_assignment_fails(what: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeError) as caught:
        await assign(what)
    assert str(caught.value) == message


async def test_source_that_is_none_changes_nothing() -> None:
    assert await assign(item("text", "over-write", ["n", "none"], VAR)) == {}


async def test_later_items_see_what_earlier_ones_wrote() -> None:
    assert await assign(
        item("count", "+=", 1), item("count", "*=", 2), item("rate", "over-write", ["conversation", "count"], VAR),
    ) == {"count": 22, "rate": 22}


async def test_failure_of_a_later_item_keeps_the_earlier_ones_in_the_run() -> None:
    with pytest.raises(NodeError) as caught:
        await assign(item("count", "+=", 1), item("count", "/=", 0))
    assert caught.value.writes == [(("conversation", "count"), 11)]
    bad = node("set", "assigner", version="2", error_strategy="fail-branch", items=[
        item("count", "+=", 1), item("count", "/=", 0),
    ])
    told = await run(
        graph(start(), bad, end(out="conversation.count"), "start > set:fail-branch > end"), run_info=CHAT,
        conversation={"count": 10}, types={"count": "number"},
    )
    assert (told.end.outputs, told.finished("set").status) == ({"out": 11}, "exception")


async def test_record_shows_the_new_values() -> None:
    result = await AssignerNodeV2.parse({"items": [item("count", "+=", 1)]}, "set").run(context(SCOPES, DECLARED))
    assert result.process_data["count"] == 11
    assert result.process_data["updated_variables"] == [
        {"name": "count", "selector": ["conversation", "count"], "value_type": "number", "new_value": 11},
    ]


@pytest.mark.parametrize(("data", "message"), [
    ({"items": [item("text", "replace")]}, "Operation 'replace' is not one of"),
    ({"items": [{**item("text", "set"), "input_type": "magic"}]}, "input_type 'magic' is neither variable nor constant."),
    ({"items": [{"operation": "set"}]}, "variable_selector must be a list of two or more names"),
], ids=["operation", "input-type", "target"])  # fmt: skip
def test_bad_data_of_the_second_form_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeDataError) as caught:
        AssignerNodeV2.parse(data, "set")
    assert message in str(caught.value)


def first_form(mode: str, target: str, source: list[str] | None = None) -> dict[str, Any]:
    return {
        "assigned_variable_selector": ["conversation", target], "write_mode": mode, "input_variable_selector": source or [],
    }  # fmt: skip


OLD = [
    ("over-write", first_form("over-write", "text", ["n", "s"]), "new"),
    ("over-write-any-type", first_form("over-write", "text", ["n", "i"]), 3),
    ("append", first_form("append", "texts", ["n", "s"]), ["x", "y", "new"]),
    ("clear-text", first_form("clear", "text"), ""),
    ("clear-number", first_form("clear", "count"), 0),
    ("clear-list", first_form("clear", "texts"), []),
    ("clear-boolean", first_form("clear", "flag"), False),
    ("clear-object", first_form("clear", "thing"), {}),
]


@pytest.mark.parametrize(("data", "expected"), [row[1:] for row in OLD], ids=[row[0] for row in OLD])
async def test_first_form(data: dict[str, Any], expected: Any) -> None:
    result = await AssignerNodeV1.parse(data, "set").run(context(SCOPES, DECLARED))
    assert [value for _, value in result.writes] == [expected]


@pytest.mark.parametrize(("data", "message"), [
    (first_form("over-write", "zz", ["n", "s"]), "assigned variable not found"),
    (first_form("over-write", "text", ["n", "zz"]), "input value not found"),
    (first_form("append", "text", ["n", "s"]), "Operation append is not supported for type string"),
], ids=["target", "source", "append"])  # fmt: skip
async def test_first_form_failures(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeError) as caught:
        await AssignerNodeV1.parse(data, "set").run(context(SCOPES, DECLARED))
    assert str(caught.value) == message


@pytest.mark.parametrize("version", [{}, {"version": "1"}, {"version": "7"}], ids=["none", "one", "unknown"])
async def test_version_picks_the_form(version: dict[str, str]) -> None:
    data = first_form("over-write", "text", ["start", "q"]) | {"items": [item("text", "set", "v2")]} | version
    told = await run(
        graph(start("q"), node("set", "assigner", **data), end(out="conversation.text"), "start > set > end"),
        conversation={"text": "old"}, types={"text": "string"}, q="v1",
    )
    assert told.end.outputs == {"out": "v2" if version == {"version": "7"} else "v1"}


async def test_writes_are_told_with_the_end_of_the_node() -> None:
    told = await run(
        graph(start(), node("set", "assigner", version="2", items=[item("count", "+=", 1)]), fails("n"), "start > set > n"),
        conversation={"count": 1}, types={"count": "number"},
    )
    assert told.finished("set").writes == [(("conversation", "count"), 2)]


@pytest.mark.parametrize(("length", "fits"), [(200 * 1024 - 2, True), (200 * 1024, False)], ids=["largest", "larger"])
async def test_conversation_variables_do_not_grow_without_end(length: int, fits: bool) -> None:
    what = item("text", "over-write", "x" * length)
    if fits:
        assert len((await assign(what))["text"]) == length
        return
    with pytest.raises(NodeError) as caught:
        await assign(what)
    assert str(caught.value) == f"Variable 'text' has {length + 2} bytes, more than 204800"
