"""Whether a server process could do its work now: database, migrations, Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from redis.asyncio import Redis

from server.db.bridge import Database
from server.db.migrate import SchemaError

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found: ``ok``, or in a few words what is wrong."""

    database: str
    migrations: str
    redis: str

    @property
    def is_ready(self) -> bool:
        """Whether all is well."""
        return self.database == self.migrations == self.redis == "ok"

    def text(self) -> str:
        """One line for people."""
        return f"database: {self.database}, migrations: {self.migrations}, redis: {self.redis}"


class ReadyService:
    """Asks each part, at most two seconds. ``require_current`` raises SchemaError for an old or newer schema."""

    def __init__(self, db: Database, require_current: Callable[[], object], redis: Redis) -> None:
        self._db = db
        self._require_current = require_current
        self._redis = redis

    async def look(self) -> Readiness:
        """Ask both at once. What a driver says, with addresses in it, is not told."""
        (database, migrations), redis = await asyncio.gather(self._stores(), self._broker())
        return Readiness(database, migrations, redis)

    async def _stores(self) -> tuple[str, str]:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._db(self._require_current)
        except SchemaError as error:
            return "ok", str(error)
        except Exception:
            return "does not answer", "unknown"
        return "ok", "ok"

    async def _broker(self) -> str:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._redis.ping()
        except Exception:
            return "does not answer"
        return "ok"
