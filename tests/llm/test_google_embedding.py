"""Gemini's embedding wire through google-genai."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from server.llm.calls import Timings
from server.llm.catalogue import find
from server.llm.google_provider import GoogleProvider
from server.llm.names import GOOGLE
from server.llm.port import EmbeddingModel, ModelCard, ModelFault
from tests.doubles.gemini_server import GeminiServer

KEY = {"google_api_key": "AIza-good"}


@pytest.fixture
async def provider(gemini_double: GeminiServer) -> AsyncIterator[GoogleProvider]:
    provider = GoogleProvider(Timings(), base_url=gemini_double.url)
    yield provider
    await provider.close()


def predefined(provider: GoogleProvider, name: str = "gemini-embedding-001") -> EmbeddingModel:
    card = find(GOOGLE, name, "text-embedding")
    assert card is not None
    return provider.embedding(card, KEY)


def scripted(provider: GoogleProvider, script: str) -> EmbeddingModel:
    return provider.embedding(ModelCard(f"gemini-embedding-001@{script}", "text-embedding", max_chunks=100), KEY)


@pytest.mark.parametrize(("purpose", "task"), [("query", "RETRIEVAL_QUERY"), ("document", "RETRIEVAL_DOCUMENT")])
async def test_one_batch_call_names_purpose_and_length(provider, gemini_double, purpose, task) -> None:
    texts = ["red apple", "blue sky", *["filler"] * 98]
    found = await predefined(provider).embed(texts, purpose=purpose)
    assert found.vectors.shape == (100, 1536) and found.vectors.dtype == np.float32
    assert not np.array_equal(found.vectors[0], found.vectors[1])
    assert (found.usage.total_tokens, found.usage.estimated) == (2 + 2 + 98, False)
    (call,) = gemini_double.calls
    assert call.path.endswith(":batchEmbedContents")
    requests = call.json()["requests"]
    assert len(requests) == 100
    assert (requests[0]["taskType"], requests[0]["outputDimensionality"]) == (task, 1536)
    assert requests[0]["content"]["parts"] == [{"text": "red apple"}]


@pytest.mark.parametrize(
    ("purpose", "text"), [("query", "task: search result | query: sky"), ("document", "title: none | text: sky")]
)
async def test_second_generation_takes_the_purpose_as_words(provider, gemini_double, purpose, text) -> None:
    found = await predefined(provider, "gemini-embedding-2").embed(["sky", "sea"], purpose=purpose)
    requests = gemini_double.calls[0].json()["requests"]
    assert requests[0]["content"]["parts"] == [{"text": text}]
    assert "taskType" not in requests[0]
    assert found.vectors.shape == (2, 1536)


async def test_usage_is_estimated_when_none_is_reported(provider) -> None:
    found = await scripted(provider, "usage=0").embed(["hello there"], purpose="query")
    assert found.usage.estimated and found.usage.total_tokens > 0


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("error=auth", "auth"),
        ("status=403", "auth"),
        ("status=404", "model"),
        ("error=rate", "rate_limit"),
        ("error=quota", "quota"),
        ("status=500", "unavailable"),
        ("garbage", "broken_stream"),
        ("lose=1", "broken_stream"),
        ("ragged", "broken_stream"),
    ],
)
async def test_fault_is_told_by_one_call(provider, gemini_double, script, fault) -> None:
    with pytest.raises(ModelFault) as caught:
        await scripted(provider, script).embed(["a", "b"], purpose="document")
    assert caught.value.fault == fault
    assert len(gemini_double.calls) == 1


async def test_rate_limit_tells_how_long_to_wait(provider) -> None:
    with pytest.raises(ModelFault) as caught:
        await scripted(provider, "status=429,retry_after=9").embed(["a"], purpose="document")
    assert caught.value.retry_after == 9


async def test_missing_number_spoils_its_own_row_alone(provider) -> None:
    found = await scripted(provider, "nan=0").embed(["a", "b"], purpose="document")
    assert [bool(np.isnan(row).any()) for row in found.vectors] == [True, False]


async def test_hanging_server_is_unavailable_within_the_limit(timings, gemini_double) -> None:
    provider = GoogleProvider(timings, base_url=gemini_double.url)
    with pytest.raises(ModelFault) as caught:
        await scripted(provider, "hang").embed(["a"], purpose="document")
    assert caught.value.fault == "unavailable"
    await gemini_double.wait_for(lambda: gemini_double.calls[0].disconnected_at is not None)
    await provider.close()
