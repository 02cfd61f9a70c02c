"""Console sessions: login, refresh, logout, and who a call is made for.

The edge asks `Sessions.authenticate` before every console RPC; when warm it answers from
memory. Rules: console-api.md section 2.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from server.account.members import MemberService
from server.account.model import Candidate, Principal, Session, check_password_rule
from server.account.passwords import Passwords
from server.account.service import AccountService
from server.account.tokens import Cookies, Tokens
from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import current_call
from server.kit.cache import AsyncCache
from server.kit.caller import Caller
from server.kit.cookies import read_cookies
from server.kit.crypto import same
from server.kit.errors import AppError, Reason
from server.settings import Settings

_DRAFT_PATH = re.compile(r"/console/api/apps/[^/?]+/workflows/draft")
_PRINCIPAL_SECONDS = 5
_CSRF = "CSRF token is missing or invalid."
_GONE = frozenset({"banned", "closed"})


class Sessions:
    """The console's gate. Needs a running event loop for everything but its constructor."""

    def __init__(
        self, db: Database, accounts: AccountService, members: MemberService, passwords: Passwords, tokens: Tokens,
        cookies: Cookies, settings: Settings, bus: Bus,
    ) -> None:  # fmt: skip
        self._db = db
        self._accounts = accounts
        self._members = members
        self._bus = bus
        self._passwords = passwords
        self._tokens = tokens
        self._cookies = cookies
        self._settings = settings
        self._refresh_seconds = settings.refresh_token_days * 86_400
        self._is_set_up = False
        # Account id -> (principal, stamp of its password, Unix seconds at which it was read).
        self._known: AsyncCache[str, tuple[Principal, str, float]] = AsyncCache(_PRINCIPAL_SECONDS)
        bus.on("account", self._known.drop)

    # Setup gate

    async def is_set_up(self) -> bool:
        """Whether the instance is set up; a yes is remembered for ever."""
        if not self._is_set_up:
            self._is_set_up = await self._db(self._accounts.setup_at) is not None
        return self._is_set_up

    async def require_setup(self) -> None:
        """Raises not_setup before the instance is set up, not_init_validated where INIT_PASSWORD is asked for."""
        if not await self.is_set_up():
            raise AppError(Reason.NOT_INIT_VALIDATED if self._settings.init_password else Reason.NOT_SETUP)

    async def is_init_validated(self, metadata: Mapping[str, str]) -> bool:
        """Whether INIT_PASSWORD is not set, was given before, or does not matter any more."""
        password = self._settings.init_password
        if not password or await self.is_set_up():
            return True
        return self._tokens.is_init(read_cookies(metadata).get(self._cookies.init, ""), password)

    async def validate_init(self, password: str) -> tuple[str, str]:
        """The cookie that remembers the right INIT_PASSWORD. Raises already_setup, init_validate_failed."""
        if await self.is_set_up():
            raise AppError(Reason.ALREADY_SETUP)
        expected = self._settings.init_password
        if not expected or not same(password, expected):
            raise AppError(Reason.INIT_VALIDATE_FAILED)
        token = self._tokens.init(expected)
        return self._cookies.set(self._cookies.init, token, 86_400)

    # Sessions

    async def login(self, email: str, encoded_password: str, ip: str | None, invite_token: str = "") -> Session:
        """A session for the right password, sent as base64; with an invitation of the account, in its workspace.

        Raises authentication_failed, email_code_login_limit, account_banned, already_activate, invalid_email.
        """
        password = _decoded(encoded_password)
        if invite_token:
            await self._check_invitation(invite_token, email)
        candidate = await self._db(self._accounts.candidate, email)
        if invite_token and candidate.status == "pending" and candidate.password_hash is None:
            return await self._first_login(candidate, password, ip, invite_token)
        if not await self._passwords.check(password, candidate.password_hash) or candidate.account_id is None:
            await self._db(self._accounts.count_failure, email)
            raise AppError(Reason.AUTHENTICATION_FAILED)
        if candidate.status in _GONE:
            raise AppError(Reason.ACCOUNT_BANNED)
        if invite_token:
            await self._db(self._members.accept, invite_token, candidate.account_id)
            await self._bus.publish("account", candidate.account_id)
        return await self._db(self._accounts.begin_session, candidate.account_id, ip)

    async def _check_invitation(self, invite_token: str, email: str) -> None:
        """It is known and of that address; nothing is told of an address that it is not of."""
        invitation = await self._db(self._members.invitation, invite_token)
        if invitation is None:
            raise AppError(Reason.ALREADY_ACTIVATE)
        if invitation.email.lower() != email.lower():
            raise AppError(Reason.INVALID_EMAIL)

    async def _first_login(self, candidate: Candidate, password: str, ip: str | None, invite_token: str) -> Session:
        """The invitation stands for the password that a pending account has not; this one becomes it."""
        check_password_rule(password)
        hashed = await self._passwords.hash(password)
        accepted = await self._db(self._members.accept, invite_token, candidate.account_id, hashed)
        await self._bus.publish("account", accepted.account_id)
        return await self.begin(accepted.account_id, ip)

    async def begin(self, account_id: str, ip: str | None) -> Session:
        """A session for somebody who has proven who they are."""
        return await self._db(self._accounts.begin_session, account_id, ip)

    async def refresh(self, metadata: Mapping[str, str]) -> Session:
        """A new session for the refresh-token cookie. Raises unauthorized."""
        token = read_cookies(metadata).get(self._cookies.refresh)
        if not token:
            raise AppError(Reason.UNAUTHORIZED, "No refresh token provided")
        return await self._db(self._accounts.rotate, token)

    async def logout(self, metadata: Mapping[str, str]) -> None:
        """Forget the session of the refresh-token cookie, if there is one."""
        token = read_cookies(metadata).get(self._cookies.refresh)
        if token:
            await self._db(self._accounts.end_session, token)

    def cookies_of(self, session: Session) -> list[tuple[str, str]]:
        """The three set-cookie headers of a session."""
        seconds, cookies = self._tokens.access_seconds, self._cookies
        access = self._tokens.access(session.account_id, session.password_hash)
        return [
            cookies.set(cookies.access, access, seconds),
            cookies.set(cookies.refresh, session.refresh_token, self._refresh_seconds),
            cookies.set(cookies.csrf, self._tokens.csrf(session.account_id), seconds, for_scripts=True),
        ]

    async def switched(self, account_id: str) -> list[tuple[str, str]]:
        """The set-cookie header of somebody who is in another workspace from now on, in every process.

        The bus tells the others a moment later; a call may be there sooner.
        """
        principal, _, _ = await self._known.get(account_id, lambda: self._load(account_id))
        access = self._tokens.access(account_id, principal.password_hash, since=time.time())
        return [self._cookies.set(self._cookies.access, access, self._tokens.access_seconds)]

    def no_cookies(self) -> list[tuple[str, str]]:
        """The headers that clear the three cookies."""
        return self._cookies.clear()

    # Who calls

    async def authenticate(
        self, metadata: Mapping[str, str], *, rest_path: str, csrf_exempt: bool, before_init: bool = False
    ) -> Caller:
        """The account behind the cookies or the bearer token, in its current workspace.

        Raises not_setup, unauthorized, unauthorized_and_force_logout, account_not_initialized,
        account_not_link_tenant.
        """
        await self.require_setup()
        bearer = _bearer(metadata)
        if bearer and self._is_admin_key(bearer):
            return await self._admin(metadata)
        cookies = read_cookies(metadata)
        cookie = cookies.get(self._cookies.access)
        # A browser sends cookies by itself but never a bearer token, so over native gRPC a bearer
        # token needs no second proof. Over REST it does, as clients expect.
        native = not rest_path
        token = (bearer or cookie) if native else (cookie or bearer)
        account_id, stamp, since = self._read(token)
        needs_csrf = not csrf_exempt and not (native and bearer) and not _DRAFT_PATH.match(rest_path)
        if needs_csrf:
            self._check_csrf(metadata, cookies, account_id)
        principal, valid_stamp, read_at = await self._known.get(account_id, lambda: self._load(account_id))
        if read_at < since:
            self._known.drop(account_id)
            principal, valid_stamp, _ = await self._known.get(account_id, lambda: self._load(account_id))
        if not same(stamp, valid_stamp):
            raise self._force_logout()
        return self._caller(principal, before_init=before_init)

    def _read(self, token: str | None) -> tuple[str, str, float]:
        if not token:
            raise AppError(Reason.UNAUTHORIZED, "Unauthorized.")
        read = self._tokens.read_access(token)
        if read is None:
            raise AppError(Reason.UNAUTHORIZED, "Invalid token or token has expired.")
        return read

    def _check_csrf(self, metadata: Mapping[str, str], cookies: Mapping[str, str], account_id: str) -> None:
        header, cookie = metadata.get("x-csrf-token", ""), cookies.get(self._cookies.csrf, "")
        if not cookie or not same(header, cookie) or not self._tokens.is_csrf_of(cookie, account_id):
            raise AppError(Reason.UNAUTHORIZED, _CSRF)

    async def _load(self, account_id: str) -> tuple[Principal, str, float]:
        read_at = time.time()
        principal = await self._db(self._accounts.principal, account_id)
        if principal is None:
            raise self._force_logout()
        return principal, self._tokens.stamp(principal.password_hash), read_at

    def _caller(self, principal: Principal, *, before_init: bool = False) -> Caller:
        if principal.status in _GONE:
            raise self._force_logout()
        if principal.status == "uninitialized" and not before_init:
            raise AppError(Reason.ACCOUNT_NOT_INITIALIZED)
        if principal.tenant_id is None:
            raise AppError(Reason.ACCOUNT_NOT_LINK_TENANT)
        return Caller(tenant_id=principal.tenant_id, account_id=principal.account_id, role=principal.role)

    def _force_logout(self) -> AppError:
        current_call().headers.extend(self._cookies.clear())
        return AppError(Reason.UNAUTHORIZED_AND_FORCE_LOGOUT)

    def _is_admin_key(self, bearer: str) -> bool:
        settings = self._settings
        return settings.admin_api_key_enable and bool(settings.admin_api_key) and same(bearer, settings.admin_api_key)

    async def _admin(self, metadata: Mapping[str, str]) -> Caller:
        principal = await self._db(self._accounts.owner, metadata.get("x-workspace-id", ""))
        if principal is None:
            raise AppError(Reason.UNAUTHORIZED, "X-WORKSPACE-ID names no workspace.")
        return replace(self._caller(principal), by_admin_key=True)


def _bearer(metadata: Mapping[str, str]) -> str | None:
    scheme, _, token = metadata.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _decoded(password: str) -> str:
    try:
        return base64.b64decode(password.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise AppError(Reason.AUTHENTICATION_FAILED, "Invalid encrypted data") from None
