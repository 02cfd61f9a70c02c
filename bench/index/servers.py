"""The servers under measurement, each as the product runs it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from server.db.engine import make_engine
from server.db.migrate import migrate
from server.embedded import postgres
from server.embedded.child import spawn
from server.index.milvus import MilvusStore
from server.index.milvus_calls import MilvusAddress
from server.index.pgvector import PgVectorStore
from server.index.port import VectorStore
from server.index.vector_body import BuildLimits
from tests.harness.stores import wait_until
from tests.index.milvus_servers import LiteServer, StandaloneServer

STORES = ("pgvector", "lite", "standalone")


@dataclass(frozen=True, slots=True)
class Running:
    """A server, and how a process reaches it."""

    kind: str
    address: str
    pid: int
    folder: Path

    def open(self, *, connections: int = 8, limits: BuildLimits | None = None) -> tuple[VectorStore, Any]:
        """A store, and an engine for PostgreSQL."""
        if self.kind == "pgvector":
            engine = make_engine(self.address, pool_size=connections)
            return PgVectorStore(engine, limits), engine
        return MilvusStore(MilvusAddress(uri=self.address, search_seconds=120, write_seconds=120)), None

    def memory_mb(self) -> float:
        """Resident memory of the server and its children, shared pages counted once."""
        process = psutil.Process(self.pid)
        total = 0
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += one.memory_full_info().pss
        return total / 2**20

    def cpu_seconds(self) -> float:
        """CPU time of the server and its children so far."""
        process = psutil.Process(self.pid)
        total = 0.0
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def disk_mb(self) -> float:
        """Size of its files."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file()) / 2**20


@contextlib.contextmanager
def running(kind: str, settings: Sequence[str] = (), parent: str | None = None) -> Iterator[Running]:
    """Start a server in a folder of its own, and remove both at the end. ``settings``: name=value, PostgreSQL's."""
    folder = Path(tempfile.mkdtemp(prefix="bench-index-", dir=parent))
    folder.chmod(0o755)
    try:
        if kind == "pgvector":
            with _postgres(folder, settings) as server:
                yield server
        else:
            milvus = (LiteServer if kind == "lite" else StandaloneServer)(folder)
            milvus.start()
            assert milvus._child is not None
            try:
                yield Running(kind, milvus.uri, milvus._child.pid, folder)
            finally:
                milvus.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _postgres(folder: Path, settings: Sequence[str]) -> Iterator[Running]:
    where = postgres.place(folder)
    postgres.prepare(where)
    command = postgres.command(where, connections=100)
    command = replace(command, argv=(*command.argv, *(part for one in settings for part in ("-c", one))))
    child = spawn(command, folder / "log" / "postgres.log")
    try:
        wait_until(lambda: postgres.accepts(where.url("postgres")), "PostgreSQL answers")
        postgres.ensure_database(where)
        engine = make_engine(where.url(), pool_size=1)
        migrate(engine)
        engine.dispose()
        yield Running("pgvector", where.url(), child.pid, folder)
    finally:
        child.send_signal(signal.SIGINT)
        child.wait()
