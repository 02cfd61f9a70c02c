"""The RPCs of logs: parse, call, print."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.app_log import wire
from server.app_log.service import LogService, asked_of
from server.app_log.wire import LogPrinter
from server.db.bridge import Database
from server.edge.call import caller
from server.kit.validate import Checks
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import app_log_service_pb2 as pb
from transom.console.v1 import app_log_service_pb2_grpc as rpc

Context = Any


def _number(request: Any, name: str) -> int | None:
    return getattr(request, name) if request.HasField(name) else None


class AppLogServicer(rpc.AppLogServiceServicer):
    """Logs of the workspace's apps."""

    def __init__(self, db: Database, logs: LogService, printer: LogPrinter) -> None:
        self._db = db
        self._logs = logs
        self._print = printer

    async def ListChatConversations(
        self, request: pb.ListChatConversationsRequest, context: Context
    ) -> pb.ListChatConversationsResponse:
        """A page of conversations."""
        asked = asked_of(
            keyword=request.keyword, start=request.start, end=request.end,
            annotation_status=request.annotation_status, sort_by=request.sort_by, page=_number(request, "page"),
            limit=_number(request, "limit"),
        )
        page = await self._db(self._logs.chats, caller(), request.app_id, asked)
        return pb.ListChatConversationsResponse(
            page=asked.page, limit=asked.limit, total=page.total, has_more=asked.page * asked.limit < page.total,
            data=[wire.chat(row) for row in page.rows],
        )

    async def GetChatConversation(
        self, request: pb.GetChatConversationRequest, context: Context
    ) -> pb.ChatConversationDetail:
        """One conversation."""
        row = await self._db(self._logs.chat, caller(), request.app_id, request.conversation_id)
        return wire.chat_detail(row)

    async def DeleteChatConversation(self, request: pb.DeleteChatConversationRequest, context: Context) -> Empty:
        """Delete one."""
        await self._db(self._logs.delete_chat, caller(), request.app_id, request.conversation_id)
        return Empty()

    async def ListCompletionConversations(
        self, request: pb.ListCompletionConversationsRequest, context: Context
    ) -> pb.ListCompletionConversationsResponse:
        """A page of answers."""
        asked = asked_of(
            keyword=request.keyword, start=request.start, end=request.end,
            annotation_status=request.annotation_status, page=_number(request, "page"), limit=_number(request, "limit"),
        )
        page = await self._db(self._logs.completions, caller(), request.app_id, asked)
        return pb.ListCompletionConversationsResponse(
            page=asked.page, limit=asked.limit, total=page.total, has_more=asked.page * asked.limit < page.total,
            data=[wire.completion(row) for row in page.rows],
        )

    async def GetCompletionConversation(
        self, request: pb.GetCompletionConversationRequest, context: Context
    ) -> pb.CompletionConversationDetail:
        """One answer."""
        found = await self._db(self._logs.completion, caller(), request.app_id, request.conversation_id)
        return self._print.completion(*found)

    async def DeleteCompletionConversation(
        self, request: pb.DeleteCompletionConversationRequest, context: Context
    ) -> Empty:
        """Delete one."""
        await self._db(self._logs.delete_completion, caller(), request.app_id, request.conversation_id)
        return Empty()

    async def ListLoggedMessages(
        self, request: pb.ListLoggedMessagesRequest, context: Context
    ) -> pb.ListLoggedMessagesResponse:
        """A page of a conversation, oldest first."""
        checks = Checks("ChatMessagesQuery")
        conversation_id = checks.uuid("conversation_id", request.conversation_id, required=True)
        first_id = checks.uuid("first_id", request.first_id)
        limit = checks.number("limit", _number(request, "limit"), 20, 1, 100)
        checks.done()
        found, more = await self._db(
            self._logs.messages, caller(), request.app_id, conversation_id, first_id, limit
        )
        data = [self._print.message(detail) for detail in found]
        return pb.ListLoggedMessagesResponse(limit=limit, has_more=more, data=data)

    async def GetLoggedMessage(self, request: pb.GetLoggedMessageRequest, context: Context) -> pb.LoggedMessage:
        """One message."""
        return self._print.message(await self._db(self._logs.message, caller(), request.app_id, request.message_id))

    async def SubmitAdminFeedback(self, request: pb.SubmitAdminFeedbackRequest, context: Context) -> Result:
        """Set, change or remove the members' feedback."""
        rating = request.rating if request.HasField("rating") else None
        content = request.content if request.HasField("content") else None
        await self._db(self._logs.rate, caller(), request.app_id, request.message_id, rating, content)
        return Result(result="success")

    async def GetAgentLog(self, request: pb.GetAgentLogRequest, context: Context) -> pb.AgentLog:
        """What an agent did."""
        answer = await self._db(
            self._logs.agent_answer, caller(), request.app_id, request.conversation_id, request.message_id
        )
        return self._print.agent(answer)

    async def ListLoggedVariables(
        self, request: pb.ListLoggedVariablesRequest, context: Context
    ) -> pb.ListLoggedVariablesResponse:
        """Variables of a conversation."""
        return wire.variables(
            await self._db(self._logs.variables, caller(), request.app_id, request.conversation_id)
        )
