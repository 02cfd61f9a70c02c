"""The RPCs of forms: parse, call, print."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.edge.call import caller
from server.edge.printer import struct_to_dict
from server.kit.validate import Checks
from server.workflow_run.forms import Forms
from server.workflow_run.plain import as_json
from transom.workflow.v1 import human_input_service_pb2 as pb
from transom.workflow.v1 import human_input_service_pb2_grpc as pb_grpc

Context = Any


class HumanInputServicer(pb_grpc.HumanInputServiceServicer):
    """Forms of an app."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms

    async def GetHumanInputForm(self, request: pb.GetHumanInputFormRequest, context: Context) -> pb.HumanInputForm:
        """What a form asks."""
        form = await self._forms.read(caller(), request.form_token)
        told = form.definition
        return pb.HumanInputForm(
            form_content=told.get("form_content") or "", inputs=[as_json(one) for one in told.get("inputs") or ()],
            resolved_default_values=as_json(told.get("resolved_default_values") or {}),
            user_actions=[as_json(one) for one in told.get("actions") or ()],
            expiration_time=int(form.expires_at.timestamp()),
        )

    async def SubmitHumanInputForm(self, request: pb.SubmitHumanInputFormRequest, context: Context) -> Empty:
        """Answer a form."""
        checks = Checks("HumanInputFormSubmitPayload")
        checks.present("inputs", request.HasField("inputs"))
        checks.present("action", bool(request.action))
        checks.done()
        await self._forms.submit(caller(), request.form_token, struct_to_dict(request.inputs), request.action)
        return Empty()
