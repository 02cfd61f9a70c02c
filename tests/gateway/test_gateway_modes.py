"""One path, two answers: `response_mode` in the body picks the RPC."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.gateway.running import Gateway, Reply

BLOCKING, STREAMING = "Talk", "StreamTalk"
MIB = 1024 * 1024


def rpc(reply: Reply) -> str:
    """The RPC that answered."""
    assert reply.status == 200, reply
    return str(reply.json["rpc"]).rpartition("/")[2]


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ({"response_mode": "streaming"}, STREAMING),
        ({"response_mode": "blocking"}, BLOCKING),
        ({}, BLOCKING),
        ({"response_mode": None}, BLOCKING),
        ({"response_mode": ""}, BLOCKING),
        ({"response_mode": "Streaming"}, BLOCKING),
        ({"response_mode": "later"}, BLOCKING),
        ({"inputs": {"response_mode": "streaming"}}, BLOCKING),
        ({"query": '"response_mode": "streaming"'}, BLOCKING),
        ({"response_mode": "blocking", "inputs": {"response_mode": "streaming"}}, BLOCKING),
        ('{"response_mode": "blocking", "response_mode": "streaming"}', STREAMING),
        ('{"response_mode": "streaming", "response_mode": "blocking"}', BLOCKING),
        ('{"response\\u005fmode": "streaming"}', STREAMING),
        ('{"response_mode": "stre\\u0061ming"}', STREAMING),
        ('  {"response_mode"\n:\t"streaming"}  ', STREAMING),
        # The transcoder reads these, so the server must not trust the field over the RPC it is in.
        ('{"responseMode": "streaming"}', BLOCKING),
        ("{response_mode: 'streaming'}", BLOCKING),
        ('{"response_mode": "streaming",}', BLOCKING),
        ("", BLOCKING),
    ],
)
def test_response_mode_picks_the_rpc(gateway: Gateway, body: dict[str, Any] | str, answers: str) -> None:
    assert rpc(gateway.post("/v1/talk", body, content_type="application/json")) == answers


@pytest.mark.parametrize("path", ["/v1/talk", "/v1/talk/", "/v1/talk?user=u", "/v1//talk"])
def test_streaming_is_picked_on_every_spelling_of_the_path(gateway: Gateway, path: str) -> None:
    assert rpc(gateway.post(path, {"response_mode": "streaming"})) == STREAMING


def test_query_parameter_does_not_pick_streaming(gateway: Gateway) -> None:
    assert rpc(gateway.post("/v1/talk?response_mode=streaming", {"query": "x"})) == BLOCKING


def test_query_parameter_that_contradicts_the_body_is_refused(gateway: Gateway) -> None:
    reply = gateway.post("/v1/talk?response_mode=blocking", {"response_mode": "streaming"})
    assert (reply.status, reply.json["code"]) == (400, "invalid_param")
    assert "response_mode" in reply.json["message"]


def test_path_with_a_variable_picks_by_mode_too(gateway: Gateway) -> None:
    for mode, name in (("streaming", "StreamTalkToThing"), ("blocking", "TalkToThing")):
        reply = gateway.post("/v1/things/5/talk", {"response_mode": mode})
        assert rpc(reply) == name
        assert reply.json["request"] == {"thing_id": "5", "response_mode": mode}


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", None]
)
def test_content_type_does_not_change_the_choice(gateway: Gateway, kind: str | None) -> None:
    headers = {} if kind is None else {"content_type": kind}
    reply = gateway.post("/v1/talk", '{"response_mode": "streaming"}', **headers)
    assert rpc(reply) == STREAMING
    # The server is told, and refuses what is not JSON.
    assert reply.json["metadata"].get("x-rest-content-type") == kind


def test_client_cannot_claim_another_content_type(gateway: Gateway) -> None:
    reply = gateway.post("/v1/talk", "{}", content_type="text/plain", x_rest_content_type="application/json")
    assert reply.json["metadata"]["x-rest-content-type"] == "text/plain"


@pytest.mark.parametrize("size", [100_000, MIB, 3 * MIB, 10 * MIB, 15 * MIB - 100])
@pytest.mark.parametrize(("mode", "answers"), [("streaming", STREAMING), ("blocking", BLOCKING)])
def test_large_body_is_read_to_the_end(gateway: Gateway, size: int, mode: str, answers: str) -> None:
    body = json.dumps({"query": "x" * size, "response_mode": mode})
    assert rpc(gateway.post("/v1/talk", body)) == answers


def test_chunked_body_picks_the_rpc(gateway: Gateway) -> None:
    pieces = [b'{"query": "' + b"x" * 70_000, b'", "response_', b'mode": "stream', b'ing"}']
    reply, _ = gateway.upload("/v1/talk", pieces, None, content_type="application/json")
    assert rpc(reply) == STREAMING


@pytest.mark.parametrize(
    "body",
    [
        '{"response_mode": "streaming"', "[]", "null", "5", '"streaming"', '[{"response_mode": "streaming"}]',
        '\ufeff{"response_mode": "streaming"}', '{"response_mode": "streaming"} x',
    ],
)
def test_body_that_is_no_object_is_a_bad_request(gateway: Gateway, body: str) -> None:
    reply = gateway.post("/v1/talk", body.encode(), content_type="application/json")
    assert (reply.status, reply.json["code"]) == (400, "bad_request")


@pytest.mark.parametrize(("value", "shown"), [("5", "5"), ("true", "true"), ("1.5", "1.5")])
def test_mode_of_a_wrong_type_is_refused_by_name(gateway: Gateway, value: str, shown: str) -> None:
    reply = gateway.post("/v1/talk", f'{{"response_mode": {value}}}', content_type="application/json")
    assert (reply.status, reply.json["code"]) == (400, "invalid_param")
    assert reply.json["message"] == f"response_mode: invalid value {shown} for type string"


def test_many_mixed_calls_never_meet_the_wrong_rpc(gateway: Gateway) -> None:
    modes = [random.Random(at).choice(["streaming", "blocking"]) for at in range(300)]

    def call(mode: str) -> str:
        return rpc(gateway.post("/v1/talk", {"response_mode": mode}))

    with ThreadPoolExecutor(10) as threads:
        found = list(threads.map(call, modes))
    assert found == [STREAMING if mode == "streaming" else BLOCKING for mode in modes]
