"""Gemini through the real google-genai: answers, safety, faults, cancelling, embeddings."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping

import pytest

from server.llm.calls import Timings
from server.llm.catalogue import find
from server.llm.google_chat import GoogleChat
from server.llm.google_provider import GoogleProvider
from server.llm.names import GOOGLE
from server.llm.port import ChatRequest, FilePart, ModelCard, ModelFault, PromptMessage
from tests.doubles.gemini_server import GeminiServer

KEY = {"google_api_key": "AIza-test"}
HELLO = ChatRequest(
    [
        PromptMessage("system", "You are a helper."),
        PromptMessage("user", "first"),
        PromptMessage("assistant", "answer"),
        PromptMessage("user", "hello there"),
    ]
)


@pytest.fixture
async def provider(timings: Timings, gemini_double: GeminiServer) -> AsyncIterator[GoogleProvider]:
    provider = GoogleProvider(timings, base_url=gemini_double.url)
    yield provider
    await provider.close()


def model(provider: GoogleProvider, script: str = "", credentials: Mapping[str, str] = KEY) -> GoogleChat:
    known = find(GOOGLE, "gemini-2.5-flash", "llm")
    assert known is not None
    card = ModelCard(f"gemini-2.5-flash{script}", "llm", features=known.features, parameter_rules=known.parameter_rules)
    return provider.chat(card, credentials)


async def collect(chat: GoogleChat, request: ChatRequest = HELLO) -> list:
    return [chunk async for chunk in chat.stream(request)]


async def fault_of(chat: GoogleChat) -> tuple[ModelFault, str]:
    text = ""
    with pytest.raises(ModelFault) as caught:
        async for chunk in chat.stream(HELLO):
            text += chunk.text
    return caught.value, text


async def test_stream_answer_yields_text_usage_and_finish(provider, gemini_double) -> None:
    chunks = await collect(model(provider, "@tokens=3,thoughts=4,cached=2"))
    assert [chunk.text for chunk in chunks] == ["tok0 ", "tok1 ", "tok2 ", ""]
    usage = chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (8, 7, 15)
    assert chunks[-1].finish_reason == "stop"
    assert gemini_double.calls[-1].headers["x-goog-api-key"] == "AIza-test"
    assert gemini_double.calls[-1].query == {"alt": "sse"}


async def test_request_carries_system_roles_parameters_and_stop(provider, gemini_double) -> None:
    request = ChatRequest(HELLO.messages, {"temperature": 0.2, "max_tokens": 2, "top_k": 5}, stop=("END",))
    chunks = await collect(model(provider), request)
    body = gemini_double.calls[-1].json()
    assert body["systemInstruction"]["parts"][0]["text"] == "You are a helper."
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]
    settings = body["generationConfig"]
    assert (settings["temperature"], settings["maxOutputTokens"], settings["topK"]) == (0.2, 2, 5)
    assert settings["stopSequences"] == ["END"]
    assert chunks[-1].finish_reason == "length"


async def test_files_are_sent_inline_before_the_text(provider, gemini_double) -> None:
    files = (FilePart("image", "image/png", data=b"png"), FilePart("document", "application/pdf", data=b"pdf"))
    await collect(model(provider), ChatRequest([PromptMessage("user", "what is it?", files)]))
    parts = gemini_double.calls[-1].json()["contents"][0]["parts"]
    assert [part.get("inlineData", {}).get("mime_type") for part in parts] == ["image/png", "application/pdf", None]
    assert parts[2]["text"] == "what is it?"


async def test_system_messages_alone_become_the_question(provider, gemini_double) -> None:
    await collect(model(provider), ChatRequest([PromptMessage("system", "Say hello.")]))
    body = gemini_double.calls[-1].json()
    assert "systemInstruction" not in body
    assert body["contents"][0]["parts"][0]["text"] == "Say hello."


async def test_blocked_prompt_is_a_clear_fault(provider, gemini_double) -> None:
    fault, _ = await fault_of(model(provider, "@block"))
    assert fault.fault == "request" and "SAFETY" in str(fault)
    assert len(gemini_double.calls) == 1


async def test_safety_stop_after_text_ends_with_what_there_is(provider) -> None:
    chunks = await collect(model(provider, "@tokens=2,finish=SAFETY"))
    assert chunks[-1].finish_reason == "content_filter"
    assert "".join(chunk.text for chunk in chunks) == "tok0 tok1 "


@pytest.mark.parametrize(
    ("script", "kind", "calls"),
    [
        ("error=auth", "auth", 1),
        ("status=403", "auth", 1),
        ("status=404", "model", 1),
        ("status=400", "request", 1),
        ("error=quota", "quota", 1),
        ("error=rate", "rate_limit", 3),
        ("status=500", "unavailable", 3),
        ("status=503", "unavailable", 3),
        ("short=0", "unavailable", 3),
        ("cut=0", "unavailable", 3),
        ("malformed=0", "broken_stream", 1),
        ("hang", "unavailable", 1),
    ],
)
async def test_fault_before_the_first_chunk_has_its_kind(provider, gemini_double, script, kind, calls) -> None:
    fault, text = await fault_of(model(provider, f"@{script}"))
    assert (fault.fault, text) == (kind, "")
    assert len(gemini_double.calls) == calls


@pytest.mark.parametrize(
    ("script", "kind"),
    [("cut=2", "broken_stream"), ("short=2", "broken_stream"), ("malformed=2", "broken_stream"), ("fault_at=2", "unavailable"), ("hang_at=2", "unavailable")],
)  # fmt: skip
async def test_fault_after_the_first_chunk_is_final(provider, gemini_double, script, kind) -> None:
    fault, text = await fault_of(model(provider, f"@{script}"))
    assert (fault.fault, text) == (kind, "tok0 tok1 ")
    assert len(gemini_double.calls) == 1


async def test_retry_info_of_a_rate_limit_is_honoured(provider, gemini_double) -> None:
    started = time.monotonic()
    chunks = await collect(model(provider, "@error=rate,times=1"))
    assert chunks[-1].finish_reason == "stop"
    assert time.monotonic() - started >= 0.05
    assert len(gemini_double.calls) == 2


async def test_wrong_key_is_told_as_dify_does(provider) -> None:
    fault, _ = await fault_of(model(provider, "", {"google_api_key": "invalid"}))
    assert fault.message == "Incorrect API key provided"


async def test_closing_the_iterator_closes_the_upstream_request(provider, gemini_double) -> None:
    stream = model(provider, "@tokens=10000,delay=10").stream(HELLO)
    await anext(stream)
    closed = time.monotonic()
    await stream.aclose()
    call = gemini_double.calls[-1]
    await gemini_double.wait_for(lambda: call.disconnected_at, seconds=0.5)
    assert call.disconnected_at - closed < 0.5


async def test_api_version_of_the_credential_is_used(provider, gemini_double) -> None:
    await collect(model(provider, "@tokens=1", KEY | {"api_version": "v1beta"}))
    assert gemini_double.calls[-1].path.startswith("/v1beta/models/")


async def test_validate_accepts_a_good_key_and_refuses_a_wrong_one(provider) -> None:
    await provider.validate(KEY)
    with pytest.raises(ModelFault) as caught:
        await provider.validate({"google_api_key": "invalid"})
    assert caught.value.fault == "auth"


async def test_remote_count_asks_the_provider(provider, gemini_double) -> None:
    assert await model(provider).count_tokens_remote(HELLO.messages) == 8
    assert gemini_double.calls[-1].path.endswith(":countTokens")


async def test_local_count_asks_nobody(provider, gemini_double) -> None:
    assert await model(provider).count_tokens(HELLO.messages) > 0
    assert not gemini_double.calls
