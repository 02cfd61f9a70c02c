"""One gRPC server process: start, serve, drain."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack

import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from server.bootstrap import GenericOnly, build_server
from server.logs import configure
from server.ops.admin import AdminPort
from server.settings import Settings

log = logging.getLogger("transom.server")

# How long the gateway may take to see that this process takes no more calls.
_DRAIN_SECONDS = 0.3
# How long the end of runs that were stopped may take to reach their readers.
_LAST_EVENTS_SECONDS = 2.0


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    configure(settings.log_level, part=f"server:{settings.server_port}")
    uvloop.run(serve(settings))


def _spare_the_collector() -> None:
    """Let no collection look again at what the start made, and let each wait until it is worth its pass."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def _open_admin(admin: AdminPort, settings: Settings, stack: AsyncExitStack) -> None:
    """Numbers are no reason not to serve: without its port, the process says so and goes on."""
    try:
        port = await admin.start(settings.admin_host, settings.admin_port)
    except OSError as error:
        log.error("no admin port %s:%d: %s", settings.admin_host, settings.admin_port, error.strerror)
        return
    stack.push_async_callback(admin.stop)
    log.info("numbers on http://%s:%d/metrics", settings.admin_host, port)


async def serve(settings: Settings, *, ready: asyncio.Event | None = None, stop: asyncio.Event | None = None) -> None:
    """Serve until ``stop`` is set or a signal comes, then let open calls finish."""
    stopping = stop or asyncio.Event()
    if stop is None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        server, registry, runs, admin = await build_server(settings, stack)
        state = health.aio.HealthServicer()
        public = GenericOnly(server)
        health_pb2_grpc.add_HealthServicer_to_server(state, public)
        names = [service.full_name for service in registry.services]
        reflecting = reflection.aio.ReflectionServicer([*names, health.SERVICE_NAME, reflection.SERVICE_NAME])
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflecting, public)
        server.add_insecure_port(f"{settings.server_host}:{settings.server_port}")
        await server.start()
        if settings.admin_port:
            await _open_admin(admin, settings, stack)
        _spare_the_collector()
        await state.set("", health_pb2.HealthCheckResponse.SERVING)
        log.info("serving on %s:%d as %s", settings.server_host, settings.server_port, runs.owner)
        if ready is not None:
            ready.set()
        await stopping.wait()
        log.info("draining: open calls may finish for %s s", settings.shutdown_grace_seconds)
        await state.enter_graceful_shutdown()
        await asyncio.sleep(_DRAIN_SECONDS)
        # Runs are stopped before their readers are cut, so that every stream ends with its last event.
        closing = asyncio.create_task(server.stop(settings.shutdown_grace_seconds + _LAST_EVENTS_SECONDS))
        await runs.drain(settings.shutdown_grace_seconds)
        await closing
    log.info("stopped")
