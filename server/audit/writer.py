"""Writes the audit log for the edge."""

from __future__ import annotations

import logging

from server.audit.model import Entry
from server.audit.service import AuditService
from server.db.bridge import Database

log = logging.getLogger("transom.audit")


class AuditWriter:
    """One short transaction a line, before the answer leaves: what was answered is in the log.

    An act that is done cannot be undone for a log that cannot be written, so a line that finds no database goes
    to the server's own log, whole.
    """

    def __init__(self, db: Database, audit: AuditService) -> None:
        self._db = db
        self._audit = audit

    async def write(self, entry: Entry) -> None:
        """Note an act. Raises nothing."""
        try:
            await self._db(self._audit.add, entry)
        except Exception as error:
            log.error("not in the audit log: %s (%s)", entry, error)
