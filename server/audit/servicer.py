"""The RPC of the audit log."""

from __future__ import annotations

from typing import Any

from server.audit.model import Line
from server.audit.service import AuditService
from server.db.bridge import Database
from server.edge.call import caller
from transom.console.v1 import audit_service_pb2 as pb
from transom.console.v1 import audit_service_pb2_grpc as rpc


class AuditServicer(rpc.AuditServiceServicer):
    """The audit log for the console."""

    def __init__(self, db: Database, audit: AuditService) -> None:
        self._db = db
        self._audit = audit

    async def ListAuditLogs(self, request: pb.ListAuditLogsRequest, context: Any) -> pb.ListAuditLogsResponse:
        question, total, lines = await self._db(
            self._audit.page, caller(), action=request.action, account_id=request.account_id, outcome=request.outcome,
            start=request.start, end=request.end, page=request.page if request.HasField("page") else 1,
            limit=request.limit if request.HasField("limit") else 20,
        )  # fmt: skip
        return pb.ListAuditLogsResponse(
            data=[_line(line) for line in lines], page=question.page, limit=question.limit, total=total,
            has_more=total > question.page * question.limit,
        )  # fmt: skip


def _line(line: Line) -> pb.AuditLog:
    message = pb.AuditLog(
        id=line.id, action=line.action, resource=line.resource, resource_id=line.resource_id, ip=line.ip,
        outcome=line.outcome, created_at=int(line.created_at.timestamp()),
        account=pb.AuditAccount(id=line.account_id, name=line.account_name, email=line.account_email),
    )  # fmt: skip
    message.detail.SetInParent()
    message.detail.update(line.detail)
    return message
