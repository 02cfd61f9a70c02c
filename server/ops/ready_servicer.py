"""The RPC that says whether this process could work."""

from __future__ import annotations

from typing import Any

from server.kit.errors import AppError, Reason
from server.ops.ready import ReadyService
from transom.ops.v1 import readiness_service_pb2 as pb
from transom.ops.v1 import readiness_service_pb2_grpc as pb_grpc


class ReadinessServicer(pb_grpc.ReadinessServiceServicer):
    """Readiness for balancers and people."""

    def __init__(self, ready: ReadyService) -> None:
        self._ready = ready

    async def CheckReadiness(self, request: pb.CheckReadinessRequest, context: Any) -> pb.Readiness:
        found = await self._ready.look()
        if not found.is_ready:
            raise AppError(Reason.SERVICE_UNAVAILABLE, f"Not ready: {found.text()}.", retry_after=1)
        return pb.Readiness(status="ready", database=found.database, migrations=found.migrations, redis=found.redis)
