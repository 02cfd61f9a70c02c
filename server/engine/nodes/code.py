"""``code``: runs what the author wrote and holds its outputs to what the node declares (workflow-engine.md 8.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes.code_outputs import Output, OutputError, checked, heavy, parse_outputs
from server.engine.ports import CodeFaultError
from server.engine.values import File, Selector

_LANGUAGES: Mapping[str, Literal["python3", "javascript"]] = {"python3": "python3", "javascript": "javascript"}
_FILES = ("sys", "files")


@dataclass(frozen=True, slots=True)
class Code:
    """``main`` of the code is called with the node's variables."""

    language: Literal["python3", "javascript"]
    code: str
    variables: Mapping[str, Selector]
    outputs: Mapping[str, Output]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - every node's
        """From the node's ``data``. Raises NodeDataError."""
        language = _LANGUAGES.get(str(data.get("code_language", "")))
        if language is None:
            raise NodeDataError(f"code_language must be python3 or javascript, not {data.get('code_language')!r}")
        if not isinstance(data.get("code"), str):
            raise NodeDataError("code must be text")
        return cls(language, data["code"], parse_variables(data), parse_outputs(data.get("outputs")))

    async def run(self, ctx: Context) -> Result:
        """Run it. Raises NodeError with what the interpreter or the check said."""
        inputs = values_of(ctx, self.variables)
        try:
            result = await ctx.ports.code.run(self.language, self.code, inputs)
            check = asyncio.to_thread(checked, result, self.outputs) if heavy(result) else None
            outputs = await check if check else checked(result, self.outputs)
        except CodeFaultError as fault:
            raise NodeError(str(fault), fault.kind, inputs=inputs) from None
        except OutputError as error:
            raise NodeError(str(error), error.kind, inputs=inputs) from None
        return Result(outputs=outputs, inputs=inputs)

    def uses(self) -> Sequence[Selector]:
        """Its variables."""
        return [selector for selector in self.variables.values() if selector]


def parse_variables(data: Mapping[str, Any]) -> Mapping[str, Selector]:
    """Names and selectors of ``variables``. Raises NodeDataError."""
    found: dict[str, Selector] = {}
    for item in data.get("variables") or ():
        if not isinstance(item, Mapping) or not isinstance(item.get("variable"), str):
            raise NodeDataError("each of variables needs a variable and a value_selector")
        selector = item.get("value_selector") or ()
        if isinstance(selector, str) or not isinstance(selector, Sequence):
            raise NodeDataError(f"value_selector of {item['variable']} must be a list")
        found[item["variable"]] = tuple(str(part) for part in selector)
    return found


def values_of(ctx: Context, variables: Mapping[str, Selector]) -> dict[str, Any]:
    """What the variables hold, as JSON: None for what was never written, files as objects."""
    return {
        name: None if selector == _FILES and not ctx.get(selector) else plain(ctx.get(selector) if selector else None)
        for name, selector in variables.items()
    }


def plain(value: Any) -> Any:
    """A value as JSON has it. A file has the names of selectors and those that code written for Dify knows."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, File):
        return {
            "dify_model_identity": "__dify__file__", "id": value.id or None, "type": value.type,
            "transfer_method": value.transfer_method, "remote_url": value.remote_url or None,
            "related_id": value.related_id or None, "filename": value.name, "name": value.name,
            "extension": value.extension, "mime_type": value.mime_type, "size": value.size,
            "url": value.url or value.remote_url,
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else str(value)
