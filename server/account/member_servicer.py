"""RPCs of members and invitations."""

from __future__ import annotations

import asyncio
from typing import Any

from server.account import wire
from server.account.member_model import DATASET_OPERATOR
from server.account.members import MemberService, new_person
from server.account.model import check_password_rule
from server.account.passwords import Passwords
from server.account.session import Sessions
from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import caller, current_call
from server.kit.caller import Caller
from server.kit.errors import invalid_param
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import member_service_pb2 as pb
from transom.console.v1 import member_service_pb2_grpc as rpc

_SUCCESS = "success"


class MemberServicer(rpc.MemberServiceServicer):
    """Who works in the workspace."""

    def __init__(self, db: Database, members: MemberService, bus: Bus, public_url: str, link: wire.Link) -> None:
        self._db = db
        self._members = members
        self._bus = bus
        self._url = public_url
        self._link = link

    async def ListMembers(self, request: pb.ListMembersRequest, context: Any) -> pb.ListMembersResponse:
        return wire.members(await self._db(self._members.members, caller()), self._link)

    async def ListDatasetOperators(
        self, request: pb.ListDatasetOperatorsRequest, context: Any
    ) -> pb.ListMembersResponse:
        return wire.members(await self._db(self._members.members, caller(), DATASET_OPERATOR), self._link)

    async def InviteMembers(self, request: pb.InviteMembersRequest, context: Any) -> pb.InviteMembersResponse:
        who = caller()
        results = await self._db(self._members.invite, who, list(request.emails), request.role, request.language)
        return pb.InviteMembersResponse(
            result=_SUCCESS, invitation_results=wire.invited(results, self._url), tenant_id=who.tenant_id
        )

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Any) -> pb.RemoveMemberResponse:
        who = caller()
        account_id = await self._db(self._members.remove, who, request.member_id)
        await self._bus.publish("account", account_id)
        return pb.RemoveMemberResponse(result=_SUCCESS, tenant_id=who.tenant_id)

    async def UpdateMemberRole(self, request: pb.UpdateMemberRoleRequest, context: Any) -> Result:
        who = caller()
        account_id = await self._db(self._members.set_role, who, request.member_id, request.role)
        for changed in (account_id, who.the_account):
            await self._bus.publish("account", changed)
        # A dataset key acts for the owner, whoever that is.
        await self._bus.publish("tenant", who.tenant_id)
        return Result(result=_SUCCESS)


class ActivationServicer(rpc.ActivationServiceServicer):
    """Uses invitations."""

    def __init__(
        self, db: Database, members: MemberService, sessions: Sessions, passwords: Passwords, bus: Bus
    ) -> None:
        self._db = db
        self._members = members
        self._sessions = sessions
        self._passwords = passwords
        self._bus = bus

    async def CheckActivation(self, request: pb.CheckActivationRequest, context: Any) -> pb.CheckActivationResponse:
        if not request.token:
            raise invalid_param("token is required")
        found = await self._db(self._members.invitation, request.token, request.email, request.workspace_id)
        return wire.invitation(found)

    async def Activate(self, request: pb.ActivateRequest, context: Any) -> Result:
        if not request.token:
            raise invalid_param("token is required")
        # It reads a file of time zones.
        person = await asyncio.to_thread(new_person, request.name, request.interface_language, request.timezone)
        hashed = None
        if request.password:
            check_password_rule(request.password)
            hashed = await self._passwords.hash(request.password)
        used = await self._db(
            self._members.activate, request.token, request.email, request.workspace_id, person, hashed
        )
        await self._bus.publish("account", used.account_id)
        call = current_call()
        call.caller = Caller(tenant_id=used.tenant_id, account_id=used.account_id)
        call.headers.extend(self._sessions.cookies_of(await self._sessions.begin(used.account_id, call.address)))
        return Result(result=_SUCCESS)
