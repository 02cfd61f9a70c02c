"""Input form rules and messages (feature-semantics.md 5.2, app-dsl.md section 3)."""

from __future__ import annotations

from typing import Any

import pytest

from server.chat.inputs import compile_form, compile_variables, validate_inputs
from server.kit.errors import AppError, Reason


def form(kind: str, **control: Any) -> Any:
    return compile_form([{kind: {"variable": "v", "label": "V", **control}}])


def start(kind: str, **control: Any) -> Any:
    return compile_variables([{"type": kind, "variable": "v", "label": "V", **control}])


def refusal(fields: Any, value: Any, *, graph: bool = False) -> str:
    with pytest.raises(AppError) as caught:
        validate_inputs(fields, {} if value is ... else {"v": value}, graph=graph)
    assert caught.value.reason is Reason.INVALID_PARAM
    return caught.value.message or ""


def accepted(fields: Any, value: Any, *, graph: bool = False) -> Any:
    return validate_inputs(fields, {} if value is ... else {"v": value}, graph=graph)["v"]


@pytest.mark.parametrize("value", [..., None])
@pytest.mark.parametrize("kind", ["text-input", "paragraph", "select", "number", "checkbox"])
def test_required_variable_missing_is_refused(kind: str, value: Any) -> None:
    assert refusal(form(kind, required=True), value) == "v is required in input form"


@pytest.mark.parametrize("kind", ["text-input", "select", "number", "checkbox"])
def test_optional_variable_missing_is_stored_as_null(kind: str) -> None:
    assert validate_inputs(form(kind), {}) == {"v": None}
    assert validate_inputs(form(kind), None) == {"v": None}


def test_undeclared_keys_are_dropped() -> None:
    assert validate_inputs(form("text-input"), {"v": "a", "other": 1}) == {"v": "a"}


def test_default_is_applied_for_graphs_only() -> None:
    assert accepted(form("text-input", default="d"), ...) is None
    assert accepted(start("text-input", default="d"), ..., graph=True) == "d"


def test_default_of_a_graph_variable_is_checked_like_a_value() -> None:
    assert accepted(start("number", default="12"), ..., graph=True) == 12
    message = refusal(start("select", default="c", options=["a", "b"]), ..., graph=True)
    assert message == "v in input form must be one of the following: ['a', 'b']"


def test_required_text_given_as_empty_string_passes() -> None:
    assert accepted(form("text-input", required=True), "") == ""


@pytest.mark.parametrize("kind", ["text-input", "paragraph", "select"])
@pytest.mark.parametrize("value", [1, True, 1.5, [], {}])
def test_text_of_another_type_is_refused(kind: str, value: Any) -> None:
    assert refusal(form(kind), value) == f"(type '{kind}') v in input form must be a string"


@pytest.mark.parametrize("kind", ["text-input", "paragraph"])
def test_text_longer_than_max_length_is_refused(kind: str) -> None:
    fields = form(kind, max_length=3)
    assert accepted(fields, "abc") == "abc"
    assert refusal(fields, "abcd") == "v in input form must be less than 3 characters"


@pytest.mark.parametrize("limit", [0, None, "many", -1, float("nan")])
def test_text_without_usable_max_length_has_no_limit(limit: Any) -> None:
    assert accepted(form("paragraph", max_length=limit), "x" * 5000) == "x" * 5000


def test_max_length_stored_as_text_counts() -> None:
    assert refusal(form("text-input", max_length="2"), "abc") == "v in input form must be less than 2 characters"


def test_select_outside_options_is_refused() -> None:
    fields = form("select", options=["a", "b"])
    assert accepted(fields, "a") == "a"
    assert refusal(fields, "c") == "v in input form must be one of the following: ['a', 'b']"
    assert refusal(fields, "") == "v in input form must be one of the following: ['a', 'b']"


@pytest.mark.parametrize(
    ("value", "stored"),
    [(5, 5), (1.5, 1.5), (True, True), ("7", 7), ("-7", -7), ("1.5", 1.5), (" 3 ", 3), ("", None), ("  ", None)],
)
def test_number_is_kept_or_parsed(value: Any, stored: Any) -> None:
    result = accepted(form("number"), value)
    assert (result, type(result)) == (stored, type(stored))


@pytest.mark.parametrize("value", ["x", "1e5", "1.2.3", "nan", "1.e999", "9" * 5000, float("inf"), float("nan")])
def test_number_that_is_none_is_refused(value: Any) -> None:
    assert refusal(form("number"), value) == "v in input form must be a valid number"


@pytest.mark.parametrize(("value", "name"), [({"a": 1}, "dict"), ([1], "list")])
def test_number_of_another_type_is_invalid_param(value: Any, name: str) -> None:
    message = refusal(form("number"), value)
    assert message.startswith("v in input form must be a valid number")
    assert f"expected value type int, float or str, got {name}, value: {value}" in message


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("true", True), ("1", True), ("YES", True), ("on", True),
        ("false", False), ("0", False), ("No", False), ("off", False),
        (1, True), (0, False), (1.0, True), (True, True), ("maybe", "maybe"), (2, 2), ("", ""),
    ],
)  # fmt: skip
def test_checkbox_words_and_numbers_become_booleans(value: Any, stored: Any) -> None:
    result = accepted(form("checkbox"), value)
    assert (result, type(result)) == (stored, type(stored))


def test_object_for_a_variable_that_takes_none_is_refused() -> None:
    assert refusal(form("checkbox"), {"a": 1}) == "Invalid input type for ['v']"
    assert refusal(form("checkbox"), [{"a": 1}]) == "Invalid input type for ['v']"
    assert accepted(form("checkbox"), ["a"]) == ["a"]


def test_all_misplaced_objects_are_named() -> None:
    fields = compile_form([{"checkbox": {"variable": name, "label": name}} for name in "ab"])
    with pytest.raises(AppError, match=r"Invalid input type for \['a', 'b'\]"):
        validate_inputs(fields, {"a": {}, "b": {}})


def test_file_must_be_an_object() -> None:
    assert refusal(start("file"), "x") == "v in input form must be a file"
    assert refusal(start("file"), [{}]) == "v in input form must be a file"
    assert accepted(start("file"), {"type": "image"}) == {"type": "image"}


def test_file_list_must_be_objects_within_the_count() -> None:
    fields = start("file-list", max_length=1)
    assert refusal(fields, {}) == "v in input form must be a list of files"
    assert refusal(fields, ["x"]) == "v in input form must be a list of files"
    assert refusal(fields, [{}, {}]) == "v in input form must be less than 1 files"
    assert accepted(fields, [{"type": "image"}]) == [{"type": "image"}]


@pytest.mark.parametrize("kind", ["file", "file-list"])
def test_optional_file_given_as_empty_string_is_null(kind: str) -> None:
    assert accepted(start(kind), "") is None
    assert "must be a" in refusal(start(kind, required=True), "")


def test_json_object_must_be_an_object_or_falsy() -> None:
    assert accepted(start("json_object"), {"a": 1}) == {"a": 1}
    assert accepted(start("json_object"), "") == ""
    assert refusal(start("json_object"), "{}") == "v in input form must be a dict"
    assert refusal(start("json_object"), [1]) == "v in input form must be a dict"


def test_nul_characters_are_removed_at_any_depth() -> None:
    assert accepted(form("text-input"), "a\x00b") == "ab"
    assert accepted(start("json_object"), {"k\x00": ["a\x00"]}) == {"k": ["a"]}
    assert accepted(form("paragraph"), "a\ud800b") == "ab"


def test_number_without_end_inside_an_object_is_refused() -> None:
    assert "v in input form" in refusal(start("json_object"), {"n": float("inf")})


def test_compile_form_leaves_out_what_it_cannot_read() -> None:
    entries = [
        "x", {}, {"text-input": "x"}, {"text-input": {}}, {"unknown": {"variable": "u"}},
        {"external_data_tool": {"variable": "tool"}},
        {"text-input": {"variable": "v"}}, {"number": {"variable": "v"}},
    ]  # fmt: skip
    assert [(field.variable, field.kind) for field in compile_form(entries)] == [("v", "text-input")]
    assert compile_form(None) == compile_form("abc") == compile_variables({"a": 1}) == ()


def test_start_variable_of_type_string_is_a_text_input() -> None:
    assert start("string")[0].kind == "text-input"


def test_options_that_are_not_text_are_read_as_text() -> None:
    assert accepted(form("select", options=[1, "b"]), "1") == "1"
