"""One question to an app, and what is known of it on its way to an answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.annotation.model import Match
from server.chat.agent import AgentWork
from server.chat.files import RemoteFile, ResolvedFile
from server.chat.memory import Turn as Earlier
from server.chat.model_config import ModelConfig
from server.chat.prompt import Prompt
from server.chat.store import StoredUpload
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.ids import NIL_UUID, canonical, is_uuid
from server.llm.port import ChatModel, ModelFault, Usage
from server.moderation.watch import OutputWatch
from server.retrieval.found import Retrieved
from server.runs.run import Outcome


@dataclass(frozen=True, slots=True)
class Question:
    """One question to an app, as it came over the wire."""

    inputs: Mapping[str, Any] | None
    query: str
    conversation_id: str = ""
    files: Sequence[Mapping[str, Any]] = ()
    auto_generate_name: bool = False
    # The message that this one follows; the nil UUID: the newest one, None: a branch begins.
    parent_message_id: str | None = NIL_UUID
    # A published version of a chatflow; empty: the current one.
    workflow_id: str = ""
    # The model's, instead of the configured one.
    temperature: float | None = None


@dataclass(slots=True)
class Turn:
    """A stored question on its way to the model."""

    config: ModelConfig
    model: ChatModel
    mode: str
    inputs: Mapping[str, Any]
    query: str
    history: Sequence[Earlier]
    remotes: Mapping[str, RemoteFile]
    files: Sequence[ResolvedFile]
    uploads: Mapping[str, StoredUpload]
    is_first: bool
    auto_name: bool
    session_id: str
    parent_message_id: str | None = NIL_UUID
    # What the datasets say; None: none was searched.
    found: Retrieved | None = None
    # The annotation that answers instead of the model.
    annotation: Match | None = None
    prompt: Prompt | None = None
    usage: Usage | None = None
    started: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    via: str = ""
    # What an agent did.
    done: AgentWork = field(default_factory=AgentWork)
    # Who checks the answer while the model speaks; None: nobody does.
    watch: OutputWatch | None = None


def conversation_id(text: str) -> str:
    """The conversation that a caller names, canonical; empty for a new one. Raises invalid_param."""
    wanted = text.strip()
    if wanted and not is_uuid(wanted):
        raise invalid_param(
            "1 validation error for ChatRequestPayload\nconversation_id\n"
            "  Value error, conversation_id must be a valid UUID [type=value_error]"
        )
    return canonical(wanted) if wanted else ""


def parent_of(text: str) -> str | None:
    """The message that a new one follows; None begins a branch. Raises invalid_param."""
    wanted = text.strip()
    if wanted and not is_uuid(wanted):
        raise invalid_param(
            "1 validation error for ChatMessagePayload\nparent_message_id\n"
            "  Value error, parent_message_id must be a valid UUID [type=value_error]"
        )
    return canonical(wanted) if wanted else None


def fault_of(outcome: Outcome) -> AppError | None:
    """What a blocking caller is told of a failed run."""
    if outcome.error is None:
        return None
    if isinstance(outcome.error, ModelFault) or outcome.error.reason != Reason.INTERNAL_SERVER_ERROR:
        return outcome.error
    return AppError(Reason.INTERNAL_SERVER_ERROR, detail=outcome.error.detail)
