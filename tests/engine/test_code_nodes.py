"""Nodes code and template-transform against every row of workflow-engine.md 8.8 and 8.9; the interpreter is a double."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from server.engine.node import NodeDataError, NodeError
from server.engine.nodes.code import Code
from server.engine.nodes.template_transform import TemplateTransform
from server.engine.ports import CodeFaultError
from server.engine.values import File


class Interpreter:
    """Gives what a test says and remembers what it was given."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.seen: list[tuple[Any, ...]] = []

    async def run(self, language: str, code: str, inputs: Mapping[str, Any]) -> Any:
        return self._answer(language, code, inputs)

    async def render(self, template: str, variables: Mapping[str, Any]) -> str:
        return str(self._answer(template, variables))

    def _answer(self, *seen: Any) -> Any:
        self.seen.append(seen)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def _ctx(interpreter: Interpreter, values: Mapping[tuple[str, ...], Any]) -> Any:
    def get(selector: Sequence[str], default: Any = None) -> Any:
        return values.get(tuple(selector), default)

    return SimpleNamespace(get=get, ports=SimpleNamespace(code=interpreter))


def _code(outputs: Any, **data: Any) -> Code:
    declared = {name: {"type": each} if isinstance(each, str) else each for name, each in (outputs or {}).items()}
    return Code.parse({"code_language": "python3", "code": "...", "variables": [], "outputs": declared, **data}, "code")


async def _outputs(result: Any, outputs: Any) -> Any:
    return (await _code(outputs).run(_ctx(Interpreter(result), {}))).outputs


async def _error(result: Any, outputs: Any) -> tuple[str, str]:
    with pytest.raises(NodeError) as caught:
        await _outputs(result, outputs)
    return str(caught.value), caught.value.error_type


_INVALID = "OutputValidationError"
_OBJECT = {"type": "object", "children": {"b": {"type": "string"}}}


@pytest.mark.parametrize(
    ("result", "outputs", "text", "kind"),
    [
        ({}, {"a": "string"}, "Output a is missing.", _INVALID),
        ({"a": {}}, {"a": _OBJECT}, "Output .a.b is missing.", _INVALID),
        ({"a": "x", "b": 1}, {"a": "string"}, "Not all output parameters are validated.", "CodeNodeError"),
        ({"a": 1}, {"a": "string"}, "Output a must be a string, got int instead", _INVALID),
        ({"a": "1"}, {"a": "number"}, "Output a is not a number, got <class 'str'> instead.", _INVALID),
        ({"a": []}, {"a": "object"}, "Output a is not an object, got <class 'list'> instead.", _INVALID),
        ({"a": "x"}, {"a": "array[string]"}, "Output a is not an array, got <class 'str'> instead.", _INVALID),
        ({"a": {"l": [1, "x"]}}, {"a": "object"},
         "Output .a.l is not a valid array. make sure all elements are of the same type.", _INVALID),
        ({"a": [1, None]}, {"a": "array[number]"},
         "The element at index 1 of output variable `a` must be a number.", _INVALID),
        ({"a": [{}, "x"]}, {"a": "array[object]"},
         "Output a[1] is not an object, got <class 'str'> instead at index 1.", _INVALID),
        ({"a": ["x"]}, {"a": "array[boolean]"}, "Output a[0] is not a boolean, got <class 'str'> instead.", _INVALID),
        ({"a": ["x", 1]}, {"a": "array[string]"}, "Output a[1] must be a string, got int instead", _INVALID),
        ({"a": "x" * 400_001}, {"a": "string"},
         "The length of output variable `a` must be less than 400000 characters", _INVALID),
        ({"a": {"s": "x" * 400_001}}, {"a": "object"},
         "The length of output variable `.a.s` must be less than 400000 characters", _INVALID),
        ({"a": ["x"] * 31}, {"a": "array[string]"},
         "The length of output variable `a` must be less than 30 elements.", _INVALID),
        ({"a": [{}] * 31}, {"a": "array[object]"},
         "The length of output variable `a` must be less than 30 elements.", _INVALID),
        ({"a": [1] * 1001}, {"a": "array[number]"},
         "The length of output variable `a` must be less than 1000 elements.", _INVALID),
        ({"a": 2**63}, {"a": "number"},
         "Output variable `a` is out of range, it must be between -9223372036854775808 and 9223372036854775807.",
         _INVALID),
        ({"a": 1e-21}, {"a": "number"},
         "Output variable `a` has too high precision, it must be less than 20 digits.", _INVALID),
        ({"a": {"a": {"a": {"a": {"a": {}}}}}}, {"a": "object"}, "Depth limit 5 reached, object too deep.",
         "DepthLimitError"),
        ([1], {"a": "string"}, "Result must be a dict, got list", _INVALID),
    ],
)
async def test_output_that_is_not_as_declared_fails_the_node(result: Any, outputs: Any, text: str, kind: str) -> None:
    assert await _error(result, outputs) == (text, kind)


async def test_outputs_as_declared_pass() -> None:
    whole = {
        "s": "x", "n": 1.5, "b": "not checked", "o": {"b": "x"}, "free": {"l": [1, 2.5, None], "m": [[1], [2]], "e": []},
        "as": ["x", None] * 15, "an": list(range(1000)), "ao": [{"k": 1}, None], "ab": [True, None],
    }  # fmt: skip
    types = {
        "s": "string", "n": "number", "b": "boolean", "o": _OBJECT, "free": "object", "as": "array[string]",
        "an": "array[number]", "ao": "array[object]", "ab": "array[boolean]",
    }  # fmt: skip
    assert await _outputs(whole, types) == whole
    nothing = dict.fromkeys(types)
    assert await _outputs(nothing, types) == nothing


async def test_booleans_for_numbers_and_texts_that_are_numbers_are_converted_and_nul_is_removed() -> None:
    assert await _outputs({"a": True, "l": [False, 2]}, {"a": "number", "l": "array[number]"}) == {"a": 1, "l": [0, 2]}
    given = {"a": "1.5e+10", "o": {"x": ["-2E-3", "1e5", " 1e+5", "海1e+5"], "y\x00": "a\x00b"}}
    assert await _outputs(given | {"o": given["o"]["y\x00"]}, {"a": "number", "o": "string"}) == {"a": 1.5e10, "o": "ab"}
    found = await _outputs({"o": {"x": "-2E-3", "y": ["1e5", "海1e+5"], "z": "a\x00"}}, {"o": "object"})
    assert found == {"o": {"x": -0.002, "y": ["1e5", "海1e+5"], "z": "a"}}


async def test_results_too_big_to_look_at_at_once_are_checked_as_well() -> None:
    assert await _error({"a": {"l": [[0] * 1000] * 100 + ["x"]}}, {"a": "object"}) == (
        "Output .a.l is not a valid array. make sure all elements are of the same type.", _INVALID,
    )  # fmt: skip
    nested: Any = {}
    for _ in range(900):
        nested = {"a": nested}
    assert await _error({"a": nested}, {"a": "object"}) == ("Depth limit 5 reached, object too deep.", "DepthLimitError")


async def test_main_gets_what_the_variables_hold() -> None:
    file = File("document", "local_file", name="a.txt", extension=".txt", mime_type="text/plain", size=3, id="f1", url="/f1")
    interpreter = Interpreter({})
    node = _code({}, code_language="javascript", code="main", variables=[
        {"variable": "text", "value_selector": ["start", "text"], "value_type": "string"},
        {"variable": "missing", "value_selector": ["start", "missing"]},
        {"variable": "unset", "value_selector": []},
        {"variable": "files", "value_selector": ["start", "files"]},
        {"variable": "none", "value_selector": ["sys", "files"]},
    ])  # fmt: skip
    result = await node.run(
        _ctx(interpreter, {("start", "text"): "海", ("start", "files"): [file], ("sys", "files"): []})
    )
    ((language, code, inputs),) = interpreter.seen
    assert (language, code) == ("javascript", "main")
    inputs = dict(inputs)
    shown = inputs.pop("files")
    assert inputs == {"text": "海", "missing": None, "unset": None, "none": None}
    assert {key: shown[0][key] for key in ("filename", "extension", "mime_type", "size", "related_id", "url", "type")} == {
        "filename": "a.txt", "extension": ".txt", "mime_type": "text/plain", "size": 3, "related_id": "f1", "url": "/f1",
        "type": "document",
    }  # fmt: skip
    assert result.inputs["files"] == shown
    assert list(node.uses()) == [("start", "text"), ("start", "missing"), ("start", "files"), ("sys", "files")]


async def test_failure_of_code_fails_the_node_with_its_inputs() -> None:
    node = _code({}, variables=[{"variable": "x", "value_selector": ["start", "x"]}])
    with pytest.raises(NodeError) as caught:
        await node.run(_ctx(Interpreter(CodeFaultError("Traceback ...")), {("start", "x"): 1}))
    assert (str(caught.value), caught.value.error_type) == ("Traceback ...", "CodeExecutionError")
    assert caught.value.inputs == {"x": 1}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"code_language": "ruby"}, "code_language must be python3 or javascript"),
        ({"code": None}, "code must be text"),
        ({"outputs": {"a": {"type": "array[file]"}}}, "output a cannot be of the type"),
        ({"outputs": []}, "outputs must be an object"),
        ({"variables": ["x"]}, "each of variables needs"),
        ({"variables": [{"variable": "x", "value_selector": "start.x"}]}, "value_selector of x must be a list"),
    ],
)
def test_impossible_data_are_told_when_the_graph_is_read(data: dict[str, Any], said: str) -> None:
    with pytest.raises(NodeDataError, match=said.replace(".", "\\.")):
        Code.parse({"code_language": "python3", "code": "...", "variables": [], "outputs": {}, **data}, "code")


async def test_template_gives_its_text_and_is_bounded() -> None:
    data = {"template": "{{ x }}", "variables": [{"variable": "x", "value_selector": ["start", "x"]}]}
    node = TemplateTransform.parse(data, "template")
    interpreter = Interpreter("done")
    result = await node.run(_ctx(interpreter, {}))
    assert (result.outputs, result.inputs) == ({"output": "done"}, {"x": None})
    assert interpreter.seen == [("{{ x }}", {"x": None})]
    assert list(node.uses()) == [("start", "x")]
    for failing, said in (
        (Interpreter("x" * 400_001), "Output length exceeds 400000 characters"),
        (Interpreter(CodeFaultError("UndefinedError: 'y' is undefined")), "UndefinedError: 'y' is undefined"),
    ):
        with pytest.raises(NodeError) as caught:
            await node.run(_ctx(failing, {("start", "x"): 1}))
        assert (str(caught.value), caught.value.inputs) == (said, {"x": 1})
    with pytest.raises(NodeDataError, match="template must be text"):
        TemplateTransform.parse({"variables": []}, "template")
