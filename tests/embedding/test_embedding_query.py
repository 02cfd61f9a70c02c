"""Vectors of queries and the cache that all processes share."""

from __future__ import annotations

import numpy as np
import pytest

from server.embedding import query_cache
from server.llm.port import ModelFault
from tests.embedding.conftest import Workspace


async def test_query_is_embedded_once_for_all_processes(workspace, other_process) -> None:
    name = await workspace.add("m")
    first = await workspace.query(name, "what is it")
    assert np.isclose(np.linalg.norm(first), 1.0, atol=1e-6) and first.dtype == np.float32
    assert np.array_equal(await workspace.query(name, "what is it", other_process), first)
    assert workspace.sent() == ["what is it"]
    assert workspace.kept() == 0


async def test_kept_query_is_renewed_by_a_hit(workspace, other_process) -> None:
    name = await workspace.add("m")
    await workspace.query(name, "q")
    (key,) = await workspace.process.redis.keys("embed:query:*")
    assert 590 < await workspace.process.redis.ttl(key) <= query_cache.KEPT_SECONDS == 600
    await workspace.process.redis.expire(key, 100)
    await workspace.query(name, "q", other_process)
    assert await workspace.process.redis.ttl(key) > 590
    assert workspace.sent() == ["q"]


async def test_query_cache_is_of_one_tenant_and_one_model(workspace, double, ranker) -> None:
    neighbour = Workspace(workspace.process, double, ranker)
    for place, name in ((workspace, "m"), (workspace, "n"), (neighbour, "m")):
        await place.add(name)
        await place.query(name, "q")
        assert place.sent() == ["q"]


@pytest.mark.parametrize("script", ["nan=0", "null=0", "zero=0"])
async def test_query_vector_without_a_direction_is_an_error_and_is_not_kept(workspace, script) -> None:
    name = await workspace.add("m", script=script)
    with pytest.raises(ModelFault, match="no usable vector"):
        await workspace.query(name, "q")
    assert not await workspace.process.redis.keys("embed:query:*")


async def test_query_without_redis_is_answered_by_the_model(workspace, redisless_process) -> None:
    name = await workspace.add("m")
    for _ in range(2):
        assert len(await workspace.query(name, "q", redisless_process)) == 64
    assert workspace.sent() == ["q"], "the process itself remembers it for a minute"


async def test_similar_texts_are_near_each_other(workspace) -> None:
    name = await workspace.add("m")
    query = await workspace.query(name, "how to reset the device")
    near, far = (await workspace.documents(name, ["reset the device", "prices of apples"])).vectors
    assert query @ near > query @ far
