"""The RPCs of messages and feedback: parse, call, print."""

from __future__ import annotations

from typing import Any

from server.conversation import wire
from server.conversation.asking import Asking
from server.conversation.messages import MessageService
from server.db.bridge import Database
from server.edge.call import caller
from server.kit.validate import Checks
from transom.common.v1.common_pb2 import Result
from transom.conversation.v1 import message_service_pb2 as pb
from transom.conversation.v1 import message_service_pb2_grpc as pb_grpc

Context = Any
_RATINGS = ("like", "dislike")


class MessageServicer(pb_grpc.MessageServiceServicer):
    """Messages of an end user."""

    def __init__(
        self, db: Database, messages: MessageService, asking: Asking, printer: wire.MessagePrinter
    ) -> None:
        self._db = db
        self._messages = messages
        self._asking = asking
        self._printer = printer

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        """A page of a conversation, oldest first."""
        checks = Checks("MessageListQuery")
        conversation_id = checks.uuid("conversation_id", request.conversation_id, required=True)
        first_id = checks.uuid("first_id", request.first_id)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        checks.done()
        who = caller()
        rows, more = await self._messages.page(who, conversation_id, first_id, limit)
        response = pb.ListMessagesResponse(limit=limit, has_more=more)
        self._printer.fill(response.data, conversation_id, rows)
        if who.the_app.mode == "agent-chat":
            wire.add_thoughts(response.data, await self._db(self._messages.thoughts, who, rows))
        return response

    async def SubmitMessageFeedback(self, request: pb.SubmitMessageFeedbackRequest, context: Context) -> Result:
        """Set, change or remove feedback."""
        rating = request.rating if request.HasField("rating") else None
        if rating is not None:
            checks = Checks("MessageFeedbackPayload")
            checks.choice("rating", rating, _RATINGS)
            checks.done()
        content = request.content if request.HasField("content") else None
        await self._db(self._messages.submit_feedback, caller(), request.message_id, rating, content)
        return Result(result="success")

    async def GetSuggestedQuestions(
        self, request: pb.GetSuggestedQuestionsRequest, context: Context
    ) -> pb.GetSuggestedQuestionsResponse:
        """What to ask next."""
        who = caller()
        question = await self._db(self._messages.question, who, request.message_id)
        data = await self._asking.next_questions(who.tenant_id, question)
        return pb.GetSuggestedQuestionsResponse(result="success", data=data)

    async def ListAppFeedbacks(
        self, request: pb.ListAppFeedbacksRequest, context: Context
    ) -> pb.ListAppFeedbacksResponse:
        """Feedback of all users."""
        checks = Checks("FeedbackListQuery")
        page = checks.number("page", request.page if request.HasField("page") else None, 1, 1, 2**31)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 101)
        checks.done()
        rows = await self._db(self._messages.feedbacks, caller(), page, limit)
        return pb.ListAppFeedbacksResponse(data=[wire.app_feedback(row) for row in rows])
