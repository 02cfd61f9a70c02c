"""Vector stores for the abstract suite, each a real server in a process of its own: PostgreSQL with pgvector,
Milvus Lite, and Milvus 2.3.5 of PyPI where it runs. Each test takes new tenants, so they share the servers.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
import sqlalchemy as sa

from server.db.engine import UnitOfWork, UowFactory, make_engine, uow_factory
from server.index.milvus import MilvusStore
from server.index.milvus_calls import MilvusAddress
from server.index.pgvector import PgVectorStore
from server.index.port import VectorStore
from tests.harness.stores import DataStores
from tests.index.milvus_servers import LiteServer, MilvusServer, StandaloneServer

Server = TypeVar("Server", LiteServer, StandaloneServer)


class Backend(Protocol):
    """A running store and what a caller has around it."""

    store: VectorStore

    def transaction(self) -> contextlib.AbstractContextManager[UnitOfWork | None]:
        """What ``store`` takes as ``uow``; committed at the end."""

    def restart(self) -> None:
        """SIGKILL the server and start it on the same files."""

    def another(self) -> VectorStore:
        """A second client, as another process has one."""


class PostgresBackend:
    """pgvector in a PostgreSQL that flushes to disk."""

    def __init__(self, stores: DataStores) -> None:
        self._stores = stores
        self.url = stores.postgres_url()
        self.engine = make_engine(self.url, pool_size=20)
        self.uow: UowFactory = uow_factory(self.engine)
        self.store = self.another()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[UnitOfWork | None]:
        with self.uow() as uow:
            yield uow
            uow.commit()

    def restart(self) -> None:
        self._stores.kill("postgres")
        self._stores.start_postgres()
        self.engine.dispose()

    def another(self) -> PgVectorStore:
        return PgVectorStore(self.engine)


class MilvusBackend:
    """A Milvus server; there are no transactions."""

    def __init__(self, server: MilvusServer) -> None:
        self._server = server
        self.store = self.another()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        yield None

    def restart(self) -> None:
        self._server.kill()
        self._server.start()

    def another(self) -> MilvusStore:
        # A standalone server needs half a minute to read its log after a kill.
        return MilvusStore(MilvusAddress(uri=self._server.uri, prefix="test", search_seconds=60, write_seconds=60))


@pytest.fixture(scope="session")
def durable_stores() -> Iterator[DataStores]:
    """PostgreSQL that survives kill -9."""
    with DataStores(durable=True) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_backend(durable_stores: DataStores) -> Iterator[PostgresBackend]:
    """pgvector."""
    backend = PostgresBackend(durable_stores)
    yield backend
    backend.engine.dispose()


@pytest.fixture(scope="session")
def lite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteServer]:
    """Milvus Lite."""
    yield from _running(LiteServer, tmp_path_factory.mktemp("lite"))


@pytest.fixture(scope="session")
def standalone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneServer]:
    """Milvus 2.3.5."""
    yield from _running(StandaloneServer, tmp_path_factory.mktemp("milvus"))


def _running(make: type[Server], folder: Path) -> Iterator[Server]:
    missing = make.missing()
    if missing:
        pytest.skip(missing)
    server = make(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["pgvector", "lite", "standalone"], scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Every store in turn; closed at the end of the session."""
    if request.param == "pgvector":
        yield request.getfixturevalue("postgres_backend")
        return
    backend = MilvusBackend(request.getfixturevalue(f"{request.param}_server"))
    yield backend
    backend.store.close()


@pytest.fixture
def uow(postgres_backend: PostgresBackend) -> Iterator[UnitOfWork]:
    """One transaction on PostgreSQL; a test commits itself what it wants kept."""
    with postgres_backend.uow() as open_uow:
        yield open_uow


def scalar(uow: UnitOfWork, statement: str, **values: object) -> object:
    """The one value of a statement."""
    return uow.execute(sa.text(statement), values).scalar()
