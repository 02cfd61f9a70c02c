"""Joins what operators look at with the rest of the server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from server.audit.service import AuditService
from server.audit.servicer import AuditServicer
from server.audit.writer import AuditWriter
from server.db.migrate import require_current
from server.kit import trace
from server.limits.service import PlanService
from server.limits.servicer import FeatureServicer
from server.ops.admin import AdminPort
from server.ops.numbers import Numbers
from server.ops.ready import ReadyService
from server.ops.ready_servicer import ReadinessServicer
from server.settings import Settings
from server.usage.service import UsageService
from server.usage.servicer import UsageServicer
from transom.console.v1 import audit_service_pb2 as audit_pb2
from transom.console.v1 import audit_service_pb2_grpc as audit_grpc
from transom.console.v1 import feature_service_pb2 as feature_pb2
from transom.console.v1 import feature_service_pb2_grpc as feature_grpc
from transom.console.v1 import usage_service_pb2 as usage_pb2
from transom.console.v1 import usage_service_pb2_grpc as usage_grpc
from transom.ops.v1 import readiness_service_pb2 as ready_pb2
from transom.ops.v1 import readiness_service_pb2_grpc as ready_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Registry


async def start_tracing(settings: Settings, stack: AsyncExitStack, instance: str) -> None:
    """Collect spans of this process and send them, when there is where to; ``stack`` sends the last ones."""
    if not settings.otlp_endpoint:
        return
    # Imported only here: it brings the SDK.
    from server.ops.tracing import OtlpTracer

    tracer = OtlpTracer(settings.otlp_endpoint, "transom-server", settings.otlp_share, instance=instance)

    async def end() -> None:
        trace.install(None)
        await asyncio.to_thread(tracer.close)

    stack.push_async_callback(end)
    trace.install(tracer)


def add_ops(registry: Registry, core: Core) -> AdminPort:
    """Usage and readiness as RPCs, and on the admin port, which does not listen yet, with the numbers."""
    ready = ReadyService(core.db, partial(require_current, core.engine), core.redis)
    registry.add(ReadinessServicer(ready), ready_pb2, ready_grpc, "ReadinessService")
    registry.add(UsageServicer(core.db, UsageService(core.uow)), usage_pb2, usage_grpc, "UsageService")
    return AdminPort(Numbers(core.db, core.uow, core.runs), ready)


def add_features(registry: Registry, core: Core) -> None:
    """What plans allow."""
    registry.add(FeatureServicer(core.db, PlanService(core.uow)), feature_pb2, feature_grpc, "FeatureService")


def add_audit(registry: Registry, core: Core) -> AuditWriter:
    """The audit log as an RPC, and what the edge writes it with."""
    audit = AuditService(core.uow)
    registry.add(AuditServicer(core.db, audit), audit_pb2, audit_grpc, "AuditService")
    return AuditWriter(core.db, audit)
