"""Native gRPC and gRPC-Web through the port that also serves REST."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.gateway.backend import Backend, Schema
from tests.gateway.running import Gateway, Reply
from tests.harness.stores import wait_until

THINGS = "/transom.demo.v1.ThingService"
SECONDS = 20


@pytest.fixture(scope="module")
def channel(gateway: Gateway) -> Iterator[grpc.Channel]:
    """A channel with a client's defaults."""
    with grpc.insecure_channel(f"127.0.0.1:{gateway.port}") as opened:
        yield opened


class Caller:
    """Calls RPCs by name, without generated code."""

    def __init__(self, channel: grpc.Channel, schema: Schema) -> None:
        self._channel = channel
        self.schema = schema

    def rpc(self, name: str) -> Any:
        """A multi-callable of the right kind."""
        method = self.schema.method(name)
        kinds = {
            (False, False): self._channel.unary_unary, (False, True): self._channel.unary_stream,
            (True, False): self._channel.stream_unary,
        }
        make: Any = kinds[method.client_streaming, method.server_streaming]
        decode = self.schema.message(method.output_type).FromString
        return make(name, request_serializer=lambda message: message.SerializeToString(), response_deserializer=decode)

    def request(self, name: str, /, **fields: Any) -> Any:
        """A request of an RPC."""
        return self.schema.message(self.schema.method(name).input_type)(**fields)


@pytest.fixture
def caller(channel: grpc.Channel, schema: Schema) -> Caller:
    return Caller(channel, schema)


def script(**fields: Any) -> list[tuple[str, str]]:
    """Metadata that tells the backend what to do."""
    return [("x-script", json.dumps(fields))]


def test_unary_call_answers_with_the_typed_message(caller: Caller) -> None:
    name = f"{THINGS}/GetThing"
    answer = caller.rpc(name)(caller.request(name, thing_id="5"), timeout=SECONDS)
    assert (answer.DESCRIPTOR.full_name, answer.rpc) == ("transom.demo.v1.Thing", name)


def test_stream_answers_with_typed_messages_one_by_one(caller: Caller, backend: Backend) -> None:
    name = "/transom.demo.v1.TalkStreamService/StreamTalk"
    stream = caller.rpc(name)(caller.request(name), metadata=script(parts=[0, 0, 0], hold="native"), timeout=SECONDS)
    assert next(stream).rpc == name
    backend.release("native")
    assert [answer.rpc for answer in stream] == [name, name]


def test_both_halves_of_a_shared_path_are_called_by_name(caller: Caller) -> None:
    # Neither `response_mode` nor the REST path plays a part.
    for name in ("/transom.demo.v1.TalkService/Talk", "/transom.demo.v1.TalkStreamService/StreamTalk"):
        answer = caller.rpc(name)(caller.request(name, response_mode="blocking"), timeout=SECONDS)
        first = answer if name.endswith("/Talk") else next(answer)
        assert first.rpc == name


def test_upload_streams_messages(caller: Caller) -> None:
    name = f"{THINGS}/Upload"
    pieces = [caller.request(name, content_type="a/b", data=b"x" * 1_000_000) for _ in range(20)]
    assert caller.rpc(name)(iter(pieces), timeout=SECONDS).bytes == 20_000_000


def test_large_message_passes(caller: Caller) -> None:
    name = f"{THINGS}/GetThing"
    assert caller.rpc(name)(caller.request(name, name="x" * 10_000_000), timeout=SECONDS).rpc == name


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
@pytest.mark.parametrize("name", [f"{THINGS}/GetThing", f"{THINGS}/Watch", f"{THINGS}/Upload"])
def test_error_keeps_its_code_text_and_details(caller: Caller, name: str, code: grpc.StatusCode) -> None:
    fail = script(fail=[code.value[0], 'it is "so" — 100%', [["x-reason", "a"], ["retry-after", "7"]]])
    request = caller.request(name, **({"data": b"x"} if name.endswith("/Upload") else {}))
    sent = iter([request]) if name.endswith("/Upload") else request
    with pytest.raises(grpc.RpcError) as caught:
        done = caller.rpc(name)(sent, metadata=fail, timeout=SECONDS)
        list(done if name.endswith("/Watch") else [])
    assert (caught.value.code(), caught.value.details()) == (code, 'it is "so" — 100%')
    assert dict(caught.value.trailing_metadata())["x-reason"] == "a"


def test_unknown_rpc_is_unimplemented(channel: grpc.Channel) -> None:
    for name in ("/transom.demo.v1.ThingService/Nothing", "/transom.demo.v1.Nothing/Get", "/other.Service/Get"):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(name)(b"", timeout=SECONDS)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_absent_server_is_unavailable_in_grpcs_own_words(deserted: Gateway) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{deserted.port}") as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"{THINGS}/GetThing")(b"", timeout=SECONDS)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "{" not in caught.value.details()


def test_cancelled_call_cancels_the_handler(caller: Caller, backend: Backend) -> None:
    name = f"{THINGS}/Watch"
    stream = caller.rpc(name)(caller.request(name), metadata=script(parts=[0, 0], hold="native left"), timeout=SECONDS)
    assert next(stream).rpc == name
    stream.cancel()
    wait_until(lambda: "native left" in backend.cancelled, "the handler is cancelled")


def test_deadline_of_the_caller_reaches_the_handler(caller: Caller, backend: Backend) -> None:
    name = f"{THINGS}/GetThing"
    with pytest.raises(grpc.RpcError) as caught:
        caller.rpc(name)(caller.request(name), metadata=script(hold="native late"), timeout=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: "native late" in backend.cancelled, "the handler is cancelled")


def test_native_caller_cannot_pass_for_rest(caller: Caller, backend: Backend) -> None:
    # A server that believed it would print JSON, and read the caller's cookies.
    name = f"{THINGS}/GetThing"
    forged = [("x-envoy-original-path", "/v1/things/5"), ("x-rest-content-type", "application/json")]
    answer = caller.rpc(name)(caller.request(name), metadata=forged, timeout=SECONDS)
    assert answer.rpc == name


def test_reflection_lists_every_service(channel: grpc.Channel, schema: Schema) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=SECONDS)
    listed = {service.name for service in answer.list_services_response.service}
    assert set(schema.service_names()) <= listed


def test_reflection_describes_a_service(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol="transom.demo.v1.ThingService")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=SECONDS)
    assert answer.file_descriptor_response.file_descriptor_proto


def test_health_is_served_on_the_public_port(channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()


def test_access_log_says_the_grpc_status_of_a_native_call(gateway: Gateway, caller: Caller) -> None:
    name = f"{THINGS}/GetThing"
    with pytest.raises(grpc.RpcError):
        caller.rpc(name)(
            caller.request(name), metadata=[*script(fail=[5, "no", []]), ("x-request-id", "native-7")], timeout=SECONDS
        )
    line = gateway.access_log("native-7")
    assert (line["rpc"], line["grpc_status"]) == (name, "NOT_FOUND")


# --- gRPC-Web


def frame(message: Any) -> bytes:
    """A gRPC-Web data frame."""
    data = message.SerializeToString()
    return struct.pack(">BI", 0, len(data)) + data


def frames(body: bytes) -> tuple[list[bytes], dict[str, str]]:
    """Messages and trailers of a gRPC-Web body."""
    messages, trailers = [], {}
    while body:
        flag, size = struct.unpack(">BI", body[:5])
        data, body = body[5 : 5 + size], body[5 + size :]
        if flag & 0x80:
            trailers = dict(line.split(":", 1) for line in data.decode().strip().split("\r\n"))
        else:
            messages.append(data)
    return messages, trailers


def web(gateway: Gateway, caller: Caller, name: str, kind: str = "application/grpc-web+proto", **fields: Any) -> Reply:
    """One gRPC-Web call as a browser makes it."""
    body = frame(caller.request(name))
    sent = base64.b64encode(body) if "text" in kind else body
    page = {"origin": "https://page.example", "x_grpc_web": "1"}
    return gateway.post(name, sent, script=fields, content_type=kind, accept=kind, **page)


def test_grpc_web_answers_a_unary_call(gateway: Gateway, caller: Caller) -> None:
    name = f"{THINGS}/GetThing"
    reply = web(gateway, caller, name)
    assert (reply.status, reply.header("content-type")) == (200, "application/grpc-web+proto")
    messages, trailers = frames(reply.body)
    thing = caller.schema.message(caller.schema.method(name).output_type)
    assert [thing.FromString(message).rpc for message in messages] == [name]
    assert trailers["grpc-status"] == "0"
    assert reply.header("access-control-allow-origin") == "https://page.example"


def test_grpc_web_streams_events_one_by_one(gateway: Gateway, caller: Caller, backend: Backend) -> None:
    name = "/transom.demo.v1.TalkStreamService/StreamTalk"
    request = frame(caller.request(name))
    with gateway.open(
        "POST", name, request, script={"parts": [0, 0], "hold": "web"}, content_type="application/grpc-web+proto"
    ) as response:
        assert response.read1(5)[0] == 0
        backend.release("web")
        rest = response.read()
    assert b"grpc-status:0" in rest


def test_grpc_web_text_is_answered_as_text(gateway: Gateway, caller: Caller) -> None:
    reply = web(gateway, caller, f"{THINGS}/GetThing", "application/grpc-web-text")
    assert (reply.status, reply.header("content-type")) == (200, "application/grpc-web-text+proto")
    assert base64.b64decode(reply.body[:8])[0] == 0


def test_grpc_web_error_carries_status_and_text(gateway: Gateway, caller: Caller) -> None:
    reply = web(gateway, caller, f"{THINGS}/GetThing", fail=[5, "not here", [["x-reason", "a"]]])
    _, trailers = frames(reply.body)
    said = {**dict(reply.headers), **trailers}
    assert reply.status == 200
    assert (said["grpc-status"], said["grpc-message"], said["x-reason"]) == ("5", "not here", "a")


def test_grpc_content_type_on_a_rest_path_is_no_rest_call(gateway: Gateway) -> None:
    reply = gateway.post("/v1/things", b"", content_type="application/grpc-web+proto")
    assert reply.header("grpc-status") in {"12", "14"}
    assert not reply.body.startswith(b"{")
