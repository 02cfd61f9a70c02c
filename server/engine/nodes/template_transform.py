"""``template-transform``: a Jinja template over variables (workflow-engine.md 8.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes.code import parse_variables, values_of
from server.engine.ports import CodeFaultError
from server.engine.values import Selector

_MOST_CHARACTERS = 400_000


@dataclass(frozen=True, slots=True)
class TemplateTransform:
    """What the template gives is ``output``."""

    template: str
    variables: Mapping[str, Selector]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - every node's
        """From the node's ``data``. Raises NodeDataError."""
        if not isinstance(data.get("template"), str):
            raise NodeDataError("template must be text")
        return cls(data["template"], parse_variables(data))

    async def run(self, ctx: Context) -> Result:
        """Render it. Raises NodeError with what Jinja said."""
        inputs = values_of(ctx, self.variables)
        try:
            text = await ctx.ports.code.render(self.template, inputs)
        except CodeFaultError as fault:
            raise NodeError(str(fault), fault.kind, inputs=inputs) from None
        if len(text) > _MOST_CHARACTERS:
            raise NodeError(f"Output length exceeds {_MOST_CHARACTERS} characters", "ValueError", inputs=inputs)
        return Result(outputs={"output": text}, inputs=inputs)

    def uses(self) -> Sequence[Selector]:
        """Its variables."""
        return [selector for selector in self.variables.values() if selector]
