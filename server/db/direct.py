"""Hot statements sent by the event loop itself, on connections that it watches.

A statement that goes through a database thread costs this process some 400 us of CPU, and a quarter of that is the
driver: the rest is what SQLAlchemy does around it, waking a thread, and threads that take the interpreter from the
loop and from each other. psycopg2 also has an asynchronous mode, in which it sends and returns; the loop then watches
the socket. Nothing here waits: what could, names and handshakes, is done on a thread.

For single statements that commit themselves. Transactions are for database threads (engine.py, bridge.py).
"""

from __future__ import annotations

import asyncio
import select
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
import psycopg2
import psycopg2.extras
import sqlalchemy as sa
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE

from server.db.engine import CONNECT
from server.db.prepared import Compiler, Sql
from server.kit.errors import AppError, Reason, bad_request


class Order(NamedTuple):
    """A hot statement and its values."""

    statement: sa.Executable
    values: Mapping[str, Any]


class Direct:
    """``await direct(order)`` gives the rows.

    At most ``size`` connections, opened when they are first needed; statements wait for one in the order in which they
    came, ``queue_limit`` of them at most. A caller that is cancelled leaves its statement to finish.
    """

    def __init__(self, engine: sa.Engine, *, size: int, queue_limit: int, prepare: bool = True) -> None:
        self._engine = engine
        self._size = size
        self._limit = queue_limit
        self._compiler = Compiler(engine.dialect, prepare=prepare)
        self._lines: set[_Line] = set()
        self._free: list[_Line] = []
        # The fewest that were idle at once since ``release``.
        self._spare = 0
        self._waiting: deque[_Job] = deque()
        self._opening: set[asyncio.Task[None]] = set()

    async def __call__(self, order: Order) -> list[Any]:
        """Send a statement; it is committed when this returns.

        Raises service_unavailable when too many wait, bad_request for text with NUL characters, and of a database that
        is away or refuses what SQLAlchemy would.
        """
        if len(self._waiting) >= self._limit:
            raise AppError(Reason.SERVICE_UNAVAILABLE, "Too many requests wait for the database.", retry_after=1)
        sql = self._compiler.sql(order.statement)
        job = _Job(sql, sql.values(order.values), asyncio.get_running_loop().create_future())
        if self._free:
            line = self._free.pop()
            self._spare = min(self._spare, len(self._free))
            line.send(job)
        else:
            self._waiting.append(job)
            if len(self._lines) + len(self._opening) < self._size:
                self._open()
        return await job.done

    # Connections

    def _open(self) -> None:
        task = asyncio.create_task(self._connect(), name="connect to the database")
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        try:
            places, names = self._engine.dialect.create_connect_args(self._engine.url)
            connection = await asyncio.to_thread(_connected, *places, **names)
        except Exception as error:
            # Others that are open go on with what waits.
            while self._waiting and not self._lines:
                self._waiting.popleft().fail(self.translated(error, None, ""))
            return
        line = _Line(connection, self)
        self._lines.add(line)
        self.next(line)

    def next(self, line: _Line) -> None:
        """A connection has nothing to do."""
        while self._waiting:
            job = self._waiting.popleft()
            if not job.done.cancelled():
                line.send(job)
                return
        self._free.append(line)

    def drop(self, line: _Line) -> None:
        """A connection is of no use any more."""
        self._lines.discard(line)
        if line in self._free:
            self._free.remove(line)
            self._spare = min(self._spare, len(self._free))
        line.close()
        if self._waiting:
            self._open()

    def translated(self, error: Exception, connection: Any, sql: str) -> Exception:
        """What SQLAlchemy would raise, so that nobody has to know more faults (faults.py)."""
        dialect: Any = self._engine.dialect
        known = dialect.loaded_dbapi.Error
        if isinstance(error, ValueError) and "NUL" in str(error):
            return bad_request("NUL characters are not allowed here.")
        if not isinstance(error, known):
            return error
        gone = connection is None or connection.closed != 0 or dialect.is_disconnect(error, connection, None)
        return sa.exc.DBAPIError.instance(
            sql, None, error, known, connection_invalidated=bool(gone), dialect=dialect
        )

    def release(self) -> None:
        """Close those connections that nobody needed since this was last called."""
        for line in self._free[: self._spare]:
            self.drop(line)
        self._spare = len(self._free)

    def close(self) -> None:
        """Close all connections; what waits is refused."""
        for task in self._opening:
            task.cancel()
        while self._waiting:
            self._waiting.popleft().fail(_ending())
        for line in list(self._lines):
            self.drop(line)


def _ending() -> AppError:
    return AppError(Reason.SERVICE_UNAVAILABLE, "The server ends.", retry_after=1)


class _Job:
    """A statement on its way."""

    __slots__ = ("done", "sql", "values")

    def __init__(self, sql: Sql, values: dict[str, Any], done: asyncio.Future[list[Any]]) -> None:
        self.sql = sql
        self.values = values
        self.done = done

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Line:
    """One connection; it carries one statement at a time."""

    def __init__(self, connection: Any, pool: Direct) -> None:
        self._connection = connection
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._number = connection.fileno()
        self._prepared: set[str] = set()
        self._job: _Job | None = None
        self._cursor: Any = None
        self._is_writing = False
        # Watched also while it rests: the server may go away.
        self._loop.add_reader(self._number, self._look)

    def send(self, job: _Job) -> None:
        """Send a statement; its job is done when the answer is here."""
        self._job = job
        sql = job.sql
        # Both in one trip. PREPARE has text with percent signs of its own.
        unknown = sql.prepare and sql.name not in self._prepared
        text = f"{sql.prepare.replace('%', '%%')}; {sql.execute}" if unknown else sql.execute
        try:
            self._cursor = self._connection.cursor()
            self._cursor.execute(text, job.values)
        except Exception as error:
            # Not at once: what waits could fail one within the other.
            self._loop.call_soon(self._failed, error)
            return
        self._look()

    def _look(self) -> None:
        """Something came, or more can be sent."""
        try:
            state = self._connection.poll()
            if state == POLL_OK and self._job is not None:
                self._answered(self._job)
        except Exception as error:
            self._failed(error)
            return
        self._write(on=state == POLL_WRITE)

    def _write(self, *, on: bool) -> None:
        if on and not self._is_writing:
            self._loop.add_writer(self._number, self._look)
        elif self._is_writing and not on:
            self._loop.remove_writer(self._number)
        self._is_writing = on

    def _answered(self, job: _Job) -> None:
        cursor = self._cursor
        rows = list(map(job.sql.row, cursor.fetchall())) if cursor.description else []
        self._prepared.add(job.sql.name)
        self._job = self._cursor = None
        if not job.done.done():
            job.done.set_result(rows)
        self._pool.next(self)

    def _failed(self, error: Exception) -> None:
        job, self._job, self._cursor = self._job, None, None
        shown = self._pool.translated(error, self._connection, job.sql.execute if job else "")
        # Whether a statement that failed at its first time is prepared, nobody knows.
        if job is None or job.sql.name not in self._prepared or getattr(shown, "connection_invalidated", False):
            self._pool.drop(self)
        else:
            self._pool.next(self)
        if job is not None:
            job.fail(shown)

    def close(self) -> None:
        """Forget it."""
        self._loop.remove_reader(self._number)
        self._write(on=False)
        self._connection.close()
        if self._job is not None:
            self._job.fail(_ending())


def _connected(*places: Any, **names: Any) -> Any:
    """A new connection, on the thread that calls. Raises OperationalError."""
    connection = psycopg2.connect(*places, **{**names, **CONNECT}, async_=True)
    # libpq leaves its own limit to whoever polls.
    deadline = time.monotonic() + CONNECT["connect_timeout"]
    while (state := connection.poll()) != POLL_OK:
        number, left = [connection.fileno()], deadline - time.monotonic()
        if left <= 0:
            connection.close()
            raise psycopg2.OperationalError("no connection in time")
        select.select(number if state == POLL_READ else [], number if state == POLL_WRITE else [], [], left)
    # As on the connections of engine.py.
    psycopg2.extras.register_default_json(connection, loads=orjson.loads)
    psycopg2.extras.register_default_jsonb(connection, loads=orjson.loads)
    return connection
