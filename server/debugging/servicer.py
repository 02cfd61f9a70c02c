"""The RPCs of authors who try an app out: parse, start or follow a run, print."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from server.chat.servicer import Batches, chat_reply, check_mode, completion_reply, dicts, outcome_of
from server.chat.turn import Question, parent_of
from server.debugging.service import CHAT_MODES, COMPLETION_MODES, DebugService
from server.edge.call import caller
from server.edge.printer import struct_to_dict
from server.kit.validate import Checks
from server.runs.registry import Runs
from server.runs.run import Run
from transom.chat.v1 import chat_pb2
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import debug_service_pb2 as pb
from transom.console.v1 import debug_service_pb2_grpc as rpc

Context = Any


def _checked(request: Any, model: str, *, needs_query: bool) -> None:
    check_mode(request.response_mode)
    checks = Checks(model)
    checks.present("inputs", request.HasField("inputs"))
    checks.present("query", not needs_query or request.HasField("query"))
    checks.present("model_config", request.HasField("model_config"))
    checks.done()


def _chat_question(request: pb.SendDebugChatMessageRequest) -> Question:
    _checked(request, "ChatMessagePayload", needs_query=True)
    return Question(
        inputs=struct_to_dict(request.inputs), query=request.query, conversation_id=request.conversation_id,
        files=dicts(request.files), parent_message_id=parent_of(request.parent_message_id),
    )


def _completion_question(request: pb.SendDebugCompletionMessageRequest) -> Question:
    _checked(request, "CompletionMessagePayload", needs_query=False)
    return Question(inputs=struct_to_dict(request.inputs), query=request.query, files=dicts(request.files))


class DebugServicer(rpc.DebugServiceServicer, rpc.DebugStreamServiceServicer):
    """Runs of authors."""

    def __init__(self, debug: DebugService, runs: Runs) -> None:
        self._debug = debug
        self._runs = runs

    def _chat(self, request: pb.SendDebugChatMessageRequest, *, streams: bool) -> Awaitable[Run]:
        question, document = _chat_question(request), struct_to_dict(request.model_config)
        return self._debug.start(caller(), request.app_id, CHAT_MODES, question, document, streams=streams)

    def _completion(self, request: pb.SendDebugCompletionMessageRequest) -> Awaitable[Run]:
        question, document = _completion_question(request), struct_to_dict(request.model_config)
        return self._debug.start(caller(), request.app_id, COMPLETION_MODES, question, document)

    async def SendDebugChatMessage(
        self, request: pb.SendDebugChatMessageRequest, context: Context
    ) -> chat_pb2.SendChatMessageResponse:
        """The whole answer."""
        run = await self._chat(request, streams=False)
        return chat_reply(run.key, await outcome_of(run))

    async def StreamDebugChatMessage(self, request: pb.SendDebugChatMessageRequest, context: Context) -> Batches:
        """The run, event by event."""
        async for batch in self._follow(self._chat(request, streams=True)):
            yield batch

    async def _follow(self, started: Awaitable[Run]) -> Batches:
        run = await started
        yield []
        async for batch in self._runs.follow(run):
            yield batch

    async def StopDebugChatMessage(self, request: pb.StopDebugMessageRequest, context: Context) -> Result:
        """Stop a run."""
        await self._debug.stop(caller(), request.app_id, request.task_id)
        return Result(result="success")

    async def GetDebugSuggestedQuestions(
        self, request: pb.GetDebugSuggestedQuestionsRequest, context: Context
    ) -> pb.GetDebugSuggestedQuestionsResponse:
        """What to ask next."""
        data = await self._debug.next_questions(caller(), request.app_id, request.message_id)
        return pb.GetDebugSuggestedQuestionsResponse(data=data)

    async def SendDebugCompletionMessage(
        self, request: pb.SendDebugCompletionMessageRequest, context: Context
    ) -> chat_pb2.SendCompletionMessageResponse:
        """The whole answer."""
        run = await self._completion(request)
        return completion_reply(run.key, await outcome_of(run))

    async def StreamDebugCompletionMessage(
        self, request: pb.SendDebugCompletionMessageRequest, context: Context
    ) -> Batches:
        """The run, event by event."""
        async for batch in self._follow(self._completion(request)):
            yield batch

    async def StopDebugCompletionMessage(self, request: pb.StopDebugMessageRequest, context: Context) -> Result:
        """Stop a run."""
        await self._debug.stop(caller(), request.app_id, request.task_id)
        return Result(result="success")
