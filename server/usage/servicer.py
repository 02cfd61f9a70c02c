"""The RPC of usage."""

from __future__ import annotations

from typing import Any

from server.db.bridge import Database
from server.edge.call import caller
from server.kit.errors import invalid_param
from server.kit.validate import id_or_none
from server.llm.pricing import plain
from server.usage.model import MOST, Question, UsageLine, days
from server.usage.service import UsageService
from transom.console.v1 import usage_service_pb2 as pb
from transom.console.v1 import usage_service_pb2_grpc as rpc

_MOST_TOLD = 2**32 - 1


class UsageServicer(rpc.UsageServiceServicer):
    """Daily sums for the console."""

    def __init__(self, db: Database, usage: UsageService) -> None:
        self._db = db
        self._usage = usage

    async def ListUsage(self, request: pb.ListUsageRequest, context: Any) -> pb.ListUsageResponse:
        question = _question(request)
        lines, more = await self._db(self._usage.sums, caller(), question)
        return pb.ListUsageResponse(
            page=question.page, limit=question.limit, has_more=more, data=[_line(line) for line in lines]
        )


def _question(request: pb.ListUsageRequest) -> Question:
    page = request.page if request.HasField("page") else 1
    limit = request.limit if request.HasField("limit") else 100
    if not 1 <= page <= 99_999:
        raise invalid_param("page must be between 1 and 99999")
    if not 1 <= limit <= MOST:
        raise invalid_param(f"limit must be between 1 and {MOST}")
    app_id = id_or_none(request.app_id) if request.app_id else ""
    if app_id is None:
        raise invalid_param("app_id must be a UUID")
    since, until = days(request.start_date, request.end_date)
    return Question(("day", "app", "model"), app_id, since, until, page, limit)


def _line(line: UsageLine) -> pb.UsageSum:
    return pb.UsageSum(
        date=line.day, app_id=line.app_id, app_name=line.app_name, provider=line.provider, model=line.model,
        calls=line.calls, prompt_tokens=min(line.prompt_tokens, _MOST_TOLD),
        completion_tokens=min(line.completion_tokens, _MOST_TOLD),
        total_tokens=min(line.prompt_tokens + line.completion_tokens, _MOST_TOLD), total_price=plain(line.price),
        currency=line.currency, is_estimated=line.is_estimated,
    )
