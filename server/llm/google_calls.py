"""Tools in Gemini's wire: declarations, calls, and their answers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from server.llm.port import Function, FunctionCall, PromptMessage

if TYPE_CHECKING:
    from google.genai import types


def declarations(tools: Sequence[Function]) -> list[types.Tool]:
    """One tool that holds every function; none without functions."""
    from google.genai import types

    if not tools:
        return []
    functions = [
        types.FunctionDeclaration(
            name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters) or None
        )
        for tool in tools
    ]
    return [types.Tool(function_declarations=functions)]


def call_part(call: FunctionCall) -> types.Part:
    """A call in an earlier message of the model, with the signature that it came with."""
    from google.genai import types

    function = types.FunctionCall(id=call.id or None, name=call.name, args=_object(call.arguments))
    return types.Part(function_call=function, thought_signature=_signature(call))


def _object(text: str) -> dict[str, Any]:
    """Arguments as an object; what is no JSON object is one argument."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = text
    return value if isinstance(value, dict) else {"input": value}


def _signature(call: FunctionCall) -> bytes | None:
    try:
        return base64.b64decode(call.signature, validate=True) or None
    except binascii.Error:
        return None


def result_part(message: PromptMessage) -> types.Part:
    """What a tool answered."""
    from google.genai import types

    answer = types.FunctionResponse(id=message.call_id or None, name=message.name, response={"result": message.text})
    return types.Part(function_response=answer)


def call_of(part: types.Part, number: int) -> FunctionCall | None:
    """The call in a part of an answer; ``number`` names calls that came without an id."""
    call = part.function_call
    if call is None or not call.name:
        return None
    signature = base64.b64encode(part.thought_signature).decode() if part.thought_signature else ""
    arguments = orjson.dumps(call.args or {}, default=str).decode()
    return FunctionCall(call.id or f"call_{number}", call.name, arguments, signature)
