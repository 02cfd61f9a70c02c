"""Passports: how a visitor of a published web app is known (web-api.md section 1)."""

from __future__ import annotations

import hashlib
import math
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt

from server.access.service import app_context
from server.access.store import AccessStore
from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.cache import AsyncCache
from server.kit.caller import AppContext, Caller, EndUser
from server.kit.cookies import read_cookies
from server.kit.errors import AppError, Reason, bad_request, not_found
from server.kit.ids import is_uuid

_ALGORITHM = "HS256"
_SUBJECT = "Web API Passport"
_REMEMBERED = 4096
_APP_SECONDS = 5
_VISITOR_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Page:
    """An app and its page. ``code`` is None without a site."""

    app: AppContext
    code: str | None
    enabled: bool


class Passports:
    """Gives passports to visitors and reads them."""

    def __init__(self, db: Database, uow: UowFactory, bus: Bus, secret_key: str, *, secure: bool) -> None:
        """``secure``: the instance is served by https, which changes the name of the cookie."""
        self._db = db
        self._uow = uow
        self._secret = secret_key
        self._cookie = "__Host-passport-" if secure else "passport-"
        self._pages: AsyncCache[str, Page] = AsyncCache(_APP_SECONDS)
        self._visitors: AsyncCache[tuple[str, str], EndUser] = AsyncCache(_VISITOR_SECONDS, size=100_000)
        # The same passport comes with every request of a page: its signature is checked once.
        self._claims = lru_cache(_REMEMBERED)(self._decode)
        bus.on("app", self._drop_app)
        bus.on("tenant", lambda tenant_id: self._pages.drop_where(lambda _, page: page.app.tenant_id == tenant_id))

    def _drop_app(self, app_id: str) -> None:
        self._pages.drop(app_id)
        self._visitors.drop_where(lambda key, _: key[0] == app_id)

    async def issue(self, code: str, user_id: str) -> str:
        """A passport for the page with that code. Raises unauthorized, not_found."""
        if not code:
            raise AppError(Reason.UNAUTHORIZED, "X-App-Code header is missing.")
        session = user_id.replace("\x00", "") or str(uuid.uuid4())
        app_id, visitor = await self._db(self._admit, code, session)
        claims = {"iss": app_id, "sub": _SUBJECT, "app_id": app_id, "app_code": code, "end_user_id": visitor}
        return jwt.encode(claims, self._secret, _ALGORITHM)

    async def issue_for_form(self, tenant_id: str, app_id: str, form_token: str, seconds: int) -> tuple[str, int]:
        """A passport of whoever fills a form in, and when it ends in Unix seconds. Raises not_found without a page."""
        page = await self._pages.get(app_id, lambda: self._db(self._page, app_id))
        if page.code is None:
            raise not_found()
        visitor = await self.form_visitor(tenant_id, app_id, form_token)
        ends = int(time.time()) + seconds
        claims = {
            "iss": app_id, "sub": _SUBJECT, "app_id": app_id, "app_code": page.code, "end_user_id": visitor.id,
            "exp": ends,
        }  # fmt: skip
        return jwt.encode(claims, self._secret, _ALGORITHM), ends

    async def form_visitor(self, tenant_id: str, app_id: str, form_token: str) -> EndUser:
        """Whoever fills a form in, the same at each call; the name of the session does not tell the token."""
        session = f"form:{hashlib.sha256(form_token.encode()).hexdigest()[:32]}"
        return EndUser(id=await self._db(self._visit, tenant_id, app_id, session), session_id=session)

    def _visit(self, tenant_id: str, app_id: str, session: str) -> str:
        with self._uow() as uow:
            visitor = AccessStore(uow).add_visitor(tenant_id, app_id, session)
            uow.commit()
        return visitor

    async def require_page(self, code: str) -> None:
        """Raises not_found when no page with that code is switched on."""
        await self._db(self._open_page, code)

    def _open_page(self, code: str) -> None:
        with self._uow() as uow:
            _opened(AccessStore(uow), code)

    def _admit(self, code: str, session: str) -> tuple[str, str]:
        with self._uow() as uow:
            store = AccessStore(uow)
            row = _opened(store, code)
            visitor = store.add_visitor(row.app_tenant_id, row.found_app_id, session)
            uow.commit()
        return row.found_app_id, visitor

    async def read(self, metadata: Mapping[str, str]) -> Caller:
        """The visitor behind a call. Raises the errors of web-api.md 1.4."""
        claims = self._valid(self._carried(metadata))
        app_id, visitor_id = claims["app_id"], claims["end_user_id"]
        page = await self._pages.get(app_id, lambda: self._db(self._page, app_id))
        if page.app.status != "normal":
            raise not_found()
        if page.code != claims["app_code"]:
            raise bad_request("Site URL is no longer valid.")
        if not page.enabled:
            raise bad_request("Site is disabled.")
        visitor = await self._visitors.get((app_id, visitor_id), lambda: self._db(self._visitor, app_id, visitor_id))
        return Caller(tenant_id=page.app.tenant_id, app=page.app, end_user=visitor, via="web-app")

    def _carried(self, metadata: Mapping[str, str]) -> str:
        code = metadata.get("x-app-code", "")
        token = read_cookies(metadata).get(self._cookie + code, "") if code else ""
        token = token or metadata.get("x-app-passport", "")
        if not token:
            scheme, _, rest = metadata.get("authorization", "").strip().partition(" ")
            token = rest.strip() if scheme.lower() == "bearer" else ""
        if not token:
            raise AppError(Reason.UNAUTHORIZED, "App token is missing.")
        return token

    def _valid(self, token: str) -> Mapping[str, Any]:
        try:
            claims = self._claims(token)
        except jwt.ExpiredSignatureError:
            raise AppError(Reason.UNAUTHORIZED, "Token has expired.") from None
        except jwt.InvalidSignatureError:
            raise AppError(Reason.UNAUTHORIZED, "Invalid token signature.") from None
        except (jwt.PyJWTError, ValueError):
            raise AppError(Reason.UNAUTHORIZED, "Invalid token.") from None
        # The claims are remembered: their end is looked at each time.
        if claims.get("exp", math.inf) < time.time():
            raise AppError(Reason.UNAUTHORIZED, "Token has expired.")
        ids = (claims.get("app_id"), claims.get("end_user_id"))
        if claims.get("sub") != _SUBJECT or not all(isinstance(id_, str) and is_uuid(id_) for id_ in ids):
            raise AppError(Reason.UNAUTHORIZED, "Invalid token.")
        return claims

    def _decode(self, token: str) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(token, self._secret, [_ALGORITHM])
        return claims

    def _page(self, app_id: str) -> Page:
        with self._uow() as uow:
            row = AccessStore(uow).page_of_app(app_id)
        if row is None or row.tenant_status == "archive":
            raise not_found()
        return Page(app_context(row, ""), row.code, row.enable_site)

    def _visitor(self, app_id: str, visitor_id: str) -> EndUser:
        with self._uow() as uow:
            row = AccessStore(uow).visitor(app_id, visitor_id)
        if row is None:
            raise not_found()
        return EndUser(id=row.id, session_id=row.session_id)


def _opened(store: AccessStore, code: str) -> Any:
    row = store.page_of_code(code)
    if row is None or row.status != "normal" or not row.enable_site or row.tenant_status == "archive":
        raise not_found()
    return row
