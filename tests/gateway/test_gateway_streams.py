"""Server-sent events through Envoy: exact bytes, nothing held back, nothing left running."""

from __future__ import annotations

import http.client
import json

import pytest

from server.edge.sse import SsePrinter
from tests.gateway.backend import Backend
from tests.gateway.running import Gateway
from tests.harness.stores import wait_until
from transom.run.v1.event_pb2 import RunEvent

SSE = "text/event-stream"
STREAMING = {"query": "x", "response_mode": "streaming"}
EVENTS = [
    RunEvent(sequence=1, task_id="t", message_id="m", conversation_id="c", created_at=1, message={"answer": 'Hi "é"\n'}),
    RunEvent(task_id="t", ping={}),
    RunEvent(sequence=2, task_id="t", message_id="m", conversation_id="c", created_at=1, message={"answer": "event: ping"}),
]
WIRE = (
    'data: {"event":"message","conversation_id":"c","message_id":"m","created_at":1,"task_id":"t","id":"m",'
    '"answer":"Hi \\"é\\"\\n","from_variable_selector":null}\n\n'
    "event: ping\n\n"
    'data: {"event":"message","conversation_id":"c","message_id":"m","created_at":1,"task_id":"t","id":"m",'
    '"answer":"event: ping","from_variable_selector":null}\n\n'
).encode()


def printed(*, ids: bool = False) -> list[str]:
    """Each event in a write of its own, as the server makes them."""
    printer = SsePrinter(ids=ids)
    return [printer.print([event]).decode() for event in EVENTS]


def test_stream_of_events_and_pings_arrives_byte_for_byte(gateway: Gateway) -> None:
    reply = gateway.post("/v1/talk", STREAMING, script={"type": SSE, "parts": printed()})
    assert (reply.status, reply.header("content-type")) == (200, "text/event-stream; charset=utf-8")
    assert reply.body == WIRE
    assert reply.header("transfer-encoding") == "chunked"
    assert reply.header("content-length") is None


def test_stream_with_ids_numbers_each_event_but_no_ping(gateway: Gateway) -> None:
    reply = gateway.get("/v1/things/5/events", script={"type": SSE, "parts": printed(ids=True)})
    frames = reply.body.decode().split("\n\n")
    assert [frame.split("\n")[0] for frame in frames] == ["id: 1", "event: ping", "id: 2", ""]
    assert reply.body.replace(b"id: 1\n", b"").replace(b"id: 2\n", b"") == WIRE


@pytest.mark.parametrize("encoding", ["identity", "gzip, deflate, br"])
@pytest.mark.parametrize(
    ("method", "path", "body"), [("POST", "/v1/talk", STREAMING), ("GET", "/v1/things/5/events", None)]
)
def test_event_arrives_while_the_call_goes_on(
    gateway: Gateway, backend: Backend, method: str, path: str, body: dict[str, str] | None, encoding: str
) -> None:
    name = f"{method} {encoding}"
    # Larger than what the compressor leaves alone.
    script = {"type": SSE, "parts": ["data: 1\n\n" + ": " + "x" * 3000 + "\n\n", "data: 2\n\n"], "hold": name}
    with gateway.open(method, path, body, script=script, accept_encoding=encoding) as response:
        assert response.read1(9) == b"data: 1\n\n"
        assert response.getheader("content-encoding") is None
        backend.release(name)
        assert response.read().endswith(b"data: 2\n\n")


def test_headers_arrive_before_the_first_event(gateway: Gateway, backend: Backend) -> None:
    script = {"type": SSE, "parts": ["", "data: 1\n\n"], "hold": "headers", "initial": [["cache-control", "no-cache"]]}
    with gateway.open("POST", "/v1/talk", STREAMING, script=script) as response:
        assert (response.status, response.getheader("cache-control")) == (200, "no-cache")
        backend.release("headers")
        assert response.read() == b"data: 1\n\n"


@pytest.mark.parametrize(
    ("method", "path", "body"), [("POST", "/v1/talk", STREAMING), ("GET", "/v1/things/5/events", None)]
)
def test_disconnect_cancels_the_stream(
    gateway: Gateway, backend: Backend, method: str, path: str, body: dict[str, str] | None
) -> None:
    name = f"left {method}"
    with gateway.open(method, path, body, script={"type": SSE, "parts": ["data: 1\n\n", ""], "hold": name}) as response:
        assert response.read1(100) == b"data: 1\n\n"
    wait_until(lambda: name in backend.cancelled, "the handler is cancelled")


def test_disconnect_cancels_a_unary_call(gateway: Gateway, backend: Backend) -> None:
    with gateway.connect() as connection:
        head = f"GET /v1/things/5 HTTP/1.1\r\nhost: x\r\nx-script: {json.dumps({'hold': 'left unary'})}\r\n\r\n"
        connection.sendall(head.encode())
        wait_until(lambda: backend.waits("left unary"), "the call has begun")
    wait_until(lambda: "left unary" in backend.cancelled, "the handler is cancelled")


def test_silent_stream_is_cut_so_that_a_client_notices(impatient: Gateway, backend: Backend) -> None:
    script = {"type": SSE, "parts": ["data: 1\n\n", ""], "hold": "silent"}
    with pytest.raises(http.client.IncompleteRead) as caught:
        impatient.get("/v1/things/5/events", script=script)
    assert caught.value.partial == b"data: 1\n\n"
    wait_until(lambda: "silent" in backend.cancelled, "the handler is cancelled")


def test_pings_keep_a_stream_open_beyond_the_idle_limit(impatient: Gateway) -> None:
    # The limit is 2 s here; the stream lasts 2.5 s.
    script = {"type": SSE, "parts": ["data: 1\n\n", *["event: ping\n\n"] * 4, "data: 2\n\n"], "every": 0.5}
    reply = impatient.get("/v1/things/5/events", script=script)
    assert reply.body == b"data: 1\n\n" + b"event: ping\n\n" * 4 + b"data: 2\n\n"


def test_large_event_passes_whole(gateway: Gateway) -> None:
    reply = gateway.post("/v1/talk", STREAMING, script={"type": SSE, "parts": [{"fill": 3_000_000}, "\n\n"]})
    assert (reply.status, len(reply.body)) == (200, 3_000_002)


def test_stream_that_fails_after_its_first_event_is_cut(gateway: Gateway) -> None:
    script = {"type": SSE, "parts": ["data: 1\n\n"], "spoil": True, "fail_after": [13, "boom", []]}
    with pytest.raises(http.client.IncompleteRead) as caught:
        gateway.post("/v1/talk", STREAMING, script=script)
    assert caught.value.partial == b"data: 1\n\n"


def test_slow_reader_holds_back_the_server_and_gets_everything(gateway: Gateway, backend: Backend) -> None:
    script = {"type": SSE, "parts": [{"fill": 100_000}] * 400, "count": "slow"}
    with gateway.open("GET", "/v1/things/5/events", script=script) as response:
        response.read1(1)
        # Far less than the 40 MB fit into the buffers on the way.
        wait_until(lambda: backend.settled("slow"), "the server is held back")
        assert backend.calls["slow"] < 300
        assert len(response.read()) == 400 * 100_000 - 1
