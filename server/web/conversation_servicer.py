"""The RPCs of a visitor's conversations and messages: parse, call, print."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.conversation import wire as conversation_wire
from server.conversation.asking import Asking
from server.conversation.messages import MessageService
from server.conversation.model import SORTS
from server.conversation.service import ConversationService
from server.db.bridge import Database
from server.edge.call import caller
from server.kit.errors import AppError, Reason
from server.kit.validate import Checks
from server.web import wire
from server.web.service import WebService
from transom.common.v1.common_pb2 import Result
from transom.conversation.v1 import conversation_pb2
from transom.conversation.v1 import conversation_service_pb2 as conversation_pb
from transom.web.v1 import web_conversation_service_pb2 as pb
from transom.web.v1 import web_conversation_service_pb2_grpc as pb_grpc

Context = Any
_RATINGS = ("like", "dislike")


class WebConversationServicer(pb_grpc.WebConversationServiceServicer):
    """Conversations that began on the page."""

    def __init__(self, db: Database, conversations: ConversationService, asking: Asking) -> None:
        self._db = db
        self._conversations = conversations
        self._asking = asking

    async def ListWebConversations(
        self, request: pb.ListWebConversationsRequest, context: Context
    ) -> conversation_pb.ListConversationsResponse:
        """A page of them."""
        checks = Checks("ConversationListQuery")
        last_id = checks.uuid("last_id", request.last_id)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        sort = checks.choice("sort_by", request.sort_by, SORTS, "-updated_at")
        checks.done()
        pinned = request.pinned if request.HasField("pinned") else None
        rows, more = await self._db(self._conversations.page, caller(), last_id, limit, sort, pinned)
        return conversation_pb.ListConversationsResponse(
            limit=limit, has_more=more, data=[conversation_wire.conversation(row) for row in rows]
        )

    async def DeleteWebConversation(self, request: pb.DeleteWebConversationRequest, context: Context) -> Empty:
        """Delete one."""
        await self._db(self._conversations.delete, caller(), request.conversation_id)
        return Empty()

    async def RenameWebConversation(
        self, request: pb.RenameWebConversationRequest, context: Context
    ) -> conversation_pb2.Conversation:
        """Give it a name, or have one made."""
        who, conversation_id = caller(), request.conversation_id
        if request.auto_generate:
            row = await self._asking.rename(who, conversation_id)
        else:
            row = await self._db(self._conversations.rename, who, conversation_id, request.name)
        return conversation_wire.conversation(row)

    async def PinConversation(self, request: pb.PinConversationRequest, context: Context) -> Result:
        """Pin one."""
        await self._db(self._conversations.pin, caller(), request.conversation_id)
        return Result(result="success")

    async def UnpinConversation(self, request: pb.UnpinConversationRequest, context: Context) -> Result:
        """Unpin one."""
        await self._db(self._conversations.unpin, caller(), request.conversation_id)
        return Result(result="success")


class WebMessageServicer(pb_grpc.WebMessageServiceServicer):
    """Messages of a visitor."""

    def __init__(
        self, db: Database, messages: MessageService, saved: WebService, asking: Asking,
        printer: conversation_wire.MessagePrinter,
    ) -> None:
        self._db = db
        self._messages = messages
        self._saved = saved
        self._asking = asking
        self._printer = printer

    async def ListWebMessages(
        self, request: pb.ListWebMessagesRequest, context: Context
    ) -> pb.ListWebMessagesResponse:
        """A page of a conversation, oldest first."""
        checks = Checks("MessageListQuery")
        conversation_id = checks.uuid("conversation_id", request.conversation_id, required=True)
        first_id = checks.uuid("first_id", request.first_id)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        checks.done()
        who = caller()
        rows, more = await self._messages.page(who, conversation_id, first_id, limit)
        told = await self._db(self._saved.metadata, who, [row.id for row in rows])
        found = self._printer.page(conversation_id, rows)
        conversation_wire.add_thoughts(found, await self._db(self._messages.thoughts, who, rows))
        data = [wire.with_metadata(message, told.get(message.id)) for message in found]
        return pb.ListWebMessagesResponse(limit=limit, has_more=more, data=data)

    async def SubmitWebFeedback(self, request: pb.SubmitWebFeedbackRequest, context: Context) -> Result:
        """Set, change or remove feedback."""
        rating = request.rating if request.HasField("rating") else None
        if rating is not None:
            checks = Checks("MessageFeedbackPayload")
            checks.choice("rating", rating, _RATINGS)
            checks.done()
        content = request.content if request.HasField("content") else None
        await self._db(self._messages.submit_feedback, caller(), request.message_id, rating, content)
        return Result(result="success")

    async def GetWebSuggestedQuestions(
        self, request: pb.GetWebSuggestedQuestionsRequest, context: Context
    ) -> pb.GetWebSuggestedQuestionsResponse:
        """What to ask next."""
        who = caller()
        question = await self._db(self._messages.question, who, request.message_id)
        try:
            data = await self._asking.next_questions(who.tenant_id, question)
        except AppError as error:
            if error.reason == Reason.BAD_REQUEST:
                raise AppError(Reason.APP_SUGGESTED_QUESTIONS_AFTER_ANSWER_DISABLED) from None
            raise
        return pb.GetWebSuggestedQuestionsResponse(data=data)

    async def ListSavedMessages(
        self, request: pb.ListSavedMessagesRequest, context: Context
    ) -> pb.ListSavedMessagesResponse:
        """A page of what the visitor kept."""
        checks = Checks("SavedMessageListQuery")
        last_id = checks.uuid("last_id", request.last_id)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        checks.done()
        rows, more = await self._db(self._saved.saved, caller(), last_id, limit)
        data = [wire.saved(message) for message in self._printer.page("", rows)]
        return pb.ListSavedMessagesResponse(limit=limit, has_more=more, data=data)

    async def SaveMessage(self, request: pb.SaveMessageRequest, context: Context) -> Result:
        """Keep a message."""
        await self._db(self._saved.save, caller(), request.message_id)
        return Result(result="success")

    async def DeleteSavedMessage(self, request: pb.DeleteSavedMessageRequest, context: Context) -> Empty:
        """Keep a message no longer."""
        await self._db(self._saved.forget, caller(), request.message_id)
        return Empty()
