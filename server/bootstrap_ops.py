"""Joins what operators look at with the rest of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.ops.admin import AdminPort
from server.ops.numbers import Numbers
from server.ops.ready import ReadyService
from server.ops.ready_servicer import ReadinessServicer
from transom.ops.v1 import readiness_service_pb2 as ready_pb2
from transom.ops.v1 import readiness_service_pb2_grpc as ready_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Registry


def add_ops(registry: Registry, core: Core) -> AdminPort:
    """Readiness as an RPC, and on the admin port, which does not listen yet, with the numbers."""
    ready = ReadyService(core.db, core.engine, core.redis)
    registry.add(ReadinessServicer(ready), ready_pb2, ready_grpc, "ReadinessService")
    return AdminPort(Numbers(core.db, core.uow, core.runs), ready)
