"""One real PostgreSQL and one real Valkey for a whole test session, on private sockets."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from server.db.engine import make_engine
from server.db.migrate import migrate
from server.embedded import postgres, valkey
from server.embedded.child import Command, spawn

TEMPLATE = "migrated"
_REDIS_DATABASES = 4096


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 20.0, every: float = 0.01) -> None:
    """Return as soon as ``condition`` holds; AssertionError that names ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(every)


class DataStores:
    """Started on enter, stopped and removed on exit.

    ``postgres_url()`` gives a fresh migrated database each time (a template clone, about 20 ms),
    ``redis_url()`` a fresh empty Redis database. ``kill``/``start_postgres``/``start_redis`` are
    for tests that take one away; those should own their DataStores.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._numbers = itertools.count(1)
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="transom-test-"))
        self.folder.chmod(0o755)
        try:
            self.postgres = postgres.place(self.folder)
            self.valkey = valkey.place(self.folder)
            self.start_redis()
            postgres.prepare(self.postgres, durable=self._durable)
            self.start_postgres()
            postgres.ensure_database(self.postgres, TEMPLATE, template="template0")
            engine = make_engine(self.postgres.url(TEMPLATE), pool_size=1)
            migrate(engine)
            engine.dispose()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop both at once and delete their files."""
        for name in list(self._children):
            self.kill(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def postgres_url(self) -> str:
        """URL of a fresh, migrated, empty database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        postgres.ensure_database(self.postgres, name, template=TEMPLATE)
        return self.postgres.url(name)

    def redis_url(self) -> str:
        """URL of a Redis database nobody used before."""
        return self.valkey.url(next(self._numbers) % _REDIS_DATABASES)

    def start_postgres(self) -> None:
        """Start PostgreSQL (again) and wait until it takes a connection."""
        postgres.end_leftover(self.postgres)
        self._start("postgres", postgres.command(self.postgres, connections=300, durable=self._durable))
        self._wait("postgres", lambda: postgres.accepts(self.postgres.url("postgres")))

    def start_redis(self) -> None:
        """Start Valkey (again) and wait until it answers."""
        self._start("redis", valkey.command(self.valkey, databases=_REDIS_DATABASES, durable=self._durable))
        self._wait("redis", lambda: valkey.accepts(self.valkey))

    def kill(self, name: str) -> None:
        """SIGKILL ``postgres`` or ``redis``."""
        child = self._children.pop(name)
        child.kill()
        child.wait()

    def pause(self, name: str) -> None:
        """Let ``redis`` or ``postgres`` hang: connections stay open, nothing answers."""
        self._children[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """End a pause."""
        self._children[name].send_signal(signal.SIGCONT)

    def log(self, name: str) -> str:
        """What ``postgres`` or ``redis`` wrote."""
        return (self.folder / "log" / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, command: Command) -> None:
        assert name not in self._children, f"{name} runs already"
        self._children[name] = spawn(command, self.folder / "log" / f"{name}.log")

    def _wait(self, name: str, condition: Callable[[], bool]) -> None:
        child = self._children[name]

        def started() -> bool:
            assert child.poll() is None, f"{name} ended with {child.returncode}:\n{self.log(name)}"
            return condition()

        wait_until(started, f"{name} ready")
