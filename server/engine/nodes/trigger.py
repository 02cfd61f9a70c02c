"""``trigger-plugin``: as all triggers a root whose variables somebody else has read (workflow-engine.md 8.21).

Who starts the run has read the request or the event already; its inputs are the trigger's outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, Result
from server.engine.nodes.start import given
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class TriggerNode:
    """A trigger that declares nothing."""

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads nothing."""
        return cls()

    async def run(self, ctx: Context) -> Result:
        """Pass all inputs on."""
        return given(ctx, ctx.inputs)

    def uses(self) -> Sequence[Selector]:
        """Nothing."""
        return ()
