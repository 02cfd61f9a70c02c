"""Gemini chat models, by google-genai.

The SDK retries nothing here and has no deadline of its own; both are ours (``calls``).
A reference to the SDK's client must live as long as its streams, or the collector closes
it under them: the pool holds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from server.kit import trace
from server.llm import tokens
from server.llm.calls import Deadlines, Timings, stream_with_retries
from server.llm.faults import BLOCKED, BROKEN, MALFORMED, UNREACHABLE, classify
from server.llm.google_calls import call_of
from server.llm.google_wire import FILTERED, FINISH, MISCALLED, config_of, contents_of, refusal_of, usage_of
from server.llm.parameters import checked
from server.llm.pool import ClientPool, credential_key
from server.llm.port import ChatRequest, Chunk, FunctionCall, ModelCard, ModelFault, PromptMessage, Usage
from server.llm.sdk import ready, ssl_context

if TYPE_CHECKING:
    import httpx2
    from google import genai
    from google.genai import types

GOOGLE_URL = "https://generativelanguage.googleapis.com"
_LARGE = 256 * 1024
_responses: ContextVar[list[Any] | None] = ContextVar("gemini_responses", default=None)


@dataclass(frozen=True, slots=True)
class GoogleClient:
    """One SDK client and the HTTP client below it."""

    genai: genai.Client
    http: httpx2.AsyncClient

    async def close(self) -> None:
        await self.http.aclose()


async def _remember(response: Any) -> None:
    """Hook of the HTTP client: hands the open response to the call that made it."""
    box = _responses.get()
    if box is not None:
        box.append(response)


def make_client(api_key: str, base_url: str, api_version: str) -> GoogleClient:
    """A client of its own connection pool."""
    import httpx2
    from google import genai
    from google.genai import types

    http = httpx2.AsyncClient(
        verify=ssl_context(),
        timeout=None,
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
        follow_redirects=True,
        event_hooks={"response": [_remember]},
    )
    options = types.HttpOptions(base_url=base_url or None, api_version=api_version or None, httpx_async_client=http)
    return GoogleClient(genai.Client(api_key=api_key, vertexai=False, http_options=options), http)


class GoogleClients:
    """The pool of Gemini clients of a process."""

    def __init__(self, timings: Timings) -> None:
        self.timings = timings
        self._pool: ClientPool[GoogleClient] = ClientPool(GoogleClient.close, grace=timings.total)

    async def get(self, api_key: str, base_url: str, api_version: str) -> genai.Client:
        await ready("google.genai")
        key = credential_key(base_url, api_version, api_key)
        return self._pool.get(key, lambda: make_client(api_key, base_url, api_version)).genai

    async def close(self) -> None:
        await self._pool.close()


@dataclass(frozen=True, slots=True)
class GoogleEndpoint:
    """A key and where it is used."""

    api_key: str
    base_url: str = ""
    api_version: str = ""


class _StreamState:
    """What the end of a stream needs to know of its events."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.reason = ""
        self.blocked = ""
        self.text: list[str] = []
        self.calls: list[FunctionCall] = []
        self._thinking = False

    @property
    def started(self) -> bool:
        """Whether anything of the answer came."""
        return bool(self.text or self.calls)

    def text_of(self, event: types.GenerateContentResponse) -> str:
        """The text of one event; thoughts stand in ``<think>`` tags when they were asked for."""
        if event.usage_metadata:
            self.usage = usage_of(event.usage_metadata)
        feedback = event.prompt_feedback
        if feedback is not None and feedback.block_reason:
            self.blocked = str(getattr(feedback.block_reason, "value", feedback.block_reason))
        if not event.candidates:
            return ""
        candidate = event.candidates[0]
        if candidate.finish_reason:
            self.reason = str(getattr(candidate.finish_reason, "value", candidate.finish_reason))
        parts = (candidate.content.parts if candidate.content else None) or ()
        text = "".join(map(self._part, parts))
        # A thought without an answer after it ends here: with a request for tools, or with the stream.
        return text + self._toggle() if self._thinking and (self.calls or self.reason) else text

    def _toggle(self) -> str:
        self._thinking = not self._thinking
        return "<think>\n" if self._thinking else "\n</think>"

    def _part(self, part: types.Part) -> str:
        if (call := call_of(part, len(self.calls))) is not None:
            self.calls.append(call)
            return ""
        text = part.text or ""
        if not text or bool(part.thought) == self._thinking:
            return text
        return self._toggle() + text


class GoogleChat:
    """A Gemini chat model. Port: ``ChatModel``."""

    def __init__(self, card: ModelCard, endpoint: GoogleEndpoint, clients: GoogleClients) -> None:
        self.card = card
        self._endpoint = endpoint
        self._clients = clients

    async def _client(self) -> genai.Client:
        end = self._endpoint
        return await self._clients.get(end.api_key, end.base_url, end.api_version)

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        return await tokens.count_messages(messages)

    async def count_tokens_remote(self, messages: Sequence[PromptMessage]) -> int:
        """The provider's own count: a network call, so not for a request path."""
        models = (await self._client()).aio.models
        system, contents = contents_of(self.card, messages)
        if system:
            contents = contents_of(self.card, [PromptMessage("user", system)])[1] + contents
        with translated():
            counted = await Deadlines(self._clients.timings).read(
                models.count_tokens(model=self.card.model, contents=contents)
            )
        return counted.total_tokens or 0

    def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        return stream_with_retries(lambda: self._attempt(request), self._clients.timings, self.card)

    async def _attempt(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        client = await self._client()
        contents, config = await self._prompt(request)
        deadlines = Deadlines(self._clients.timings)
        state = _StreamState()
        box: list[Any] = []
        try:
            with translated(deadlines):
                events, event = await self._open(client, contents, config, deadlines, box)
                while event is not None:
                    if text := state.text_of(event):
                        deadlines.started = True
                        state.text.append(text)
                        yield Chunk(text)
                    deadlines.started = state.started
                    event = await deadlines.read(anext(events, None))
        finally:
            for response in box:
                await response.aclose()
        yield await self._last(request, state)

    async def _open(
        self,
        client: genai.Client,
        contents: list[types.Content],
        config: types.GenerateContentConfig,
        deadlines: Deadlines,
        box: list[Any],
    ) -> tuple[Any, types.GenerateContentResponse | None]:
        """Start the call: its events and the first of them. ``box`` gets the open response,
        because closing the SDK's generator leaves that to the garbage collector.
        """
        token = _responses.set(box)
        try:
            with trace.http("POST", self._endpoint.base_url or GOOGLE_URL) as span:
                events: Any = await deadlines.read(
                    client.aio.models.generate_content_stream(
                        model=self.card.model,
                        contents=contents,
                        config=config,
                    )
                )
                first = await deadlines.read(anext(events, None))
                if box:
                    trace.http_answer(span, box[-1].status_code)
            return events, first
        finally:
            _responses.reset(token)

    async def _prompt(self, request: ChatRequest) -> tuple[list[types.Content], types.GenerateContentConfig]:
        parameters = checked(self.card.parameter_rules, request.parameters)
        size = sum(len(file.data or b"") for message in request.messages for file in message.files)
        if size < _LARGE:
            system, contents = contents_of(self.card, request.messages)
        else:
            system, contents = await asyncio.to_thread(contents_of, self.card, request.messages)
        return contents, config_of(system, parameters, request)

    async def _last(self, request: ChatRequest, state: _StreamState) -> Chunk:
        """The final chunk. An answer the safety filter cut ends with what there is."""
        if not state.started and (state.blocked or state.reason in FILTERED):
            raise ModelFault("request", BLOCKED.format(reason=state.blocked or state.reason))
        if not state.reason and not state.blocked:
            fault = "broken_stream" if state.started else "unavailable"
            raise ModelFault(fault, BROKEN, detail="the stream ended without a finish reason")  # type: ignore[arg-type]
        if not state.started and state.reason in MISCALLED:
            # Passing: the next attempt usually calls well.
            raise ModelFault("unavailable", MALFORMED, detail=state.reason)
        filtered = bool(state.blocked) or state.reason in FILTERED
        reason = "content_filter" if filtered else FINISH.get(state.reason, state.reason.lower())
        calls = tuple(state.calls)
        said = [*state.text, *(call.arguments for call in calls)]
        usage = state.usage or await tokens.estimate(request.messages, "".join(said))
        return Chunk(usage=usage, finish_reason="tool_calls" if calls else reason, calls=calls)


@contextlib.contextmanager
def translated(deadlines: Deadlines | None = None) -> Iterator[None]:
    """Turn the SDK's and its transport's exceptions into ModelFault."""
    import httpx2
    from google.genai import errors
    from pydantic import ValidationError

    try:
        yield
    except errors.APIError as error:
        raise classify(refusal_of(error)) from error
    except (errors.UnknownApiResponseError, json.JSONDecodeError, ValidationError) as error:
        raise ModelFault("broken_stream", MALFORMED, detail=str(error)[:300]) from error
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        started = deadlines is not None and deadlines.started
        kind, text = ("broken_stream", BROKEN) if started else ("unavailable", UNREACHABLE)
        raise ModelFault(kind, text, detail=f"{type(error).__name__}: {error}") from error  # type: ignore[arg-type]
