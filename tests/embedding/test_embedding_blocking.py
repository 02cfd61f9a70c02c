"""The same from threads, as the worker calls it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from server.bootstrap import build_models, build_parts, redis_client
from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import make_engine, uow_factory
from server.embedding import service
from server.embedding.blocking import BlockingModels
from server.kit.crypto import Sealer
from server.kit.ids import new_id
from server.llm.names import OPENAI_COMPATIBLE
from server.llm.port import ModelFault
from server.provider.model import Target
from server.provider.service import ProviderService
from server.settings import Settings
from tests.doubles.loopback import in_thread
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.rerank_server import RerankServer

SECRET = "s" * 32


def worker_models(settings: Settings) -> BlockingModels:
    """Models on a loop of their own, with their own connections."""
    return BlockingModels(_built(settings))


@asynccontextmanager
async def _built(settings: Settings):
    async with AsyncExitStack() as stack:
        parts = build_parts(replace(settings, db_pool_size=2))
        stack.callback(parts.engine.dispose)
        db = Database(2, 100)
        stack.callback(db.close)
        redis = redis_client(settings.redis_url, connections=16)
        stack.push_async_callback(redis.aclose)
        bus = Bus(redis)
        models = build_models(settings, db, parts.uow, bus, stack)
        bus.start()
        stack.push_async_callback(bus.stop)
        yield service.build(models.runtime, db, parts.uow, redis)


@pytest.fixture
def double():
    with in_thread(OpenAIServer()) as double:
        yield double


@pytest.fixture
def ranker():
    with in_thread(RerankServer()) as double:
        yield double


@pytest.fixture
def tenant(postgres_url, double, ranker) -> str:
    """A workspace with an embedding model ``m`` and a rerank model ``r``."""
    engine = make_engine(postgres_url, pool_size=1)
    service = ProviderService(uow_factory(engine), Sealer(SECRET))
    tenant_id = new_id()
    for name, kind, address in (("m", "text-embedding", double.base_url), ("r", "rerank", f"{ranker.url}/v1")):
        values = {"endpoint_url": address, "api_key": "k", "context_size": "8192", "max_chunks": "4"}
        service.add(tenant_id, Target(OPENAI_COMPATIBLE, name, kind), None, values)
    engine.dispose()
    return tenant_id


@pytest.fixture
def models(postgres_url, fresh_redis_url):
    settings = Settings(database_url=postgres_url, redis_url=fresh_redis_url, secret_key=SECRET)
    with worker_models(settings) as models:
        yield models


def test_threads_embed_and_rank_side_by_side(models, tenant, double) -> None:
    def embed(number: int) -> list:
        texts = [f"text {number} {each}" for each in range(8)]
        return models.documents(tenant, OPENAI_COMPATIBLE, "m", texts).vectors

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(embed, range(8)))
    assert all(np.isclose(np.linalg.norm(vector), 1.0, atol=1e-6) for vectors in found for vector in vectors)
    assert models.query(tenant, OPENAI_COMPATIBLE, "m", "text 3 3") @ found[3][3] > 0.99
    assert models.rerank(tenant, OPENAI_COMPATIBLE, "r", "b", ["a", "b"], 1)[0][0] == 1


def test_fault_reaches_the_thread_that_called(models, tenant, double) -> None:
    double.script("m", "error=auth")
    with pytest.raises(ModelFault) as caught:
        models.documents(tenant, OPENAI_COMPATIBLE, "m", ["a"])
    assert caught.value.fault == "auth"


def test_close_leaves_no_thread_and_no_connection(postgres_url, fresh_redis_url, tenant) -> None:
    settings = Settings(database_url=postgres_url, redis_url=fresh_redis_url, secret_key=SECRET)
    before = threading.active_count()
    models = worker_models(settings)
    models.documents(tenant, OPENAI_COMPATIBLE, "m", ["a"])
    models.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name == "models"]
    assert threading.active_count() <= before


def test_unreachable_database_is_told_at_the_call_and_not_left_hanging(fresh_redis_url) -> None:
    settings = Settings(database_url="postgresql://127.0.0.1:1/none", redis_url=fresh_redis_url, secret_key=SECRET)
    with worker_models(settings) as models, pytest.raises(Exception, match=r"[Cc]onnection"):
        models.documents(new_id(), OPENAI_COMPATIBLE, "m", ["a"])
