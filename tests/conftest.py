"""Fixtures that every test may use: a real PostgreSQL and a real Valkey, started once when first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.stores import DataStores


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
