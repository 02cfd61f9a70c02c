"""Rows of a log as messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from server.app_log.service import AgentAnswer, Detail
from server.app_log.store import Row
from server.chat import model_config
from server.conversation import wire as conversation_wire
from server.conversation.wire import MessagePrinter
from transom.common.v1.common_pb2 import Json
from transom.console.v1 import app_log_service_pb2 as pb
from transom.conversation.v1.conversation_pb2 import ConversationVariable

_SOURCES = ("id", "status", "from_source", "from_end_user_id", "from_account_id")
_MESSAGE = (
    "id", "conversation_id", "query", "message_tokens", "answer_tokens", "from_source", "from_end_user_id",
    "from_account_id", "workflow_run_id", "status", "error", "parent_message_id",
)  # fmt: skip
_CONFIG = ("suggested_questions", "model", "user_input_form", "agent_mode")


class LogPrinter:
    """Prints logs. ``messages`` signs the addresses of files, ``renewed`` those inside an answer."""

    def __init__(self, messages: MessagePrinter) -> None:
        self._messages = messages

    def message(self, detail: Detail) -> pb.LoggedMessage:
        """A message with everything that is known of it."""
        row = detail.row
        return pb.LoggedMessage(
            **_fields(row, _MESSAGE), inputs=Json(text=row.inputs), answer=self._messages.renewed(row.answer),
            provider_response_latency=row.latency, created_at=_unix(row.created_at), metadata=Json(text=row.told),
            feedbacks=[pb.LoggedFeedback(**_known(item)) for item in row.feedbacks or ()],
            annotation=_annotation(row.annotation),
            annotation_hit_history=pb.LogAnnotationHit(**_known(row.hit)) if row.hit else None,
            agent_thoughts=[conversation_wire.thought(one) for one in detail.thoughts],
            message_files=[self._messages.file(item) for item in row.files or ()],
        )

    def completion(self, row: Row, message: Detail | None) -> pb.CompletionConversationDetail:
        """An answer of a completion app."""
        return pb.CompletionConversationDetail(
            **_fields(row, _SOURCES), created_at=_unix(row.created_at), model_config=_full_config(row.document),
            message=self.message(message) if message else None,
        )

    def agent(self, answer: AgentAnswer) -> pb.AgentLog:
        """What an agent did."""
        row, agent = answer.row, answer.document.get("agent_mode") or {}
        settings = {tool.get("tool_name"): tool.get("tool_parameters") or {} for tool in agent.get("tools") or ()}
        return pb.AgentLog(
            meta=pb.AgentLog.Meta(
                status="success", executor=answer.executor, start_time=_iso(row.created_at), elapsed_time=row.latency,
                total_tokens=row.message_tokens + row.answer_tokens, agent_mode=agent.get("strategy") or "react",
                iterations=len(answer.thoughts),
            ),
            iterations=[_iteration(thought, settings) for thought in answer.thoughts],
            files=[self._messages.file(item) for item in row.files or ()],
        )


def chat(row: Row) -> pb.LoggedConversation:
    """A conversation in a list."""
    counts = None
    if row.message_count:
        counts = pb.StatusCount(
            success=row.success, failed=row.failed, partial_success=row.partial_success, paused=row.paused
        )
    return pb.LoggedConversation(
        **_listed(row), name=row.name, summary=row.query or "", annotated=row.annotated,
        message_count=row.message_count, status_count=counts,
    )


def completion(row: Row) -> pb.LoggedCompletion:
    """An answer of a completion app in a list."""
    message = None
    if row.query is not None:
        message = pb.LoggedCompletion.Brief(
            inputs=Json(text=row.inputs), query=row.query, message="", answer=row.answer
        )
    return pb.LoggedCompletion(**_listed(row), annotation=_annotation(row.annotation), message=message)


def chat_detail(row: Row) -> pb.ChatConversationDetail:
    """A conversation."""
    return pb.ChatConversationDetail(
        **_fields(row, _SOURCES), **_stats(row), created_at=_unix(row.created_at), updated_at=_unix(row.updated_at),
        annotated=row.annotated, introduction=row.introduction, model_config=_full_config(row.document),
        message_count=row.message_count,
    )


def variables(rows: Any) -> pb.ListLoggedVariablesResponse:
    """Variables of a conversation."""
    found: list[ConversationVariable] = [conversation_wire.variable(row) for row in rows]
    return pb.ListLoggedVariablesResponse(page=1, limit=100, total=len(found), has_more=False, data=found)


def _listed(row: Row) -> dict[str, Any]:
    return {
        **_fields(row, _SOURCES), **_stats(row), "from_end_user_session_id": row.session_id,
        "from_account_name": row.account_name, "read_at": _unix(row.read_at) if row.read_at else None,
        "created_at": _unix(row.created_at), "updated_at": _unix(row.updated_at),
        "model_config": pb.LoggedModelConfig(model=_text(row.model), pre_prompt=row.pre_prompt),
    }  # fmt: skip


def _stats(row: Row) -> dict[str, pb.FeedbackStats]:
    return {
        f"{source}_feedback_stats": pb.FeedbackStats(
            like=row._mapping[f"{source}_like"], dislike=row._mapping[f"{source}_dislike"]
        )
        for source in ("user", "admin")
    }


def _full_config(document: Mapping[str, Any] | None) -> pb.LoggedFullConfig:
    """A configuration as it is shown; of a chatflow, which has none, everything is null."""
    if document is None:
        return pb.LoggedFullConfig()
    told = model_config.to_console(document)
    shown: dict[str, Any] = {name: Json(text=_dumped(told.get(name))) for name in _CONFIG}
    for name in ("opening_statement", "pre_prompt"):
        if isinstance(told.get(name), str):
            shown[name] = told[name]
    return pb.LoggedFullConfig(**shown)


def _annotation(item: Mapping[str, Any] | None) -> pb.LogAnnotation | None:
    return pb.LogAnnotation(**_known(item)) if item else None


def _iteration(thought: Row, settings: Mapping[str, Any]) -> pb.AgentLog.Iteration:
    names = [name for name in thought.tool.split(";") if name]
    inputs, outputs = _object(thought.tool_input), _object(thought.observation)
    labels = thought.tool_labels or {}
    return pb.AgentLog.Iteration(
        tokens=thought.message_tokens + thought.answer_tokens, thought=thought.thought,
        created_at=_iso(thought.created_at), files=thought.files or (),
        tool_raw=pb.AgentLog.Raw(inputs=thought.tool_input, outputs=thought.observation),
        tool_calls=[
            pb.AgentLog.ToolCall(
                status="success", tool_name=name, tool_label=Json(text=_dumped(labels.get(name, {}))),
                tool_input=Json(text=_dumped(inputs.get(name, {}))),
                tool_output=Json(text=_dumped(outputs.get(name, {}))),
                tool_parameters=Json(text=_dumped(settings.get(name, {}))),
            )
            for name in names
        ],
    )


def _object(text: str) -> Mapping[str, Any]:
    """JSON text that holds an object; nothing of any other."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(text: str | None) -> Json | None:
    return None if text is None else Json(text=text)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _known(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _fields(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in names}


def _unix(at: datetime) -> int:
    return int(at.timestamp())


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
