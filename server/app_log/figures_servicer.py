"""RPCs of figures about messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server.app_log.figures import FiguresService
from server.app_log.figures_store import Row
from server.db.bridge import Database
from server.edge.call import caller
from server.llm.pricing import plain
from transom.console.v1 import statistics_service_pb2 as pb
from transom.console.v1 import statistics_service_pb2_grpc as rpc

Context = Any
_MOST = 2**32 - 1
_CURRENCY = "USD"


class StatisticsServicer(rpc.StatisticsServiceServicer):
    """Figures of the workspace's apps."""

    def __init__(self, db: Database, figures: FiguresService) -> None:
        self._db = db
        self._figures = figures

    async def ListDailyMessages(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListDailyMessagesResponse:
        """Messages."""
        days = await self._days(request, "messages", lambda day: {"message_count": day.number})
        return pb.ListDailyMessagesResponse(data=days)

    async def ListDailyConversations(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListDailyConversationsResponse:
        """Conversations."""
        days = await self._days(request, "conversations", lambda day: {"conversation_count": day.number})
        return pb.ListDailyConversationsResponse(data=days)

    async def ListDailyEndUsers(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListDailyEndUsersResponse:
        """End users."""
        days = await self._days(request, "end_users", lambda day: {"terminal_count": day.number})
        return pb.ListDailyEndUsersResponse(data=days)

    async def ListDailyCosts(self, request: pb.ListStatisticsRequest, context: Context) -> pb.ListDailyCostsResponse:
        """Tokens and their price."""
        days = await self._days(
            request, "costs",
            lambda day: {
                "token_count": min(int(day.tokens), _MOST), "total_price": plain(day.price), "currency": _CURRENCY
            },
        )  # fmt: skip
        return pb.ListDailyCostsResponse(data=days)

    async def ListSessionInteractions(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListSessionInteractionsResponse:
        """Messages a conversation."""
        days = await self._days(request, "interactions", lambda day: {"interactions": round(float(day.number), 2)})
        return pb.ListSessionInteractionsResponse(data=days)

    async def ListSatisfactionRates(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListSatisfactionRatesResponse:
        """Likes."""
        days = await self._days(
            request, "satisfaction", lambda day: {"rate": round(day.likes * 1000 / max(day.number, 1), 2)}
        )
        return pb.ListSatisfactionRatesResponse(data=days)

    async def ListResponseTimes(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListResponseTimesResponse:
        """Milliseconds."""
        days = await self._days(request, "latency", lambda day: {"latency": round(day.seconds * 1000, 4)})
        return pb.ListResponseTimesResponse(data=days)

    async def ListTokenSpeeds(
        self, request: pb.ListStatisticsRequest, context: Context
    ) -> pb.ListTokenSpeedsResponse:
        """Tokens a second."""
        days = await self._days(
            request, "speed", lambda day: {"tps": round(day.tokens / day.seconds, 4) if day.seconds else 0}
        )
        return pb.ListTokenSpeedsResponse(data=days)

    async def _days(
        self, request: pb.ListStatisticsRequest, figure: str, told: Callable[[Row], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        rows = await self._db(
            self._figures.days, caller(), request.app_id, figure, request.start, request.end
        )
        return [{"date": day.date.isoformat(), **told(day)} for day in rows]
