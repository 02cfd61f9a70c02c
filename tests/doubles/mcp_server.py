"""A loopback MCP server: ``/mcp`` by streamable HTTP, ``/sse`` by the older transport of two channels.

``streams`` makes ``/mcp`` answer by server-sent events after the first answer, each after a ping of its own. With ``key`` set, calls without
``authorization: Bearer <key>`` get 401. Tools: echo (text), add (JSON), picture (image), fail.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from tests.doubles.loopback import Call, LoopbackServer, Reply, http_chunk

TOOLS: list[dict[str, Any]] = [
    {
        "name": "echo", "description": "says it again",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string", "description": "what"}}, "required": ["text"]},
    },
    {
        "name": "add", "title": "Add up", "description": "adds",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
        "outputSchema": {"type": "object", "properties": {"sum": {"type": "number"}}},
    },
    {"name": "picture", "description": "an image", "inputSchema": {"type": "object"}},
    {"name": "fail", "description": "fails", "inputSchema": {"type": "object"}},
]  # fmt: skip


class McpServer(LoopbackServer):
    """Speaks MCP."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = False
        self.key = ""
        self.tools = TOOLS
        self.ended = 0
        self.told: list[dict[str, Any]] = []
        self._channel: Reply | None = None

    async def handle(self, call: Call, reply: Reply) -> None:
        if self.key and call.headers.get("authorization") != f"Bearer {self.key}":
            reply.json(401, {"error": "unauthorized"})
        elif call.path == "/mcp":
            await self._streamable(call, reply)
        elif call.path == "/sse" and call.method == "GET":
            reply.stream()
            await reply.write(http_chunk(b"event: endpoint\ndata: /messages?session=1\n\n"))
            self._channel = reply
            await asyncio.Event().wait()
        elif call.path == "/messages" and self._channel is not None:
            reply.body(202, b"")
            if answer := self._answer(call.json()):
                await self._channel.write(http_chunk(b"event: message\ndata: " + orjson.dumps(answer) + b"\n\n"))
        else:
            reply.json(405, {"error": "no such method"})

    async def _streamable(self, call: Call, reply: Reply) -> None:
        if call.method == "DELETE":
            self.ended += 1
            reply.json(200, {})
            return
        message = call.json()
        first = message.get("method") == "initialize"
        if not first and call.headers.get("mcp-session-id") != "s1":
            reply.json(404, {"error": "no session"})
            return
        answer = self._answer(message)
        if answer is None:
            reply.body(202, b"")
        elif self.streams and not first:
            reply.stream()
            await reply.write(http_chunk(b'data: {"jsonrpc":"2.0","id":"p","method":"ping"}\r\n\r\n: a comment\n\n'))
            body = b"event: message\ndata: " + orjson.dumps(answer) + b"\n\n"
            await reply.write(http_chunk(body[:20]), http_chunk(body[20:]))
            reply.end()
        else:
            reply.json(200, answer, {"Mcp-Session-Id": "s1"} if first else None)

    def _answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if "id" not in message or "method" not in message:
            self.told.append(message)
            return None
        result = self._result(message["method"], message.get("params") or {})
        if result is None:
            return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32602, "message": "Unknown tool"}}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    def _result(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if method == "initialize":
            return {
                "protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "double", "version": "1"},
            }  # fmt: skip
        if method == "tools/list":
            at = int(params.get("cursor") or 0)
            page = {"tools": self.tools[at : at + 2]}
            return page | ({"nextCursor": str(at + 2)} if at + 2 < len(self.tools) else {})
        return self._call(str(params.get("name")), params.get("arguments") or {})

    def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        total = {"sum": arguments.get("a", 0) + arguments.get("b", 0)}
        return {
            "echo": _text(str(arguments.get("text"))),
            "add": {**_text(orjson.dumps(total).decode()), "structuredContent": total},
            "picture": {"content": [{"type": "image", "data": "iVBORw==", "mimeType": "image/png"}]},
            "fail": {**_text("it broke"), "isError": True},
        }.get(name)


def _text(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}
