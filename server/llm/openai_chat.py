"""Chat models behind OpenAI's wire, for every compatible address.

Answers are streamed over aiohttp, without the ``openai`` SDK: building a request and reading
a stream through its layers cost 1.4 ms a call and 30 us a read, this 0.35 ms and 24 us (measured).
Everything that is not on the path of each chat goes through the SDK's pooled client, which has
aiohttp below it, too. Retries and deadlines are ours (``calls``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import orjson

from server.kit import trace
from server.llm import tokens
from server.llm.calls import Deadlines, Timings, stream_with_retries
from server.llm.faults import BLOCKED, BROKEN, UNREACHABLE, classify, retry_after_of
from server.llm.openai_wire import ChatStream, SseLines, body_of, is_streamed, refusal_of
from server.llm.parameters import checked
from server.llm.pool import ClientPool, credential_key
from server.llm.port import ChatRequest, Chunk, ModelCard, ModelFault, PromptMessage
from server.llm.sdk import ready, ssl_context

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, StreamReader
    from openai import AsyncOpenAI

_LARGE = 256 * 1024
_DRAIN_SECONDS = 0.05
_MAX_CONNECTIONS = 1000
_KEPT_SECONDS = 30.0


def make_client(api_key: str, base_url: str, organization: str, timings: Timings) -> AsyncOpenAI:
    """A client of its own connection pool."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    limits = httpx2.Limits(
        max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_CONNECTIONS, keepalive_expiry=_KEPT_SECONDS
    )
    return AsyncOpenAI(
        api_key=api_key or "none",
        base_url=base_url,
        organization=organization or None,
        max_retries=0,
        timeout=httpx2.Timeout(None, connect=timings.connect),
        http_client=DefaultAioHttpClient(verify=ssl_context(), limits=limits),
    )


def make_session(api_key: str, base_url: str, organization: str, timings: Timings) -> ClientSession:
    """A connection pool for streams."""
    import aiohttp

    headers = {"Authorization": f"Bearer {api_key or 'none'}", "Content-Type": "application/json"}
    if organization:
        headers["OpenAI-Organization"] = organization
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=ssl_context(), limit=_MAX_CONNECTIONS, keepalive_timeout=_KEPT_SECONDS),
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=timings.connect),
        proxy=_proxy_of(base_url),
    )


def _proxy_of(url: str) -> str | None:
    """The operator's proxy for an address (HTTPS_PROXY, NO_PROXY, ...). aiohttp's own ``trust_env`` looks for it
    anew, and for a netrc file, in every request: 0.4 ms (measured).
    """
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


class OpenAIClients:
    """The pool of clients that the OpenAI-compatible providers of a process share."""

    def __init__(self, timings: Timings) -> None:
        self.timings = timings
        self._pool: ClientPool[AsyncOpenAI] = ClientPool(lambda client: client.close(), grace=timings.total)
        self._sessions: ClientPool[ClientSession] = ClientPool(lambda session: session.close(), grace=timings.total)

    async def get(self, api_key: str, base_url: str, organization: str = "") -> AsyncOpenAI:
        await ready("aiohttp", "openai")
        key = credential_key(base_url, api_key, organization)
        return self._pool.get(key, lambda: make_client(api_key, base_url, organization, self.timings))

    async def session(self, api_key: str, base_url: str, organization: str = "") -> ClientSession:
        """The same without the SDK."""
        await ready("aiohttp")
        key = credential_key(base_url, api_key, organization)
        return self._sessions.get(key, lambda: make_session(api_key, base_url, organization, self.timings))

    async def post(self, end: Endpoint, path: str, body: bytes, content_type: str = "application/json") -> bytes:
        """A call whose answer comes whole: its bytes. Raises ModelFault."""
        session = await self.session(end.api_key, end.base_url, end.organization)
        deadlines = Deadlines(self.timings)
        with _translated(deadlines):
            response = await deadlines.read(posted(session, f"{end.base_url}{path}", body, content_type))
            async with response:
                content = await deadlines.read(response.read())
        if response.status >= 400:
            raise _refused(response, content)
        return content

    async def pieces(self, end: Endpoint, path: str, body: bytes) -> AsyncGenerator[bytes, None]:
        """A call whose answer is bytes, as they come; closing it closes the request. Raises ModelFault."""
        session = await self.session(end.api_key, end.base_url, end.organization)
        deadlines = Deadlines(self.timings)
        with _translated(deadlines):
            response = await deadlines.read(posted(session, f"{end.base_url}{path}", body))
            try:
                if response.status >= 400:
                    raise _refused(response, await deadlines.read(response.read()))
                while data := await deadlines.read(response.content.readany()):
                    deadlines.started = True
                    yield data
            finally:
                response.close()

    async def close(self) -> None:
        await self._pool.close()
        await self._sessions.close()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how a model is called. ``name`` is the model's name there."""

    base_url: str
    api_key: str
    name: str
    organization: str = ""
    token_parameter: str = "max_tokens"
    include_usage: bool = True
    send_user: bool = True


class OpenAIChat:
    """A chat (or legacy completion) model. Port: ``ChatModel``."""

    def __init__(self, card: ModelCard, endpoint: Endpoint, clients: OpenAIClients) -> None:
        self.card = card
        self._endpoint = endpoint
        self._clients = clients

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        return await tokens.count_messages(messages)

    def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        return stream_with_retries(lambda: self._attempt(request), self._clients.timings, self.card)

    async def _body(self, request: ChatRequest) -> bytes:
        end = self._endpoint
        parameters = checked(self.card.parameter_rules, request.parameters)
        if "max_tokens" in parameters and end.token_parameter != "max_tokens":
            parameters[end.token_parameter] = parameters.pop("max_tokens")
        extra = {
            "user": request.user if end.send_user else "",
            "stream_options": {"include_usage": True}
            if end.include_usage and is_streamed(self.card, request) else None,
        }
        size = sum(len(file.data or b"") for message in request.messages for file in message.files)
        if size < _LARGE:
            return body_of(self.card, end.name, parameters, request, **extra)
        return await asyncio.to_thread(body_of, self.card, end.name, parameters, request, **extra)

    async def _attempt(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        end = self._endpoint
        session = await self._clients.session(end.api_key, end.base_url, end.organization)
        deadlines = Deadlines(self._clients.timings)
        with _translated(deadlines):
            # The body is not kept while the answer streams.
            response = await deadlines.read(self._open(session, await self._body(request)))
            state, lines = ChatStream(legacy=self.card.mode == "completion"), SseLines()
            try:
                if response.content_type == "application/json":
                    # An answer that comes whole, as asked for or not.
                    for chunk in state.chunks([await deadlines.read(response.read())]):
                        yield chunk
                while not state.done and (data := await deadlines.read(response.content.readany())):
                    for chunk in state.chunks(lines.feed(data)):
                        deadlines.started = True
                        yield chunk
                    deadlines.started = state.started
                for chunk in state.chunks(lines.finish()):
                    yield chunk
                await _drain(response.content)
            finally:
                response.close()
        yield await self._last(request, state)

    async def _open(self, session: ClientSession, body: bytes) -> ClientResponse:
        """Start the call. Raises ModelFault when it is refused."""
        path = "/completions" if self.card.mode == "completion" else "/chat/completions"
        response = await posted(session, f"{self._endpoint.base_url}{path}", body)
        if response.status < 400:
            return response
        async with response:
            text = await response.text(errors="replace")
        raise classify(refusal_of(_error_in(text), response.status, retry_after_of(response.headers)))

    async def _last(self, request: ChatRequest, state: ChatStream) -> Chunk:
        """The final chunk: usage and finish reason. A cut stream has neither."""
        reason = state.finish_reason or ("stop" if state.done else None)
        if reason is None:
            fault = "broken_stream" if state.started else "unavailable"
            raise ModelFault(fault, BROKEN, detail="the stream ended without a finish reason")  # type: ignore[arg-type]
        if reason == "content_filter" and not state.started:
            raise ModelFault("request", BLOCKED.format(reason=reason))
        calls = state.calls
        said = [*state.text, *(call.arguments for call in calls)]
        usage = state.usage or await tokens.estimate(request.messages, "".join(said))
        return Chunk(usage=usage, finish_reason="tool_calls" if calls else reason, calls=calls)


async def posted(
    session: ClientSession, url: str, body: bytes, content_type: str = "application/json"
) -> ClientResponse:
    """The answer to a request, from its head on. A model server that keeps traces continues ours."""
    with trace.http("POST", url) as span:
        response = await session.post(url, data=body, headers={**trace.headers(), "Content-Type": content_type})
        trace.http_answer(span, response.status)
        return response


def _refused(response: ClientResponse, content: bytes) -> ModelFault:
    error = _error_in(content.decode(errors="replace"))
    return classify(refusal_of(error, response.status, retry_after_of(response.headers)))


async def _drain(content: StreamReader) -> None:
    """Read the end of the body so that the connection can be used again."""
    if content.at_eof():
        return
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_DRAIN_SECONDS):
            await content.read()


@contextlib.contextmanager
def _translated(deadlines: Deadlines) -> Iterator[None]:
    """Turn the exceptions of a stream's transport into ModelFault."""
    import aiohttp

    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        # Without a cause: an address that could not be reached in time is tried again, a deadline of ours is not.
        raise _away(error, started=deadlines.started) from None


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the exceptions of the SDK and its transport into ModelFault."""
    import aiohttp
    import httpx2
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise classify(
            refusal_of(_error_of(error), error.status_code, retry_after_of(error.response.headers))
        ) from error
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, aiohttp.ClientError, OSError) as error:
        raise _away(error, started=False) from error


def _away(error: Exception, *, started: bool) -> ModelFault:
    detail = f"{type(error).__name__}: {error}"
    if started:
        return ModelFault("broken_stream", BROKEN, detail=detail)
    return ModelFault("unavailable", UNREACHABLE, detail=detail)


def _error_of(error: Any) -> object:
    """The ``error`` object of a status error of the SDK."""
    return _error_at(error.body) or error.response.text


def _error_in(text: str) -> object:
    """The ``error`` object in the body of a refusal; some servers send text."""
    try:
        return _error_at(orjson.loads(text)) or text
    except orjson.JSONDecodeError:
        return text


def _error_at(body: object) -> object:
    """Some servers put the fields of an error at the top."""
    if isinstance(body, Mapping):
        return body.get("error") or body.get("detail") or body
    return body
