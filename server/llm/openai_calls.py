"""Tools in OpenAI's wire: definitions, calls in prompts, and calls put together from the deltas of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from server.llm.port import Function, FunctionCall

_NO_PARAMETERS = {"type": "object", "properties": {}}


def tool_of(tool: Function) -> dict[str, Any]:
    """The definition of a tool."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters or _NO_PARAMETERS}
    return {"type": "function", "function": function}


def call_of(call: FunctionCall) -> dict[str, Any]:
    """A call in an earlier message of the assistant."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}


class _Call:
    """One call that grows."""

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    def add(self, call_id: str, function: Mapping[str, Any]) -> None:
        self.id = self.id or call_id
        self.name = self.name or str(function.get("name") or "")
        arguments = function.get("arguments")
        if isinstance(arguments, str) and arguments:
            self.arguments.append(arguments)


class CallDeltas:
    """The calls of one answer.

    A delta belongs to the call of its ``index``; where servers leave that out, or give every call the same one,
    a new id begins a new call. The older ``function_call`` is one call without an id.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._places: dict[object, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, delta: Mapping[str, Any]) -> None:
        """Take what one delta says."""
        # Most deltas are a token of text.
        if "tool_calls" not in delta and "function_call" not in delta:
            return
        for place, call_id, function in _pieces(delta):
            call = self._places.get(place)
            if call is None or (call_id and call.id and call.id != call_id):
                call = self._places[place] = _Call()
                self._calls.append(call)
            call.add(call_id, function)

    def whole(self, signature: str = "") -> tuple[FunctionCall, ...]:
        """The calls, in the order in which they began; those without an id or arguments get them.

        The first one carries the signature.
        """
        found = [
            FunctionCall(call.id or f"call_{index}", call.name, "".join(call.arguments) or "{}")
            for index, call in enumerate(self._calls)
            if call.name
        ]
        return tuple([replace(call, signature="" if index else signature) for index, call in enumerate(found)])


def reasoning(key: str, thoughts: str) -> str:
    """The signature of calls that a model reasoned about: servers that tell their reasoning want it back with them."""
    return f"{key}\n{thoughts}" if thoughts else ""


def reasoning_of(signature: str) -> dict[str, str]:
    """The field that a signature came in."""
    key, _, thoughts = signature.partition("\n")
    return {key: thoughts} if key in ("reasoning_content", "reasoning") else {}


def _pieces(delta: Mapping[str, Any]) -> Iterator[tuple[object, str, Mapping[str, Any]]]:
    """(place, id, function) of every piece of a call in a delta."""
    for item in delta.get("tool_calls") or ():
        if isinstance(item, Mapping):
            function = item.get("function")
            yield item.get("index"), str(item.get("id") or ""), function if isinstance(function, Mapping) else {}
    older = delta.get("function_call")
    if isinstance(older, Mapping):
        yield "function_call", "", older
