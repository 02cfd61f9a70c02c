"""Every operator of if-else as measured (workflow-engine.md 8.7)."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.node import NodeDataError, NodeError
from server.engine.nodes.if_else import IfElseNode
from server.engine.values import File
from tests.engine.context import context

PDF = File("document", "local_file", name="a.pdf", extension=".pdf", size=10)
PNG = File("image", "local_file", name="b.png", extension=".png", size=90)


def condition(operator: str, expected: Any = "", **more: Any) -> dict[str, Any]:
    return {"variable_selector": ["n", "v"], "comparison_operator": operator, "value": expected, **more}


def if_else(*conditions: dict[str, Any], logical: str = "and") -> IfElseNode:
    case = {"case_id": "hit", "logical_operator": logical, "conditions": list(conditions)}
    return IfElseNode.parse({"cases": [case]}, "if")


async def decide(value: Any, operator: str, expected: Any = "", **more: Any) -> bool:
    result = await if_else(condition(operator, expected, **more)).run(context({"n": {"v": value}, "s": {"x": "ref"}}))
    assert result.outputs["selected_case_id"] == result.handle
    assert result.outputs["result"] is (result.handle == "hit")
    return result.handle == "hit"


# operator, value, expected, what comes of it: a truth value or the text of the failure.
MEASURED: list[tuple[str, Any, Any, bool | str]] = [
    ("contains", "", "a", False), ("contains", None, "a", False), ("contains", [], "a", False),
    ("contains", "cat", "a", True), ("contains", "cat", "", True), ("contains", "cat", "z", False),
    ("contains", [1, 2], "1", False), ("contains", ["1", "2"], "1", True), ("contains", [True, False], "true", True),
    ("contains", [False], "true", False), ("contains", 5, "5", "Invalid actual value type: string or array"),
    ("contains", {"a": 1}, "a", "Invalid actual value type: string or array"),
    ("not contains", "", "a", True), ("not contains", None, "a", True), ("not contains", [], "a", True),
    ("not contains", "cat", "a", False), ("not contains", "cat", "z", True), ("not contains", ["a"], "b", True),
    ("not contains", 5, "5", "Invalid actual value type: string or array"),
    ("start with", "cat", "c", True), ("start with", "cat", "a", False), ("start with", "", "", False),
    ("start with", None, "c", False), ("start with", 5, "5", "Invalid actual value type: string"),
    ("end with", "cat", "t", True), ("end with", "cat", "a", False), ("end with", None, "t", False),
    ("end with", ["t"], "t", "Invalid actual value type: string"),
    ("is", None, "a", False), ("is", "a", "a", True), ("is", "A", "a", False), ("is", "", "", True),
    ("is", 5, "5", "Invalid actual value type: string or boolean"), ("is", True, "true", True), ("is", True, "false", False),
    ("is", False, "false", True), ("is", True, True, True), ("is", False, True, False), ("is", True, "True", "Invalid expected value 'True'"),
    ("is not", None, "a", False), ("is not", "a", "a", False), ("is not", "A", "a", True), ("is not", "", "", False),
    ("is not", 5, "5", "Invalid actual value type: string or boolean"), ("is not", True, "false", True),
    ("empty", None, "", True), ("empty", "", "", True), ("empty", [], "", True), ("empty", {}, "", True), ("empty", 0, "", True),
    ("empty", False, "", True), ("empty", " ", "", False), ("empty", PDF, "", False),
    ("not empty", 0, "", False), ("not empty", "", "", False), ("not empty", " ", "", True), ("not empty", [0], "", True),
    ("=", None, "5", False), ("≠", None, "5", False), ("=", 5, "5", True), ("=", 5, "6", False), ("≠", 5, "6", True),
    ("=", 5, "5.0", "invalid literal for int() with base 10: '5.0'"), ("=", 5, "", "invalid literal for int() with base 10: ''"),
    ("=", 5, "abc", "invalid literal for int() with base 10: 'abc'"), ("=", 5.0, "5", True), ("=", 5.5, "5.5", True),
    ("=", "5", "5", "Invalid actual value type: number or boolean"), ("=", True, "true", True), ("=", True, "1", True),
    ("=", False, "1", False), ("≠", "5", "5", "Invalid actual value type: number or boolean"), ("≠", 5.5, "5.5", False),
    (">", None, "5", False), (">", 5, "4.5", True), (">", 5, "5", False), (">", "5", "4", "Invalid actual value type: number"),
    (">", 5, "abc", "Cannot convert 'abc' to number"), ("<", 5, "5.5", True), ("<", None, "5", False), ("<", 5, 4, False),
    ("≥", 5, "5", True), ("≥", 5, "5.1", False), ("≥", None, "1", False), ("≤", 5, "5", True), ("≤", 5, "4.9", False),
    ("≤", None, "9", False), ("≤", [], "9", "Invalid actual value type: number"),
    ("in", "a", ["a", "b"], True), ("in", "c", ["a", "b"], False), ("in", "", ["a"], False), ("in", None, ["a"], False),
    ("in", "a", "abc", "Invalid expected value type: array"), ("not in", "c", ["a"], True), ("not in", "a", ["a"], False),
    ("not in", "", ["a"], True), ("not in", "a", "abc", "Invalid expected value type: array"),
    ("all of", ["a", "b"], ["a"], True), ("all of", ["a"], ["a", "b"], False), ("all of", [], ["a"], False), ("all of", None, ["a"], False),
    ("exists", None, "", False), ("exists", "", "", True), ("not exists", None, "", True), ("not exists", 0, "", False),
    ("null", None, "", True), ("null", "", "", False), ("not null", None, "", False), ("not null", [], "", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "value", "expected", "outcome"), MEASURED,
    ids=[f"{index}-{row[0]}" for index, row in enumerate(MEASURED)],
)  # fmt: skip
async def test_operator_decides_as_measured(operator: str, value: Any, expected: Any, outcome: bool | str) -> None:
    if isinstance(outcome, bool):
        assert await decide(value, operator, expected) is outcome
    else:
        with pytest.raises(NodeError) as caught:
            await decide(value, operator, expected)
        assert outcome in str(caught.value)


@pytest.mark.parametrize("operator", ["exists", "not exists", "empty", "is"])
async def test_variable_that_was_never_written_fails_every_operator(operator: str) -> None:
    node = IfElseNode.parse({"cases": [{"case_id": "x", "conditions": [
        {"variable_selector": ["n", "zz"], "comparison_operator": operator, "value": ""},
    ]}]}, "if")
    with pytest.raises(NodeError) as caught:
        await node.run(context({"n": {"v": 1}}))
    assert str(caught.value) == "Variable ['n', 'zz'] not found"


async def test_expected_values_are_templates() -> None:
    assert await decide("a ref b", "contains", "{{#s.x#}}")
    assert await decide("ref", "in", ["{{#s.x#}}", "other"])


@pytest.mark.parametrize(("logical", "outcome"), [("and", True), ("or", False)], ids=["and", "or"])
async def test_no_conditions_at_all(logical: str, outcome: bool) -> None:
    result = await if_else(logical=logical).run(context({}))
    assert result.outputs["result"] is outcome


@pytest.mark.parametrize(("logical", "first"), [("and", "z"), ("or", "a")], ids=["and", "or"])
async def test_conditions_after_the_decision_are_not_looked_at(logical: str, first: str) -> None:
    node = if_else(condition("contains", first), condition("=", "1"), logical=logical)
    result = await node.run(context({"n": {"v": "cat"}}))
    assert result.process_data["condition_results"][0]["results"] == [logical == "or"]


async def test_first_case_that_holds_wins() -> None:
    node = IfElseNode.parse({"cases": [
        {"case_id": "one", "conditions": [condition("is", "x")]}, {"case_id": "two", "conditions": [condition("is", "cat")]},
        {"case_id": "three", "conditions": [condition("not empty")]},
    ]}, "if")
    result = await node.run(context({"n": {"v": "cat"}}))
    assert (result.handle, result.outputs) == ("two", {"result": True, "selected_case_id": "two"})
    assert len(result.process_data["condition_results"]) == 2


@pytest.mark.parametrize(("value", "handle"), [("cat", "true"), ("dog", "false")], ids=["holds", "else"])
async def test_old_form_has_one_case(value: str, handle: str) -> None:
    node = IfElseNode.parse({"logical_operator": "and", "conditions": [condition("is", "cat")]}, "if")
    assert (await node.run(context({"n": {"v": value}}))).handle == handle


FILE_CASES = [
    ("contains-some", "contains", [PDF, PNG], {"key": "type", "comparison_operator": "in", "value": ["image"]}, True),
    ("contains-none", "contains", [PDF], {"key": "type", "comparison_operator": "in", "value": ["image"]}, False),
    ("not-contains", "not contains", [PDF], {"key": "type", "comparison_operator": "in", "value": ["image"]}, True),
    ("not-contains-but-does", "not contains", [PDF, PNG], {"key": "type", "comparison_operator": "in", "value": ["image"]}, False),
    ("all", "all of", [PDF, PNG], {"key": "size", "comparison_operator": "≥", "value": "10"}, True),
    ("not-all", "all of", [PDF, PNG], {"key": "name", "comparison_operator": "contains", "value": "pdf"}, False),
]


@pytest.mark.parametrize(("operator", "files", "sub", "outcome"), [row[1:] for row in FILE_CASES], ids=[row[0] for row in FILE_CASES])
async def test_files_are_compared_by_their_attributes(operator: str, files: list[File], sub: dict[str, Any], outcome: bool) -> None:
    more = {"sub_variable_condition": {"logical_operator": "and", "conditions": [sub]}}
    assert await decide(files, operator, **more) is outcome


@pytest.mark.parametrize(("logical", "outcome"), [("and", False), ("or", True)], ids=["and", "or"])
async def test_several_file_conditions(logical: str, outcome: bool) -> None:
    conditions = [
        {"key": "extension", "comparison_operator": "is", "value": ".pdf"}, {"key": "size", "comparison_operator": ">", "value": "50"},
    ]
    more = {"sub_variable_condition": {"logical_operator": logical, "conditions": conditions}}
    assert await decide([PDF, PNG], "contains", **more) is outcome


async def test_failure_tells_what_was_compared() -> None:
    with pytest.raises(NodeError) as caught:
        await decide(5, "is", "5")
    assert caught.value.inputs == {"conditions": [{"actual_value": 5, "expected_value": "5", "comparison_operator": "is"}]}


@pytest.mark.parametrize(("data", "message"), [
    ({"cases": [{"conditions": [condition("like", "x")]}]}, "Comparison operator 'like' is not supported."),
    ({"cases": [{"conditions": [{"variable_selector": ["n"], "comparison_operator": "is"}]}]},
     "variable_selector must be a list of two or more names, not ['n']."),
    ({"cases": "x"}, "cases must be a list of objects."),
], ids=["operator", "selector", "cases"])  # fmt: skip
def test_bad_data_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeDataError) as caught:
        IfElseNode.parse(data, "if")
    assert str(caught.value) == message


def test_node_says_what_it_reads() -> None:
    assert if_else(condition("is", "{{#a.b#}}")).uses() == [("n", "v"), ("a", "b")]
