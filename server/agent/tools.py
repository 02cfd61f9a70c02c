"""Tools of the workspace in an agent's hands."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from server.agent.model import AgentTool, ToolAnswer
from server.engine.node import NodeError, RunInfo
from server.engine.ports import ToolCall, ToolFaultError, ToolMessage, Tools, ToolSpec
from server.engine.values import File
from server.kit import trace
from server.kit.errors import AppError

Keep = Callable[[ToolMessage], Awaitable[File]]
_OTHER_LETTERS = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 64
_SENT = (
    "image has been created and sent to user already, you do not need to create it, just tell the user to check it now."
)
_SENT_FILE = "file has been created and sent to user already, just tell the user to check it now."


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool as an author chose it. ``fixed`` are parameters that the author filled in, not the model."""

    provider_type: str
    provider_id: str
    tool_name: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    configurations: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    credential_id: str = ""


async def bind(tools: Tools, run: RunInfo, uses: Sequence[ToolUse], keep: Keep) -> list[AgentTool]:
    """Tools by names that models accept, each of its own. ``keep`` stores a file. Raises ToolFaultError."""
    bound: list[AgentTool] = []
    taken: set[str] = set()
    for use in uses:
        spec = await tools.spec(run, use.provider_type, use.provider_id, use.tool_name)
        tool = _bound(tools, run, use, spec, keep)
        name, number = tool.name, 2
        while name in taken:
            name = f"{tool.name[: _LONGEST_NAME - 4]}_{number}"
            number += 1
        taken.add(name)
        bound.append(replace(tool, name=name))
    return bound


def _bound(tools: Tools, run: RunInfo, use: ToolUse, spec: ToolSpec, keep: Keep) -> AgentTool:
    async def call(arguments: Mapping[str, Any]) -> ToolAnswer:
        order = ToolCall(
            use.provider_type, use.provider_id, use.tool_name, {**arguments, **use.fixed}, use.configurations,
            use.credential_id,
        )
        heard = _Heard(keep)
        with trace.begin(f"execute_tool {use.tool_name}") as span:
            if span:
                span.set("gen_ai.operation.name", "execute_tool")
                span.set("gen_ai.tool.name", use.tool_name)
            try:
                async for message in tools.invoke(run, order):
                    await heard.take(message)
            except (ToolFaultError, NodeError, AppError) as fault:
                span.fail(type(fault).__name__)
                return ToolAnswer(f"tool invoke error: {fault}", heard.files, error=str(fault))
        return heard.answer()

    return AgentTool(
        name=_model_name(use.tool_name),
        description=use.description or spec.description, schema=_schema(spec, use.fixed), call=call, label=spec.label,
        provider=use.provider_id,
    )


def _model_name(name: str) -> str:
    """A name as every provider takes it: letters, digits and few signs, a letter first."""
    clean = _OTHER_LETTERS.sub("_", name)
    return (clean if clean[:1].isalpha() or clean.startswith("_") else f"tool_{clean}")[:_LONGEST_NAME]


def _schema(spec: ToolSpec, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """What is left for the model."""
    properties = {
        name: value for name, value in (spec.schema.get("properties") or {}).items() if name not in fixed
    }
    required = [name for name in spec.schema.get("required") or () if name in properties]
    return {**spec.schema, "type": "object", "properties": properties, "required": required}


class _Heard:
    """What a tool says, message by message."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._texts: list[str] = []
        self._data: list[Any] = []
        self._variables: dict[str, Any] = {}
        self.files: list[File] = []

    async def take(self, message: ToolMessage) -> None:
        """One message."""
        if message.kind == "text":
            self._texts.append(message.text)
        elif message.kind == "link":
            self._texts.append(f"result link: {message.text}. please tell user to check it.")
        elif message.kind == "json":
            self._data.append(message.value)
        elif message.kind == "variable":
            self._variables[message.name] = message.value
        elif message.kind in ("image", "file", "blob"):
            kept = await self._keep(message)
            self.files.append(kept)
            self._texts.append(_SENT if kept.type == "image" else _SENT_FILE)

    def answer(self) -> ToolAnswer:
        """All of it. Variables count where a tool says nothing else."""
        texts = [*self._texts, *(_dumped(value) for value in self._data)]
        if not texts and self._variables:
            texts = [_dumped(self._variables)]
        return ToolAnswer("\n".join(texts), self.files)


def _dumped(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
