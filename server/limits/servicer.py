"""The RPC of what a plan allows."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from server.db.bridge import Database
from server.edge.call import caller
from server.limits.service import PlanService
from server.limits.store import Usage
from transom.console.v1 import feature_service_pb2 as pb
from transom.console.v1 import feature_service_pb2_grpc as rpc

_MOST = 2**32 - 1


class FeatureServicer(rpc.FeatureServiceServicer):
    """What the workspace may use, and does."""

    def __init__(self, db: Database, plans: PlanService) -> None:
        self._db = db
        self._plans = plans

    async def GetFeatures(self, request: pb.GetFeaturesRequest, context: Any) -> pb.Features:
        return _features(await self._db(self._plans.usage, caller()))


def _features(found: Usage) -> pb.Features:
    plan = found.plan
    executions = plan.workflow_executions
    return pb.Features(
        billing=pb.BillingFeature(
            enabled=plan.limits_anything, subscription=pb.Subscription(plan=found.name, interval="")
        ),
        education=pb.EducationFeature(), members=_quota(found.members, plan.members),
        apps=_quota(found.apps, plan.apps), vector_space=_quota(math.ceil(found.vector_space), plan.vector_space),
        documents_upload_quota=_quota(found.documents, plan.documents), annotation_quota_limit=pb.Quota(),
        knowledge_rate_limit=plan.knowledge_rate or 0, docs_processing="standard", dataset_operator_enabled=True,
        webapp_copyright_enabled=True, is_allow_transfer_workspace=True,
        workspace_members=pb.MemberQuota(
            enabled=plan.members is not None, size=found.members, limit=plan.members or 0
        ),
        trigger_event=pb.UsageQuota(), knowledge_pipeline=pb.PipelineFeature(),
        api_rate_limit=pb.UsageQuota(
            usage=found.executions, limit=executions or 0,
            reset_date=0 if executions is None else _next_month(datetime.now(UTC)),
        ),
    )  # fmt: skip


def _quota(size: int, limit: int | None) -> pb.Quota:
    return pb.Quota(size=min(size, _MOST), limit=limit or 0)


def _next_month(now: datetime) -> int:
    year, month = divmod(now.year * 12 + now.month, 12)
    return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp())
