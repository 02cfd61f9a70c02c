"""Fixtures of the durability tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.durability.cluster import Cluster, cluster
from tests.durability.library import Library, library
from tests.durability.node import Node
from tests.harness.product import App
from tests.harness.stores import DataStores
from tests.index.milvus_servers import LiteServer


@pytest.fixture
async def node(postgres_url: str, fresh_redis_url: str) -> AsyncIterator[Node]:
    """One process."""
    async with Node(postgres_url, fresh_redis_url) as running:
        yield running


@pytest.fixture
async def pair(postgres_url: str, fresh_redis_url: str) -> AsyncIterator[tuple[Node, Node]]:
    """Two processes side by side."""
    async with Node(postgres_url, fresh_redis_url) as one, Node(postgres_url, fresh_redis_url) as other:
        yield one, other


@pytest.fixture(scope="session")
def _standing(model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with (
        DataStores(durable=True) as stores,
        cluster(
            stores, tmp_path_factory.mktemp("standing"), model_url, servers=2, worker=True,
            # Short, so that a test need not wait for what a user hardly would: leases of 3 s, 6 s to finish at the end.
            lease_seconds="3", heartbeat_seconds="0.5", shutdown_grace_seconds="6", reader_lag_events="200",
        ) as running,
    ):
        yield running


@pytest.fixture
def standing(_standing: Cluster) -> Cluster:
    """Two servers, a worker and a gateway on data stores that survive SIGKILL; whole when a test begins."""
    _standing.mend()
    return _standing


@pytest.fixture(scope="session")
def paced(_standing: Cluster) -> App:
    """An app that speaks for three seconds: ``tok0`` to ``tok59``."""
    return _standing.workspace.app(model="paced@tokens=60,delay=50")


@pytest.fixture(scope="session")
def long(_standing: Cluster) -> App:
    """An app that speaks for half a minute."""
    return _standing.workspace.app(model="long@tokens=600,delay=50")


@pytest.fixture(scope="session")
def quick(_standing: Cluster) -> App:
    """An app that answers at once."""
    return _standing.workspace.app()


@pytest.fixture(scope="session")
def _library(model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with (
        DataStores(durable=True) as stores,
        cluster(
            stores, tmp_path_factory.mktemp("library"), model_url, servers=1, worker=True, worker_concurrency="14",
            lease_seconds="3", heartbeat_seconds="0.5", index_attempts="3",
        ) as running,
        library(running) as made,
    ):
        yield made


@pytest.fixture
def shelves(_library: Library) -> Library:
    """Datasets of a product with a worker whose parts may be killed; whole when a test begins."""
    _library.mend()
    return _library


@pytest.fixture(scope="session")
def _milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteServer]:
    missing = LiteServer.missing()
    if missing:
        pytest.skip(missing)
    server = LiteServer(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def _annex(model_url: str, _milvus: LiteServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with (
        DataStores(durable=True) as stores,
        cluster(
            stores, tmp_path_factory.mktemp("annex"), model_url, servers=1, worker=True, worker_concurrency="6",
            lease_seconds="3", heartbeat_seconds="0.5", vector_store="milvus", milvus_uri=_milvus.uri,
        ) as running,
        library(running, milvus=_milvus) as made,
    ):
        yield made


@pytest.fixture
def annex(_annex: Library) -> Library:
    """As ``shelves``, with vectors in Milvus unless they are moved to PostgreSQL."""
    _annex.mend()
    return _annex
