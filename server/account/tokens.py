"""Tokens and cookies of a console session (console-api.md section 2)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any

import jwt

from server.kit.crypto import sign

_ALGORITHM = "HS256"
_ISSUER = "SELF_HOSTED"
_ACCESS = "Console API Passport"
_INIT = "Console API Init"
_INIT_SECONDS = 86_400
_REMEMBERED = 4096
_NO_CLAIMS: Mapping[str, Any] = {}


class Tokens:
    """Issues and verifies the JWTs of the console."""

    def __init__(self, secret_key: str, access_minutes: int) -> None:
        self._secret = secret_key
        self.access_seconds = access_minutes * 60
        # The same token comes with every request of a page: its signature is checked once.
        self._claims = lru_cache(_REMEMBERED)(self._decode)

    def stamp(self, password_hash: str | None) -> str:
        """Binds access tokens to the password: changing it ends them all."""
        return sign(self._secret, f"session|{password_hash}")[:16]

    def access(self, account_id: str, password_hash: str | None, since: float = 0.0) -> str:
        """An access token; what a process learnt of the account before ``since`` (Unix seconds) is too old for it."""
        claims = {"user_id": account_id, "iss": _ISSUER, "sub": _ACCESS, "stamp": self.stamp(password_hash)}
        return self._issue({**claims, "since": since} if since else claims, self.access_seconds)

    def csrf(self, account_id: str) -> str:
        """A CSRF token."""
        return self._issue({"sub": account_id}, self.access_seconds)

    def init(self, init_password: str) -> str:
        """Proof that this INIT_PASSWORD was given."""
        return self._issue({"sub": _INIT, "stamp": self.stamp(init_password)}, _INIT_SECONDS)

    def read_access(self, token: str) -> tuple[str, str, float] | None:
        """(account id, stamp, since) of a valid access token."""
        claims = self._valid(token)
        account_id = claims.get("user_id")
        if claims.get("sub") != _ACCESS or not isinstance(account_id, str):
            return None
        return account_id, str(claims.get("stamp")), float(claims.get("since", 0))

    def is_csrf_of(self, token: str, account_id: str) -> bool:
        """Whether the CSRF token is valid and the account's."""
        claims = self._valid(token)
        return claims.get("sub") == account_id and "user_id" not in claims

    def is_init(self, token: str, init_password: str) -> bool:
        """Whether the token proves that this INIT_PASSWORD was given."""
        claims = self._valid(token)
        return claims.get("sub") == _INIT and claims.get("stamp") == self.stamp(init_password)

    def _issue(self, claims: dict[str, Any], seconds: int) -> str:
        return jwt.encode({**claims, "exp": int(time.time()) + seconds}, self._secret, _ALGORITHM)

    def _valid(self, token: str) -> Mapping[str, Any]:
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, ValueError):
            return _NO_CLAIMS
        expires = claims["exp"]
        return claims if isinstance(expires, int) and expires > time.time() else _NO_CLAIMS

    def _decode(self, token: str) -> Mapping[str, Any]:
        # The time is checked on every call, the rest once.
        claims: Mapping[str, Any] = jwt.decode(
            token, self._secret, [_ALGORITHM], options={"verify_exp": False, "require": ["exp", "sub"]}
        )
        return claims


class Cookies:
    """Names and attributes of the cookies; ``__Host-`` and Secure when the instance is served by https."""

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self.access = prefix + "access_token"
        self.refresh = prefix + "refresh_token"
        self.csrf = prefix + "csrf_token"
        self.init = prefix + "init_validated"

    def set(self, name: str, value: str, seconds: int, *, for_scripts: bool = False) -> tuple[str, str]:
        """A set-cookie header."""
        expires = formatdate(time.time() + seconds if seconds else 0, usegmt=True)
        secure = "; Secure" if self._secure else ""
        http_only = "" if for_scripts else "; HttpOnly"
        text = f"{name}={value}; Expires={expires}; Max-Age={seconds}{secure}{http_only}; Path=/; SameSite=Lax"
        return "set-cookie", text

    def clear(self) -> list[tuple[str, str]]:
        """Headers that remove the session's cookies."""
        return [
            self.set(self.access, "", 0),
            self.set(self.refresh, "", 0),
            self.set(self.csrf, "", 0, for_scripts=True),
        ]
