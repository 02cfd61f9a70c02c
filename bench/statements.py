"""Counts the SQL statements of a request, as PostgreSQL logs them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.world import World

# Long enough for every loop of a server process to come round (the slowest, a heartbeat, takes 4 s).
_BACKGROUND_SECONDS = 5.0
_MARK = "statement: "
_TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK")


@contextmanager
def counted(world: World) -> Iterator[Callable[[Callable[[], object]], Counter[str]]]:
    """Gives a function that runs something and returns its statements (first word -> count).

    What the servers do by themselves is watched first and left out.
    """
    _log_statements(world, on=True)
    try:
        start = len(world.stores.log("postgres"))
        time.sleep(_BACKGROUND_SECONDS)
        background = {text for text in _statements(world, start) if not text.startswith(_TRANSACTION)}

        def count(work: Callable[[], object]) -> Counter[str]:
            start = len(world.stores.log("postgres"))
            work()
            time.sleep(0.05)
            found = [text for text in _statements(world, start) if text not in background]
            return Counter(text.split(None, 1)[0].upper() for text in found)

        yield count
    finally:
        _log_statements(world, on=False)


def _log_statements(world: World, *, on: bool) -> None:
    url = world.stores.postgres.url("postgres")
    world.sql(f"ALTER SYSTEM SET log_statement = '{'all' if on else 'none'}'", url)
    world.sql("SELECT pg_reload_conf()", url)


def _statements(world: World, start: int) -> list[str]:
    lines = world.stores.log("postgres")[start:].splitlines()
    return [line.partition(_MARK)[2].strip() for line in lines if _MARK in line]
