"""`transom up`: every part of the product as a child of one small process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from server.embedded import envoy, postgres, state, valkey
from server.embedded.child import Command
from server.embedded.envoy import EnvoyPlace
from server.embedded.logs import Screen
from server.embedded.part import Part, Plan
from server.embedded.state import StartError
from server.settings import PREFIX, Settings

_SPARE_CONNECTIONS = 40
_ACCESS_LOG_BYTES = 100 * 1024 * 1024
_ACCESS_LOG_CHECK_SECONDS = 60.0
_POLL_SECONDS = 0.02
_HEALTH_SECONDS = 120.0
# Longer than the server's own grace, so that it is the server that cuts calls, with an answer.
_STOP_MARGIN_SECONDS = 5.0
_WORKER_STOP_SECONDS = 15.0
# A terminal or `timeout` may deliver one Ctrl-C twice.
_SECOND_SIGNAL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Layout:
    """Ports and addresses of one start; what is set from outside is kept."""

    settings: Settings
    data: Path
    secrets: Mapping[str, str]
    server_ports: tuple[int, ...]
    # Of each server: its numbers.
    admin_ports: tuple[int, ...]
    model_port: int
    gateway: EnvoyPlace
    postgres: postgres.PostgresPlace | None
    valkey: valkey.ValkeyPlace | None

    def computed(self) -> dict[str, str]:
        """The settings that this start decides."""
        settings = self.settings
        computed = {
            "database_url": self.postgres.url() if self.postgres else settings.database_url,
            "redis_url": self.valkey.url() if self.valkey else settings.redis_url,
            "secret_key": settings.secret_key or self.secrets["secret_key"],
            "local_model_url": settings.local_model_url or f"http://127.0.0.1:{self.model_port}/v1",
            "local_model_key": settings.local_model_key or self.secrets["local_model_key"],
            "data_dir": str(self.data),
            "public_url": settings.public_url,
            "port": str(settings.port),
            "server_host": "127.0.0.1",
        }
        return {PREFIX + name.upper(): value for name, value in computed.items()}

    def kept(self) -> dict[str, str]:
        """What commands beside this start need to know: the settings it was given and those it decides."""
        given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
        return {**given, PREFIX + "GOOGLE_API_KEY": self.settings.google_api_key, **self.computed()}

    def environment(self) -> dict[str, str]:
        """What every process of ours gets; the same settings as when they run elsewhere."""
        return {**os.environ, "PYTHONUNBUFFERED": "1", **self.computed()}


def layout(settings: Settings, data: Path, secrets: Mapping[str, str]) -> Layout:
    """Choose ports and places. Raises StartError when the public port is taken."""
    state.check_port(settings.port)
    count = settings.server_processes or os.cpu_count() or 1
    admin, model, *servers = state.free_ports(2 * count + 2, taken=(settings.port,))
    servers, admin_ports = servers[:count], servers[count:]
    if settings.admin_port:
        admin_ports = [settings.admin_port + number for number in range(count)]
    gateway = EnvoyPlace(
        port=settings.port, admin_port=admin, config=data / "envoy" / "envoy.yaml",
        access_log=data / "log" / "access.log", server_ports=tuple(servers),
        collector=settings.otlp_endpoint, traced_share=settings.otlp_share,
    )
    return Layout(
        settings=settings, data=data, secrets=secrets, server_ports=tuple(servers),
        admin_ports=tuple(admin_ports), model_port=model, gateway=gateway,
        postgres=None if settings.database_url else postgres.place(data),
        valkey=None if settings.redis_url else valkey.place(data),
    )


def plans(at: Layout) -> list[Plan]:
    """Every part, in the order in which they stop."""
    environment = at.environment()
    stores = [plan for plan in (_postgres(at), _valkey(at)) if plan]
    needs = tuple(plan.name for plan in stores)
    servers = [_server(at, environment, number, port, needs) for number, port in enumerate(at.server_ports, 1)]
    first = servers[0].name
    found = [_gateway(at), *servers, _worker(at, environment, first)]
    if not at.settings.local_model_url:
        found.append(_model(at, environment, first))
    return [*found, *reversed(stores)]


def _postgres(at: Layout) -> Plan | None:
    where = at.postgres
    if where is None:
        return None
    settings, servers = at.settings, len(at.server_ports)
    of_server = settings.db_pool_size + settings.db_direct_connections
    connections = servers * of_server + settings.db_pool_size + _SPARE_CONNECTIONS

    def prepare() -> str | None:
        postgres.end_leftover(where)
        return "made the database files" if postgres.prepare(where) else None

    async def ready() -> bool:
        return await asyncio.to_thread(_database_ready, where)

    return Plan(
        name="postgres", command=postgres.command(where, connections=connections), ready=ready, prepare=prepare,
        note=f"PostgreSQL in {_short(where.data)}",
        # What it says to those who ask whether it is ready.
        unsaid=(
            b"the database system is starting up", b"is not yet accepting connections",
            b"Consistent recovery state has not",
        ),
    )


def _database_ready(where: postgres.PostgresPlace) -> bool:
    """Whether connections succeed; makes our database the first time."""
    if not postgres.accepts(where.url("postgres")):
        return False
    postgres.ensure_database(where)
    return True


def _valkey(at: Layout) -> Plan | None:
    where = at.valkey
    if where is None:
        return None

    async def ready() -> bool:
        return await asyncio.to_thread(valkey.accepts, where)

    return Plan(
        name="valkey", command=valkey.command(where), ready=ready, prepare=partial(valkey.end_leftover, where),
        note=f"Valkey in {_short(where.data)}", unsaid=(b"Memory overcommit must be enabled",),
    )


def _ours(environment: Mapping[str, str], *words: str, **changed: str) -> Command:
    own = {PREFIX + name.upper(): value for name, value in changed.items()}
    return Command(argv=(sys.executable, "-m", "server", *words), env={**environment, **own}, cwd=_root())


def _server(at: Layout, environment: Mapping[str, str], number: int, port: int, needs: tuple[str, ...]) -> Plan:
    return Plan(
        name=f"server-{number}",
        command=_ours(environment, "serve", server_port=str(port), admin_port=str(at.admin_ports[number - 1])),
        ready=partial(envoy.listens, port), needs=needs, note=f"gRPC on 127.0.0.1:{port}",
        stop_seconds=at.settings.shutdown_grace_seconds + _STOP_MARGIN_SECONDS,
    )


def _worker(at: Layout, environment: Mapping[str, str], server: str) -> Plan:
    mark = at.data / "worker.ready"

    async def ready() -> bool:
        return mark.exists()

    # After a server: that one has brought the schema up to date, and the first answer matters more.
    return Plan(
        name="worker", command=_ours(environment, "worker", "--ready-file", str(mark)), ready=ready, needs=(server,),
        prepare=lambda: mark.unlink(missing_ok=True), note="Celery, queue transom", stop_seconds=_WORKER_STOP_SECONDS,
        # Celery's word, on a line without a time, for what the worker says itself.
        unsaid=(b"worker: Warm shutdown",),
    )


def _model(at: Layout, environment: Mapping[str, str], server: str) -> Plan:
    return Plan(
        name="model", command=_ours(environment, "model", "--port", str(at.model_port)), needs=(server,),
        ready=partial(envoy.listens, at.model_port), note="packaged chat model; its weights load when first used",
        stop_seconds=2.0,
    )


def _gateway(at: Layout) -> Plan:
    def prepare() -> None:
        _render(at.gateway)

    return Plan(
        name="envoy", command=envoy.command(at.gateway), ready=partial(envoy.listens, at.gateway.port), prepare=prepare,
        note=f"gateway on port {at.gateway.port}", stop_seconds=3.0,
    )


def _render(place: EnvoyPlace) -> None:
    import subprocess

    command = envoy.render_command(place)
    done = subprocess.run(
        command.argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **command.options()
    )
    if done.returncode:
        raise StartError(f"the gateway's configuration cannot be rendered:\n{done.stdout.decode(errors='replace')}")


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def _short(path: Path) -> str:
    """A path as a reader types it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


class Supervisor:
    """Starts the parts, keeps them, stops them in order."""

    def __init__(self, at: Layout, screen: Screen) -> None:
        self._at = at
        self._screen = screen
        self._log_folder = at.data / "log"
        self.parts = {plan.name: Part(plan, screen, self._log_folder) for plan in plans(at)}
        self._stop = asyncio.Event()
        self._signalled_at: float | None = None

    async def run(self, began: float) -> None:
        """Until SIGINT or SIGTERM. Raises StartError when a part never starts."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled)
        keepers = [part.start(self.parts) for part in self.parts.values()]
        story = asyncio.create_task(self._story(began))
        housekeeping = asyncio.create_task(self._rotate_access_log())
        stop = asyncio.create_task(self._stop.wait())
        # Done with the first fault; else it goes on as long as the parts.
        fault = asyncio.gather(*keepers, story)
        try:
            either: list[asyncio.Future[Any]] = [stop, fault]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if fault.done():
                fault.result()
        finally:
            for task in (story, housekeeping, stop):
                task.cancel()
            await self._stop_all()
            await asyncio.gather(fault, return_exceptions=True)

    def _signalled(self) -> None:
        """First: stop in order. Again, a moment later: cut what still runs; the stores stop in order always."""
        now = time.monotonic()
        self._stop.set()
        if self._signalled_at is None:
            self._signalled_at = now
        elif now - self._signalled_at > _SECOND_SIGNAL_SECONDS:
            for part in (*self._workers(), *self._named("model")):
                part.kill()

    def _workers(self) -> list[Part]:
        """Parts with work of their own that may take a while to finish."""
        return [part for name, part in self.parts.items() if name.startswith("server-") or name == "worker"]

    def _named(self, *names: str) -> list[Part]:
        """Those of the parts that this start has."""
        return [self.parts[name] for name in names if name in self.parts]

    async def _story(self, began: float) -> None:
        """Tell when the product answers; then show the demo."""
        deadline = time.monotonic() + _HEALTH_SECONDS
        await self.parts["envoy"].ready.wait()
        while not await envoy.healthy(self._at.settings.port):
            if time.monotonic() > deadline:
                raise StartError(f"no answer from GET /health within {_HEALTH_SECONDS:g} s; see {self._log_folder}")
            await asyncio.sleep(_POLL_SECONDS)
        seconds = time.monotonic() - began
        self._screen.say("transom", f"healthy after {seconds:.1f} s: {self._at.settings.public_url}")
        if self._at.settings.demo:
            await self._show_demo()
        self._screen.say("transom", f"logs in {_short(self._log_folder)}; Ctrl-C stops everything")

    async def _show_demo(self) -> None:
        command = _ours(self._at.environment(), "demo")
        process = await asyncio.create_subprocess_exec(
            *command.argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, **command.options()
        )
        out, err = await process.communicate()
        if process.returncode:
            self._screen.say("transom", f"the demo could not be made: {err.decode(errors='replace').strip()}")
        else:
            self._screen.write("\n" + out.decode() + "\n")

    async def _rotate_access_log(self) -> None:
        """Envoy writes its access log itself, for speed; it moves aside at 100 MiB."""
        log = self._at.gateway.access_log
        while True:
            await asyncio.sleep(_ACCESS_LOG_CHECK_SECONDS)
            try:
                if log.stat().st_size > _ACCESS_LOG_BYTES:
                    log.replace(log.with_suffix(".log.1"))
                    await envoy.request(self._at.gateway.admin_port, "POST", "/reopen_logs")
            except OSError as error:
                self._screen.say("transom", f"the access log could not be rotated: {error}")

    async def _stop_all(self) -> None:
        """No new connections; then servers and worker finish what they have, for which they need the rest."""
        self._screen.say("transom", "stopping (Ctrl-C again: at once)")
        parts = self.parts
        if parts["envoy"].pid is not None:
            await envoy.drain(self._at.gateway)
        for together in (self._workers(), self._named("model", "envoy"), self._named("valkey", "postgres")):
            await asyncio.gather(*(part.stop() for part in together))
        self._screen.say("transom", "stopped")


def up(settings: Settings) -> int:
    """Run everything; the process's exit status."""
    began = time.monotonic()
    screen = Screen()
    data = Path(settings.data_dir).resolve()
    try:
        folder = state.open_folder(data, settings.port)
    except StartError as error:
        return _failed(error)
    try:
        secrets = folder.secrets()
        at = layout(_with_public_url(settings), data, secrets)
        state.keep_environment(data, at.kept())
        state.keep_targets(data, settings.admin_host, at.admin_ports)
        asyncio.run(_run(at, screen, began))
    except (StartError, OSError, RuntimeError) as error:
        return _failed(error)
    finally:
        folder.close()
    return 0


async def _run(at: Layout, screen: Screen, began: float) -> None:
    await Supervisor(at, screen).run(began)


def _with_public_url(settings: Settings) -> Settings:
    """Unless it is set, the public address follows the port."""
    if PREFIX + "PUBLIC_URL" in os.environ:
        return settings
    return replace(settings, public_url=f"http://localhost:{settings.port}")


def _failed(error: Exception) -> int:
    print(f"transom up: {error}", file=sys.stderr)  # noqa: T201 - the command's last word
    return 1
