"""Tokens, cookies and the rules of fields."""

from __future__ import annotations

import time

import jwt
import pytest

from server.account.model import check_password_rule, is_email, new_owner
from server.account.tokens import Cookies, Tokens
from server.kit.cookies import read_cookies
from server.kit.errors import AppError, Reason

SECRET = "a secret key of these tests, long enough"


@pytest.mark.parametrize("email", ["a@b.co", "first.last+tag@sub.example.com", "o'neil@example.org"])
def test_email_that_is_one_is_accepted(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize("email", ["", "a", "a@b", "a b@c.de", "a@b.c", "a@b.co\n", "a\x00@b.co", "x" * 250 + "@b.co"])
def test_email_that_is_none_is_refused(email: str) -> None:
    assert not is_email(email)


@pytest.mark.parametrize("password", ["passw0rd", "1" * 7 + "a", "пароль12a", "a1" + " " * 6, "line\nbreak1"])
def test_password_with_letter_digit_and_length_passes(password: str) -> None:
    check_password_rule(password)


@pytest.mark.parametrize("password", ["", "passw0r", "password", "12345678", "a1" * 200])
def test_password_otherwise_is_invalid_param(password: str) -> None:
    with pytest.raises(AppError) as refused:
        check_password_rule(password)
    assert refused.value.reason is Reason.INVALID_PARAM


def test_new_owner_trims_and_defaults_the_language() -> None:
    owner = new_owner(" a@b.co ", " Ann ", "passw0rd", "")
    assert (owner.email, owner.name, owner.language) == ("a@b.co", "Ann", "en-US")


def test_access_token_reads_back_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(SECRET, access_minutes=60)
    token = tokens.access("account", "hash")
    assert tokens.read_access(token) == ("account", tokens.stamp("hash"), 0)
    assert tokens.read_access(tokens.access("account", "hash", since=12.5)) == ("account", tokens.stamp("hash"), 12.5)
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert tokens.read_access(token) is None


def test_tokens_of_one_kind_are_no_tokens_of_another() -> None:
    tokens = Tokens(SECRET, access_minutes=60)
    access, csrf, init = tokens.access("account", "hash"), tokens.csrf("account"), tokens.init("password")
    assert tokens.is_csrf_of(csrf, "account")
    assert not tokens.is_csrf_of(csrf, "other")
    assert not tokens.is_csrf_of(access, "account")
    assert tokens.read_access(csrf) is None
    assert tokens.read_access(init) is None
    assert tokens.is_init(init, "password")
    assert not tokens.is_init(init, "another password")
    assert not tokens.is_init(csrf, "password")


@pytest.mark.parametrize("claims", [{"user_id": "a", "sub": "Console API Passport"}, {"exp": 1.5e12, "user_id": "a"}])
def test_token_without_the_claims_is_refused(claims: dict[str, object]) -> None:
    assert Tokens(SECRET, access_minutes=60).read_access(jwt.encode(claims, SECRET, "HS256")) is None


def test_stamp_differs_by_password_and_secret() -> None:
    tokens = Tokens(SECRET, access_minutes=60)
    assert tokens.stamp("a") != tokens.stamp("b")
    assert tokens.stamp("a") != Tokens(SECRET[::-1], access_minutes=60).stamp("a")


def test_cookies_of_an_https_instance_are_bound_to_the_host() -> None:
    name, value = Cookies("https://t.example").set("__Host-x", "v", 60)
    assert name == "set-cookie"
    assert value.startswith("__Host-x=v; Expires=")
    assert value.endswith(" GMT; Max-Age=60; Secure; HttpOnly; Path=/; SameSite=Lax")


def test_cleared_cookie_expired_in_1970() -> None:
    _, value = Cookies("http://t.example").set("x", "", 0)
    assert value == "x=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/; SameSite=Lax"


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ('a="1";b=x=y', {"a": "1", "b": "x=y"}),
        ("a=1; a=2; ; junk; =v", {"a": "1", "": "v"}),
        ("", {}),
    ],
)
def test_cookie_header_is_read(header: str, cookies: dict[str, str]) -> None:
    assert read_cookies({"cookie": header}) == cookies
    assert read_cookies({}) == {}
