"""Embedding and rerank models of a workspace: credentials, custom models, defaults, the list by type."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.kit.errors import AppError, Reason
from server.llm.catalogue import LOCAL_EMBEDDING
from server.llm.names import COHERE, GOOGLE, JINA, LOCAL, OPENAI, OPENAI_COMPATIBLE
from server.provider.model import Target
from server.provider.resolve import SystemModels
from tests.doubles.rerank_server import RerankServer
from tests.provider.conftest import Workspace

VECTORS = Target(OPENAI_COMPATIBLE, "vectors", "text-embedding")
RANKS = Target(OPENAI_COMPATIBLE, "ranks", "rerank")


@pytest.fixture
async def ranker() -> AsyncIterator[RerankServer]:
    async with RerankServer() as double:
        yield double


@pytest.fixture
async def packaged(engine, gemini_double, openai_double) -> AsyncIterator[Workspace]:
    """A workspace on an instance with the packaged models alone."""
    workspace = Workspace(engine, gemini_double.url, SystemModels(local_model=True), openai_double.base_url)
    yield workspace
    await workspace.close()


async def add(workspace: Workspace, target: Target, address: str, **fields: str) -> None:
    values = {"endpoint_url": address, "api_key": "key", "context_size": "512"} | fields
    await workspace.models.add_model_credential(workspace.tenant_id, target, values, None)


async def listed(workspace: Workspace, model_type: str) -> dict[str, list[dict]]:
    groups = workspace.views.models_by_type(await workspace.configuration(), model_type)
    return {group["provider"]: group["models"] for group in groups}


async def test_packaged_embedding_is_the_default_until_another_is_configured(packaged, openai_double) -> None:
    tenant_id = packaged.tenant_id
    assert await packaged.models.default_model(tenant_id, "text-embedding") == (LOCAL, LOCAL_EMBEDDING)
    embedder = await packaged.models.default_embedding(tenant_id)
    assert (await embedder.embed(["hello"], purpose="query")).vectors.shape == (1, 64)
    view = packaged.views.default_model(await packaged.configuration(), "text-embedding")
    assert (view["model"], view["provider"]["provider"]) == (LOCAL_EMBEDDING, LOCAL)
    await add(packaged, VECTORS, openai_double.base_url)
    await packaged.models.set_defaults(tenant_id, [VECTORS])
    assert await packaged.models.default_model(tenant_id, "text-embedding") == (OPENAI_COMPATIBLE, "vectors")


async def test_operators_gemini_key_gives_its_embedding_as_default(given) -> None:
    assert await given.models.default_model(given.tenant_id, "text-embedding") == (GOOGLE, "gemini-embedding-001")
    assert await given.models.default_model(given.tenant_id, "rerank") is None


async def test_nothing_configured_is_no_default(workspace) -> None:
    assert await workspace.models.default_model(workspace.tenant_id, "text-embedding") is None
    with pytest.raises(AppError) as caught:
        await workspace.models.default_embedding(workspace.tenant_id)
    assert caught.value.reason == Reason.PROVIDER_NOT_INITIALIZE


async def test_custom_embedding_is_tested_then_listed_with_its_properties(workspace, openai_double) -> None:
    await add(workspace, VECTORS, openai_double.base_url, max_chunks="8", display_name="My vectors")
    assert [call.path for call in openai_double.calls] == ["/v1/embeddings"]
    ((model,),) = (await listed(workspace, "text-embedding")).values()
    assert model["model"] == "vectors" and model["label"]["en_US"] == "My vectors"
    assert model["model_type"] == "text-embedding" and model["fetch_from"] == "customizable-model"
    assert model["model_properties"] == {"context_size": 512, "max_chunks": 8} and model["status"] == "active"
    assert await workspace.models.active(workspace.tenant_id, "text-embedding") == {(OPENAI_COMPATIBLE, "vectors")}
    assert await listed(workspace, "rerank") == {} == await listed(workspace, "llm")


async def test_custom_rerank_is_tested_then_called_and_may_be_the_default(workspace, ranker) -> None:
    await add(workspace, RANKS, f"{ranker.url}/v1")
    assert [call.path for call in ranker.calls] == ["/v1/rerank"]
    ((model,),) = (await listed(workspace, "rerank")).values()
    assert model["model_properties"] == {"context_size": 512}
    await workspace.models.set_defaults(workspace.tenant_id, [RANKS])
    assert await workspace.models.default_model(workspace.tenant_id, "rerank") == (OPENAI_COMPATIBLE, "ranks")
    reranker = await workspace.models.rerank_model(workspace.tenant_id, "openai_api_compatible", "ranks")
    ranking = await reranker.rerank("red apple", ["blue sky", "an apple"], top_n=1)
    assert ranking.scores[0][0] == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"api_key": "invalid"}, "Incorrect API key provided"),
        ({"endpoint_model_name": "x@status=404"}, "not found"),
        ({"endpoint_model_name": "x@garbage"}, "malformed"),
        ({"endpoint_url": "ftp://x"}, "endpoint_url"),
        ({"context_size": "many"}, "context_size"),
    ],
)
async def test_rerank_that_does_not_work_is_not_stored(workspace, ranker, fields, text) -> None:
    with pytest.raises(AppError) as caught:
        await add(workspace, RANKS, f"{ranker.url}/v1", **fields)
    assert caught.value.reason == Reason.INVALID_PARAM and text in str(caught.value)
    assert (await workspace.configuration()).credentials == {}


async def test_embedding_form_does_not_ask_for_what_only_chat_has(workspace, openai_double) -> None:
    await add(workspace, VECTORS, openai_double.base_url, mode="completion", max_tokens_to_sample="x")
    stored = (await workspace.configuration()).current(VECTORS)
    assert stored.values.keys() == {
        "endpoint_url", "api_key", "context_size", "max_chunks", "encoding_format"
    }  # fmt: skip
    with pytest.raises(AppError, match="max_chunks"):
        await add(workspace, VECTORS, openai_double.base_url, max_chunks="0")


@pytest.mark.parametrize(("provider", "count"), [(COHERE, 5), (JINA, 3)])
async def test_hosted_rerank_provider_takes_a_key_and_lists_its_models(workspace, ranker, provider, count) -> None:
    root = "/v2" if provider == COHERE else "/v1"
    values = {"api_key": "key", "base_url": ranker.url + root}
    assert await listed(workspace, "rerank") == {}
    await workspace.models.add_provider_credential(workspace.tenant_id, provider, values, None)
    models = (await listed(workspace, "rerank"))[provider]
    assert len(models) == count and {model["model_type"] for model in models} == {"rerank"}
    name = models[-1]["model"]
    reranker = await workspace.models.rerank_model(workspace.tenant_id, provider, name)
    assert (await reranker.rerank("a", ["b", "a"], top_n=2)).scores[0][0] == 1
    (view,) = [one for one in workspace.views.providers(await workspace.configuration(), "rerank") if one["provider"] == provider]
    assert view["supported_model_types"] == ["rerank"] and view["custom_configuration"]["status"] == "active"
    with pytest.raises(AppError, match="Incorrect API key"):
        await workspace.models.try_provider_credential(workspace.tenant_id, provider, values | {"api_key": "invalid"})


async def test_switched_off_embedding_is_neither_listed_nor_callable(workspace, openai_double) -> None:
    await add(workspace, VECTORS, openai_double.base_url)
    await workspace.models.set_enabled(workspace.tenant_id, VECTORS, False)
    assert await listed(workspace, "text-embedding") == {}
    assert await workspace.models.active(workspace.tenant_id, "text-embedding") == set()
    with pytest.raises(AppError) as caught:
        await workspace.models.embedding_model(workspace.tenant_id, OPENAI_COMPATIBLE, "vectors")
    assert caught.value.reason == Reason.MODEL_CURRENTLY_NOT_SUPPORT


async def test_deprecated_embedding_is_not_listed(given) -> None:
    models = {model["model"] for model in (await listed(given, "text-embedding"))[GOOGLE]}
    assert models == {"gemini-embedding-001", "gemini-embedding-2"}


async def test_list_has_the_documented_shape(packaged) -> None:
    (group,) = packaged.views.models_by_type(await packaged.configuration(), "text-embedding")
    assert group.keys() == {"tenant_id", "provider", "label", "icon_small", "icon_small_dark", "status", "models"}
    assert group["status"] == "active" and group["tenant_id"] == packaged.tenant_id
    assert group["models"] == [
        {
            "model": LOCAL_EMBEDDING,
            "label": {"en_US": "Multilingual E5 small (packaged)", "zh_Hans": "Multilingual E5 small (packaged)"},
            "model_type": "text-embedding",
            "features": None,
            "fetch_from": "predefined-model",
            "model_properties": {"context_size": 8_192, "max_chunks": 16},
            "deprecated": False,
            "status": "active",
            "load_balancing_enabled": False,
            "has_invalid_load_balancing_configs": False,
        }
    ]


async def test_default_of_a_wrong_type_is_refused(workspace, openai_double) -> None:
    await add(workspace, VECTORS, openai_double.base_url)
    for target in (Target(OPENAI_COMPATIBLE, "vectors", "rerank"), Target(OPENAI, "text-embedding-3-small", "text-embedding")):
        with pytest.raises(AppError) as caught:
            await workspace.models.set_defaults(workspace.tenant_id, [target])
        assert caught.value.reason == Reason.INVALID_PARAM
