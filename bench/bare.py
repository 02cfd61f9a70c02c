"""The reference behind Envoy: a grpc.aio and uvloop server whose handlers send prepared bytes.

It does what no product can go without and nothing else: no access check, no database, no printing.
A stream sends its events one message each, as a plain handler does. A held one sends one and stays open.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import uvloop
from google.api.httpbody_pb2 import HttpBody
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

Context = Any


_HELD = "held"


def prepare(path: Path, replies: dict[str, tuple[str, Sequence[bytes]]]) -> None:
    """Write what to answer: RPC -> (content type, bodies).

    More than one body is a stream; one that has an empty body last sends the others and does not end.
    """
    encoded = {
        rpc: [
            base64.b64encode(HttpBody(content_type=kind, data=body).SerializeToString()).decode() if body else _HELD
            for body in bodies
        ]
        for rpc, (kind, bodies) in replies.items()
    }
    path.write_text(json.dumps(encoded))


def _handler(encoded: Sequence[str]) -> grpc.RpcMethodHandler:
    messages = [base64.b64decode(message) for message in encoded if message != _HELD]

    async def one(_request: bytes, _context: Context) -> bytes:
        return messages[0]

    async def many(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        for message in messages:
            yield message
        if _HELD in encoded:
            await asyncio.Event().wait()

    if len(encoded) == 1:
        return grpc.unary_unary_rpc_method_handler(one)
    return grpc.unary_stream_rpc_method_handler(many)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, replies: dict[str, list[str]]) -> None:
        self._handlers = {rpc: _handler(messages) for rpc, messages in replies.items()}

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler | None:
        return self._handlers.get(handler_call_details.method)


async def _serve(port: int, replies: dict[str, list[str]]) -> None:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((_Handlers(replies),))
    state = health.aio.HealthServicer()
    # As in the product: registered methods would cost every call (server/bootstrap.py).
    public = SimpleNamespace(
        add_generic_rpc_handlers=server.add_generic_rpc_handlers, add_registered_method_handlers=lambda *_: None
    )
    health_pb2_grpc.add_HealthServicer_to_server(state, public)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await state.set("", health_pb2.HealthCheckResponse.SERVING)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--replies", type=Path, required=True)
    options = parser.parse_args()
    uvloop.run(_serve(options.port, json.loads(options.replies.read_text())))
