"""Builds the worker's way to models: its own event loop, connections and rate, beside the threads that use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from server.bootstrap import build_models, build_parts, redis_client
from server.bus import Bus
from server.db.bridge import Database
from server.embedding import service
from server.embedding.blocking import BlockingModels
from server.embedding.service import Embedder, Reranker
from server.settings import Settings

_CONNECTIONS = 2
# Each waiting call of a model holds one for a moment.
_REDIS_CONNECTIONS = 16


def worker_models(settings: Settings) -> BlockingModels:
    """Models for the threads of one process; close it at the end. Made after a fork, not before."""
    return BlockingModels(_built(settings))


@asynccontextmanager
async def _built(settings: Settings) -> AsyncIterator[tuple[Embedder, Reranker]]:
    async with AsyncExitStack() as stack:
        parts = build_parts(replace(settings, db_pool_size=_CONNECTIONS))
        stack.callback(parts.engine.dispose)
        db = Database(_CONNECTIONS, settings.db_queue_limit)
        stack.callback(db.close)
        redis = redis_client(settings.redis_url, connections=_REDIS_CONNECTIONS)
        stack.push_async_callback(redis.aclose)
        bus = Bus(redis)
        models = build_models(settings, db, parts.uow, bus, stack)
        bus.start()
        stack.push_async_callback(bus.stop)
        yield service.build(models.runtime, db, parts.uow, redis)
