"""A server's look at the workers: when jobs wait and nobody takes them, its log says so, and what to do."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.worker.names import QUEUE
from server.worker.store import Waiting, WorkerStore

log = logging.getLogger("transom.server")

# A worker reports every five seconds (process.py); the first look gives one that starts beside us time to.
WITHIN = timedelta(seconds=30)
_LOOK_SECONDS = 30.0


class WorkerWatch:
    """Looks as long as the server runs."""

    def __init__(self, db: Database, uow: UowFactory, *, every: float = _LOOK_SECONDS) -> None:
        self._db = db
        self._uow = uow
        self._every = every
        self._said = False

    async def run(self) -> None:
        """Look again and again; a database that is away is told of elsewhere."""
        while True:
            await asyncio.sleep(self._every)
            try:
                self._tell(await self._db(self._look))
            except Exception as error:
                log.debug("no look at the workers: %s", error)

    def _look(self) -> Waiting:
        with self._uow() as uow:
            return WorkerStore(uow).waiting(WITHIN)

    def _tell(self, waiting: Waiting) -> None:
        """Once when it begins, once when it is over."""
        if waiting.workers == 0 and not self._said:
            log.warning("%s", nobody(waiting))
        elif waiting.workers and self._said:
            log.info("a worker takes jobs from queue %s again", QUEUE)
        self._said = waiting.workers == 0


def nobody(waiting: Waiting) -> str:
    """What is to be said when no worker is there."""
    lying = "no job waits yet"
    if waiting.overdue:
        lying = f"{waiting.overdue} jobs wait, the oldest for {waiting.longest:.0f} s"
    return (
        f"no worker takes jobs from queue {QUEUE} ({lying}): start `transom worker`. "
        "Until then documents stay waiting and what was deleted is not cleared away"
    )
