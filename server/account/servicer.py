"""RPCs of setup, sessions, accounts and workspaces."""

from __future__ import annotations

from typing import Any

from server.account import wire
from server.account.model import new_owner
from server.account.passwords import Passwords
from server.account.service import AccountService, check_new_password
from server.account.session import Sessions
from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import caller, current_call
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.ids import new_id
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import session_service_pb2 as pb
from transom.console.v1 import session_service_pb2_grpc as rpc

_SUCCESS = "success"
_NO_WORKSPACE = "workspace not found, please contact system admin to invite you to join in a workspace"


class SetupServicer(rpc.SetupServiceServicer):
    """Installs the instance."""

    def __init__(
        self, db: Database, accounts: AccountService, sessions: Sessions, passwords: Passwords, version: str = ""
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._version = version

    async def GetSetup(self, request: pb.GetSetupRequest, context: Any) -> pb.GetSetupResponse:
        at = await self._db(self._accounts.setup_at)
        if at is None:
            return pb.GetSetupResponse(step="not_started")
        return pb.GetSetupResponse(step="finished", setup_at=at.isoformat())

    async def Setup(self, request: pb.SetupRequest, context: Any) -> Result:
        if await self._sessions.is_set_up():
            raise AppError(Reason.ALREADY_SETUP)
        if not await self._sessions.is_init_validated(current_call().metadata):
            raise AppError(Reason.NOT_INIT_VALIDATED)
        owner = new_owner(request.email, request.name, request.password, request.language)
        hashed, tenant_id = await self._passwords.hash(owner.password), new_id()
        account_id = await self._db(self._accounts.setup, owner, hashed, tenant_id=tenant_id)
        current_call().caller = Caller(tenant_id=tenant_id, account_id=account_id)
        return Result(result=_SUCCESS)

    async def GetInit(self, request: pb.GetInitRequest, context: Any) -> pb.GetInitResponse:
        done = await self._sessions.is_init_validated(current_call().metadata)
        return pb.GetInitResponse(status="finished" if done else "not_started")

    async def Init(self, request: pb.InitRequest, context: Any) -> Result:
        cookie = await self._sessions.validate_init(request.password)
        current_call().headers.append(cookie)
        return Result(result=_SUCCESS)

    async def PingConsole(self, request: pb.PingConsoleRequest, context: Any) -> Result:
        return Result(result="pong")

    async def GetVersion(self, request: pb.GetVersionRequest, context: Any) -> pb.GetVersionResponse:
        return pb.GetVersionResponse(version=self._version, features=pb.VersionFeatures())


class SessionServicer(rpc.SessionServiceServicer):
    """Login, refresh, logout. Tokens travel as cookies."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def Login(self, request: pb.LoginRequest, context: Any) -> pb.LoginResponse:
        for field in ("email", "password"):
            if not getattr(request, field):
                raise invalid_param(f"{field} is required")
        call = current_call()
        session = await self._sessions.login(
            request.email.strip(), request.password, call.address, request.invite_token
        )
        if session.tenant_id is None:
            return pb.LoginResponse(result="fail", data=_NO_WORKSPACE)
        call.caller = Caller(tenant_id=session.tenant_id, account_id=session.account_id)
        call.headers.extend(self._sessions.cookies_of(session))
        return pb.LoginResponse(result=_SUCCESS)

    async def RefreshToken(self, request: pb.RefreshTokenRequest, context: Any) -> Result:
        call = current_call()
        session = await self._sessions.refresh(call.metadata)
        call.headers.extend(self._sessions.cookies_of(session))
        return Result(result=_SUCCESS)

    async def Logout(self, request: pb.LogoutRequest, context: Any) -> Result:
        call = current_call()
        await self._sessions.logout(call.metadata)
        call.headers.extend(self._sessions.no_cookies())
        return Result(result=_SUCCESS)


class AccountServicer(rpc.AccountServiceServicer):
    """The account that is logged in."""

    def __init__(
        self, db: Database, accounts: AccountService, sessions: Sessions, passwords: Passwords, bus: Bus,
        link: wire.Link,
    ) -> None:  # fmt: skip
        self._db = db
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._bus = bus
        self._link = link

    async def GetProfile(self, request: pb.GetProfileRequest, context: Any) -> pb.Account:
        return wire.account(await self._db(self._accounts.account, caller().the_account), self._link)

    async def RenameAccount(self, request: pb.RenameAccountRequest, context: Any) -> pb.Account:
        return wire.account(await self._db(self._accounts.rename, caller().the_account, request.name), self._link)

    async def InitAccount(self, request: pb.InitAccountRequest, context: Any) -> Result:
        account_id = caller().the_account
        await self._db(self._accounts.initialize, account_id, request.interface_language, request.timezone)
        await self._bus.publish("account", account_id)
        return Result(result=_SUCCESS)

    async def SetAvatar(self, request: pb.SetAvatarRequest, context: Any) -> pb.Account:
        return wire.account(await self._db(self._accounts.set_avatar, caller(), request.avatar), self._link)

    async def SetInterfaceLanguage(self, request: pb.SetInterfaceLanguageRequest, context: Any) -> pb.Account:
        changed = await self._db(self._accounts.set_language, caller(), request.interface_language)
        return wire.account(changed, self._link)

    async def SetInterfaceTheme(self, request: pb.SetInterfaceThemeRequest, context: Any) -> pb.Account:
        changed = await self._db(self._accounts.set_theme, caller(), request.interface_theme)
        return wire.account(changed, self._link)

    async def SetTimezone(self, request: pb.SetTimezoneRequest, context: Any) -> pb.Account:
        return wire.account(await self._db(self._accounts.set_timezone, caller(), request.timezone), self._link)

    async def ChangePassword(self, request: pb.ChangePasswordRequest, context: Any) -> pb.Account:
        call = current_call()
        account_id = call.caller.the_account
        check_new_password(request.new_password, request.repeat_new_password)
        stored = await self._db(self._accounts.password_hash, account_id)
        # An account without a password, made by an invitation, sets its first one.
        if stored is not None and not await self._passwords.check(request.password, stored):
            raise AppError(Reason.CURRENT_PASSWORD_INCORRECT)
        hashed = await self._passwords.hash(request.new_password)
        account, session = await self._db(self._accounts.change_password, account_id, stored, hashed)
        await self._bus.publish("account", account_id)
        call.headers.extend(self._sessions.cookies_of(session))
        return wire.account(account, self._link)


class WorkspaceServicer(rpc.WorkspaceServiceServicer):
    """The workspaces of the account."""

    def __init__(self, db: Database, accounts: AccountService, sessions: Sessions, bus: Bus) -> None:
        self._db = db
        self._accounts = accounts
        self._sessions = sessions
        self._bus = bus

    async def GetCurrentWorkspace(self, request: pb.GetCurrentWorkspaceRequest, context: Any) -> pb.Workspace:
        who = caller()
        return wire.workspace(await self._db(self._accounts.workspace, who.the_account, who.tenant_id))

    async def ListWorkspaces(self, request: pb.ListWorkspacesRequest, context: Any) -> pb.ListWorkspacesResponse:
        who = caller()
        return wire.workspaces(await self._db(self._accounts.workspaces, who.the_account), who.tenant_id)

    async def SwitchWorkspace(self, request: pb.SwitchWorkspaceRequest, context: Any) -> pb.SwitchWorkspaceResponse:
        if not request.tenant_id:
            raise invalid_param("tenant_id is required")
        who = caller()
        workspace = await self._db(self._accounts.switch, who.the_account, request.tenant_id)
        await self._bus.publish("account", who.the_account)
        current_call().headers.extend(await self._sessions.switched(who.the_account))
        return pb.SwitchWorkspaceResponse(result=_SUCCESS, new_tenant=wire.workspace(workspace))

    async def RenameWorkspace(self, request: pb.RenameWorkspaceRequest, context: Any) -> pb.RenameWorkspaceResponse:
        workspace = await self._db(self._accounts.rename_workspace, caller(), request.name)
        return pb.RenameWorkspaceResponse(result=_SUCCESS, tenant=wire.workspace(workspace))
