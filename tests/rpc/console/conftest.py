"""A console server for each test: instances are set up once, so they cannot be shared."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.account.model import new_owner
from tests.rpc.console.backend import OWNER, Backend, Client, running
from tests.rpc.console.make import hashed


@pytest.fixture
async def backend(fresh_postgres_url: str, redis_url: str) -> AsyncIterator[Backend]:
    """A server whose instance is not set up."""
    async with running(fresh_postgres_url, redis_url) as server:
        yield server


@pytest.fixture
def owner(backend: Backend) -> Client:
    """The logged-in owner of a set-up instance."""
    client = Client(backend)
    owner = new_owner(OWNER["email"], OWNER["name"], OWNER["password"], "")
    client.enter(backend.accounts.setup(owner, hashed(owner.password)))
    return client
