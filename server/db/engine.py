"""The connection pool and the unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from server.db.prepared import prepare_hot
from server.kit.errors import bad_request

CONNECT: Mapping[str, Any] = {
    "connect_timeout": 5,
    "application_name": "transom",
    # The isolation level stands here and not in the driver, which would send it each time when a connection
    # begins or ends to commit by itself (UowFactory.single).
    "options": "-c lock_timeout=5000 -c statement_timeout=30000 -c timezone=UTC"
    r" -c default_transaction_isolation=read\ committed -c plan_cache_mode=force_generic_plan",
}


def make_engine(url: str, *, pool_size: int, prepare: bool = True) -> Engine:
    """A pool of exactly ``pool_size`` connections; every statement has a lock and a time limit.

    With ``prepare`` hot statements are prepared (server/db/prepared.py).
    """
    engine = sa.create_engine(
        url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg2://", 1),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        pool_use_lifo=True,
        pool_timeout=10,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        # Errors are logged; what was to be stored is nobody's business there.
        hide_parameters=True,
        connect_args=dict(CONNECT),
    )
    if prepare:
        prepare_hot(engine)
    return engine


def server_version(engine: Engine) -> str:
    """Version of PostgreSQL, as "18.6"."""
    with engine.connect() as connection:
        return str(connection.execute(sa.text("SHOW server_version")).scalar_one()).split(" ")[0]


def extension_version(engine: Engine, name: str) -> str | None:
    """Version of an extension of this database; None when it has not been made."""
    statement = sa.text("SELECT extversion FROM pg_extension WHERE extname = :name")
    with engine.connect() as connection:
        return connection.execute(statement, {"name": name}).scalar_one_or_none()


class UnitOfWork:
    """One transaction. Leaving the ``with`` block without ``commit()`` rolls back.

    Stores take ``uow.connection``. A unit of work never spans an await, a model call or a
    network call.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._done = False

    def commit(self) -> None:
        """Make it last."""
        self.connection.commit()
        self._done = True

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        """Run one statement. Raises bad_request for text with NUL characters, which PostgreSQL does not hold."""
        try:
            return self.connection.execute(statement, parameters)
        except ValueError as error:
            if "NUL" not in str(error):
                raise
            raise bad_request("NUL characters are not allowed here.") from error


class _OneStatement(UnitOfWork):
    """Holds its caller to one statement."""

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        """Run the statement; it is committed when this returns."""
        assert not self._done, "a second statement needs a transaction"
        self._done = True
        return super().execute(statement, parameters)


class UowFactory:
    """What services open their transactions with: ``with self._uow() as uow: ...``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def __call__(self) -> Iterator[UnitOfWork]:
        """A transaction."""
        with self._connection() as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def single(self) -> Iterator[UnitOfWork]:
        """A transaction of one statement, which commits itself: one round trip instead of three.

        A thread gives the interpreter away at each, and under load waits to get it back.
        """
        with self._committing() as connection:
            yield _OneStatement(connection)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """Statements that only read: each as of its own moment, as in a transaction, without the trips of one."""
        with self._committing() as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def _committing(self) -> Iterator[Connection]:
        """A connection that commits each statement by itself."""
        with self._connection() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.autocommit = True
            try:
                yield connection
            finally:
                if not driver.closed:
                    driver.autocommit = False

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                # The server went away: every pooled connection is as dead as this one.
                self._engine.dispose()
            raise


def uow_factory(engine: Engine) -> UowFactory:
    """Transactions on the connections of ``engine``."""
    return UowFactory(engine)
