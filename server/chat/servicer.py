"""The chat and completion RPCs: parse, start or follow a run, print."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from google.protobuf.struct_pb2 import Struct

from server.chat.service import ChatService
from server.chat.turn import Question, conversation_id, fault_of
from server.edge.call import caller, last_event_id
from server.edge.printer import struct_to_dict
from server.kit.errors import invalid_param
from server.runs.registry import Runs
from server.runs.run import Outcome, Run, RunKey
from server.workflow_run.chatflow import Asked, ChatflowService
from server.workflow_run.rejoin import Rejoin
from server.workflow_run.wire import chat_paused
from transom.chat.v1 import chat_pb2, chat_service_pb2_grpc
from transom.common.v1.common_pb2 import Result
from transom.run.v1.event_pb2 import RunEvent

_MODES = ("", "blocking", "streaming")
Batches = AsyncIterator[list[RunEvent]]
Context = Any


def dicts(structs: Sequence[Struct]) -> list[dict[str, Any]]:
    """Free-form objects as they were sent."""
    return [struct_to_dict(struct) for struct in structs]


def check_mode(mode: str) -> None:
    """Refuse a mode that nobody knows."""
    if mode not in _MODES:
        raise invalid_param(
            "1 validation error for ChatRequestPayload\nresponse_mode\n"
            "  Input should be 'blocking' or 'streaming' [type=literal_error]"
        )


def _chat_question(request: chat_pb2.SendChatMessageRequest) -> Question:
    check_mode(request.response_mode)
    if not request.HasField("query"):
        raise invalid_param("1 validation error for ChatRequestPayload\nquery\n  Field required [type=missing]")
    return Question(
        inputs=struct_to_dict(request.inputs) if request.HasField("inputs") else None,
        query=request.query,
        conversation_id=request.conversation_id,
        files=dicts(request.files),
        auto_generate_name=request.auto_generate_name if request.HasField("auto_generate_name") else True,
        workflow_id=request.workflow_id,
    )


def _completion_question(request: chat_pb2.SendCompletionMessageRequest) -> Question:
    check_mode(request.response_mode)
    return Question(
        inputs=struct_to_dict(request.inputs) if request.HasField("inputs") else None,
        query=request.query,
        files=dicts(request.files),
    )


def asked_of(question: Question) -> Asked:
    """A question to a chatflow. Raises invalid_param."""
    return Asked(
        inputs=question.inputs, query=question.query, conversation_id=conversation_id(question.conversation_id),
        files=question.files, auto_generate_name=question.auto_generate_name, workflow_id=question.workflow_id,
        parent_message_id=question.parent_message_id,
    )


async def outcome_of(run: Run) -> Outcome:
    """A blocking reply is a reader that waits for the end."""
    await run.finished.wait()
    outcome = run.outcome
    assert outcome is not None, "a finished run has an outcome"
    fault = fault_of(outcome)
    if fault is not None:
        raise fault
    return outcome


def chat_reply(key: RunKey, outcome: Outcome) -> chat_pb2.SendChatMessageResponse:
    """The whole answer of a chat app (sse-events.md 7.1)."""
    return chat_pb2.SendChatMessageResponse(
        event="message", task_id=key.task_id, id=key.message_id, message_id=key.message_id,
        conversation_id=key.conversation_id, mode=key.mode, answer=outcome.answer, metadata=outcome.metadata,
        created_at=key.created_at,
    )


def completion_reply(key: RunKey, outcome: Outcome) -> chat_pb2.SendCompletionMessageResponse:
    """The whole answer of a completion app."""
    return chat_pb2.SendCompletionMessageResponse(
        event="message", task_id=key.task_id, id=key.message_id, message_id=key.message_id, mode=key.mode,
        answer=outcome.answer, metadata=outcome.metadata, created_at=key.created_at,
    )


class Messages:
    """What all kinds of app share, here and on pages."""

    def __init__(
        self, chat: ChatService, runs: Runs, chatflows: ChatflowService | None = None, flows: Rejoin | None = None
    ) -> None:
        self._chat = chat
        self._runs = runs
        self._chatflows = chatflows
        self._flows = flows

    async def start(self, question: Question) -> Run:
        """Begin to answer."""
        if self._chatflows is not None and caller().the_app.mode == "advanced-chat":
            return await self._chatflows.start(caller(), asked_of(question))
        return await self._chat.start(caller(), question)

    async def follow(self, question: Question) -> Batches:
        """Begin to answer, and tell."""
        run = await self.start(question)
        yield []
        async for batch in self._runs.follow(run):
            yield batch

    async def rejoin(self, request: Any) -> Batches:
        """Tell what follows the last event that the caller has seen."""
        after = request.after_sequence if request.HasField("after_sequence") else last_event_id() or 0
        joins = self._flows or self._runs
        batches = await joins.rejoin(caller(), request.task_id, after)
        yield []
        async for batch in batches:
            yield batch

    async def stop(self, request: Any) -> Result:
        """Stop an answer."""
        await self._runs.stop(caller(), request.task_id)
        return Result(result="success")


class ChatServicer(
    Messages, chat_service_pb2_grpc.ChatServiceServicer, chat_service_pb2_grpc.ChatStreamServiceServicer
):
    """Chat apps and chatflows."""

    async def SendChatMessage(
        self, request: chat_pb2.SendChatMessageRequest, context: Context
    ) -> chat_pb2.SendChatMessageResponse:
        """The whole answer."""
        if caller().the_app.mode == "agent-chat":
            raise invalid_param("Agent Chat App does not support blocking mode")
        run = await self.start(_chat_question(request))
        outcome = await outcome_of(run)
        if outcome.status == "paused":
            return chat_paused(run.key, outcome)
        return chat_reply(run.key, outcome)

    def StreamChatMessage(self, request: chat_pb2.SendChatMessageRequest, context: Context) -> Batches:
        """The run, event by event."""
        return self.follow(_chat_question(request))

    def ResumeChatMessage(self, request: chat_pb2.ResumeMessageRequest, context: Context) -> Batches:
        """A run again, from where the caller left."""
        return self.rejoin(request)

    async def StopChatMessage(self, request: chat_pb2.StopMessageRequest, context: Context) -> Result:
        """Stop a run."""
        return await self.stop(request)


class CompletionServicer(
    Messages, chat_service_pb2_grpc.CompletionServiceServicer, chat_service_pb2_grpc.CompletionStreamServiceServicer
):
    """Completion apps."""

    async def SendCompletionMessage(
        self, request: chat_pb2.SendCompletionMessageRequest, context: Context
    ) -> chat_pb2.SendCompletionMessageResponse:
        """The whole answer."""
        run = await self.start(_completion_question(request))
        return completion_reply(run.key, await outcome_of(run))

    def StreamCompletionMessage(self, request: chat_pb2.SendCompletionMessageRequest, context: Context) -> Batches:
        """The run, event by event."""
        return self.follow(_completion_question(request))

    def ResumeCompletionMessage(self, request: chat_pb2.ResumeMessageRequest, context: Context) -> Batches:
        """A run again, from where the caller left."""
        return self.rejoin(request)

    async def StopCompletionMessage(self, request: chat_pb2.StopMessageRequest, context: Context) -> Result:
        """Stop a run."""
        return await self.stop(request)
