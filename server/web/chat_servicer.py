"""The RPCs of answers on pages: parse, start or follow a run, print in the simple form."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from server.chat.again import MoreLikeThis
from server.chat.service import ChatService
from server.chat.servicer import Batches, Messages, check_mode, dicts, outcome_of
from server.chat.turn import Question, parent_of
from server.edge.call import caller
from server.edge.printer import struct_to_dict
from server.kit.errors import invalid_param
from server.kit.validate import Checks
from server.runs.registry import Runs
from server.runs.run import Run
from server.web import wire
from server.web.simple import simple
from transom.common.v1.common_pb2 import Result
from transom.web.v1 import web_chat_service_pb2 as pb
from transom.web.v1 import web_chat_service_pb2_grpc as pb_grpc

Context = Any


def _chat_question(request: pb.SendWebChatMessageRequest) -> Question:
    check_mode(request.response_mode)
    if not request.HasField("query"):
        raise invalid_param("1 validation error for ChatMessagePayload\nquery\n  Field required [type=missing]")
    return Question(
        inputs=struct_to_dict(request.inputs) if request.HasField("inputs") else None, query=request.query,
        conversation_id=request.conversation_id, files=dicts(request.files),
        parent_message_id=parent_of(request.parent_message_id),
    )


def _completion_question(request: pb.SendWebCompletionMessageRequest) -> Question:
    check_mode(request.response_mode)
    return Question(
        inputs=struct_to_dict(request.inputs) if request.HasField("inputs") else None, query=request.query,
        files=dicts(request.files),
    )


class WebChatServicer(Messages, pb_grpc.WebChatServiceServicer, pb_grpc.WebChatStreamServiceServicer):
    """Pages of chat apps."""

    async def SendWebChatMessage(
        self, request: pb.SendWebChatMessageRequest, context: Context
    ) -> pb.SendWebChatMessageResponse:
        """The whole answer."""
        if caller().the_app.mode == "agent-chat":
            raise invalid_param("Agent Chat App does not support blocking mode")
        run = await self.start(_chat_question(request))
        outcome, key = await outcome_of(run), run.key
        return pb.SendWebChatMessageResponse(
            event="message", task_id=key.task_id, id=key.message_id, message_id=key.message_id,
            conversation_id=key.conversation_id, mode=key.mode, answer=outcome.answer,
            metadata=wire.simple(outcome.metadata), created_at=key.created_at,
        )

    def StreamWebChatMessage(self, request: pb.SendWebChatMessageRequest, context: Context) -> Batches:
        """The run, event by event."""
        return simple(self.follow(_chat_question(request)))

    def ResumeWebChatMessage(self, request: pb.ResumeWebMessageRequest, context: Context) -> Batches:
        """A run again, from where the page left."""
        return simple(self.rejoin(request))

    async def StopWebChatMessage(self, request: pb.StopWebMessageRequest, context: Context) -> Result:
        """Stop a run."""
        return await self.stop(request)


async def _whole(run: Run) -> pb.SendWebCompletionMessageResponse:
    outcome, key = await outcome_of(run), run.key
    return pb.SendWebCompletionMessageResponse(
        event="message", task_id=key.task_id, id=key.message_id, message_id=key.message_id, mode=key.mode,
        answer=outcome.answer, metadata=wire.simple(outcome.metadata), created_at=key.created_at,
    )


class WebCompletionServicer(
    Messages, pb_grpc.WebCompletionServiceServicer, pb_grpc.WebCompletionStreamServiceServicer
):
    """Pages of completion apps."""

    def __init__(self, chat: ChatService, runs: Runs, more: MoreLikeThis) -> None:
        super().__init__(chat, runs)
        self._more = more

    async def SendWebCompletionMessage(
        self, request: pb.SendWebCompletionMessageRequest, context: Context
    ) -> pb.SendWebCompletionMessageResponse:
        """The whole answer."""
        return await _whole(await self.start(_completion_question(request)))

    async def SendMoreLikeThis(
        self, request: pb.MoreLikeThisRequest, context: Context
    ) -> pb.SendWebCompletionMessageResponse:
        """Another answer to the same question."""
        return await _whole(await self._again(request))

    async def StreamMoreLikeThis(self, request: pb.MoreLikeThisRequest, context: Context) -> Batches:
        """The same, event by event."""
        async for batch in simple(self._follow_again(request)):
            yield batch

    async def _follow_again(self, request: pb.MoreLikeThisRequest) -> Batches:
        run = await self._again(request)
        yield []
        async for batch in self._runs.follow(run):
            yield batch

    def _again(self, request: pb.MoreLikeThisRequest) -> Awaitable[Run]:
        checks = Checks("MessageMoreLikeThisQuery")
        checks.choice("response_mode", request.response_mode, ("blocking", "streaming"))
        checks.done()
        return self._more.start(caller(), request.message_id)

    def StreamWebCompletionMessage(self, request: pb.SendWebCompletionMessageRequest, context: Context) -> Batches:
        """The run, event by event."""
        return simple(self.follow(_completion_question(request)))

    def ResumeWebCompletionMessage(self, request: pb.ResumeWebMessageRequest, context: Context) -> Batches:
        """A run again, from where the page left."""
        return simple(self.rejoin(request))

    async def StopWebCompletionMessage(self, request: pb.StopWebMessageRequest, context: Context) -> Result:
        """Stop a run."""
        return await self.stop(request)
