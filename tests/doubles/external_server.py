"""A loopback server of knowledge that lives elsewhere: ``POST /retrieval`` (rag-engine.md section 8).

``records`` are what it answers by the id of the knowledge; scripts (tests.doubles.behaviour) are by that id too:
``status``, ``garbage``, ``first``. A key that contains ``invalid`` is refused with 403. With ``together`` set, calls
wait for each other until so many have come.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tests.doubles.loopback import Call, LoopbackServer, Reply

_PATIENCE_SECONDS = 20.0


class ExternalServer(LoopbackServer):
    """The external knowledge wire on loopback."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, Any] = {}
        self.together = 0
        self._waiting = 0
        self._enough = asyncio.Event()

    async def handle(self, call: Call, reply: Reply) -> None:
        if call.path != "/retrieval" or call.method != "POST":
            reply.json(404, {"detail": "Not Found"})
            return
        if "invalid" in call.headers.get("authorization", "invalid"):
            reply.json(403, {"error_msg": "Authorization failed"})
            return
        call.model = str(call.json().get("knowledge_id", ""))
        behaviour = self.behaviour(call.model)
        if self.together:
            await self._wait_for_the_others()
        await asyncio.sleep(behaviour.first / 1000)
        if behaviour.status:
            reply.json(behaviour.status, {"error_code": 2001, "error_msg": "The knowledge does not exist"})
        elif behaviour.garbage:
            reply.body(200, b"<html>")
        else:
            reply.json(200, {"records": self.records.get(call.model, [])})

    async def _wait_for_the_others(self) -> None:
        if self._enough.is_set():
            self._enough = asyncio.Event()
            self._waiting = 0
        self._waiting += 1
        if self._waiting >= self.together:
            self._enough.set()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._enough.wait()
