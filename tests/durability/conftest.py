"""Fixtures of the durability tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.durability.node import Node
from tests.harness.stores import DataStores


@pytest.fixture
async def node(stores: DataStores) -> AsyncIterator[Node]:
    """A process of its own database and Redis."""
    async with Node(stores.postgres_url(), stores.redis_url()) as running:
        yield running


@pytest.fixture
async def pair(stores: DataStores) -> AsyncIterator[tuple[Node, Node]]:
    """Two processes side by side."""
    postgres, redis = stores.postgres_url(), stores.redis_url()
    async with Node(postgres, redis) as one, Node(postgres, redis) as other:
        yield one, other
