"""What a request to a webhook holds, by its content type, and when a missed schedule is due next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.engine.nodes.trigger_webhook import WebhookRequestError
from server.file.model import Limits
from server.kit.errors import AppError
from server.trigger.body import MOST_BYTES, Body, parsed, received
from server.trigger.registration import due_after

CHECK = Limits(blocked=("exe",)).head
HOURLY = {"frequency": "hourly", "visual_config": {"on_minute": 30}, "timezone": "Asia/Kolkata"}


def form(*parts: tuple[str, bytes]) -> bytes:
    pieces = [
        b"--b\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts
    ]
    return b"".join(pieces) + b"--b--\r\n"


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        ("application/json; charset=utf-8", b'{"a": [1, "x\\u0000"]}', {"a": [1, "x"]}),
        ("application/problem+json", b"[1]", [1]),
        ("application/json", b"", {}),
        ("application/x-www-form-urlencoded", b"a=1&b=&a=2&c=%C3%A9", {"a": "1", "b": "", "c": "\u00e9"}),
        ("text/plain", b"caf\xc3\xa9 \xff", "caf\u00e9 \ufffd"),
        ("", b"plain", "plain"),
        ("multipart/form-data; boundary=b", form(('name="a"', b"1"), ('name="a"', b"2")), {"a": "1"}),
    ],
)
def test_body_is_read_by_its_type(kind: str, data: bytes, value: Any) -> None:
    assert parsed(kind, data, CHECK) == Body(value)


def test_files_are_apart() -> None:
    sent = form(('name="doc"; filename="a.TXT"\r\nContent-Type: text/plain', b"abc"), ('name="note"', b"hi"))
    body = parsed("multipart/form-data; boundary=b", sent, CHECK)
    assert body.value == {"note": "hi"}
    assert [(name, file.head.name, file.head.extension, file.data) for name, file in body.files.items()] == [
        ("doc", "a.TXT", "txt", b"abc"),
    ]  # fmt: skip
    whole = parsed("application/octet-stream", b"\x00\x01", CHECK)
    assert (whole.value, whole.files[""].data) == (None, b"\x00\x01")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("application/json", b"{"),
        ("application/json", b"NaN"),
        ("application/json", b"[" * 100_000),
        ("application/x-www-form-urlencoded", b"a=1&" * 2000),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no parts at all"),
        ("multipart/form-data; boundary=b", form(('name="doc"; filename="a.exe"', b"MZ"))),
        ("multipart/form-data; boundary=b", form(('name="doc"; filename="../a.txt"', b"x"))),
    ],
    ids=["half", "nan", "deep", "many", "no-boundary", "no-parts", "program", "path"],
)
def test_body_that_cannot_be_read_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(WebhookRequestError):
        parsed(kind, data, CHECK)


async def test_body_ends_at_ten_mebibytes() -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield b"x" * size
        yield b"x"

    assert len(await received(pieces(MOST_BYTES - 1))) == MOST_BYTES
    with pytest.raises(AppError, match="file_too_large"):
        await received(pieces(MOST_BYTES))


def test_schedule_is_due_after_any_moment() -> None:
    moment = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    # Half past in India is on the hour in UTC.
    assert due_after(HOURLY, moment) == moment + timedelta(hours=1)
    assert due_after(HOURLY, moment - timedelta(seconds=1)) == moment
