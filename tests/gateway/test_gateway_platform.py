"""What the gateway does beside transcoding: compression, CORS, ids, logs, retries, HEAD, success codes, draining."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from h2 import events as h2_events
from h2.connection import H2Connection

from tests.gateway.backend import Backend, Schema
from tests.gateway.conftest import MakeGateway
from tests.gateway.running import Gateway
from tests.harness.stores import wait_until

UNAVAILABLE = [14, "busy", []]
PAGE = "https://page.example"
CONSOLE_PAGE = "https://console.example"
EVENTS = "/v1/things/5/events"


def test_large_json_is_compressed_when_asked_for(gateway: Gateway) -> None:
    script = {"parts": [{"fill": 20_000}]}
    reply = gateway.get("/v1/things", script=script, accept_encoding="gzip, deflate")
    assert (reply.header("content-encoding"), reply.header("content-type")) == ("gzip", "application/json")
    assert "accept-encoding" in (reply.header("vary") or "").lower()
    assert len(reply.body) < 1000
    assert gzip.decompress(reply.body) == b"x" * 20_000


@pytest.mark.parametrize(
    ("script", "headers"),
    [
        ({"parts": [{"fill": 20_000}]}, {}),
        ({"parts": [{"fill": 20_000}]}, {"accept_encoding": "identity"}),
        ({"parts": [{"fill": 20_000}]}, {"accept_encoding": "gzip;q=0"}),
        ({"parts": [{"fill": 100}]}, {"accept_encoding": "gzip"}),
        ({"parts": [{"fill": 20_000}], "type": "image/png"}, {"accept_encoding": "gzip"}),
        ({"parts": [{"fill": 20_000}], "type": "text/event-stream"}, {"accept_encoding": "gzip"}),
    ],
)
def test_reply_stays_plain(gateway: Gateway, script: dict[str, Any], headers: dict[str, str]) -> None:
    reply = gateway.get("/v1/things", script=script, **headers)
    assert reply.header("content-encoding") is None
    assert reply.body.strip(b"x") == b""


def test_large_error_is_compressed_when_asked_for(gateway: Gateway) -> None:
    body = json.dumps({"code": "a", "message": "m" * 2000, "status": 404})
    fail = [5, "m", [["x-http-status", "404"], ["x-error-body", body]]]
    reply = gateway.get("/v1/things", script={"fail": fail}, accept_encoding="gzip")
    plain = gzip.decompress(reply.body) if reply.header("content-encoding") else reply.body
    assert (reply.status, plain) == (404, body.encode())


@pytest.mark.parametrize("path", ["/v1/things", "/v1/nope", "/v1/talk", "/v1/things/upload"])
def test_preflight_of_any_page_is_answered(gateway: Gateway, path: str) -> None:
    reply = gateway.call(
        "OPTIONS", path, origin=PAGE, access_control_request_method="POST",
        access_control_request_headers="authorization,content-type",
    )
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("access-control-allow-origin") == PAGE
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set((reply.header("access-control-allow-methods") or "").split(", "))
    allowed = (reply.header("access-control-allow-headers") or "").split(", ")
    assert {"authorization", "content-type", "last-event-id", "x-grpc-web", "x-user-agent", "grpc-timeout"} <= set(allowed)
    assert reply.header("access-control-max-age") == "86400"
    assert reply.header("access-control-allow-credentials") is None


@pytest.mark.parametrize(
    ("method", "path", "body", "script", "status"),
    [
        ("GET", "/v1/things", None, {}, 200),
        ("GET", "/v1/things", None, {"fail": [5, "no", []]}, 404),
        ("GET", "/v1/things?page=x", None, {}, 400),
        ("GET", "/v1/nope", None, {}, 404),
        ("DELETE", "/v1/talk", None, {}, 405),
        ("POST", "/v1/talk", {"response_mode": "streaming"}, {"type": "text/event-stream", "parts": ["data: 1\n\n"]}, 200),
    ],
)
def test_page_may_read_any_reply(
    gateway: Gateway, method: str, path: str, body: dict[str, str] | None, script: dict[str, Any], status: int
) -> None:
    reply = gateway.call(method, path, body, script=script, origin=PAGE)
    assert reply.status == status
    assert reply.header("access-control-allow-origin") == PAGE
    assert "x-request-id" in (reply.header("access-control-expose-headers") or "")
    # The origin is in the reply: a cache must not hand it to another page.
    assert "origin" in [name.strip().lower() for value in reply.all("vary") for name in value.split(",")]


def test_console_answers_only_the_pages_that_were_named(gateway: Gateway) -> None:
    for method in ("GET", "OPTIONS"):
        named = gateway.call(method, "/console/api/things/5", origin=CONSOLE_PAGE, access_control_request_method="GET")
        assert named.status == 200
        assert named.header("access-control-allow-origin") == CONSOLE_PAGE
        assert named.header("access-control-allow-credentials") == "true"
        other = gateway.call(method, "/console/api/things/5", origin=PAGE, access_control_request_method="GET")
        assert other.header("access-control-allow-origin") is None
        assert other.header("access-control-allow-credentials") is None


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/things"), ("GET", "/v1/nope"), ("DELETE", "/v1/talk"), ("GET", "/health")]
)
def test_request_id_is_kept_and_echoed(gateway: Gateway, method: str, path: str) -> None:
    for mine in (str(uuid.uuid4()), "order-7"):
        reply = gateway.call(method, path, x_request_id=mine)
        assert reply.all("x-request-id") == [mine]
        if reply.status == 200 and reply.body:
            assert reply.json["metadata"]["x-request-id"] == mine


def test_request_id_is_made_when_there_is_none(gateway: Gateway) -> None:
    first, second = (gateway.get("/v1/things") for _ in range(2))
    ids = {reply.json["metadata"]["x-request-id"] for reply in (first, second)}
    assert ids == {first.header("x-request-id"), second.header("x-request-id")}
    assert len({uuid.UUID(one) for one in ids}) == 2


def test_access_log_has_one_json_line_for_a_rest_call(gateway: Gateway) -> None:
    reply = gateway.post("/v1/things?why=1", {"name": "x"})
    line = gateway.access_log(reply.header("x-request-id") or "")
    assert (line["method"], line["path"], line["rpc"]) == (
        "POST", "/v1/things", "/transom.demo.v1.ThingService/CreateThing"
    )
    assert (line["status"], line["code"], line["rx"], line["tx"]) == (200, None, 13, len(reply.body))
    assert line["upstream"].startswith("127.0.0.1:")
    assert line["ms"] >= 0
    assert line["ts"].endswith("Z")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_access_log_names_the_error_of_a_rest_call(gateway: Gateway, method: str) -> None:
    body = json.dumps({"code": "file_not_found", "message": '"code": "other"', "status": 404})
    fail = [5, "no", [["x-http-status", "404"], ["x-error-body", body]]]
    reply = gateway.call(method, "/v1/things", script={"fail": fail})
    line = gateway.access_log(reply.header("x-request-id") or "")
    assert (line["status"], line["code"], line["details"]) == (404, "file_not_found", "via_upstream")
    assert line["method"] == method


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize("path", ["/v1/things/5", "/v1/nope"])
def test_access_log_names_the_method_that_was_asked(gateway: Gateway, method: str, path: str) -> None:
    mine = str(uuid.uuid4())
    gateway.call(method, path, x_request_id=mine, x_rest_method="POST")
    line = gateway.access_log(mine)
    assert (line["method"], line["path"]) == (method, path)


def test_access_log_tells_the_gateways_errors_from_the_servers(gateway: Gateway) -> None:
    own = gateway.get("/v1/nope")
    line = gateway.access_log(own.header("x-request-id") or "")
    assert (line["status"], line["upstream"], line["path"]) == (404, None, "/v1/nope")


@pytest.mark.parametrize("path", ["/v1/things", "/v1/things?page=x&", "/v1/nope?"])
def test_access_log_holds_no_key_and_no_token(gateway: Gateway, path: str) -> None:
    path = f"{path}?token=secret" if "?" not in path else f"{path}token=secret"
    reply = gateway.get(path, authorization="Bearer app-secret", cookie="access_token=secret")
    assert "secret" not in json.dumps(gateway.access_log(reply.header("x-request-id") or ""))


@pytest.mark.parametrize(
    ("method", "path", "body", "calls", "status"),
    [
        ("GET", "/v1/things", None, 2, 200),
        ("GET", "/v1/things/5/events", None, 2, 200),
        ("GET", "/v1/things/5/content", None, 2, 200),
        ("HEAD", "/v1/things", None, 2, 200),
        ("POST", "/v1/things", {}, 1, 503),
        ("POST", "/v1/talk", {"response_mode": "streaming"}, 1, 503),
        ("POST", "/v1/talk", {"response_mode": "blocking"}, 1, 503),
        ("POST", "/v1/things/upload", b"x", 1, 503),
        ("PUT", "/v1/things/5", {}, 1, 503),
        ("PATCH", "/v1/things/5", {}, 1, 503),
        ("DELETE", "/v1/things/5", None, 1, 503),
    ],
)
def test_only_reads_are_tried_again_when_a_server_was_unavailable(
    gateway: Gateway, backend: Backend, method: str, path: str, body: Any, calls: int, status: int
) -> None:
    name = f"retry {method} {path} {body}"
    reply = gateway.call(method, path, body, script={"first": [name, 1, UNAVAILABLE]})
    assert (reply.status, backend.calls[name]) == (status, calls)


def test_read_is_tried_three_times_and_no_more(gateway: Gateway, backend: Backend) -> None:
    reply = gateway.get("/v1/things", script={"first": ["never", 99, UNAVAILABLE]})
    assert (reply.status, backend.calls["never"]) == (503, 3)


def test_error_of_the_caller_is_not_tried_again(gateway: Gateway, backend: Backend) -> None:
    reply = gateway.get("/v1/things", script={"first": ["caller", 99, [5, "no", []]]})
    assert (reply.status, backend.calls["caller"]) == (404, 1)


def test_read_goes_to_another_server_when_the_first_breaks(make_gateway: MakeGateway, schema: Schema) -> None:
    with Backend(schema) as one, Backend(schema) as two, make_gateway([one.port, two.port]) as gateway:
        both_healthy(gateway, 2)
        script = {"first": ["first time", 1, UNAVAILABLE]}
        # Each fails its first call only, so a second try on the same server would do: what counts is that none fails.
        assert [gateway.get("/v1/things", script=script).status for _ in range(6)] == [200] * 6
        assert one.calls["first time"] + two.calls["first time"] == 8


def test_call_that_cannot_begin_goes_to_another_server(make_gateway: MakeGateway, schema: Schema) -> None:
    with Backend(schema) as stays:
        with Backend(schema) as leaves, make_gateway([stays.port, leaves.port]) as gateway:
            both_healthy(gateway, 2)
            leaves.stop()
            replies = [gateway.post("/v1/things", {"name": "x"}, script={"first": ["all", 0, UNAVAILABLE]}) for _ in range(20)]
        assert [reply.status for reply in replies] == [200] * 20
        assert stays.calls["all"] == 20


def test_server_that_stops_serving_gets_no_new_calls_and_ends_its_streams(
    make_gateway: MakeGateway, schema: Schema
) -> None:
    script = {"type": "text/event-stream", "parts": ["data: 1\n\n", "data: 2\n\n"], "hold": "running"}
    with Backend(schema) as one, Backend(schema) as two, make_gateway([one.port, two.port]) as gateway:
        both_healthy(gateway, 2)
        with gateway.open("GET", "/v1/things/5/events", script=script) as response:
            assert response.read1(100) == b"data: 1\n\n"
            leaving, staying = (one, two) if one.waits("running") else (two, one)
            leaving.serving(False)
            both_healthy(gateway, 1)
            for _ in range(10):
                assert gateway.get("/v1/things", script={"first": ["new", 0, UNAVAILABLE]}).status == 200
            assert (leaving.calls["new"], staying.calls["new"]) == (0, 10)
            leaving.release("running")
            assert response.read() == b"data: 2\n\n"


def test_draining_gateway_finishes_its_streams(make_gateway: MakeGateway, backend: Backend) -> None:
    script = {"type": "text/event-stream", "parts": ["data: 1\n\n", "data: 2\n\n"], "hold": "drained"}
    with make_gateway([backend.port]) as gateway, gateway.open("GET", EVENTS, script=script) as response:
        assert response.read1(100) == b"data: 1\n\n"
        admin(gateway, "/healthcheck/fail")
        admin(gateway, "/drain_listeners?graceful&skip_exit")
        assert gateway.get("/health").status == 503
        still = gateway.get("/v1/things")
        assert (still.status, still.header("connection")) == (200, "close")
        backend.release("drained")
        assert response.read() == b"data: 2\n\n"


def both_healthy(gateway: Gateway, number: int) -> None:
    """Wait until the gateway counts so many servers as healthy."""
    wait_until(lambda: admin(gateway, "/clusters", "GET").count("::health_flags::healthy") == number, "health is known", every=0.05)


def admin(gateway: Gateway, path: str, method: str = "POST") -> str:
    """Call Envoy's own pages."""
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.admin_port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return str(reply.read().decode())


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_success_has_the_status_that_the_server_chose(gateway: Gateway, status: int) -> None:
    initial = [["x-http-status", str(status)], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]
    reply = gateway.post("/v1/things", {}, script={"initial": initial, "parts": ['{"a": 1}']})
    assert (reply.status, reply.body, reply.header("x-http-status")) == (status, b'{"a": 1}', None)
    assert reply.all("set-cookie") == ["a=1", "b=2"]


def test_no_content_is_empty_and_leaves_the_connection_usable(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    script = json.dumps({"initial": [["x-http-status", "204"]], "parts": ["{}"]})
    for _ in range(3):
        connection.request("DELETE", "/v1/things/5", headers={"x-script": script, "accept-encoding": "gzip"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (204, b"")
        named = {key.lower() for key, _ in response.getheaders()}
        assert not named & {"content-type", "content-length", "transfer-encoding", "content-encoding"}
    connection.close()


@pytest.mark.parametrize(
    ("path", "script", "status", "kind"),
    [
        ("/v1/things", {"parts": [{"fill": 5000}]}, 200, "application/json"),
        ("/v1/things/5/content", {"type": "image/png", "parts": ["abcd", "efgh"]}, 200, "image/png"),
        ("/v1/nope", {}, 404, "application/json"),
        ("/v1/things?page=x", {}, 400, "application/json"),
        ("/v1/talk", {}, 405, "application/json"),
        ("/v1/things/5/events", {}, 405, "application/json"),
        ("/v1/things", {"fail": [5, "no", [["x-http-status", "404"], ["x-error-body", "{}"]]]}, 404, "application/json"),
    ],
)
def test_head_is_get_without_a_body(gateway: Gateway, path: str, script: dict[str, Any], status: int, kind: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    headers = {"x-script": json.dumps(script), "accept-encoding": "gzip"}
    for _ in range(2):
        connection.request("HEAD", path, headers=headers)
        response = connection.getresponse()
        assert (response.status, response.getheader("content-type"), response.read()) == (status, kind, b"")
    # Nothing of a body is left for the next reply to begin with.
    connection.request("GET", "/v1/things/5")
    assert json.loads(connection.getresponse().read())["request"] == {"thing_id": "5"}
    connection.close()


def test_head_says_how_long_a_download_is(gateway: Gateway) -> None:
    script = {"type": "image/png", "initial": [["x-content-length", "8"]], "parts": ["abcd", "efgh"]}
    reply = gateway.call("HEAD", "/v1/things/5/content", script=script)
    assert (reply.status, reply.header("content-length"), reply.body) == (200, "8", b"")


def test_reply_names_no_part_of_the_inside(gateway: Gateway) -> None:
    for call in (gateway.get, gateway.post):
        reply = call("/v1/things", script={})
        named = {key.lower() for key, _ in reply.headers}
        assert named == {"content-type", "content-length", "date", "vary", "x-request-id"}


def test_administration_is_not_public(rendered: Callable[..., dict[str, Any]]) -> None:
    assert rendered()["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def http2_call(gateway: Gateway, path: str, script: dict[str, Any]) -> tuple[dict[str, str], bytes, list[str] | None]:
    """Headers and body of a GET over HTTP/2, and the names of its trailers; None without any."""
    connection = H2Connection()
    connection.initiate_connection()
    connection.send_headers(1, [
        (":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", path),
        ("x-script", json.dumps(script)),
    ], end_stream=True)  # fmt: skip
    headers: dict[str, str] = {}
    body, trailers = b"", None
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as wire:
        while True:
            wire.sendall(connection.data_to_send())
            for said in connection.receive_data(wire.recv(65536)):
                if isinstance(said, h2_events.ResponseReceived):
                    headers = {key.decode(): value.decode() for key, value in said.headers}
                elif isinstance(said, h2_events.DataReceived):
                    body += said.data
                elif isinstance(said, h2_events.TrailersReceived):
                    trailers = [key.decode() for key, _ in said.headers]
                elif isinstance(said, h2_events.StreamEnded):
                    return headers, body, trailers


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/v1/things", {"parts": [{"fill": 10}]}),
        (EVENTS, {"parts": [{"fill": 10}, {"fill": 20}]}),
        ("/v1/things", {"fail": [5, "no", []]}),
    ],
)
def test_rest_over_http_2_has_no_trailers(gateway: Gateway, path: str, script: dict[str, Any]) -> None:
    headers, body, trailers = http2_call(gateway, path, script)
    assert headers[":status"] in {"200", "404"} and body
    assert trailers is None
    assert not [name for name in headers if name.startswith("grpc-")]
