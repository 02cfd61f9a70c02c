"""Fixtures that every test may use: a real PostgreSQL and a real Valkey, started once when first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.product import Product, Workspace
    from tests.harness.stores import DataStores


def pytest_configure(config: pytest.Config) -> None:
    """Workers that run side by side choose ports from ranges of their own."""
    from server.embedded import state

    worker = getattr(config, "workerinput", None)
    if worker is not None:
        at = int(worker["workerid"].removeprefix("gw"))
        state._INTERNAL_PORTS = state._INTERNAL_PORTS[at :: worker["workercount"]]


# Workers compare what they have collected: a case is named the same in each of them, whatever its id is this time.
_ANY_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case that has an id in it."""
    if not isinstance(val, str) or not _ANY_UUID.search(val):
        return None
    return _ANY_UUID.sub("uuid", val).encode("unicode_escape").decode()


@pytest.fixture(scope="session")
def stores() -> Iterator[DataStores]:
    """PostgreSQL and Valkey of this session."""
    from tests.harness.stores import DataStores

    with DataStores() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(stores: DataStores) -> str:
    """One migrated database that the tests of the session share; use new tenants, not clean tables."""
    return stores.postgres_url()


@pytest.fixture(scope="session")
def redis_url(stores: DataStores) -> str:
    """One Redis database that the tests of the session share."""
    return stores.redis_url()


@pytest.fixture
def fresh_postgres_url(stores: DataStores) -> str:
    """A migrated, empty database for this test alone."""
    return stores.postgres_url()


@pytest.fixture
def fresh_redis_url(stores: DataStores) -> str:
    """An empty Redis database for this test alone."""
    return stores.redis_url()


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """A loopback model that speaks OpenAI's wire, in a process of its own."""
    import subprocess
    import sys
    import urllib.request

    from server.embedded.state import free_ports
    from tests.harness.stores import wait_until

    (port,) = free_ports(1)
    child = subprocess.Popen([sys.executable, "-m", "tests.doubles.openai_server", "--port", str(port)])
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            urllib.request.urlopen(f"{url}/v1/models", timeout=1).close()
        except OSError as error:
            return "HTTP Error" in str(error)
        return True

    try:
        wait_until(answers, "the loopback model answers")
        yield url
    finally:
        child.kill()
        child.wait()


@pytest.fixture(scope="session")
def product(stores: DataStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Two server processes behind Envoy, shared by the session; nothing may be killed here."""
    from tests.harness.product import Product

    folder = tmp_path_factory.mktemp("product")
    with Product(stores.postgres_url(), stores.redis_url(), folder, servers=2) as running:
        yield running


@pytest.fixture(scope="session")
def workspace(product: Product, model_url: str) -> Workspace:
    """A console session on the shared product."""
    from tests.harness.product import Workspace

    return Workspace(product, model_url)
