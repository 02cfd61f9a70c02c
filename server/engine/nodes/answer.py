"""``answer``: text of a chatflow's reply (workflow-engine.md 8.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine import template
from server.engine.node import Context, Result
from server.engine.nodes import data as read
from server.engine.template import Part
from server.engine.values import Selector, files_in


@dataclass(frozen=True, slots=True)
class AnswerNode:
    """A template in markdown form. ``segments`` are what it streams."""

    answer: str
    segments: tuple[Part, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``answer``."""
        answer = read.text(data.get("answer"), "answer")
        return cls(answer, template.parse(answer))

    async def run(self, ctx: Context) -> Result:
        """The rendered text, and the files that it shows."""
        files = [file for selector in self.uses() for file in files_in(ctx.get(selector))]
        return Result(outputs={"answer": ctx.render_markdown(self.answer), "files": files}, files=files)

    def uses(self) -> Sequence[Selector]:
        """Its references."""
        return template.references(self.answer)
