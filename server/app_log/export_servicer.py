"""The RPC of exports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from google.api.httpbody_pb2 import HttpBody

from server.app_log.export import FeedbackExport, order_of
from server.edge.call import caller, current_call
from transom.console.v1 import feedback_http_service_pb2 as pb
from transom.console.v1 import feedback_http_service_pb2_grpc as rpc

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json; charset=utf-8"}


class FeedbackServicer(rpc.FeedbackServiceServicer):
    """Feedback of the workspace's apps as files."""

    def __init__(self, export: FeedbackExport) -> None:
        self._export = export

    async def ExportFeedbacks(self, request: pb.ExportFeedbacksRequest, context: Any) -> AsyncIterator[HttpBody]:
        """The file, piece by piece."""
        order = order_of(
            kind=request.format, from_source=request.from_source, rating=request.rating,
            has_comment=request.has_comment if request.HasField("has_comment") else None, start=request.start_date,
            end=request.end_date,
        )
        pieces = self._export.pieces(caller(), request.app_id, order)
        first = await anext(pieces)
        name = f"feedback_{request.app_id}_{datetime.now(UTC):%Y%m%d_%H%M%S}.{order.format}"
        current_call().headers.extend(
            (("content-disposition", f'attachment; filename="{name}"'), ("x-content-type-options", "nosniff"))
        )
        yield HttpBody(content_type=_TYPES[order.format], data=first.encode())
        async for piece in pieces:
            yield HttpBody(data=piece.encode())
