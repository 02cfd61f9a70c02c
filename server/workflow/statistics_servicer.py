"""RPCs of figures about the runs of published workflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server.db.bridge import Database
from server.edge.call import caller
from server.workflow.statistics import StatisticsService
from server.workflow.statistics_store import Row
from transom.workflow.v1 import workflow_statistics_service_pb2 as pb
from transom.workflow.v1 import workflow_statistics_service_pb2_grpc as rpc

_MOST = 2**32 - 1


class WorkflowStatisticsServicer(rpc.WorkflowStatisticsServiceServicer):
    """Figures of the workspace's workflows."""

    def __init__(self, db: Database, statistics: StatisticsService) -> None:
        self._db = db
        self._statistics = statistics

    async def ListDailyRuns(self, request: pb.ListDailyRunsRequest, context: Any) -> pb.ListDailyRunsResponse:
        return pb.ListDailyRunsResponse(data=await self._days(request, lambda day: {"runs": day.runs}))

    async def ListDailyTerminals(
        self, request: pb.ListDailyTerminalsRequest, context: Any
    ) -> pb.ListDailyTerminalsResponse:
        days = await self._days(request, lambda day: {"terminal_count": day.users})
        return pb.ListDailyTerminalsResponse(data=days)

    async def ListDailyTokens(self, request: pb.ListDailyTokensRequest, context: Any) -> pb.ListDailyTokensResponse:
        days = await self._days(request, lambda day: {"token_count": min(int(day.tokens), _MOST)})
        return pb.ListDailyTokensResponse(data=days)

    async def ListDailyInteractions(
        self, request: pb.ListDailyInteractionsRequest, context: Any
    ) -> pb.ListDailyInteractionsResponse:
        days = await self._days(request, lambda day: {"interactions": round(day.runs / max(day.users, 1), 2)})
        return pb.ListDailyInteractionsResponse(data=days)

    async def _days(self, request: Any, figure: Callable[[Row], dict[str, Any]]) -> list[dict[str, Any]]:
        rows = await self._db(self._statistics.days, caller(), request.app_id, request.start, request.end)
        return [{"date": day.date.isoformat(), **figure(day)} for day in rows]
