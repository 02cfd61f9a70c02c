"""The OpenAI wire through the real clients: answers, faults, retries, cancelling, pooling."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator

import pytest

from server.kit.errors import AppError, Reason
from server.llm.calls import Timings
from server.llm.names import OPENAI, OPENAI_COMPATIBLE
from server.llm.openai_chat import OpenAIChat
from server.llm.openai_provider import OpenAICompatibleProvider, OpenAIProvider
from server.llm.port import ChatRequest, Chunk, FilePart, ModelFault, PromptMessage
from tests.doubles.openai_server import OpenAIServer

HELLO = ChatRequest([PromptMessage("system", "You are a helper."), PromptMessage("user", "hello there")])


@pytest.fixture
async def provider(timings: Timings) -> AsyncIterator[OpenAICompatibleProvider]:
    provider = OpenAICompatibleProvider(timings)
    yield provider
    await provider.close()


def form(double: OpenAIServer, **fields: str) -> dict[str, str]:
    return {"endpoint_url": double.base_url, "api_key": "sk-test", "context_size": "8192"} | fields


def model(provider: OpenAICompatibleProvider, double: OpenAIServer, name: str, **fields: str) -> OpenAIChat:
    credentials = form(double, **fields)
    return provider.chat(provider.custom_card(name, "llm", credentials), credentials)


async def collect(chat: OpenAIChat, request: ChatRequest = HELLO) -> list[Chunk]:
    return [chunk async for chunk in chat.stream(request)]


async def fault_of(chat: OpenAIChat, request: ChatRequest = HELLO) -> tuple[ModelFault, str]:
    """The fault of a call and the text that came before it."""
    text = ""
    with pytest.raises(ModelFault) as caught:
        async for chunk in chat.stream(request):
            text += chunk.text
    return caught.value, text


async def test_stream_answer_yields_tokens_then_usage_and_finish(provider, openai_double) -> None:
    chunks = await collect(model(provider, openai_double, "any"))
    assert [chunk.text for chunk in chunks[:-1]] == [f"tok{index} " for index in range(10)]
    last = chunks[-1]
    assert last.finish_reason == "stop"
    assert last.usage is not None and not last.usage.estimated
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens) == (6, 10, 16)


async def test_stream_usage_reports_reasoning_tokens_as_completion(provider, openai_double) -> None:
    chunks = await collect(model(provider, openai_double, "any@tokens=2,thoughts=5,cached=3"))
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 7


async def test_stream_without_usage_estimates_it(provider, openai_double) -> None:
    chat = model(provider, openai_double, "any@tokens=3", stream_include_usage="disabled")
    usage = (await collect(chat))[-1].usage
    assert usage is not None and usage.estimated
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0
    assert "stream_options" not in openai_double.calls[-1].json()


async def test_request_carries_messages_parameters_stop_and_user(provider, openai_double) -> None:
    request = ChatRequest(
        HELLO.messages, {"temperature": 0.5, "max_tokens": 4, "unknown": 1}, stop=("END",), user="someone"
    )
    chunks = await collect(model(provider, openai_double, "any"), request)
    body = openai_double.calls[-1].json()
    assert body["messages"] == [
        {"role": "system", "content": "You are a helper."},
        {"role": "user", "content": "hello there"},
    ]
    assert (body["temperature"], body["max_tokens"], body["stop"], body["user"]) == (0.5, 4, ["END"], "someone")
    assert "unknown" not in body
    assert openai_double.calls[-1].headers["authorization"] == "Bearer sk-test"
    assert chunks[-1].finish_reason == "length"


async def test_parameter_out_of_range_is_invalid_param(provider, openai_double) -> None:
    with pytest.raises(AppError) as caught:
        await collect(model(provider, openai_double, "any"), ChatRequest(HELLO.messages, {"temperature": 9}))
    assert caught.value.reason == Reason.INVALID_PARAM
    assert "temperature" in str(caught.value)
    assert not openai_double.calls


async def test_files_stand_before_the_text_when_the_model_reads_them(provider, openai_double) -> None:
    files = (FilePart("image", "image/png", data=b"png", detail="low"), FilePart("video", "video/mp4", data=b"mp4"))
    request = ChatRequest([PromptMessage("user", "what is it?", files)])
    await collect(model(provider, openai_double, "any", vision_support="support"), request)
    assert openai_double.calls[-1].json()["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n", "detail": "low"}},
        {"type": "text", "text": "what is it?"},
    ]
    await collect(model(provider, openai_double, "any"), request)
    assert openai_double.calls[-1].json()["messages"][0]["content"] == "what is it?"


async def test_completion_mode_speaks_the_legacy_wire(provider, openai_double) -> None:
    chunks = await collect(model(provider, openai_double, "any@tokens=2", mode="completion"))
    assert openai_double.calls[-1].path == "/v1/completions"
    assert "".join(chunk.text for chunk in chunks) == "tok0 tok1 "


async def test_grounding_echo_returns_what_the_model_was_told(provider, openai_double) -> None:
    openai_double.script("echo", "text={system}")
    chunks = await collect(model(provider, openai_double, "echo"))
    assert "".join(chunk.text for chunk in chunks) == "You are a helper."


@pytest.mark.parametrize(
    ("script", "kind", "reason", "calls"),
    [
        ("status=401", "auth", Reason.COMPLETION_REQUEST_ERROR, 1),
        ("status=404", "model", Reason.MODEL_CURRENTLY_NOT_SUPPORT, 1),
        ("status=400", "request", Reason.COMPLETION_REQUEST_ERROR, 1),
        ("error=quota", "quota", Reason.PROVIDER_QUOTA_EXCEEDED, 1),
        ("status=429", "rate_limit", Reason.RATE_LIMIT_ERROR, 3),
        ("status=429,retry_after=30", "rate_limit", Reason.RATE_LIMIT_ERROR, 1),
        ("status=500", "unavailable", Reason.COMPLETION_REQUEST_ERROR, 3),
        ("status=503", "unavailable", Reason.COMPLETION_REQUEST_ERROR, 3),
        ("cut=0", "unavailable", Reason.COMPLETION_REQUEST_ERROR, 3),
        ("short=0", "unavailable", Reason.COMPLETION_REQUEST_ERROR, 3),
        ("malformed=0", "broken_stream", Reason.COMPLETION_REQUEST_ERROR, 1),
    ],
)
async def test_fault_before_the_first_chunk_has_its_kind(provider, openai_double, script, kind, reason, calls) -> None:
    fault, text = await fault_of(model(provider, openai_double, f"any@{script}"))
    assert (fault.fault, fault.reason, text) == (kind, reason, "")
    assert len(openai_double.calls) == calls


async def test_wrong_key_is_told_as_dify_does(provider, openai_double) -> None:
    fault, _ = await fault_of(model(provider, openai_double, "any", api_key="sk-invalid"))
    assert fault.message == "Incorrect API key provided"


async def test_rate_limit_keeps_retry_after(provider, openai_double) -> None:
    fault, _ = await fault_of(model(provider, openai_double, "any@status=429,retry_after=30"))
    assert fault.retry_after == 30


@pytest.mark.parametrize(
    ("script", "kind"),
    [("cut=3", "broken_stream"), ("short=3", "broken_stream"), ("malformed=3", "broken_stream"), ("fault_at=3", "unavailable")],
)  # fmt: skip
async def test_fault_after_the_first_chunk_is_final(provider, openai_double, script, kind) -> None:
    fault, text = await fault_of(model(provider, openai_double, f"any@{script}"))
    assert (fault.fault, text) == (kind, "tok0 tok1 tok2 ")
    assert len(openai_double.calls) == 1


async def test_passing_fault_is_retried_and_waits_as_asked(provider, openai_double) -> None:
    started = time.monotonic()
    chunks = await collect(model(provider, openai_double, "any@status=429,retry_after=0.2,times=1"))
    assert chunks[-1].finish_reason == "stop"
    assert time.monotonic() - started >= 0.2
    assert len(openai_double.calls) == 2


async def test_server_fault_twice_then_answer_succeeds(provider, openai_double) -> None:
    chunks = await collect(model(provider, openai_double, "any@status=500,times=2"))
    assert chunks[-1].finish_reason == "stop"
    assert len(openai_double.calls) == 3


async def test_silent_model_fails_at_its_deadline_without_retry(provider, openai_double) -> None:
    fault, _ = await fault_of(model(provider, openai_double, "any@hang"))
    assert fault.fault == "unavailable"
    assert len(openai_double.calls) == 1


async def test_slow_first_token_within_the_deadline_answers(provider, openai_double) -> None:
    chunks = await collect(model(provider, openai_double, "any@tokens=2,first=200"))
    assert len(chunks) == 3


async def test_pause_inside_an_answer_fails_at_the_idle_limit(provider, openai_double) -> None:
    fault, text = await fault_of(model(provider, openai_double, "any@hang_at=2"))
    assert (fault.fault, text) == ("unavailable", "tok0 tok1 ")


async def test_endless_answer_is_cut_at_the_total_limit(openai_double) -> None:
    provider = OpenAICompatibleProvider(Timings(total=0.5))
    fault, text = await fault_of(model(provider, openai_double, "any@tokens=10000,delay=20"))
    assert fault.fault == "unavailable" and text
    await provider.close()


async def test_refused_connection_is_unavailable(provider, openai_double) -> None:
    chat = model(provider, openai_double, "any", endpoint_url="http://127.0.0.1:9/v1")
    fault, _ = await fault_of(chat)
    assert fault.fault == "unavailable"
    assert "127.0.0.1" not in str(fault)


async def test_connection_that_is_never_accepted_is_tried_again(openai_double) -> None:
    provider = OpenAICompatibleProvider(Timings(connect=0.1, backoff=0.01))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        # Fill the queue of connections that nobody accepts: the kernel answers no further one.
        waiting = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        started = time.monotonic()
        fault, _ = await fault_of(model(provider, openai_double, "any", endpoint_url=f"http://127.0.0.1:{port}/v1"))
        assert waiting.getpeername() and time.monotonic() - started >= 0.3, "three attempts of 0.1 s"
    assert fault.fault == "unavailable" and "could not be reached" in str(fault)
    await provider.close()


async def test_safety_block_without_text_is_a_clear_fault(provider, openai_double) -> None:
    fault, _ = await fault_of(model(provider, openai_double, "any@tokens=0,finish=content_filter"))
    assert fault.fault == "request" and "content_filter" in str(fault)


async def test_safety_stop_after_text_ends_with_what_there_is(provider, openai_double) -> None:
    chunks = await collect(model(provider, openai_double, "any@tokens=2,finish=content_filter"))
    assert chunks[-1].finish_reason == "content_filter"
    assert "".join(chunk.text for chunk in chunks) == "tok0 tok1 "


async def test_closing_the_iterator_closes_the_upstream_request(provider, openai_double) -> None:
    stream = model(provider, openai_double, "any@tokens=10000,delay=10").stream(HELLO)
    await anext(stream)
    closed = time.monotonic()
    await stream.aclose()
    call = openai_double.calls[-1]
    await openai_double.wait_for(lambda: call.disconnected_at, seconds=0.5)
    assert call.disconnected_at - closed < 0.5


async def test_cancelling_the_task_closes_the_upstream_request(provider, openai_double) -> None:
    task = asyncio.create_task(collect(model(provider, openai_double, "any@hang_at=1", max_chunks="1")))
    await openai_double.wait_for(lambda: openai_double.calls and openai_double.calls[-1].sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await openai_double.wait_for(lambda: openai_double.calls[-1].disconnected_at, seconds=0.5)


async def test_connection_is_used_again_after_an_answer(provider, openai_double) -> None:
    for _ in range(5):
        await collect(model(provider, openai_double, "any@tokens=2"))
    assert openai_double.accepted == 1


async def test_predefined_reasoning_model_names_its_limit_as_openai_does(openai_double) -> None:
    provider = OpenAIProvider(Timings())
    card = next(card for card in provider.spec.models if card.model == "o4-mini")
    chat = provider.chat(card, {"openai_api_key": "sk-test", "openai_api_base": openai_double.url})
    await collect(chat, ChatRequest(HELLO.messages, {"max_tokens": 50, "temperature": 1}))
    body = openai_double.calls[-1].json()
    assert body["max_completion_tokens"] == 50
    assert "max_tokens" not in body and "temperature" not in body
    await provider.close()


async def test_validate_accepts_a_good_key_and_refuses_a_wrong_one(openai_double) -> None:
    provider = OpenAIProvider(Timings())
    assert provider.spec.provider == OPENAI
    await provider.validate({"openai_api_key": "sk-good", "openai_api_base": openai_double.url})
    with pytest.raises(ModelFault) as caught:
        await provider.validate({"openai_api_key": "sk-invalid", "openai_api_base": openai_double.url})
    assert caught.value.fault == "auth"
    await provider.close()


async def test_validate_model_makes_a_real_call(provider, openai_double) -> None:
    assert provider.spec.provider == OPENAI_COMPATIBLE
    await provider.validate_model("chatty", "llm", form(openai_double))
    await provider.validate_model("vectors", "text-embedding", form(openai_double))
    assert [call.path for call in openai_double.calls] == ["/v1/chat/completions", "/v1/embeddings"]
