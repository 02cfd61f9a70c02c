"""A loopback model that speaks OpenAI's chat wire and paces its tokens on one core.

``tests.doubles.openai_server`` is scripted for faults; this one only answers, with prepared bytes
and one timer a stream, so that 10,000 tokens a second cost it a tenth of a core. A model's name
carries its script: ``any@tokens=200,delay=20,first=50`` (milliseconds). Without a delay every token is a
write of its own, as fast as the loop turns. ``GET /constant?size=N`` answers N bytes, to measure the
load generator alone.
"""

from __future__ import annotations

import argparse
import asyncio
from functools import lru_cache
from typing import Any

import orjson
import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_ID = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_795_334_400}
_DONE = b"data: [DONE]\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(model: str, **fields: object) -> bytes:
    return _chunk(b"data: " + orjson.dumps({**_ID, "model": model, **fields}) + b"\n\n")


def _delta(model: str, delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _event(model, choices=[choice], system_fingerprint="fp_bench")


class Script:
    """What a model of a name says, as bytes."""

    def __init__(self, model: str) -> None:
        given = dict(part.split("=") for part in filter(None, model.partition("@")[2].split(",")))
        tokens = int(given.get("tokens", "10"))
        self.delay = float(given.get("delay", "0")) / 1000
        self.first = float(given.get("first", "0")) / 1000
        self.head = _HEAD + _delta(model, {"role": "assistant", "content": ""})
        self.tokens = [_delta(model, {"content": f"token{at} "}) for at in range(tokens)]
        usage = {"prompt_tokens": 12, "completion_tokens": tokens, "total_tokens": tokens + 12}
        self.tail = (
            _delta(model, {}, "stop") + _event(model, choices=[], usage=usage) + _chunk(_DONE) + b"0\r\n\r\n"
        )


script_of = lru_cache(maxsize=64)(Script)


class Connection(asyncio.Protocol):
    """One client; requests come one after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio's own names
        self._transport: Any = transport
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._timer: asyncio.Handle | None = None

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self._buffer += data
        cut = self._buffer.find(b"\r\n\r\n")
        if cut < 0:
            return
        head = self._buffer[:cut].lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        body = self._buffer[cut + 4 :]
        if len(body) < length:
            return
        self._buffer = body[length:]
        if head.startswith(b"get "):
            self._constant(int(head.partition(b"size=")[2].split(b" ", 1)[0] or 0))
        else:
            self._begin(script_of(orjson.loads(body[:length])["model"]))

    def _constant(self, size: int) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size))

    def _begin(self, script: Script) -> None:
        self._script = script
        self._at = 0
        self._began = self._loop.time() + script.first
        if script.first:
            self._timer = self._loop.call_at(self._began, self._speak)
        else:
            self._speak()

    def _speak(self) -> None:
        script = self._script
        if self._at == 0:
            self._transport.write(script.head)
        self._transport.write(script.tokens[self._at])
        self._at += 1
        if self._at == len(script.tokens):
            self._transport.write(script.tail)
        elif script.delay:
            self._timer = self._loop.call_at(self._began + self._at * script.delay, self._speak)
        else:
            self._timer = self._loop.call_soon(self._speak)

    def connection_lost(self, _exc: Exception | None) -> None:  # noqa: D102
        if self._timer:
            self._timer.cancel()


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(_serve(parser.parse_args().port))
