"""Uploads and downloads: in pieces, with their headers, given up early."""

from __future__ import annotations

import http.client

import pytest

from tests.gateway.backend import Backend
from tests.gateway.running import Gateway
from tests.harness.stores import wait_until

MB = 1_000_000
FORM = "multipart/form-data; boundary=xyz"
UPLOAD = "/v1/things/upload"
TOO_LARGE = '{"code":"file_too_large","message":"","status":413}'


@pytest.mark.parametrize("size", [0, 5, 20 * MB, 50 * MB])
@pytest.mark.parametrize("chunked", [False, True])
def test_upload_arrives_whole_and_says_its_type(gateway: Gateway, size: int, chunked: bool) -> None:
    pieces = [b"x" * min(MB, size - at) for at in range(0, size, MB)]
    reply, _ = gateway.upload(UPLOAD, pieces, None if chunked else size, content_type=FORM)
    assert reply.status == 200, reply
    assert reply.json == {"rpc": "/transom.demo.v1.ThingService/Upload", "bytes": size, "kinds": [FORM]}


def test_upload_reaches_the_server_while_it_is_sent(gateway: Gateway, backend: Backend) -> None:
    with gateway.connect() as connection:
        head = f'POST {UPLOAD} HTTP/1.1\r\nhost: x\r\ncontent-type: {FORM}\r\nx-script: {{"count": "pieces"}}\r\n'
        connection.sendall((head + "content-length: 2000000\r\n\r\n").encode() + b"x" * MB)
        wait_until(lambda: backend.calls["pieces"] > 0, "the first piece arrives")


def test_upload_that_the_server_refuses_early_is_answered_before_it_is_sent(gateway: Gateway) -> None:
    script = '{"stop_after": 5000000, "fail": [3, "", [["x-http-status", "413"], ["x-error-body", %s]]]}'
    quoted = '"' + TOO_LARGE.replace('"', '\\"') + '"'
    reply, sent = gateway.upload(UPLOAD, [b"x" * MB] * 50, 50 * MB, content_type=FORM, x_script=script % quoted)
    assert (reply.status, reply.body.decode()) == (413, TOO_LARGE)
    assert reply.header("connection") == "close"
    assert sent < 50 * MB


def test_upload_that_breaks_off_ends_the_call(gateway: Gateway, backend: Backend) -> None:
    with gateway.connect() as connection:
        head = f'POST {UPLOAD} HTTP/1.1\r\nhost: x\r\ncontent-type: {FORM}\r\nx-script: {{"count": "broken"}}\r\n'
        connection.sendall((head + "content-length: 2000000\r\n\r\n").encode() + b"x" * MB)
        wait_until(lambda: backend.calls["broken"] > 0, "the first piece arrives")
    wait_until(lambda: "broken" in backend.ended, "the handler ends")


def test_upload_may_answer_created(gateway: Gateway) -> None:
    reply = gateway.call("POST", UPLOAD, b"x", script={"initial": [["x-http-status", "201"]]}, content_type=FORM)
    assert (reply.status, reply.json["bytes"]) == (201, 1)


def test_download_carries_its_headers_and_bytes(gateway: Gateway) -> None:
    initial = [
        ["content-disposition", "attachment; filename*=UTF-8''a%20b.bin"], ["cache-control", "private, max-age=300"],
        ["accept-ranges", "bytes"], ["x-content-length", "3000000"], ["etag", '"1"'],
    ]
    script = {"type": "image/png", "initial": initial, "parts": [{"fill": MB}] * 3}
    reply = gateway.get("/v1/things/5/content", script=script)
    assert (reply.status, reply.header("content-type"), len(reply.body)) == (200, "image/png", 3 * MB)
    assert reply.header("content-length") == "3000000"
    assert reply.header("transfer-encoding") is None
    assert reply.header("x-content-length") is None
    for name, value in initial[:3]:
        assert reply.header(name) == value


def test_download_of_a_part_is_206(gateway: Gateway) -> None:
    initial = [["x-http-status", "206"], ["content-range", "bytes 0-3/10"], ["x-content-length", "4"]]
    reply = gateway.get("/v1/things/5/content", script={"type": "a/b", "initial": initial, "parts": ["abcd"]})
    assert (reply.status, reply.header("content-range"), reply.body) == (206, "bytes 0-3/10", b"abcd")


def test_large_download_passes_whole(gateway: Gateway) -> None:
    script = {"type": "a/b", "initial": [["x-content-length", str(50 * MB)]], "parts": [{"fill": MB}] * 50}
    assert len(gateway.get("/v1/things/5/content", script=script).body) == 50 * MB


def test_download_that_breaks_off_cannot_be_taken_for_whole(gateway: Gateway) -> None:
    script = {
        "type": "a/b", "initial": [["x-content-length", "2000"]], "parts": [{"fill": 1000}], "spoil": True,
    }
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        gateway.get("/v1/things/5/content", script=script)


def test_download_is_not_compressed(gateway: Gateway) -> None:
    script = {"type": "application/octet-stream", "parts": [{"fill": 5000}]}
    reply = gateway.get("/v1/things/5/content", script=script, accept_encoding="gzip")
    assert (reply.header("content-encoding"), len(reply.body)) == (None, 5000)


def test_left_download_cancels_the_call(gateway: Gateway, backend: Backend) -> None:
    script = {"type": "a/b", "parts": [{"fill": 100}, ""], "hold": "left download"}
    with gateway.open("GET", "/v1/things/5/content", script=script) as response:
        assert len(response.read1(100)) == 100
    wait_until(lambda: "left download" in backend.cancelled, "the handler is cancelled")
