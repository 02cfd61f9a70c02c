"""The one place that builds things and joins them; close in reverse by ``AsyncExitStack``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy.engine import Engine

from server.access.service import AccessService
from server.bus import Bus
from server.chat.service import ChatService
from server.chat.servicer import ChatServicer, CompletionServicer
from server.db.bridge import Database
from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.migrate import migrate
from server.edge.catalogue import CATALOGUE
from server.edge.interceptor import Edge
from server.edge.rules import rules_of
from server.runs.keeper import Keeper
from server.runs.log import EventLog
from server.runs.registry import Runs
from server.settings import Settings
from transom.chat.v1 import chat_service_pb2, chat_service_pb2_grpc

_MEBIBYTE = 1024 * 1024
_OPTIONS = (
    ("grpc.max_receive_message_length", 16 * _MEBIBYTE),
    ("grpc.max_send_message_length", 64 * _MEBIBYTE),
    ("grpc.max_metadata_size", 32 * 1024),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


@dataclass(slots=True)
class Parts:
    """What both the server and the command line are built from."""

    settings: Settings
    engine: Engine
    uow: UowFactory


def build_parts(settings: Settings) -> Parts:
    """Connection pool and unit of work; nothing connects yet."""
    engine = make_engine(settings.database_url, pool_size=settings.db_pool_size)
    return Parts(settings=settings, engine=engine, uow=uow_factory(engine))


def redis_client(url: str, *, connections: int) -> Redis:
    """A pooled client that fails at once when Redis is away; callers decide what then."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=connections, timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
    )
    return Redis(connection_pool=pool)


def status_of(reason: Any) -> int:
    """The HTTP status of a reason, for error events."""
    return CATALOGUE[reason].http


class Registry:
    """Servicers of one server, each under every service that it implements."""

    def __init__(self) -> None:
        self.services: list[ServiceDescriptor] = []
        self._adders: list[Callable[[grpc.aio.Server], None]] = []

    def add(self, servicer: object, pb2: Any, pb2_grpc: Any, *names: str) -> None:
        """Serve ``names``, services of the proto file behind ``pb2``, by ``servicer``."""
        for name in names:
            self.services.append(pb2.DESCRIPTOR.services_by_name[name])
            add = getattr(pb2_grpc, f"add_{name}Servicer_to_server")
            self._adders.append(lambda server, add=add: add(servicer, server))  # type: ignore[misc]

    def install(self, server: grpc.aio.Server) -> None:
        """Register everything."""
        for add in self._adders:
            add(server)


@dataclass(slots=True)
class Core:
    """What every slice of a running server is built from."""

    settings: Settings
    db: Database
    uow: UowFactory
    bus: Bus
    access: AccessService
    runs: Runs


async def build_core(settings: Settings, stack: AsyncExitStack) -> tuple[Core, Keeper]:
    """Connect to PostgreSQL and Redis, migrate, take the lease. Closed in reverse by ``stack``."""
    parts = build_parts(settings)
    stack.callback(parts.engine.dispose)
    db = Database(settings.db_pool_size, settings.db_queue_limit)
    stack.callback(db.close)
    await db(migrate, parts.engine)

    commands = redis_client(settings.redis_url, connections=64)
    stack.push_async_callback(commands.aclose)
    blocking = redis_client(settings.redis_url, connections=4096)
    stack.push_async_callback(blocking.aclose)

    bus = Bus(commands)
    event_log = EventLog(commands, blocking, settings.event_log_seconds)
    access = AccessService(db, parts.uow, bus)
    runs = Runs(db, parts.uow, event_log, bus, settings)
    keeper = Keeper(runs, event_log, db, parts.uow, settings, access.flush_used_keys)
    core = Core(settings=settings, db=db, uow=parts.uow, bus=bus, access=access, runs=runs)

    bus.start()
    stack.push_async_callback(bus.stop)
    await keeper.start()
    stack.push_async_callback(keeper.stop)
    stack.push_async_callback(runs.close, settings.shutdown_grace_seconds)
    return core, keeper
