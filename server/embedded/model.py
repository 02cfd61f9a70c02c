"""The packaged chat model in a process of its own: OpenAI-compatible HTTP on 127.0.0.1.

The port opens at once. The weights load with the first request, or when the start of the other
parts is over; a request that comes earlier waits. llama.cpp itself serves the requests and checks
the key; this process passes bytes to it and forwards a broken connection, which stops the answer.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import Any
from urllib.parse import urlsplit

from server.embedded import binaries

log = logging.getLogger("transom.model")

NAME = "SmolLM2-135M-Instruct"
_SLOTS = 2
_CONTEXT = 8192
_LOAD_AFTER_SECONDS = 10.0
_IDLE_SECONDS = 900
_PROMPT_CACHE_MIB = 64
_CHUNK = 65536


def run(port: int, key: str) -> None:
    """Serve until SIGTERM or SIGINT. ``key`` is asked of every request."""
    asyncio.run(_serve(port, key))


def _load(key: str) -> Any:
    """Start llama.cpp's server on a port of its choice; returns when the weights are in memory."""
    import xllamacpp

    threads = max(1, (os.cpu_count() or 1) - 1)
    params = xllamacpp.CommonParams()
    params.model.path = str(binaries.model_weights())
    params.model_alias = {NAME}
    params.api_keys = [key]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = _SLOTS
    # Both slots draw on one cache, so that a single long conversation has all of it.
    params.n_ctx = _CONTEXT
    params.kv_unified = True
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.sleep_idle_seconds = _IDLE_SECONDS
    params.ui = False
    params.cors_origins = ""
    params.fit_params = False
    params.verbosity = 1
    return xllamacpp.Server(params)


class _Listener:
    def __init__(self, key: str) -> None:
        self._key = key
        self._server: Any = None
        self._loading: asyncio.Task[int] | None = None

    def loaded(self) -> asyncio.Task[int]:
        """The port of llama.cpp; begins to load when nobody did. A failed load is tried again."""
        if self._loading is None or (self._loading.done() and self._loading.exception() is not None):
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _load(self) -> int:
        self._server = await asyncio.to_thread(_load, self._key)
        log.info("%s is loaded", NAME)
        return urlsplit(self._server.listening_address).port or 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join one client with llama.cpp until either hangs up."""
        # A connection alone, as probes make it, loads nothing.
        request = await _first_bytes(reader)
        if not request:
            writer.close()
            return
        try:
            port = await asyncio.shield(self.loaded())
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
            upstream_writer.write(request)
        except Exception:
            log.exception("the packaged model does not start")
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            writer.close()
            return
        ways = [
            asyncio.create_task(_pump(reader, upstream_writer)),
            asyncio.create_task(_pump(upstream_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for side in (writer, upstream_writer):
            side.close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _first_bytes(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_CHUNK)
    except ConnectionError:
        return b""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        return


async def _serve(port: int, key: str) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    listener = _Listener(key)
    await asyncio.start_server(listener.connected, "127.0.0.1", port)
    log.info("listening on 127.0.0.1:%d", port)
    preload = loop.call_later(_LOAD_AFTER_SECONDS, listener.loaded)
    await stopping.wait()
    preload.cancel()
    # llama.cpp's own way out waits for running answers; nothing here is worth that.
    os._exit(0)
