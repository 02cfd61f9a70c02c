"""A server for each test, on the session's database: every test makes its own workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.file.model import Limits
from tests.rpc.service_api.backend import Backend, Client, running
from tests.rpc.service_api.world import App, World


@pytest.fixture
async def backend(postgres_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Backend]:
    """A running server; executables are blocked, limits are the defaults."""
    async with running(postgres_url, redis_url, tmp_path / "files", Limits(blocked=("bat",))) as server:
        yield server


@pytest.fixture
def world(backend: Backend) -> World:
    """Makes rows."""
    return backend.world


@pytest.fixture
def app(world: World) -> App:
    """A chat app of a new workspace."""
    return world.app()


@pytest.fixture
def client(backend: Backend, app: App) -> Client:
    """A caller of the app."""
    return backend.client(app)


@pytest.fixture
def stranger(backend: Backend, world: World) -> Client:
    """A caller of an app of another workspace."""
    return backend.client(world.app())


@pytest.fixture
def neighbour(backend: Backend, world: World, app: App) -> Client:
    """A caller of another app of the same workspace."""
    return backend.client(world.app(app.tenant_id))
