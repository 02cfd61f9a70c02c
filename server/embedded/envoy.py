"""The packaged Envoy: its command line, its admin calls, the question whether the product answers."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from server.embedded import binaries
from server.embedded.child import Command

_ANSWER_BYTES = 65536


@dataclass(frozen=True, slots=True)
class EnvoyPlace:
    """Ports and files of one Envoy."""

    port: int
    admin_port: int
    config: Path
    access_log: Path
    server_ports: tuple[int, ...]
    # Address of an OpenTelemetry collector, http://HOST:PORT, and the share of the calls that it gets.
    collector: str = ""
    traced_share: float = 1.0


def render_command(place: EnvoyPlace) -> Command:
    """Writes the configuration for these ports, in a process of its own: it takes a while."""
    place.config.parent.mkdir(parents=True, exist_ok=True)
    argv = [
        sys.executable, "-m", "gateway", "render", "--out", str(place.config), "--port", str(place.port),
        "--admin-port", str(place.admin_port), "--log-path", str(place.access_log),
    ]
    for port in place.server_ports:
        argv += ["--endpoint", f"127.0.0.1:{port}"]
    if place.collector:
        argv += ["--collector", urlsplit(place.collector).netloc, "--traced-share", str(place.traced_share)]
    return Command(argv=tuple(argv), env=dict(os.environ), cwd=Path(__file__).resolve().parents[2])


def command(place: EnvoyPlace) -> Command:
    """Envoy as a child; it says on standard error only what needs attention."""
    argv = (
        str(binaries.envoy()), "--config-path", str(place.config), "--disable-hot-restart",
        "--concurrency", str(max(1, os.cpu_count() or 1)), "--log-level", "warning", "--log-format", "%l %n: %v",
        "--drain-time-s", "600", "--use-dynamic-base-id",
    )
    return Command(argv=argv, env={"PATH": os.environ.get("PATH", "")})


async def request(port: int, method: str, path: str, *, seconds: float = 2.0) -> tuple[int, bytes]:
    """One HTTP request to 127.0.0.1; its status and body. Raises OSError, also when time is up."""
    try:
        return await asyncio.wait_for(_request(port, method, path), seconds)
    except (TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        raise OSError(f"{method} {path}: {error!r}") from error


async def _request(port: int, method: str, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.read(_ANSWER_BYTES)
        while chunk := await reader.read(_ANSWER_BYTES):
            answer += chunk
    finally:
        writer.close()
    status_line, _, rest = answer.partition(b"\r\n")
    return int(status_line.split(b" ")[1]), rest.partition(b"\r\n\r\n")[2]


async def listens(port: int) -> bool:
    """Whether a TCP connection to 127.0.0.1 succeeds now."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def healthy(port: int) -> bool:
    """Whether ``GET /health`` through the gateway says the product answers."""
    try:
        status, _ = await request(port, "GET", "/health")
    except (OSError, IndexError):
        return False
    return status == 200


async def drain(place: EnvoyPlace) -> None:
    """Take no new connections; what is open goes on."""
    for path in ("/healthcheck/fail", "/drain_listeners?graceful&skip_exit"):
        try:
            await request(place.admin_port, "POST", path)
        except (OSError, IndexError):
            return
