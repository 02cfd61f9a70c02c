"""Workflow runs as messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.struct_pb2 import Struct

from server.edge.printer import struct_to_dict
from server.kit.errors import invalid_param
from server.kit.validate import Checks
from server.runs.run import Outcome, RunKey
from server.workflow_run.ending import RunResult
from server.workflow_run.lookup_store import LogFilter
from server.workflow_run.service import Request
from transom.chat.v1 import chat_pb2
from transom.common.v1.common_pb2 import Json
from transom.workflow.v1 import workflow_run_pb2 as pb
from transom.workflow.v1.workflow_console_service_pb2 import ListAppLogsRequest

_MODES = ("", "blocking", "streaming")
_STATUSES = ("succeeded", "failed", "stopped")
_MOST_PAGES = 99999
_MOST = 100


def dicts(structs: Sequence[Struct]) -> list[dict[str, Any]]:
    """Free-form objects as plain ones."""
    return [struct_to_dict(struct) for struct in structs]


def run_request(request: pb.RunWorkflowRequest | pb.RunWorkflowVersionRequest) -> Request:
    """A call to run something. Raises invalid_param."""
    if request.response_mode not in _MODES:
        raise invalid_param(
            "1 validation error for WorkflowRunPayload\nresponse_mode\n"
            "  Input should be 'blocking' or 'streaming' [type=literal_error]"
        )
    return Request(
        inputs=struct_to_dict(request.inputs) if request.HasField("inputs") else None,
        files=dicts(request.files),
        workflow_id=request.workflow_id if isinstance(request, pb.RunWorkflowVersionRequest) else None,
    )


def run_response(key: RunKey, result: RunResult) -> pb.RunWorkflowResponse:
    """A run that ended or waits (sse-events.md 7.2, 7.3)."""
    is_paused = result.status == "paused"
    return pb.RunWorkflowResponse(
        task_id=key.task_id, workflow_run_id=result.run_id,
        data=pb.WorkflowRunResult(
            id=result.run_id, workflow_id=result.workflow_id, status=result.status, outputs=Json(text=result.outputs),
            error=result.error, elapsed_time=result.elapsed_time, total_tokens=result.total_tokens,
            total_steps=result.total_steps, created_at=result.created_at, finished_at=result.finished_at,
            paused_nodes=Json(text=orjson.dumps(list(result.paused_nodes)).decode()) if is_paused else None,
            reasons=Json(text=result.reasons) if is_paused else None,
        ),
    )


def chat_paused(key: RunKey, outcome: Outcome) -> chat_pb2.SendChatMessageResponse:
    """A chatflow that waits (sse-events.md 7.3)."""
    result: RunResult = outcome.result
    shared: dict[str, Any] = {
        "id": key.message_id, "message_id": key.message_id, "conversation_id": key.conversation_id, "mode": key.mode,
        "answer": outcome.answer, "metadata": outcome.metadata, "created_at": key.created_at,
        "workflow_run_id": result.run_id,
    }
    return chat_pb2.SendChatMessageResponse(
        event="workflow_paused", task_id=key.task_id, **shared,
        data=chat_pb2.PausedChat(
            **shared, paused_nodes=result.paused_nodes, reasons=Json(text=result.reasons), status="paused",
            elapsed_time=result.elapsed_time, total_tokens=result.total_tokens, total_steps=result.total_steps,
        ),
    )


def detail(row: Any, *, as_text: bool) -> pb.WorkflowRun:
    """One run; ``as_text``: its inputs as Dify shows them."""
    inputs = row.inputs or "{}"
    return pb.WorkflowRun(
        id=row.id, workflow_id=row.workflow_id, status=row.status,
        inputs=Json(text=orjson.dumps(inputs).decode() if as_text else inputs), outputs=Json(text=row.outputs or "{}"),
        error=row.error, total_steps=row.total_steps, total_tokens=row.total_tokens,
        created_at=seconds(row.created_at), finished_at=seconds_or_none(row.finished_at),
        elapsed_time=row.elapsed_time if row.finished_at else None,
    )


def seconds(at: datetime) -> int:
    """Unix seconds."""
    return int(at.timestamp())


def seconds_or_none(at: datetime | None) -> int | None:
    """Unix seconds, of a time that may not have come."""
    return None if at is None else seconds(at)


def log_page(request: pb.ListWorkflowLogsRequest | ListAppLogsRequest) -> tuple[LogFilter, int, int]:
    """What of a log is wanted, page and limit. Raises invalid_param."""
    checks = Checks("WorkflowLogQuery")
    status = checks.choice("status", request.status, _STATUSES) if request.status else ""
    before = _time(checks, "created_at__before", request.created_at_before)
    after = _time(checks, "created_at__after", request.created_at_after)
    page = checks.number("page", request.page if request.HasField("page") else None, 1, 1, _MOST_PAGES)
    limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, _MOST)
    checks.done()
    wanted = LogFilter(
        keyword=request.keyword, status=status, before=before, after=after,
        session_id=request.created_by_end_user_session_id,
    )
    return wanted, page, limit


def _time(checks: Checks, name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        # A plus sign that nobody escaped arrives as a space.
        found = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        checks.add(name, "Input should be a valid datetime", "datetime_parsing", text)
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def logs(rows: Sequence[Any], total: int, page: int, limit: int) -> pb.ListWorkflowLogsResponse:
    """A page of a log."""
    return pb.ListWorkflowLogsResponse(
        page=page, limit=limit, total=total, has_more=total > page * limit, data=[log_row(row) for row in rows]
    )


def log_row(row: Any) -> pb.WorkflowLog:
    """One row of a log."""
    created_at = seconds(row.created_at)
    return pb.WorkflowLog(
        id=row.id,
        workflow_run=pb.WorkflowLogRun(
            id=row.id, version=row.version, status=row.status, triggered_from=row.triggered_from, error=row.error,
            elapsed_time=row.elapsed_time, total_tokens=row.total_tokens, total_steps=row.total_steps,
            created_at=created_at, finished_at=seconds_or_none(row.finished_at),
            exceptions_count=row.exceptions_count,
        ),
        created_from=row.created_from, created_by_role=row.created_by_role, created_at=created_at, **creators(row),
    )


def creators(row: Any) -> Mapping[str, Any]:
    """Who ran something: an account or an end user, never both."""
    if row.created_by_role == "account":
        if row.account_id is None:
            return {}
        return {"created_by_account": pb.RunAccount(id=row.account_id, name=row.account_name, email=row.email)}
    if row.user_id is None:
        return {}
    return {
        "created_by_end_user": pb.RunEndUser(
            id=row.user_id, type=row.user_type, is_anonymous=row.is_anonymous, session_id=row.session_id
        )
    }
