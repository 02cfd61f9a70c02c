"""``end``: the outputs of a workflow (workflow-engine.md 8.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, Result
from server.engine.nodes import data as read
from server.engine.template import Part
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class EndNode:
    """Named outputs. ``segments`` are what it streams: its outputs, a line each."""

    outputs: tuple[tuple[str, Selector | None], ...]
    segments: tuple[Part, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``outputs``; their ``value_type`` says nothing that the value does not."""
        items = read.objects(data.get("outputs"), "outputs")
        outputs = tuple(
            (read.required(item, "variable"), read.selector_or_none(item.get("value_selector"), "value_selector"))
            for item in items
        )
        segments: list[Part] = []
        for position, (_, selector) in enumerate(outputs):
            segments += ["\n"] if position else []
            segments += [selector] if selector else []
        return cls(outputs, tuple(segments))

    async def run(self, ctx: Context) -> Result:
        """What is missing is null."""
        outputs = {name: ctx.get(selector) if selector else None for name, selector in self.outputs}
        return Result(outputs=outputs, inputs=outputs)

    def uses(self) -> Sequence[Selector]:
        """Its outputs."""
        return [selector for _, selector in self.outputs if selector]
