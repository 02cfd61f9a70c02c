"""Feedback of an app as a file, read batch by batch while it is sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from server.app_log.export_store import ExportStore, Row
from server.app_log.model import MESSAGE_MODES, FeedbackFilter
from server.app_log.service import entered
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import invalid_param
from server.kit.moments import days, zone_of
from server.kit.spreadsheet import harmless

_BATCH = 500
_LONGEST_ANSWER = 500
_COLUMNS = (
    "feedback_id", "app_name", "app_id", "conversation_id", "conversation_name", "message_id", "user_query",
    "ai_response", "feedback_rating", "feedback_rating_raw", "feedback_comment", "feedback_source", "feedback_date",
    "message_date", "from_account_name", "from_end_user_id", "has_comment",
)  # fmt: skip
_SHOWN = {"like": "\N{THUMBS UP SIGN}", "dislike": "\N{THUMBS DOWN SIGN}"}
_MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Order:
    """What an export has, as it was asked for; made by `order_of`."""

    format: str
    from_source: str
    rating: str
    has_comment: bool | None
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class _App:
    id: str
    name: str


class FeedbackExport:
    """Makes files of feedback."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow

    async def pieces(self, caller: Caller, app_id: str, order: Order) -> AsyncIterator[str]:
        """The file, a piece for each batch. Raises app_not_found and invalid_param before the first."""
        app, wanted = await self._db(self._begin, caller, app_id, order)
        last: tuple[Any, str] | None = None
        number, goes_on = 0, True
        while goes_on:
            rows = await self._db(self._batch, caller.tenant_id, app.id, wanted, last)
            goes_on = len(rows) == _BATCH
            records = [_record(app, row) for row in rows]
            yield _csv(records, number) if order.format == "csv" else _json(records, app, number, goes_on=goes_on)
            number += len(rows)
            last = (rows[-1].created_at, rows[-1].id) if rows else None

    def _begin(self, caller: Caller, app_id: str, order: Order) -> tuple[_App, FeedbackFilter]:
        with self._uow() as uow:
            app = entered(uow, caller, app_id, MESSAGE_MODES)
            since, until = days(order.start, order.end, zone_of(app.timezone))
        wanted = FeedbackFilter(order.from_source, order.rating, order.has_comment, since, until)
        return _App(app.id, app.name), wanted

    def _batch(self, tenant_id: str, app_id: str, wanted: FeedbackFilter, last: Any) -> Sequence[Row]:
        with self._uow() as uow:
            return ExportStore(uow).feedbacks(tenant_id, app_id, wanted, last, _BATCH)


def order_of(*, kind: str, from_source: str, rating: str, has_comment: bool | None, start: str, end: str) -> Order:
    """Check what an export is asked for. Raises invalid_param."""
    kind = (kind or "csv").lower()
    for name, value, allowed in (
        ("format", kind, ("csv", "json")), ("from_source", from_source, ("", "user", "admin")),
        ("rating", rating, ("", "like", "dislike")),
    ):  # fmt: skip
        if value not in allowed:
            raise invalid_param(f"{name} must be one of {', '.join(one for one in allowed if one)}")
    return Order(kind, from_source, rating, has_comment, start, end)


def _csv(records: Sequence[Mapping[str, Any]], before: int) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    if not before:
        # Spreadsheets read UTF-8 by this mark.
        text.write("\N{ZERO WIDTH NO-BREAK SPACE}")
        writer.writeheader()
    writer.writerows({name: harmless(str(value)) for name, value in record.items()} for record in records)
    return text.getvalue()


def _json(records: Sequence[Mapping[str, Any]], app: _App, before: int, *, goes_on: bool) -> str:
    parts = [json.dumps(record, ensure_ascii=False) for record in records]
    text = ("" if before else '{"feedback_data": [') + (", " if before and parts else "") + ", ".join(parts)
    if goes_on:
        return text
    info = {
        "app_id": app.id, "export_date": datetime.now(UTC).isoformat(), "total_records": before + len(records),
        "data_source": "dify_feedback_export",
    }  # fmt: skip
    return f'{text}], "export_info": {json.dumps(info)}}}'


def _record(app: _App, row: Row) -> dict[str, Any]:
    answer = row.answer
    comment = row.content or ""
    return {
        "feedback_id": row.id, "app_name": app.name, "app_id": app.id, "conversation_id": row.conversation_id,
        "conversation_name": row.name, "message_id": row.message_id, "user_query": row.query,
        "ai_response": f"{answer[:_LONGEST_ANSWER]}..." if len(answer) > _LONGEST_ANSWER else answer,
        "feedback_rating": _SHOWN.get(row.rating, ""), "feedback_rating_raw": row.rating, "feedback_comment": comment,
        "feedback_source": row.from_source, "feedback_date": row.created_at.astimezone(UTC).strftime(_MOMENT),
        "message_date": row.message_at.astimezone(UTC).strftime(_MOMENT), "from_account_name": row.account_name or "",
        "from_end_user_id": row.from_end_user_id or "", "has_comment": "Yes" if comment.strip() else "No",
    }  # fmt: skip
