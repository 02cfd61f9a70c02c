"""Lets go of database connections that a burst has opened and nobody needs any more.

PostgreSQL has a process for each, and hundreds of runs that wait for somebody need none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

from server.db.bridge import Database

_LOOK_SECONDS = 15.0
# More idle ones than this beyond what was used at once since the last look are let go, all of them: the pool opens
# what it needs anew, and a busy process never has so many.
_SPARE = 4


async def release_idle(engine: Engine, databases: Sequence[Database], *, seconds: float = _LOOK_SECONDS) -> None:
    """For ever: look at the pool of ``engine``, which the threads of ``databases`` share."""
    while True:
        await asyncio.sleep(seconds)
        for database in databases:
            database.release()
        used = sum(database.take_peak() for database in databases)
        pool = engine.pool
        if isinstance(pool, QueuePool) and pool.checkedin() > used + _SPARE:
            await databases[-1](engine.dispose)
