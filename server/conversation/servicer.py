"""The RPCs of conversations and their variables: parse, call, print."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.conversation import wire
from server.conversation.asking import Asking
from server.conversation.model import SORTS
from server.conversation.service import ConversationService
from server.db.bridge import Database
from server.edge.call import caller
from server.edge.printer import value_to_python
from server.kit.plain import clean
from server.kit.validate import Checks
from transom.conversation.v1 import conversation_pb2
from transom.conversation.v1 import conversation_service_pb2 as pb
from transom.conversation.v1 import conversation_service_pb2_grpc as pb_grpc

Context = Any


class ConversationServicer(pb_grpc.ConversationServiceServicer):
    """Conversations of an end user."""

    def __init__(self, db: Database, conversations: ConversationService, asking: Asking) -> None:
        self._db = db
        self._conversations = conversations
        self._asking = asking

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        """A page of them."""
        checks = Checks("ConversationListQuery")
        last_id = checks.uuid("last_id", request.last_id)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        sort = checks.choice("sort_by", request.sort_by, SORTS, "-updated_at")
        checks.done()
        rows, more = await self._db(self._conversations.page, caller(), last_id, limit, sort)
        return pb.ListConversationsResponse(
            limit=limit, has_more=more, data=[wire.conversation(row) for row in rows]
        )

    async def DeleteConversation(self, request: pb.DeleteConversationRequest, context: Context) -> Empty:
        """Delete one."""
        await self._db(self._conversations.delete, caller(), request.conversation_id)
        return Empty()

    async def RenameConversation(
        self, request: pb.RenameConversationRequest, context: Context
    ) -> conversation_pb2.Conversation:
        """Give it a name, or have one made."""
        who, conversation_id = caller(), request.conversation_id
        if request.auto_generate:
            row = await self._asking.rename(who, conversation_id)
        else:
            row = await self._db(self._conversations.rename, who, conversation_id, request.name)
        return wire.conversation(row)

    async def ListConversationVariables(
        self, request: pb.ListConversationVariablesRequest, context: Context
    ) -> pb.ListConversationVariablesResponse:
        """A page of a conversation's variables."""
        checks = Checks("ConversationVariablesQuery")
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        checks.done()
        rows, more = await self._db(
            self._conversations.variables, caller(), request.conversation_id, request.last_id, limit,
            request.variable_name,
        )
        return pb.ListConversationVariablesResponse(
            limit=limit, has_more=more, data=[wire.variable(row) for row in rows]
        )

    async def UpdateConversationVariable(
        self, request: pb.UpdateConversationVariableRequest, context: Context
    ) -> conversation_pb2.ConversationVariable:
        """Change a variable."""
        checks = Checks("ConversationVariableUpdatePayload")
        checks.present("value", request.HasField("value"))
        checks.done()
        value = clean(value_to_python(request.value))
        row = await self._db(
            self._conversations.set_variable, caller(), request.conversation_id, request.variable_id, value
        )
        return wire.variable(row)
