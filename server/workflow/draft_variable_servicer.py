"""RPCs of draft variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.db.bridge import Database
from server.edge.call import caller
from server.kit.plain import clean_text
from server.workflow import wire
from server.workflow.draft_variable_store import Row
from server.workflow.draft_variables import SYSTEM, DraftVariableService, variable_type
from server.workflow.model import page_of
from transom.workflow.v1 import draft_variable_service_pb2 as pb
from transom.workflow.v1 import draft_variable_service_pb2_grpc as rpc

_PAGE = 20


class DraftVariableServicer(rpc.DraftVariableServiceServicer):
    """Draft variables of the workspace's workflows."""

    def __init__(self, db: Database, variables: DraftVariableService) -> None:
        self._db = db
        self._variables = variables

    async def ListDraftVariables(
        self, request: pb.ListDraftVariablesRequest, context: Any
    ) -> pb.ListDraftVariablesResponse:
        page, limit = page_of(
            request.page if request.HasField("page") else None,
            request.limit if request.HasField("limit") else None, _PAGE,
        )  # fmt: skip
        total, rows = await self._db(self._variables.page, caller(), request.app_id, page, limit)
        items = [pb.DraftVariableHead(**_head(row)) for row in rows]
        return pb.ListDraftVariablesResponse(items=items, total=total if page == 1 else None)

    async def DeleteDraftVariables(self, request: pb.DeleteDraftVariablesRequest, context: Any) -> Empty:
        await self._db(self._variables.delete_all, caller(), request.app_id)
        return Empty()

    async def GetDraftVariable(self, request: pb.GetDraftVariableRequest, context: Any) -> pb.DraftVariable:
        return _variable(await self._db(self._variables.one, caller(), request.app_id, request.variable_id))

    async def UpdateDraftVariable(self, request: pb.UpdateDraftVariableRequest, context: Any) -> pb.DraftVariable:
        changes: dict[str, Any] = {}
        if name := clean_text(request.name):
            changes["name"] = name
        if request.HasField("value"):
            changes["value"] = wire.python_value(request.value)
        return _variable(
            await self._db(self._variables.update, caller(), request.app_id, request.variable_id, changes)
        )

    async def DeleteDraftVariable(self, request: pb.DeleteDraftVariableRequest, context: Any) -> Empty:
        await self._db(self._variables.delete, caller(), request.app_id, request.variable_id)
        return Empty()

    async def ResetDraftVariable(
        self, request: pb.ResetDraftVariableRequest, context: Any
    ) -> pb.ResetDraftVariableResponse:
        row = await self._db(self._variables.reset, caller(), request.app_id, request.variable_id)
        return pb.ResetDraftVariableResponse(variable=None if row is None else _variable(row))

    async def ListDraftNodeVariables(
        self, request: pb.ListDraftNodeVariablesRequest, context: Any
    ) -> pb.ListDraftValuesResponse:
        return _values(await self._db(self._variables.of_node, caller(), request.app_id, request.node_id))

    async def DeleteDraftNodeVariables(self, request: pb.DeleteDraftNodeVariablesRequest, context: Any) -> Empty:
        await self._db(self._variables.delete_all, caller(), request.app_id, request.node_id)
        return Empty()

    async def ListDraftConversationVariables(
        self, request: pb.ListDraftConversationVariablesRequest, context: Any
    ) -> pb.ListDraftValuesResponse:
        return _values(await self._db(self._variables.of_conversation, caller(), request.app_id))

    async def ListDraftSystemVariables(
        self, request: pb.ListDraftSystemVariablesRequest, context: Any
    ) -> pb.ListDraftValuesResponse:
        return _values(await self._db(self._variables.of_node, caller(), request.app_id, SYSTEM))

    async def ListDraftEnvironmentVariables(
        self, request: pb.ListDraftEnvironmentVariablesRequest, context: Any
    ) -> pb.ListDraftEnvironmentVariablesResponse:
        items = await self._db(self._variables.environment, caller(), request.app_id)
        return pb.ListDraftEnvironmentVariablesResponse(items=wire.environment(items))


def _head(row: Row) -> dict[str, Any]:
    return {
        "id": row.id, "type": variable_type(row.node_id), "name": row.name, "description": row.description,
        "selector": [row.node_id, row.name], "value_type": row.value_type, "edited": row.last_edited_at is not None,
        "visible": row.visible,
    }  # fmt: skip


def _variable(row: Row) -> pb.DraftVariable:
    return pb.DraftVariable(**_head(row), value=wire.any_value(row.value))


def _values(rows: Sequence[Row]) -> pb.ListDraftValuesResponse:
    return pb.ListDraftValuesResponse(items=[_variable(row) for row in rows])
