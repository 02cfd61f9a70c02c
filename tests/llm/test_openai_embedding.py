"""OpenAI's embedding wire through the real SDK: vectors, usage, faults, what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from server.llm import tokens
from server.llm.calls import Timings
from server.llm.catalogue import LOCAL_EMBEDDING, find
from server.llm.names import LOCAL, OPENAI
from server.llm.openai_provider import LocalProvider, OpenAICompatibleProvider, OpenAIProvider
from server.llm.port import EmbeddingModel, ModelFault
from tests.doubles.openai_server import OpenAIServer


@pytest.fixture
async def provider() -> AsyncIterator[OpenAICompatibleProvider]:
    provider = OpenAICompatibleProvider(Timings(connect=1.0))
    yield provider
    await provider.close()


def form(double: OpenAIServer, **fields: str) -> dict[str, str]:
    return {"endpoint_url": double.base_url, "api_key": "sk-test", "context_size": "8192"} | fields


def model(provider: OpenAICompatibleProvider, double: OpenAIServer, name: str, **fields: str) -> EmbeddingModel:
    credentials = form(double, **fields)
    return provider.embedding(provider.custom_card(name, "text-embedding", credentials), credentials)


async def fault_of(embedder: EmbeddingModel, texts: list[str] | None = None) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        await embedder.embed(texts or ["a", "b"], purpose="document")
    return caught.value


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_vectors_come_in_order_as_float32_with_reported_usage(provider, openai_double, encoding) -> None:
    embedder = model(provider, openai_double, "vectors", encoding_format=encoding)
    found = await embedder.embed(["red apple", "blue sky", "red apple"], purpose="document")
    assert found.vectors.dtype == np.float32 and found.vectors.shape == (3, 64)
    assert (found.vectors[0] == found.vectors[2]).all() and not (found.vectors[0] == found.vectors[1]).all()
    assert (found.usage.total_tokens, found.usage.estimated) == (6, False)
    (call,) = openai_double.calls
    assert call.path == "/v1/embeddings" and call.json()["encoding_format"] == encoding


async def test_both_encodings_give_the_same_vectors(provider, openai_double) -> None:
    plain, coded = [
        (await model(provider, openai_double, "v", encoding_format=way).embed(["one two"], purpose="query")).vectors
        for way in ("float", "base64")
    ]
    assert np.array_equal(plain, coded)


async def test_shuffled_answer_is_put_in_order(provider, openai_double, monkeypatch) -> None:
    import orjson

    body = OpenAIServer.handle

    async def reversed_rows(self, call, reply):
        send = reply.json

        def shuffled(status, payload, headers=None):
            send(status, payload | {"data": payload["data"][::-1]}, headers)

        reply.json = shuffled
        await body(self, call, reply)

    monkeypatch.setattr(OpenAIServer, "handle", reversed_rows)
    found = await model(provider, openai_double, "v").embed(["one", "two"], purpose="document")
    monkeypatch.undo()
    again = await model(provider, openai_double, "v").embed(["one"], purpose="document")
    assert np.array_equal(found.vectors[0], again.vectors[0])
    assert orjson.loads(openai_double.calls[0].body)["input"] == ["one", "two"]


async def test_usage_is_estimated_when_none_is_reported(provider, openai_double) -> None:
    found = await model(provider, openai_double, "v@usage=0").embed(["hello there"], purpose="query")
    assert found.usage.estimated and found.usage.total_tokens == tokens.count("hello there")


async def test_long_text_is_cut_to_the_context_and_an_empty_one_is_sent_as_a_space(provider, openai_double) -> None:
    embedder = model(provider, openai_double, "v", context_size="50")
    await embedder.embed(["word " * 400, ""], purpose="document")
    sent = openai_double.calls[0].json()["input"]
    assert 25 <= tokens.count(sent[0]) <= 50 and sent[1] == " "


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("status=401", "auth"),
        ("status=404", "model"),
        ("status=429,retry_after=7", "rate_limit"),
        ("error=quota", "quota"),
        ("status=500", "unavailable"),
        ("status=400", "request"),
        ("garbage", "broken_stream"),
        ("lose=1", "broken_stream"),
        ("ragged", "broken_stream"),
        ("size=1,ragged", "broken_stream"),
    ],
)
async def test_fault_is_told_by_one_call(provider, openai_double, script, fault) -> None:
    error = await fault_of(model(provider, openai_double, f"v@{script}"))
    assert error.fault == fault
    assert error.retry_after == (7 if fault == "rate_limit" else None)
    assert len(openai_double.calls) == 1


@pytest.mark.parametrize("script", ["nan=1", "null=1"])
async def test_missing_number_spoils_its_own_row_alone(provider, openai_double, script) -> None:
    found = await model(provider, openai_double, f"v@{script}").embed(["a", "b", "c"], purpose="document")
    assert [bool(np.isnan(row).any()) for row in found.vectors] == [False, True, False]


async def test_hanging_server_is_unavailable_within_the_limit(timings, openai_double) -> None:
    provider = OpenAICompatibleProvider(timings)
    assert (await fault_of(model(provider, openai_double, "v@hang"))).fault == "unavailable"
    await openai_double.wait_for(lambda: openai_double.calls[0].disconnected_at is not None)
    await provider.close()


async def test_cancelled_call_closes_the_request(provider, openai_double) -> None:
    task = asyncio.create_task(model(provider, openai_double, "v@hang").embed(["a"], purpose="query"))
    await openai_double.wait_for(lambda: openai_double.calls)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await openai_double.wait_for(lambda: openai_double.calls[0].disconnected_at is not None)


async def test_unreachable_server_is_unavailable(provider, openai_double) -> None:
    embedder = model(provider, openai_double, "v", endpoint_url="http://127.0.0.1:1/v1")
    assert (await fault_of(embedder)).fault == "unavailable"


async def test_account_is_the_credential_and_space_is_the_model(provider, openai_double) -> None:
    one = model(provider, openai_double, "v")
    other_key = model(provider, openai_double, "v", api_key="sk-other")
    other_model = model(provider, openai_double, "w")
    elsewhere = model(provider, openai_double, "v", endpoint_url="http://127.0.0.1:1/v1")
    assert one.account == other_model.account and one.account not in (other_key.account, elsewhere.account)
    assert one.space == other_key.space and one.space not in (other_model.space, elsewhere.space)
    assert "sk-test" not in one.account


async def test_openai_asks_for_base64(openai_double) -> None:
    provider = OpenAIProvider(Timings())
    card = find(OPENAI, "text-embedding-3-small", "text-embedding")
    credentials = {"openai_api_key": "sk-good", "openai_api_base": openai_double.url}
    found = await provider.embedding(card, credentials).embed(["hello"], purpose="query")
    assert found.vectors.shape == (1, 1536)
    assert openai_double.calls[0].json() == {
        "model": "text-embedding-3-small", "input": ["hello"], "encoding_format": "base64",
    }  # fmt: skip
    await provider.close()


async def test_local_model_is_told_queries_from_passages_and_keeps_its_space_over_ports(openai_double) -> None:
    provider = LocalProvider(Timings(), url=openai_double.base_url, key="k")
    moved = LocalProvider(Timings(), url="http://127.0.0.1:1/v1", key="k")
    card = find(LOCAL, LOCAL_EMBEDDING, "text-embedding")
    await provider.embedding(card, {}).embed(["hello"], purpose="query")
    await provider.embedding(card, {}).embed(["hello"], purpose="document")
    assert [call.json()["input_type"] for call in openai_double.calls] == ["query", "passage"]
    assert provider.embedding(card, {}).space == moved.embedding(card, {}).space
    await provider.close()


async def test_validation_refuses_a_model_that_gives_no_vector(provider, openai_double) -> None:
    for name, fault in (("v@lose=1", "broken_stream"), ("v@status=404", "model")):
        with pytest.raises(ModelFault) as caught:
            await provider.validate_model(name, "text-embedding", form(openai_double))
        assert caught.value.fault == fault
