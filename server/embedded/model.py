"""The packaged models in a process of their own: OpenAI-compatible HTTP on 127.0.0.1.

The port opens at once. Weights load with the first request for them; those of the chat model
also when the start of the other parts is over. A request that comes earlier waits. llama.cpp
itself serves chat and checks the key there: its requests are passed on as they are, and a client
that hangs up stops its answer. ``/v1/embeddings`` is answered here (embedder.py), ``/v1/audio/...`` by processes
of their own (speech.py).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import os
import signal
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.typedefs import Handler

from server.embedded import binaries
from server.embedded.embedder import DIMENSIONS, Embedder
from server.embedded.embedder import NAME as EMBEDDING
from server.embedded.replies import RefusedError, json_order, json_reply
from server.embedded.speech import EAR, VOICE
from server.embedded.speech_routes import SpeechRoutes

log = logging.getLogger("transom.model")

NAME = "SmolLM2-135M-Instruct"
_SLOTS = 2
_CONTEXT = 8192
# Where a request says nothing.
_TEMPERATURE = 0.2
_TOP_P = 0.9
_REPEAT_PENALTY = 1.1
_LONGEST_ANSWER = 1024
_LOAD_AFTER_SECONDS = 10.0
_IDLE_SECONDS = 900
_PROMPT_CACHE_MIB = 64
_LARGEST_BODY = 16 * 1024 * 1024
_MOST_TEXTS = 2048
_PURPOSES = {"query": True, "passage": False, "document": False}
# What belongs to one connection and not to the message.
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "upgrade", "te", "trailer"}
)


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
    # What its makers recommend; without a penalty and an end so small a model repeats itself for ever.
    params.sampling.temp = _TEMPERATURE
    params.sampling.top_p = _TOP_P
    params.sampling.penalty_repeat = _REPEAT_PENALTY
    params.n_predict = _LONGEST_ANSWER
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.sleep_idle_seconds = _IDLE_SECONDS
    params.ui = False
    params.cors_origins = ""
    params.fit_params = False
    params.verbosity = 1
    return xllamacpp.Server(params)


class _Chat:
    """llama.cpp behind this process."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._server: Any = None
        self._loading: asyncio.Task[str] | None = None

    def loaded(self) -> asyncio.Task[str]:
        """The address of llama.cpp; begins to load when nobody did. A failed load is tried again."""
        if self._loading is None or (self._loading.done() and self._loading.exception() is not None):
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _load(self) -> str:
        self._server = await asyncio.to_thread(_load, self._key)
        log.info("%s is loaded", NAME)
        address: str = self._server.listening_address
        return address.rstrip("/")


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refused:
        return refused.response()


class _Handlers:
    def __init__(self, key: str, session: ClientSession) -> None:
        self._key = key
        self._session = session
        self.chat = _Chat(key)
        self._embedder = Embedder()
        self.speech = SpeechRoutes()

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_told])
        app.router.add_post("/v1/embeddings", self.embeddings)
        app.router.add_get("/v1/models", self.models)
        for path, handler in self.speech.routes().items():
            app.router.add_post(path, self._keyed(handler))
        app.router.add_route("*", "/{path:.*}", self.passed_on)
        return app

    def _check_key(self, request: web.Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise RefusedError(401, "Invalid API key", "invalid_api_key")

    def _keyed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            self._check_key(request)
            return await handler(request)

        return checked

    async def models(self, request: web.Request) -> web.Response:
        """What is served; loads nothing."""
        self._check_key(request)
        data = [{"id": name, "object": "model", "owned_by": "local"} for name in (NAME, EMBEDDING, EAR, VOICE)]
        return json_reply({"object": "list", "data": data})

    async def embeddings(self, request: web.Request) -> web.Response:
        """OpenAI's embeddings. ``input_type`` says what the texts are: ``query`` or ``passage``."""
        self._check_key(request)
        order = _order(await request.read())
        texts, query = _texts(order), _is_query(order)
        try:
            vectors, tokens = await self._embedder.embed(texts, query=query)
        except (ImportError, OSError, RuntimeError) as error:
            log.exception("the packaged embedding model does not start")
            raise RefusedError(503, "The packaged embedding model does not start.") from error
        coded = order.get("encoding_format") == "base64"
        rows = [base64.b64encode(row.tobytes()).decode() if coded else row.tolist() for row in vectors]
        data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return json_reply({"object": "list", "model": EMBEDDING, "data": data, "usage": usage})

    async def passed_on(self, request: web.Request) -> web.StreamResponse:
        """Everything else is llama.cpp's."""
        try:
            address = await asyncio.shield(self.chat.loaded())
        except Exception:
            log.exception("the packaged model does not start")
            raise RefusedError(503, "The packaged model does not start.") from None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        url = address + request.raw_path
        body = await request.read()
        async with self._session.request(request.method, url, headers=headers, data=body or None) as upstream:
            kept = {name: value for name, value in upstream.headers.items() if name.lower() not in _HOP}
            response = web.StreamResponse(status=upstream.status, headers=kept)
            await response.prepare(request)
            async for piece in upstream.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response


def _order(body: bytes) -> dict[str, Any]:
    order = json_order(body)
    if order.get("model") != EMBEDDING:
        raise RefusedError(404, f"The model `{order.get('model')}` does not exist.", "model_not_found")
    if order.get("dimensions") not in (None, DIMENSIONS):
        raise RefusedError(400, f"dimensions must be {DIMENSIONS}.")
    return order


def _texts(order: dict[str, Any]) -> list[str]:
    given = order.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise RefusedError(400, "input must be a text or a list of texts.")
    if len(texts) > _MOST_TEXTS:
        raise RefusedError(400, f"input must have at most {_MOST_TEXTS} texts.")
    return texts


def _is_query(order: dict[str, Any]) -> bool:
    purpose = order.get("input_type") or "passage"
    if purpose not in _PURPOSES:
        raise RefusedError(400, f"input_type must be one of {', '.join(_PURPOSES)}.")
    return _PURPOSES[purpose]


async def _serve(port: int, key: str) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # Bytes pass as they are, for as long as an answer takes.
    session = ClientSession(auto_decompress=False, timeout=ClientTimeout(total=None))
    handlers = _Handlers(key, session)
    runner = web.AppRunner(handlers.app(), access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    log.info("listening on 127.0.0.1:%d", port)
    preload = loop.call_later(_LOAD_AFTER_SECONDS, handlers.chat.loaded)
    await stopping.wait()
    preload.cancel()
    await handlers.speech.close()
    # llama.cpp's own way out waits for running answers; nothing here is worth that.
    os._exit(0)
