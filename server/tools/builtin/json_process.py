"""The provider ``json_process``: look into JSON, change it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from server.engine.ports import ToolMessage
from server.tools.builtin import jsonpath
from server.tools.builtin.part import Field, Provider, Tool, Work, World, told

_FAULTS = (ValueError, TypeError, KeyError, IndexError, RecursionError, AttributeError)
_STEP = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")
_MOST_ITEMS = 10_000


class _RefusedError(Exception):
    """Something that is told as it is."""


def _tool(verb: str, needed: tuple[str, ...], change: Callable[[Mapping[str, Any]], str]) -> Work:
    """A tool that answers text, also when it fails."""

    async def work(_: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
        for name in needed:
            if given.get(name) in (None, ""):
                yield told(f"Invalid parameter {name}")
                return
        try:
            yield told(await asyncio.to_thread(change, given))
        except _RefusedError as error:
            yield told(str(error))
        except _FAULTS as error:
            yield told(f"Failed to {verb} JSON content: {error}")

    return work


def _printed(value: Any, given: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=given.get("ensure_ascii") is not False)


def _parse(given: Mapping[str, Any]) -> str:
    found = [match.value for match in jsonpath.find(given["json_filter"], json.loads(given["content"]))]
    if not found:
        return ""
    result = found[0] if len(found) == 1 else found
    return _printed(result, given) if isinstance(result, (dict, list)) else str(result)


def _insert(given: Mapping[str, Any]) -> str:
    document = json.loads(given["content"])
    value = _decoded(given["new_value"], given)
    matches = jsonpath.find(given["query"], document)
    for match in matches:
        if isinstance(match.value, dict):
            if not isinstance(value, dict):
                raise ValueError("only an object can be inserted into an object")  # noqa: TRY004 - told to the user
            match.value.update(value)
        elif isinstance(match.value, list):
            index = given.get("index")
            match.value.insert(len(match.value) if index in (None, "") else int(index), value)
        else:
            document = _set(document, match, value)
    if not matches and str(given.get("create_path")).lower() == "true":
        document = _created(document, given["query"], value)
    return _printed(document, given)


def _created(document: Any, query: str, value: Any) -> Any:
    """The document with the value where there was nothing, and what lies between."""
    steps: list[Any] = [found["name"] or int(found["index"]) for found in _STEP.finditer(query)]
    steps = steps[1:] if steps and steps[0] == "$" else steps
    at: Any = document
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        following: Any = value if last else [] if isinstance(steps[position + 1], int) else {}
        if isinstance(step, int):
            if step > _MOST_ITEMS:
                raise ValueError("the index is too high")
            while len(at) <= step:
                at.append({})
        if last:
            at[step] = value
        else:
            if (isinstance(at, dict) and step not in at) or (isinstance(at, list) and at[step] == {}):
                at[step] = following
            at = at[step]
    return document


def _replace(given: Mapping[str, Any]) -> str:
    document = json.loads(given["content"])
    model = given.get("replace_model") or "pattern"
    value = _decoded(given["replace_value"], given) if model == "value" else str(given["replace_value"])
    pattern = given.get("replace_pattern") or ""
    if model == "pattern" and not pattern:
        raise _RefusedError("Invalid parameter replace_pattern")
    for match in jsonpath.find(given["query"], document):
        if model == "value":
            document = _set(document, match, value)
        elif model == "pattern" and isinstance(match.value, str):
            document = _set(document, match, match.value.replace(pattern, value))
        elif model == "key" and isinstance(match.parent, dict) and match.key in match.parent:
            renamed = {value if key == match.key else key: one for key, one in match.parent.items()}
            match.parent.clear()
            match.parent.update(renamed)
    return _printed(document, given)


def _delete(given: Mapping[str, Any]) -> str:
    document = json.loads(given["content"])
    for match in reversed(jsonpath.find(given["query"], document)):
        if match.parent is not None:
            match.parent.pop(match.key)
    return _printed(document, given)


def _set(document: Any, match: jsonpath.Match, value: Any) -> Any:
    if match.parent is None:
        return value
    match.parent[match.key] = value
    return document


def _decoded(value: Any, given: Mapping[str, Any]) -> Any:
    if not given.get("value_decode") or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise _RefusedError("Cannot decode replace value to json object") from None


_CONTENT = Field("content", ("JSON content", "JSON 内容"), "JSON content to be processed")
_ASCII = Field(
    "ensure_ascii", ("Ensure ASCII", "确保 ASCII"), "Ensure the JSON output is ASCII encoded", type="boolean",
    required=False, form="form", default=True,
)
_DECODE = Field(
    "value_decode", ("Decode Value", "解码值"), "Whether to decode the value to a JSON object", type="boolean",
    required=False, form="form", default=False,
)


def _query(what: str) -> Field:
    return Field("query", ("Query", "查询"), f"JSONPath query to locate the element to {what}")


PROVIDER = Provider(
    "json_process", ("JSON Process", "JSON 处理"),
    ("Tools for processing JSON content", "用于处理 JSON 内容的工具"), ("utilities",),
    (
        Tool(
            "parse", ("JSON Parse", "JSON 解析"), "A tool for extracting JSON objects",
            (_CONTENT, Field("json_filter", ("JSON filter", "JSON 解析对象"), "JSON fields to be parsed"), _ASCII),
            _tool("extract", ("content", "json_filter"), _parse),
        ),
        Tool(
            "json_insert", ("JSON Insert", "JSON 插入"), "A tool for inserting JSON content",
            (
                _CONTENT, _query("insert"), Field("new_value", ("New Value", "新值"), "New Value to insert"), _DECODE,
                Field(
                    "create_path", ("Whether to create a path", "是否创建路径"), "Create a path that does not exist",
                    type="select", form="form", default="False", options=(("True", "Yes", "是"), ("False", "No", "否")),
                ),
                _ASCII,
            ),
            _tool("insert", ("content", "query", "new_value"), _insert),
        ),
        Tool(
            "json_replace", ("JSON Replace", "JSON 替换"), "A tool for replacing JSON content",
            (
                _CONTENT, _query("replace"),
                Field(
                    "replace_pattern", ("String to be replaced", "待替换字符串"), "String to be replaced",
                    required=False,
                ),
                Field("replace_value", ("Replace Value", "替换值"), "New Value to replace"), _DECODE,
                Field(
                    "replace_model", ("Replace Model", "替换模式"), "What is replaced", type="select", form="form",
                    default="pattern",
                    options=(
                        ("key", "replace key", "键替换"), ("value", "replace value", "值替换"),
                        ("pattern", "replace string", "字符串替换"),
                    ),
                ),
                _ASCII,
            ),
            _tool("replace", ("content", "query", "replace_value"), _replace),
        ),
        Tool(
            "json_delete", ("JSON Delete", "JSON 删除"), "A tool for deleting JSON content",
            (_CONTENT, _query("delete"), _ASCII), _tool("delete", ("content", "query"), _delete),
        ),
    ),
)
