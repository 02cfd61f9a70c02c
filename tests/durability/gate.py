"""Gates: places in the database where a statement of the product waits until a test lets it go on."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import psycopg2

from tests.harness.stores import wait_until

_numbers = itertools.count(7_000_000)


class Gate:
    """Statements that touch a matching row wait in a trigger; ``when`` is SQL over ``old`` and ``new``."""

    def __init__(self, url: str, event: str, table: str, when: str) -> None:
        self._url = url
        self._key = next(_numbers)
        self._name = f"gate_{self._key}"
        self._holder = self._connect()
        self._run(f"SELECT pg_advisory_lock({self._key})", self._holder)
        row = "OLD" if event == "DELETE" else "NEW"
        self._run(
            f"CREATE FUNCTION {self._name}() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN "
            f"PERFORM pg_advisory_xact_lock_shared({self._key}); RETURN {row}; END $$;"
            f"CREATE TRIGGER {self._name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({when}) "
            f"EXECUTE FUNCTION {self._name}()"
        )
        self._table = table

    def _connect(self) -> Any:
        connection = psycopg2.connect(self._url)
        connection.autocommit = True
        return connection

    def _run(self, statement: str, connection: Any = None) -> list[tuple]:
        with contextlib.ExitStack() as stack:
            used = connection or stack.enter_context(contextlib.closing(self._connect()))
            cursor = used.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _waiting(self) -> list[int]:
        """Database processes that stand at the gate."""
        key = f"locktype = 'advisory' AND classid = 0 AND objid = {self._key}"
        return [row[0] for row in self._run(f"SELECT pid FROM pg_locks WHERE {key} AND NOT granted")]

    def wait_reached(self, count: int = 1, seconds: float = 30) -> None:
        """Until so many statements wait here."""
        wait_until(lambda: len(self._waiting()) >= count, f"{self._table} is touched", seconds=seconds, every=0.02)

    def end_waiting(self) -> None:
        """End the sessions that wait here, as the database does when it notices that their client is dead."""
        for pid in self._waiting():
            self._run(f"SELECT pg_terminate_backend({pid}, 5000)")

    def open(self) -> None:
        """Let everybody through, now and later."""
        self._holder.close()

    def remove(self) -> None:
        """Leave no trace."""
        self.open()
        self._run(f"DROP FUNCTION IF EXISTS {self._name}() CASCADE")


@contextlib.contextmanager
def gate(url: str, event: str, table: str, when: str = "true") -> Iterator[Gate]:
    """A gate for the length of a block."""
    made = Gate(url, event, table, when)
    try:
        yield made
    finally:
        made.remove()
