"""JSON in what models write: answers by a schema, blocks in prose."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

from server.engine.node import NodeError
from server.kit.loose_json import repaired
from server.llm import thinking

_FENCE = re.compile(r"```(?:json)?\s*(.*?)(?:```|\Z)", re.IGNORECASE | re.DOTALL)
# Longer texts are repaired in a thread.
_LARGE = 20_000


def texts_for_booleans(schema: Any) -> Any:
    """A schema for models that take one themselves: booleans become texts, as in Dify."""
    if isinstance(schema, Mapping):
        made = {key: texts_for_booleans(value) for key, value in schema.items()}
        return {**made, "type": "string"} if made.get("type") == "boolean" else made
    return [texts_for_booleans(item) for item in schema] if isinstance(schema, list) else schema


async def object_in(text: str) -> dict[str, Any]:
    """The object of an answer by a schema: strict JSON, else repaired. Raises NodeError when there is none."""
    found = await asyncio.to_thread(_object, text) if len(text) > _LARGE else _object(text)
    if found is None:
        raise NodeError(f"Failed to parse structured output: {text}", "LLMNodeError")
    return found


def _object(text: str) -> dict[str, Any] | None:
    written = thinking.without(text)
    try:
        found = json.loads(written)
    except ValueError:
        found = repaired(written)
    if isinstance(found, list):
        found = next((item for item in found if isinstance(item, dict)), None)
    return found if isinstance(found, dict) else None


def block_in(text: str) -> Any:
    """The JSON block in a text: fenced, or from the first bracket to the last. Raises NodeError."""
    written = thinking.without(text).strip()
    fenced = _FENCE.search(written)
    body = fenced[1].strip() if fenced else ""
    if not body:
        start = min((at for at in (written.find("{"), written.find("[")) if at >= 0), default=-1)
        end = max(written.rfind("}"), written.rfind("]"))
        if start < 0 or end < start:
            raise NodeError("could not find json block in the output.", "ValueError")
        body = written[start : end + 1]
    try:
        return json.loads(body)
    except ValueError as error:
        raise NodeError(f"got invalid json object. error: {error}", "OutputParserError") from None
