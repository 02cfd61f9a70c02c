"""A loopback web server for the outbound client: echoes, redirects, files, faults.

``/echo`` answers what it was sent as JSON. Other paths answer what ``pages`` says: (status, headers, body).
It knows no HEAD. ``/slow`` never answers; ``/drip`` sends a body without end; ``/cut`` ends in the middle of a body.
"""

from __future__ import annotations

import asyncio

from tests.doubles.loopback import Call, LoopbackServer, Reply

Page = tuple[int, dict[str, str], bytes]


class WebServer(LoopbackServer):
    """Any site."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Page] = {}

    async def handle(self, call: Call, reply: Reply) -> None:
        if call.path == "/echo":
            echoed = {
                "method": call.method, "query": call.query, "headers": call.headers,
                "body": call.body.decode("utf-8", "replace"),
            }
            reply.json(200, echoed)
        elif call.path == "/slow":
            await asyncio.Event().wait()
        elif call.path == "/drip":
            reply.stream("text/plain")
            while True:
                await reply.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
                await asyncio.sleep(0)
        elif call.path == "/cut":
            reply.stream("text/plain")
            await reply.write(b"5\r\nhello\r\n")
            reply.cut()
        elif call.method == "HEAD":
            reply.body(405, b"", {})
        elif call.path in self.pages:
            status, headers, body = self.pages[call.path]
            reply.body(status, body, headers)
        else:
            reply.json(404, {"error": "no such page"})

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """Let a path lead elsewhere."""
        self.pages[path] = (status, {"Location": target}, b"")
