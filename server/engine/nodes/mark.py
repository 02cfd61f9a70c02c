"""Nodes that only mark a place: ``iteration-start``, ``loop-start``, ``loop-end``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, Result
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class MarkNode:
    """Does nothing."""

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads nothing."""
        return cls()

    async def run(self, ctx: Context) -> Result:  # noqa: ARG002 - the contract's signature
        """Nothing in, nothing out."""
        return Result()

    def uses(self) -> Sequence[Selector]:
        """Nothing."""
        return ()
