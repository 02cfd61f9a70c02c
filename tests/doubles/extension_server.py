"""A loopback server of an API-based extension (feature-semantics.md 3.6, extension protocol).

``answers`` are by point: a body, or what makes one of the params. Scripts (tests.doubles.behaviour) are by point too:
``status``, ``garbage``, ``first``, ``hang``. ``asked`` are the params of a point's calls, oldest first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tests.doubles.loopback import Call, LoopbackServer, Reply

INPUT = "app.moderation.input"
OUTPUT = "app.moderation.output"
DATA = "app.external_data_tool.query"
_PASSED: Mapping[str, Any] = {"flagged": False, "action": "direct_output"}


class ExtensionServer(LoopbackServer):
    """The extension protocol on loopback."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any | Callable[[Mapping[str, Any]], Any]] = {}

    def asked(self, point: str) -> list[dict[str, Any]]:
        """The params of the calls of a point."""
        return [call.json()["params"] for call in list(self.calls) if call.model == point]

    def forget(self) -> None:
        """As new."""
        self.reset()
        self.answers.clear()

    async def handle(self, call: Call, reply: Reply) -> None:
        order = call.json()
        call.model = point = order["point"]
        behaviour = self.behaviour(point)
        if behaviour.hang:
            await asyncio.Event().wait()
        await asyncio.sleep(behaviour.first / 1000)
        if behaviour.status:
            reply.json(behaviour.status, {"error": "out of order"})
        elif behaviour.garbage:
            reply.body(200, b"<html>")
        else:
            made = {"ping": {"result": "pong"}, INPUT: _PASSED, OUTPUT: _PASSED, **self.answers}[point]
            reply.json(200, made(order["params"]) if callable(made) else made)
