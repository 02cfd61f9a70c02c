"""What is stored of a run as the messages that events carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from google.protobuf.json_format import ParseDict

from server.kit.errors import Reason
from server.llm import port, pricing
from server.runs.store import StoredRun, StoredWorkflow
from transom.common.v1.common_pb2 import AnswerMetadata, Json, Usage
from transom.run.v1.event_pb2 import MessageEnd, RunError, WorkflowFinished

_NOTHING = pricing.usage_dict(port.Usage(), None)


def to_metadata(stored: Mapping[str, Any]) -> AnswerMetadata:
    """``{annotation_reply, retriever_resources, usage}`` as a message; a usage that is not known is nothing."""
    metadata = AnswerMetadata(usage=Usage(**(stored.get("usage") or _NOTHING)))
    rest = {name: stored[name] for name in ("annotation_reply", "retriever_resources") if stored.get(name)}
    if rest:
        ParseDict(rest, metadata, ignore_unknown_fields=True)
    return metadata


def ends_of(stored: StoredRun) -> list[dict[str, Any]]:
    """The bodies of the last events of a run that its row tells of, in the order of sse-events.md section 5."""
    # A turn that was answered without its graph says nothing of it: its record alone is stopped.
    is_direct = stored.workflow is not None and stored.workflow.status == "stopped" and stored.status == "succeeded"
    workflow = None if is_direct else stored.workflow
    finished = [{"workflow_finished": workflow_finished(workflow)}] if workflow else []
    if finished and not stored.key.message_id:
        return finished
    if stored.status == "failed":
        told = stored.metadata.get("error") or _untold(stored)
        return [*finished, {"error": RunError(code=told["code"], status=told["status"], message=told["message"])}]
    how = MessageEnd.OUTCOME_STOPPED if stored.status == "stopped" else MessageEnd.OUTCOME_SUCCEEDED
    end = {"message_end": MessageEnd(metadata=to_metadata(stored.metadata), outcome=how)}
    return [*finished, end] if stored.status == "stopped" else [end, *finished]


def _untold(stored: StoredRun) -> dict[str, Any]:
    if stored.workflow is None:
        return {"code": Reason.INTERNAL_SERVER_ERROR.value, "status": 500, "message": stored.error or ""}
    return {"code": Reason.INVALID_PARAM.value, "status": 400, "message": f"Run failed: {stored.error or ''}"}


def workflow_finished(stored: StoredWorkflow) -> WorkflowFinished:
    """The end of a workflow run."""
    return WorkflowFinished(
        id=stored.id, workflow_id=stored.workflow_id, status=stored.status,
        outputs=Json(text=stored.outputs or "{}"), error=stored.error, elapsed_time=stored.elapsed_time,
        total_tokens=stored.total_tokens, total_steps=stored.total_steps,
        created_by=Json(text=orjson.dumps(stored.created_by).decode()), created_at=stored.created_at,
        finished_at=stored.finished_at, exceptions_count=stored.exceptions_count,
    )
