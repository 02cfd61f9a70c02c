"""Errors: the server's in every kind of call, and Envoy's own, all in the one envelope."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest

from server.edge.catalogue import CATALOGUE
from server.kit.errors import Reason
from tests.gateway.backend import Backend
from tests.gateway.running import Gateway, Reply
from tests.harness.stores import wait_until

# Each kind of call: unary with and without a body, events by GET and POST, a download, an upload.
CALLS: dict[str, tuple[str, str, Any]] = {
    "get": ("GET", "/v1/things/5", None),
    "post": ("POST", "/v1/things", {"name": "x"}),
    "blocking": ("POST", "/v1/talk", {"response_mode": "blocking"}),
    "streaming": ("POST", "/v1/talk", {"response_mode": "streaming"}),
    "events": ("GET", "/v1/things/5/events", None),
    "download": ("GET", "/v1/things/5/content", None),
    "upload": ("POST", "/v1/things/upload", b"x" * 100_000),
}
SPECS = sorted({(spec.http, spec.grpc.value[0]) for spec in CATALOGUE.values()})
# envoy-transcoding.md 5.1; what a server says that does not choose the status itself.
BY_CODE = {
    1: (499, "client_closed_request"), 2: (500, "internal_server_error"), 3: (400, "bad_request"),
    4: (504, "gateway_timeout"), 5: (404, "not_found"), 6: (409, "conflict"), 7: (403, "forbidden"),
    8: (429, "too_many_requests"), 9: (400, "bad_request"), 10: (409, "conflict"), 11: (400, "bad_request"),
    12: (501, "not_implemented"), 13: (500, "internal_server_error"), 14: (503, "service_unavailable"),
    15: (500, "internal_server_error"), 16: (401, "unauthorized"),
}
TOO_LARGE = "The data value transmitted exceeds the capacity limit."
NO_LEAK = ("grpc-status", "grpc-message", "grpc-encoding", "grpc-accept-encoding", "x-http-status", "x-error-body",
           "x-envoy-upstream-service-time", "server")


def call(gateway: Gateway, kind: str, script: dict[str, Any], **headers: str) -> Reply:
    """One call of a kind."""
    method, path, body = CALLS[kind]
    return gateway.call(method, path, body, script=script, **headers)


def envelope(reply: Reply, status: int, code: str) -> str:
    """Check an error reply; its message."""
    assert (reply.status, reply.header("content-type")) == (status, "application/json"), reply
    body = reply.json
    assert list(body) == ["code", "message", "status"]
    assert (body["code"], body["status"]) == (code, status)
    assert reply.header("content-length") == str(len(reply.body))
    assert not [name for name in NO_LEAK if reply.header(name) is not None]
    return str(body["message"])


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize(("status", "code"), SPECS)
def test_error_of_the_server_has_its_own_status_and_body(gateway: Gateway, kind: str, status: int, code: int) -> None:
    body = json.dumps({"code": "a_reason", "message": 'Words "é" \u2028 \\ \n', "status": status})
    trailing = [["x-http-status", str(status)], ["x-error-body", body], ["retry-after", "7"]]
    reply = call(gateway, kind, {"fail": [code, "for gRPC", trailing]})
    assert envelope(reply, status, "a_reason") == 'Words "é" \u2028 \\ \n'
    assert reply.body == body.encode()
    assert reply.header("retry-after") == "7"


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("code", BY_CODE)
def test_error_without_a_body_gets_one_by_its_grpc_code(gateway: Gateway, kind: str, code: int) -> None:
    status, name = BY_CODE[code]
    message = envelope(call(gateway, kind, {"fail": [code, 'It is "so" — 100%', []]}), status, name)
    if status < 500:
        assert message == 'It is "so" — 100%'
    else:
        assert message.startswith("The server encountered an internal error")


def test_every_grpc_code_has_a_row() -> None:
    assert set(BY_CODE) == {code.value[0] for code in grpc.StatusCode} - {0}


@pytest.mark.parametrize("kind", CALLS)
def test_headers_of_a_refusal_reach_the_client(gateway: Gateway, kind: str) -> None:
    trailing = [
        ["x-http-status", "401"], ["x-error-body", '{"code":"unauthorized","message":"m","status":401}'],
        ["www-authenticate", 'Bearer realm="api"'], ["set-cookie", "a=1"], ["set-cookie", "b=2"],
    ]
    reply = call(gateway, kind, {"fail": [16, "m", trailing]})
    envelope(reply, 401, "unauthorized")
    assert reply.header("www-authenticate") == 'Bearer realm="api"'
    assert reply.all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("kind", CALLS)
def test_large_error_body_arrives_whole(gateway: Gateway, kind: str) -> None:
    body = json.dumps({"code": "invalid_param", "message": "x" * 20_000, "status": 400})
    reply = call(gateway, kind, {"fail": [3, "m", [["x-http-status", "400"], ["x-error-body", body]]]})
    assert len(envelope(reply, 400, "invalid_param")) == 20_000


@pytest.mark.parametrize("path", ["/v1/nope", "/", "/v1/things/5/nope", "/V1/things", "/v1/things/a/b", "/v2/things"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_path_is_not_found(gateway: Gateway, method: str, path: str) -> None:
    message = envelope(gateway.call(method, path), 404, "not_found")
    assert message == CATALOGUE[Reason.NOT_FOUND].message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v1/things"), ("POST", "/v1/things/5"), ("DELETE", "/v1/things/5/events"), ("GET", "/v1/talk"),
        ("GET", "/v1/things/5/talk"), ("PUT", "/v1/things/5/talk/"), ("OPTIONS", "/v1/things"), ("TRACE", "/v1/things"),
        ("DELETE", "/v1/things?x=1"), ("POST", "/v1/things/a/b/parts"), ("GET", "/v1/chat-messages"),
        ("PUT", "/v1/files/upload"), ("DELETE", "/console/api/apps"),
    ],
)
def test_known_path_with_another_method_is_not_allowed(gateway: Gateway, method: str, path: str) -> None:
    message = envelope(gateway.call(method, path), 405, "method_not_allowed")
    assert message == "The method is not allowed for the requested URL."


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"BLA BLA BLA\r\n\r\n",
        b"GET /v1/things HTTP/1.1\r\n\r\n",
        b"GET /v1/things/\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/things/%00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"BREW /v1/things HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST /v1/things HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        b"POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    ],
)
def test_malformed_request_is_a_bad_request(gateway: Gateway, request_line: bytes) -> None:
    envelope(gateway.raw(request_line), 400, "bad_request")


@pytest.mark.parametrize(
    "extra",
    [
        b"x-big: " + b"a" * 30_000 + b"\r\n",
        b"cookie: " + b"a" * 25_000 + b"\r\n",
        b"".join(b"x-%d: a\r\n" % number for number in range(120)),
    ],
)
def test_headers_beyond_the_limit_are_431(gateway: Gateway, extra: bytes) -> None:
    reply = gateway.raw(b"GET /v1/things HTTP/1.1\r\nhost: x\r\n" + extra + b"\r\n")
    envelope(reply, 431, "request_header_fields_too_large")


def test_url_beyond_the_limit_is_431(gateway: Gateway) -> None:
    envelope(gateway.get("/v1/things?keyword=" + "a" * 25_000), 431, "request_header_fields_too_large")


def test_headers_below_the_limit_reach_the_server(gateway: Gateway) -> None:
    seen = gateway.get("/v1/things", x_big="a" * 20_000).json["metadata"]
    assert len(seen["x-big"]) == 20_000


@pytest.mark.parametrize("path", ["/v1/things", "/v1/talk", "/v1/chat-messages", "/v1/nothing-to-upload/upload"])
def test_json_body_declared_beyond_the_limit_is_413(gateway: Gateway, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 15728641\r\n\r\n"
    assert envelope(gateway.raw(head.encode()), 413, "request_entity_too_large") == TOO_LARGE


@pytest.mark.parametrize("path", ["/v1/things", "/v1/talk"])
def test_chunked_json_body_beyond_the_limit_is_413(gateway: Gateway, path: str) -> None:
    pieces = [b'{"name": "' + b"x" * 1_000_000] + [b"x" * 1_000_000] * 20
    reply, _ = gateway.upload(path, pieces, None, content_type="application/json")
    envelope(reply, 413, "request_entity_too_large")


@pytest.mark.parametrize("path", ["/v1/things/upload", "/v1/files/upload"])
def test_upload_declared_beyond_the_limit_is_file_too_large(gateway: Gateway, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data\r\ncontent-length: 130000000\r\n\r\n"
    envelope(gateway.raw(head.encode()), 413, "file_too_large")


def test_chunked_upload_beyond_the_limit_is_file_too_large(gateway: Gateway) -> None:
    reply, _ = gateway.upload("/v1/things/upload", [b"x" * 1_000_000] * 130, None, content_type="a/b")
    envelope(reply, 413, "file_too_large")


@pytest.mark.parametrize("kind", CALLS)
def test_absent_server_is_service_unavailable(deserted: Gateway, kind: str) -> None:
    envelope(call(deserted, kind, {}), 503, "service_unavailable")


def test_health_says_whether_a_server_is_there(gateway: Gateway, deserted: Gateway) -> None:
    assert gateway.get("/health").status == 200
    envelope(deserted.get("/health"), 503, "service_unavailable")


@pytest.mark.parametrize("kind", ["get", "post"])
def test_server_that_does_not_answer_in_time_is_504(impatient: Gateway, backend: Backend, kind: str) -> None:
    envelope(call(impatient, kind, {"hold": f"late {kind}"}), 504, "gateway_timeout")
    wait_until(lambda: f"late {kind}" in backend.cancelled, "the handler is cancelled")


def test_blocking_answer_may_take_as_long_as_a_model_works(impatient: Gateway, backend: Backend) -> None:
    # Longer than the limit of other unary calls, which is 0.5 s here.
    body = {"response_mode": "blocking"}
    with impatient.open("POST", "/v1/talk", body, script={"pause": 1.0}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "request_part",
    [
        b"GET /v1/things HTTP/1.1\r\nhost: x\r\n",
        b"POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123",
        b"POST /v1/talk HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123",
        b"POST /v1/things/upload HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123",
    ],
)
def test_request_that_never_ends_is_408(impatient: Gateway, request_part: bytes) -> None:
    envelope(impatient.raw(request_part), 408, "request_timeout")


@pytest.mark.parametrize("kind", ["get", "streaming"])
def test_answer_with_too_many_headers_is_a_bad_gateway(gateway: Gateway, kind: str) -> None:
    reply = call(gateway, kind, {"initial": [["x-big", 70_000]]})
    envelope(reply, 502, "bad_gateway")
