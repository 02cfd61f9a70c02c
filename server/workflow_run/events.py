"""What the engine tells as events of a run (sse-events.md section 4). Values come as JSON text, made once."""

from __future__ import annotations

from typing import Any

from server.engine import events as said
from server.kit.plain import clean_text
from server.workflow_run.plain import EMPTY, as_json, file_object
from server.workflow_run.plan import Plan
from server.workflow_run.record import NodeRow
from transom.common.v1.common_pb2 import Json
from transom.run.v1 import event_pb2 as pb


def workflow_started(plan: Plan, at: float, reason: str) -> pb.WorkflowStarted:
    """A run begins or goes on."""
    return pb.WorkflowStarted(
        id=plan.run_id, workflow_id=plan.version.id, inputs=Json(text=plan.shown_inputs), created_at=int(at),
        reason=reason,
    )


def node_started(event: said.NodeStarted) -> pb.NodeStarted:
    """A node begins."""
    node = event.node
    strategy = event.extras.get("agent_strategy")
    extras = {name: value for name, value in event.extras.items() if name != "agent_strategy"}
    return pb.NodeStarted(
        id=node.execution_id, node_id=node.node_id, node_type=node.node_type, title=node.title, index=node.index,
        created_at=int(event.at), extras=as_json(extras) if extras else EMPTY,
        iteration_id=node.scope.iteration_id or None, loop_id=node.scope.loop_id or None,
        agent_strategy=as_json(strategy) if strategy else None,
    )


def node_finished(event: said.NodeFinished, row: NodeRow) -> pb.NodeFinished:
    """A node ended."""
    return pb.NodeFinished(**_ended(event.node, row), files=[as_json(file_object(file)) for file in event.files])


def node_retry(event: said.NodeRetried, row: NodeRow) -> pb.NodeRetry:
    """An attempt failed."""
    return pb.NodeRetry(**_ended(event.node, row), retry_index=event.retry_index)


def _ended(node: said.NodeRef, row: NodeRow) -> dict[str, Any]:
    return {
        "id": row.id, "node_id": row.node_id, "node_type": row.node_type, "title": row.title, "index": row.index,
        "inputs": Json(text=row.inputs), "process_data": Json(text=row.process_data),
        "outputs": Json(text=row.outputs), "status": row.status, "error": row.error or None,
        "elapsed_time": row.elapsed_time, "execution_metadata": Json(text=row.metadata) if row.metadata else None,
        "created_at": int(row.created_at), "finished_at": int(row.finished_at or row.created_at),
        "iteration_id": node.scope.iteration_id or None, "loop_id": node.scope.loop_id or None,
    }


def container(event: said.ContainerStarted | said.ContainerNext | said.ContainerFinished) -> dict[str, Any]:
    """The body, by its name, of what an iteration or a loop tells."""
    node, kind = event.node, event.kind
    head: dict[str, Any] = {
        "id": node.node_id, "node_id": node.node_id, "node_type": node.node_type, "title": node.title,
    }
    if isinstance(event, said.ContainerStarted):
        return {f"{kind}_started": pb.ContainerStarted(
            **head, created_at=int(event.at), extras=EMPTY, metadata=as_json({f"{kind}_length": event.length}),
            inputs=as_json(event.inputs),
        )}  # fmt: skip
    if isinstance(event, said.ContainerNext):
        return {f"{kind}_next": pb.ContainerNext(
            **head, index=event.round, created_at=int(event.at), extras=EMPTY,
            pre_loop_output=EMPTY if kind == "loop" else None,
        )}  # fmt: skip
    tokens = event.metadata.get("total_tokens")
    return {f"{kind}_completed": pb.ContainerCompleted(
        **head, outputs=as_json(event.outputs), created_at=int(event.started_at), extras=EMPTY,
        inputs=as_json(event.inputs), status="succeeded" if event.status == "succeeded" else "failed",
        error=clean_text(event.error) or None, elapsed_time=event.at - event.started_at,
        total_tokens=tokens if isinstance(tokens, int) else 0, execution_metadata=as_json(event.metadata),
        finished_at=int(event.at), steps=event.steps,
    )}  # fmt: skip


def agent_log(event: said.AgentLogged) -> pb.AgentLog:
    """An entry of an agent's log."""
    entry = event.entry
    return pb.AgentLog(
        node_execution_id=event.node.execution_id, id=str(entry.get("id") or ""),
        label=clean_text(str(entry.get("label") or "")), parent_id=_text(entry.get("parent_id")),
        error=_text(entry.get("error")), status=str(entry.get("status") or ""), data=as_json(entry.get("data") or {}),
        metadata=as_json(entry.get("metadata") or {}), node_id=event.node.node_id,
    )


def _text(value: object) -> str | None:
    return clean_text(str(value)) if value else None


def form_answered(event: said.FormFilled) -> dict[str, Any]:
    """The body, by its name, of a form that was filled in, or not in time."""
    if event.is_timeout:
        timeout = pb.HumanInputFormTimeout(
            node_id=event.node_id, node_title=event.title, expiration_time=int(event.data.get("expiration_time") or 0)
        )
        return {"human_input_form_timeout": timeout}
    return {"human_input_form_filled": pb.HumanInputFormFilled(
        node_id=event.node_id, node_title=event.title, rendered_content=clean_text(event.rendered),
        action_id=event.action_id, action_text=event.action_text, submitted_data=as_json(event.data),
    )}  # fmt: skip


def workflow_finished(
    plan: Plan, event: said.RunFinished, elapsed: float, outputs: str, files: list[Json]
) -> pb.WorkflowFinished:
    """A run ended."""
    return pb.WorkflowFinished(
        id=plan.run_id, workflow_id=plan.version.id, status=event.status, outputs=Json(text=outputs),
        error=clean_text(event.error) or None, elapsed_time=elapsed, total_tokens=event.tokens,
        total_steps=event.steps, created_by=as_json(plan.author.shown), created_at=int(plan.created_at),
        finished_at=int(event.at), exceptions_count=event.exceptions, files=files,
    )
