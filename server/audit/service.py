"""Use cases of the audit log: one public method is one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from server.audit.model import MOST, MOST_PAGES, OUTCOMES, Entry, Line, Question
from server.audit.store import AuditStore
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import invalid_param
from server.kit.moments import span, zone_of
from server.kit.validate import id_or_none

_BATCH = 1000


class AuditService:
    """Writes and reads the audit log."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def add(self, entry: Entry) -> None:
        """Note an act, for good when this returns."""
        with self._uow.single() as uow:
            AuditStore(uow).add(entry)

    def page(
        self, caller: Caller, *, action: str, account_id: str, outcome: str, start: str, end: str, page: int, limit: int
    ) -> tuple[Question, int, list[Line]]:
        """What is asked, how many lines match, and a page of them; times are the account's. Raises invalid_param."""
        known = id_or_none(account_id) if account_id else ""
        if known is None:
            raise invalid_param("account_id must be a UUID")
        if outcome and outcome not in OUTCOMES:
            raise invalid_param(f"outcome must be one of {', '.join(OUTCOMES)}")
        if not 1 <= page <= MOST_PAGES:
            raise invalid_param(f"page must be between 1 and {MOST_PAGES}")
        if not 1 <= limit <= MOST:
            raise invalid_param(f"limit must be between 1 and {MOST}")
        with self._uow.reading() as uow:
            store = AuditStore(uow)
            zone = zone_of(store.zone(caller.the_account) if start or end else None)
            question = Question(action, known, outcome, *span(start, end, zone), page, limit)
            return question, *store.page(caller.tenant_id, question)

    def lines(self, caller: Caller, question: Question, email: str) -> tuple[int, list[Line]]:
        """The same for the operator, who names accounts by their addresses. Raises invalid_param."""
        with self._uow.reading() as uow:
            store = AuditStore(uow)
            account_id = store.account(caller.tenant_id, email) if email else ""
            if account_id is None:
                raise invalid_param(f"{email} did nothing in this workspace")
            wanted = Question(
                question.action, account_id, question.outcome, question.since, question.until, question.page,
                question.limit,
            )  # fmt: skip
            return store.page(caller.tenant_id, wanted)


class AuditPrune:
    """Removes what is older than the operator keeps it; handler of ``prune_audit_logs``. ``days`` 0: for ever."""

    def __init__(self, uow: UowFactory, days: int) -> None:
        self._uow = uow
        self._age = timedelta(days=days)

    def prune(self, _payload: Mapping[str, Any]) -> None:
        """Remove what is too old, of all workspaces, one batch a transaction. May be repeated."""
        while self._age and self._batch() == _BATCH:
            pass

    def _batch(self) -> int:
        with self._uow() as uow:
            gone = AuditStore(uow).prune(self._age, _BATCH)
            uow.commit()
            return gone
