"""The RPCs of forms for whoever has their token (web-api.md section 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.access.passports import Passports
from server.access.service import AccessService
from server.app_info.service import AppInfoService
from server.db.bridge import Database
from server.edge.call import current_call
from server.edge.printer import struct_to_dict
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason
from server.kit.validate import Checks
from server.limits.rates import Bucket, RateError, Rates
from server.web import wire
from server.workflow_run.forms import Forms
from server.workflow_run.plain import as_json
from transom.web.v1 import web_form_service_pb2 as pb
from transom.web.v1 import web_form_service_pb2_grpc as rpc

Context = Any
# Calls a minute of each kind from one address.
_RATE = 30
_UPLOAD_SECONDS = 600


class WebFormServicer(rpc.WebFormServiceServicer):
    """Forms without a passport: the token is the right to fill them in."""

    def __init__(
        self, db: Database, forms: Forms, access: AccessService, passports: Passports, infos: AppInfoService,
        rates: Rates, link: Callable[[str], str],
    ) -> None:
        self._passports = passports
        self._db = db
        self._forms = forms
        self._access = access
        self._infos = infos
        self._rates = rates
        self._link = link

    async def GetWebForm(self, request: pb.GetWebFormRequest, context: Context) -> pb.WebForm:
        """What a form asks."""
        who = await self._entered("read", request.form_token)
        form = await self._forms.read(who, request.form_token)
        site = wire.site(who, await self._db(self._infos.site, who), self._link)
        told = form.definition
        return pb.WebForm(
            form_content=told.get("form_content") or "", inputs=[as_json(one) for one in told.get("inputs") or ()],
            resolved_default_values=as_json(told.get("resolved_default_values") or {}),
            user_actions=[as_json(one) for one in told.get("actions") or ()],
            expiration_time=int(form.expires_at.timestamp()), site=site,
        )

    async def SubmitWebForm(self, request: pb.SubmitWebFormRequest, context: Context) -> Empty:
        """Answer a form."""
        checks = Checks("HumanInputFormSubmitPayload")
        checks.present("inputs", request.HasField("inputs"))
        checks.present("action", bool(request.action))
        checks.done()
        who = await self._entered("submit", request.form_token)
        visitor = await self._passports.form_visitor(who.tenant_id, who.the_app.app_id, request.form_token)
        who = replace(who, end_user=visitor)
        await self._forms.submit(who, request.form_token, struct_to_dict(request.inputs), request.action)
        return Empty()

    async def CreateFormUploadToken(
        self, request: pb.CreateFormUploadTokenRequest, context: Context
    ) -> pb.FormUploadToken:
        """A passport with which files of the form are uploaded."""
        who = await self._entered("upload", request.form_token)
        await self._forms.read(who, request.form_token)
        token, ends = await self._passports.issue_for_form(
            who.tenant_id, who.the_app.app_id, request.form_token, _UPLOAD_SECONDS
        )
        return pb.FormUploadToken(upload_token=token, expires_at=ends)

    async def _entered(self, kind: str, token: str) -> Caller:
        """Whoever has the token, at the form's app. Raises web_form_rate_limit_exceeded, not_found."""
        address = current_call().address or "unknown"
        try:
            await self._rates.take([Bucket("form", f"transom:rate:form:{kind}:{{{address}}}", _RATE)])
        except RateError as error:
            raise AppError(Reason.WEB_FORM_RATE_LIMIT_EXCEEDED, retry_after=error.retry_after) from None
        tenant_id, app_id = await self._forms.place(token)
        return Caller(tenant_id=tenant_id, app=await self._access.app_of_member(tenant_id, app_id), via="web-app")
