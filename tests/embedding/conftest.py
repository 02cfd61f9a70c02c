"""A workspace with loopback embedders and rankers, a real database and a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from sqlalchemy.engine import Engine

from server.bus import Bus
from server.db.bridge import Database
from server.db.embedding_tables import embedding_cache
from server.db.engine import make_engine, uow_factory
from server.embedding import service
from server.kit.crypto import Sealer
from server.kit.ids import new_id
from server.llm.calls import Timings
from server.llm.names import OPENAI_COMPATIBLE
from server.llm.registry import build
from server.provider.model import Target
from server.provider.resolve import Resolver, SystemModels
from server.provider.runtime import ModelRuntime
from server.provider.service import ProviderService
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.rerank_server import RerankServer


class Process:
    """What one process of the product has, with its own connections."""

    def __init__(self, engine: Engine, redis_url: str) -> None:
        self.engine = engine
        self.statements: list[str] = []
        self.redis = Redis.from_url(redis_url)
        self.db = Database(4, 1000)
        self.registry = build(Timings(connect=1.0, first_token=2.0, idle=2.0, total=20.0))
        uow = uow_factory(engine)
        provider = ProviderService(uow, Sealer("s" * 32))
        self.models = ModelRuntime(self.db, provider, Resolver(self.registry, SystemModels()), Bus(self.redis))
        self.embedder, self.reranker = service.build(self.models, self.db, self._watched(uow), self.redis)

    def _watched(self, begin: Callable) -> Callable:
        """Note the statements of the cache; a model never speaks while one holds a connection."""

        def watched():
            self.statements.append("begin")
            return begin()

        return watched

    async def close(self) -> None:
        await self.registry.close()
        await asyncio.to_thread(self.db.close)
        await self.redis.aclose()


class Workspace:
    """A tenant with custom models at the doubles."""

    def __init__(self, process: Process, double: OpenAIServer, ranker: RerankServer) -> None:
        self.process = process
        self.double = double
        self.ranker = ranker
        self.tenant_id = new_id()

    async def add(self, name: str, model_type: str = "text-embedding", *, script: str = "", **fields: str) -> str:
        """Add a model; its script begins after the test call."""
        address = self.double.base_url if model_type == "text-embedding" else f"{self.ranker.url}/v1"
        values = {"endpoint_url": address, "api_key": "sk-test", "context_size": "8192"} | fields
        target = Target(OPENAI_COMPATIBLE, name, model_type)
        await self.process.models.add_model_credential(self.tenant_id, target, values, None)
        server = self.double if model_type == "text-embedding" else self.ranker
        server.calls.clear()
        if script:
            server.script(name, script)
        return name

    async def documents(self, name: str, texts: list[str], process: Process | None = None):
        embedder = (process or self.process).embedder
        return await embedder.documents(self.tenant_id, OPENAI_COMPATIBLE, name, texts)

    async def query(self, name: str, text: str, process: Process | None = None):
        return await (process or self.process).embedder.query(self.tenant_id, OPENAI_COMPATIBLE, name, text)

    async def rerank(self, name: str, query: str, texts: list[str], top_n: int):
        return await self.process.reranker.rerank(self.tenant_id, OPENAI_COMPATIBLE, name, query, texts, top_n)

    def sent(self) -> list[str]:
        """Every text that the embedder was sent, in order."""
        return [text for call in self.double.calls for text in call.json()["input"]]

    def kept(self) -> int:
        """Rows of the document cache."""
        with self.process.engine.connect() as connection:
            count = sa.select(sa.func.count()).where(embedding_cache.c.tenant_id == self.tenant_id)
            return connection.execute(count).scalar_one()

    def age(self, days: int) -> None:
        """Make the rows of the document cache older."""
        with self.process.engine.begin() as connection:
            created = embedding_cache.c.created_at - sa.func.make_interval(0, 0, 0, days)
            connection.execute(
                sa.update(embedding_cache).where(embedding_cache.c.tenant_id == self.tenant_id).values(created_at=created)
            )


@pytest.fixture(scope="session")
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url, pool_size=8)
    yield engine
    engine.dispose()


@pytest.fixture
async def double() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as double:
        yield double


@pytest.fixture
async def ranker() -> AsyncIterator[RerankServer]:
    async with RerankServer() as double:
        yield double


@pytest.fixture
async def process(engine: Engine, fresh_redis_url: str) -> AsyncIterator[Process]:
    process = Process(engine, fresh_redis_url)
    yield process
    await process.close()


@pytest.fixture
async def other_process(engine: Engine, fresh_redis_url: str) -> AsyncIterator[Process]:
    """Another process of the same product."""
    process = Process(engine, fresh_redis_url)
    yield process
    await process.close()


@pytest.fixture
async def redisless_process(engine: Engine) -> AsyncIterator[Process]:
    """A process whose Redis is away."""
    process = Process(engine, "unix:///nowhere/redis.sock")
    yield process
    await process.close()


@pytest.fixture
def workspace(process: Process, double: OpenAIServer, ranker: RerankServer) -> Workspace:
    return Workspace(process, double, ranker)
