"""A workspace with a real database and loopback providers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy.engine import Engine

from server.db.bridge import Database
from server.db.engine import make_engine, uow_factory
from server.kit.crypto import Sealer
from server.kit.ids import new_id
from server.llm.calls import Timings
from server.llm.registry import build
from server.provider.resolve import Resolver, SystemModels
from server.provider.runtime import ModelRuntime
from server.provider.service import ProviderService
from server.provider.views import Views
from tests.doubles.gemini_server import GeminiServer
from tests.doubles.openai_server import OpenAIServer


class LocalBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._handlers: list[tuple[str, Callable[[str], None]]] = []

    def on(self, topic: str, handler: Callable[[str], None]) -> None:
        self._handlers.append((topic, handler))

    async def publish(self, topic: str, key: str) -> None:
        for name, handler in self._handlers:
            if name == topic:
                handler(key)


class Workspace:
    """One workspace's way to its models, with what the tests look at."""

    def __init__(self, engine: Engine, gemini_url: str, system: SystemModels, local_url: str = "") -> None:
        self.tenant_id = new_id()
        self.queries = 0
        self.engine = engine
        self.db = Database(4, 100)
        self.registry = build(
            Timings(first_token=2.0, backoff=0.01), google_base_url=gemini_url, local_model_url=local_url
        )
        resolver = Resolver(self.registry, system)
        self.service = ProviderService(self._counting(uow_factory(engine)), Sealer("s" * 32))
        self.models = ModelRuntime(self.db, self.service, resolver, LocalBus())  # type: ignore[arg-type]
        self.views = Views(resolver)

    def _counting(self, begin: Callable) -> Callable:
        def counted():
            self.queries += 1
            return begin()

        return counted

    async def configuration(self):
        return await self.models.configuration(self.tenant_id)

    async def close(self) -> None:
        await self.registry.close()
        await asyncio.to_thread(self.db.close)


@pytest.fixture(scope="session")
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url, pool_size=8)
    yield engine
    engine.dispose()


@pytest.fixture
async def openai_double() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as double:
        yield double


@pytest.fixture
async def gemini_double() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as double:
        yield double


@pytest.fixture
async def workspace(engine: Engine, gemini_double: GeminiServer) -> AsyncIterator[Workspace]:
    """A workspace to which the operator gave nothing."""
    workspace = Workspace(engine, gemini_double.url, SystemModels())
    yield workspace
    await workspace.close()


@pytest.fixture
async def given(engine: Engine, gemini_double: GeminiServer) -> AsyncIterator[Workspace]:
    """A workspace on an instance with a Gemini key and the packaged model."""
    system = SystemModels(google_api_key="AIza-system", local_model=True)
    workspace = Workspace(engine, gemini_double.url, system, "http://127.0.0.1:9")
    yield workspace
    await workspace.close()
