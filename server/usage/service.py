"""Reads the ledger of a workspace."""

from __future__ import annotations

from typing import Any

from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.usage.model import Question, UsageLine
from server.usage.store import UsageStore


class UsageService:
    """One public method, one transaction."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def sums(self, caller: Caller, question: Question) -> tuple[list[UsageLine], bool]:
        """A page of sums, and whether more follow."""
        with self._uow() as uow:
            store = UsageStore(uow)
            rows = store.sums(caller.tenant_id, question)
            more, rows = len(rows) > question.limit, rows[: question.limit]
            names = store.app_names(caller.tenant_id, _ids(rows, "app_id"))
            users = store.user_names(caller.tenant_id, _ids(rows, "end_user_id"))
        return [_line(row._mapping, names, users) for row in rows], more


def _ids(rows: list[Any], column: str) -> list[str]:
    return list({value for row in rows if (value := row._mapping.get(column))})


def _line(row: Any, names: dict[str, str], users: dict[str, str]) -> UsageLine:
    app_id, user_id = row.get("app_id") or "", row.get("end_user_id") or ""
    return UsageLine(
        day=row.get("day") or "", app_id=app_id, app_name=names.get(app_id, ""), provider=row.get("provider") or "",
        model=row.get("model") or "", api_key_id=row.get("api_key_id") or "", end_user_id=user_id,
        end_user=users.get(user_id, ""), calls=int(row["calls"]), prompt_tokens=int(row["prompt_tokens"]),
        completion_tokens=int(row["completion_tokens"]), price=row["price"], currency=row["currency"],
        is_estimated=row["is_estimated"],
    )
