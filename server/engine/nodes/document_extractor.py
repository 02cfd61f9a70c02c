"""The node ``document-extractor`` (workflow-engine.md 8.18)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, NodeError, Result
from server.engine.nodes.data import selector
from server.engine.values import File, Selector, files_in


@dataclass(frozen=True, slots=True)
class DocumentExtractorNode:
    """Reads the text in documents."""

    variable: Selector

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        return cls(selector(data.get("variable_selector"), "variable_selector"))

    def uses(self) -> Sequence[Selector]:
        """The files."""
        return [self.variable]

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError; one bad file fails the whole."""
        named = list(self.variable)
        if not ctx.has(self.variable):
            raise NodeError(f"File variable not found for selector: {named}", "DocumentExtractorError")
        value = ctx.get(self.variable)
        files = files_in(value)
        inputs = {"variable_selector": named}
        if value and (not files or (isinstance(value, (list, tuple)) and len(files) < len(value))):
            raise NodeError(f"Variable {named} is not an ArrayFileSegment", "DocumentExtractorError", inputs=inputs)
        process = {"documents": files}
        try:
            texts = await asyncio.gather(*(ctx.ports.files.text(ctx.run, file) for file in files))
        except NodeError as error:
            error.inputs, error.process_data = inputs, process
            raise
        return Result({"text": texts[0] if isinstance(value, File) else list(texts)}, inputs, process)
