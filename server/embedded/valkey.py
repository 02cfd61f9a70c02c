"""The packaged Valkey: a Redis-protocol server on a private socket, every write in its log within a second."""

from __future__ import annotations

import os
import resource
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from server.embedded import binaries, child, places
from server.embedded.child import Command

_SOCKET_NAME = "valkey.sock"
# Descriptors that Valkey keeps for itself.
_OWN_FILES = 64
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ValkeyPlace:
    """Where one embedded Valkey keeps its log and its socket."""

    program: Path
    data: Path
    socket: Path

    def url(self, database: int = 0) -> str:
        """A redis-py URL over the private socket."""
        return f"unix://{quote(str(self.socket), safe='/')}?db={database}" if database else f"unix://{self.socket}"


def place(data_dir: Path) -> ValkeyPlace:
    """Choose and make the folders below ``data_dir``."""
    us = places.Owner(os.geteuid(), os.getegid(), dropped=False)
    home = data_dir / "valkey"
    places.private_folder(home, us)
    sockets = places.socket_folder(home, _SOCKET_NAME)
    places.private_folder(sockets, us)
    return ValkeyPlace(program=binaries.valkey_server(), data=home, socket=sockets / _SOCKET_NAME)


def command(where: ValkeyPlace, *, databases: int = 16, durable: bool = True) -> Command:
    """The server as a child without a TCP port."""
    argv = (
        str(where.program), "--port", "0", "--unixsocket", str(where.socket), "--unixsocketperm", "700",
        "--dir", str(where.data), "--appendonly", "yes" if durable else "no", "--appendfsync", "everysec",
        "--save", "", "--databases", str(databases), "--daemonize", "no", "--maxclients", str(_clients()),
        "--maxmemory-policy", "noeviction",
        "--loglevel", "warning", "--set-proc-title", "no", "--pidfile", str(_pid_file(where)),
    )
    return Command(
        argv=argv, env={"PATH": os.environ.get("PATH", "")}, cwd=where.data,
        stop_signal=signal.SIGTERM, orphan_signal=signal.SIGTERM,
    )


def _pid_file(where: ValkeyPlace) -> Path:
    return where.data / "valkey.pid"


def end_leftover(where: ValkeyPlace) -> None:
    """Wait for the end of a server that an earlier, killed parent left: its last act is to remove the socket.

    The caller holds the lock of the data folder, so no other supervisor runs one.
    """
    try:
        pid = int(_pid_file(where).read_text())
    except (OSError, ValueError):
        return
    child.end_leftover(pid, where.socket, signal.SIGTERM, _STOP_SECONDS)
    _pid_file(where).unlink(missing_ok=True)


def _clients() -> int:
    """As many connections as the limit of open files lets it have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 20_000
    return wanted if hard == resource.RLIM_INFINITY else max(100, min(wanted, hard - _OWN_FILES))


def accepts(where: ValkeyPlace) -> bool:
    """Whether it answers PING now; False while it still loads its log."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(where.socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False
