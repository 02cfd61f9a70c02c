"""The rerank wire of Cohere, Jina and self-hosted servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.kit.errors import AppError
from server.llm.calls import Timings
from server.llm.catalogue import find
from server.llm.google_provider import GoogleProvider
from server.llm.names import COHERE, GOOGLE, JINA
from server.llm.openai_provider import OpenAICompatibleProvider
from server.llm.port import ModelFault, RerankModel
from server.llm.rerank_provider import RerankProvider, cohere, jina
from tests.doubles.rerank_server import RerankServer

TEXTS = ["a blue sky today", "how to reset the device", "reset your password"]
QUERY = "reset the device"


@pytest.fixture
async def double() -> AsyncIterator[RerankServer]:
    async with RerankServer() as double:
        yield double


@pytest.fixture
async def provider() -> AsyncIterator[OpenAICompatibleProvider]:
    provider = OpenAICompatibleProvider(Timings())
    yield provider
    await provider.close()


def form(double: RerankServer, path: str = "/v1", **fields: str) -> dict[str, str]:
    return {"endpoint_url": double.url + path, "api_key": "key", "context_size": "512"} | fields


def model(provider: OpenAICompatibleProvider, double: RerankServer, name: str = "m", path: str = "/v1") -> RerankModel:
    credentials = form(double, path)
    return provider.rerank(provider.custom_card(name, "rerank", credentials), credentials)


async def fault_of(reranker: RerankModel) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        await reranker.rerank(QUERY, TEXTS, top_n=3)
    return caught.value


async def test_best_texts_come_first_and_only_as_many_as_wanted(provider, double) -> None:
    ranking = await model(provider, double).rerank(QUERY, TEXTS, top_n=2)
    assert [index for index, _ in ranking.scores] == [1, 2]
    assert 1.0 >= ranking.scores[0][1] > ranking.scores[1][1] >= 0.0
    assert ranking.usage.total_tokens > 0 and not ranking.usage.estimated
    (call,) = double.calls
    assert call.json() == {"model": "m", "query": QUERY, "documents": TEXTS, "top_n": 2}
    assert call.headers["authorization"] == "Bearer key"


@pytest.mark.parametrize(
    ("path", "roots"),
    [
        ("/v1", ("/v1/rerank",)),
        ("/v1/", ("/v1/rerank",)),
        ("/v1/rerank", ("/v1/rerank",)),
        ("", ("/v1/rerank",)),
        ("", ("/rerank",)),
        ("/", ("/rerank",)),
        ("/rerank", ("/rerank",)),
    ],
)
async def test_address_is_understood_however_it_is_given(provider, path, roots) -> None:
    async with RerankServer(roots=roots) as double:
        reranker = model(provider, double, path=path)
        for _ in range(2):
            assert len((await reranker.rerank(QUERY, TEXTS, top_n=3)).scores) == 3
        found = [call.path for call in double.calls]
        assert found[-2:] == [roots[0]] * 2 and len(found) <= 3


async def test_long_and_empty_texts_are_sent_as_the_model_takes_them(provider, double) -> None:
    await model(provider, double).rerank("q", ["", "word " * 4000], top_n=2)
    sent = double.calls[0].json()["documents"]
    assert sent[0] == " " and 1000 < len(sent[1]) < 5000


async def test_logits_become_scores_between_0_and_1_in_the_same_order(provider, double) -> None:
    ranking = await model(provider, double, "m@finish=logits").rerank(QUERY, TEXTS, top_n=3)
    scores = [score for _, score in ranking.scores]
    assert [index for index, _ in ranking.scores] == [1, 2, 0]
    assert scores == sorted(scores, reverse=True) and 0.0 < scores[-1] < 0.01


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("status=401", "auth"),
        ("status=404", "model"),
        ("status=429,retry_after=3", "rate_limit"),
        ("status=500", "unavailable"),
        ("garbage", "broken_stream"),
        ("lose=1", "broken_stream"),
        ("nan=0", "broken_stream"),
        ("null=0", "broken_stream"),
    ],
)
async def test_fault_is_told_by_one_call(provider, double, script, fault) -> None:
    error = await fault_of(model(provider, double, f"m@{script}"))
    assert error.fault == fault
    assert error.retry_after == (3 if fault == "rate_limit" else None)
    assert len(double.calls) == 1


async def test_hanging_server_is_unavailable_within_the_limit(timings, double) -> None:
    provider = OpenAICompatibleProvider(timings)
    assert (await fault_of(model(provider, double, "m@hang"))).fault == "unavailable"
    await double.wait_for(lambda: double.calls[0].disconnected_at is not None)
    await provider.close()


async def test_unknown_model_at_a_bare_address_tells_the_models_fault(provider, double) -> None:
    error = await fault_of(model(provider, double, "m@status=404", path=""))
    assert error.fault == "model" and "m@status=404" in str(error)


@pytest.mark.parametrize(
    ("make", "name", "first", "root"), [(cohere, COHERE, "rerank-v3.5", "/v2"), (jina, JINA, "jina-reranker-v2-base-multilingual", "/v1")]
)
async def test_hosted_provider_validates_and_ranks_at_its_own_or_another_address(double, make, name, first, root) -> None:
    provider: RerankProvider = make(Timings())
    credentials = {"api_key": "key", "base_url": double.url + root}
    await provider.validate(credentials)
    card = find(name, first, "rerank")
    assert card is not None
    ranking = await provider.rerank(card, credentials).rerank(QUERY, TEXTS, top_n=1)
    assert ranking.scores[0][0] == 1 and ranking.usage.total_tokens > 0
    assert ranking.usage.estimated == (make is cohere)
    assert {call.path for call in double.calls} == {f"{root}/rerank"}
    with pytest.raises(ModelFault) as caught:
        await provider.validate({"api_key": "invalid", "base_url": double.url + root})
    assert caught.value.fault == "auth"
    with pytest.raises(AppError, match="base_url"):
        provider.rerank(card, {"api_key": "key", "base_url": "ftp://x"})
    await provider.close()


async def test_validate_model_makes_a_real_call(provider, double) -> None:
    await provider.validate_model("m", "rerank", form(double))
    assert double.calls[0].json()["documents"] == ["ping", "pong"]
    with pytest.raises(ModelFault):
        await provider.validate_model("m@status=404", "rerank", form(double))


async def test_provider_without_such_models_says_so(timings) -> None:
    for provider, kind in ((GoogleProvider(timings), "rerank"), (cohere(timings), "text-embedding")):
        card = find(GOOGLE, "gemini-2.5-flash", "llm")
        assert card is not None
        with pytest.raises(AppError, match=f"no {kind} models"):
            (provider.rerank if kind == "rerank" else provider.embedding)(card, {})
