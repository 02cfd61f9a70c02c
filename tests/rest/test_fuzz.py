"""Whatever comes in, a caller gets an answer with the error envelope, never a 5xx, and nothing is lost.

Fields are read from the descriptors, so a new RPC is tried the day it is added. Examples are
bounded and the same in every run.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.contract import Binding
from server.chat.model_config import to_console
from tests.harness.product import App, Product, Workspace
from tests.rest.calls import BINDINGS, Field, policy_of, request_fields, rest, with_value
from tests.rest.flows import PATIENT, flow
from tests.rest.parties import FORM, INSIDE, MAKERS, UPLOADS, OtherWorkspace, Party, Workplace, mode_of
from transom.common.v1 import options_pb2

# Calls that end the session they are made with; they are made with a session of their own.
ENDS_SESSION = {"Logout", "RefreshToken", "ChangePassword", "SwitchWorkspace"}
DEEP: Any = 0
for _ in range(150):
    DEEP = {"a": [DEEP]}
# What no field expects everywhere.
ODD: Mapping[str, Any] = {
    "null": None, "true": True, "zero": 0, "negative": -1, "fraction": 1.5, "beyond 32 bits": 2**31,
    "beyond 64 bits": 2**70, "huge": 1e308, "empty": "", "blank": "   ", "text": "zzz", "nul": "a\x00b",
    "long": "x" * 70_000, "control": "\x01\x1f\x7f", "emoji": "\U0001F600\u202e", "list": [], "lists": [[[]], [None]],
    "object": {}, "objects": {"a": {"b": None}, "": [{}]}, "deep": DEEP, "uuid": str(uuid.UUID(int=5)),
    "braces": "{{a}}{{#context#}}%s{0}${b}", "sql": "'; DROP TABLE apps; --", "path": "../../etc/passwd\\",
}  # fmt: skip
APP_FILE = """
version: "0.5.0"
kind: app
app: {name: imported, mode: chat, icon: "", description: ""}
model_config: {model: {provider: openai, name: gpt-4o, mode: chat, completion_params: {}}}
"""
FUZZ = settings(
    derandomize=True, deadline=None, database=None, max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def party(product: Product, workspace: Workspace, model_url: str) -> Party:
    """Someone in a workspace of their own, which may be spoiled; ``workspace`` sets the instance up."""
    place = Workplace(OtherWorkspace(product, model_url), model_url)
    on = {
        "suggested_questions_after_answer": {"enabled": True}, "more_like_this": {"enabled": True}, "file_upload": UPLOADS,
        "user_input_form": FORM,
    }  # fmt: skip
    apps = {mode: place.workspace.app(mode, **on) for mode in ("chat", "completion")}
    apps["workflow"] = flow(place.workspace, PATIENT)
    return Party(place, apps, "alice")


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_lost(product: Product, party: Party) -> Iterator[None]:
    """Both servers are well at the end, none was surprised, and what was stored before is still there."""
    app = party.apps["chat"]
    before = app.send("kept?", user="keeper").json()
    logs = {name: len(product.log(name)) for name in product.parts}
    yield
    assert product.healthy_servers() == product.servers
    for name, start in logs.items():
        assert "Traceback" not in product.log(name)[start:]
    page = app.http.get("/v1/messages", params={"user": "keeper", "conversation_id": before["conversation_id"]})
    assert [message["id"] for message in page.json()["data"]] == [before["message_id"]]


def assert_sound(reply: httpx.Response) -> None:
    """An answer that a client can understand; errors are the caller's, in the envelope of errors.md section 1."""
    shown = f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text[:300]!r}"
    assert reply.status_code < 500, shown
    if reply.status_code < 400:
        return
    body = reply.json()
    if body.get("status") in {"failed", "pending"}:
        # A refused import says so in the shape of an import (console-api.md section 6).
        assert reply.request.url.path.startswith("/console/api/apps/imports"), shown
        return
    assert {"code", "message", "status"} <= set(body) <= {"code", "message", "status", "params"}, shown
    assert isinstance(body["message"], str), shown
    assert re.fullmatch(r"[a-z_-]+", body["code"]), shown
    assert body["status"] == reply.status_code, shown
    assert "Traceback" not in reply.text, shown


def _client(binding: Binding, party: Party) -> httpx.Client:
    policy = policy_of(binding)
    mode = mode_of(binding)
    client = party.client(options_pb2.Auth.Name(policy.auth), mode)
    if binding.method.name in ENDS_SESSION:
        return httpx.Client(base_url=client.base_url, timeout=60, cookies=dict(client.cookies), headers=client.headers)
    return client


def _sound_values(binding: Binding, party: Party) -> dict[str, Any]:
    """Values that lead as far into a call as can be without making things first."""
    texts = {
        "user": party.user, "query": "hi", "inputs": {}, "name": "a name", "mode": "chat", "provider": "openai",
        "model": "m", "model_type": "llm", "credentials": {**party.provider_form, "openai_api_key": "sk-invalid"},
        "rating": "like", "conversation_id": "", "action": "enable", "type": "string",
        # Not base64, so that no password is hashed: that takes long on purpose.
        "email": f"{uuid.uuid4()}@example.com", "password": "not base64",
    }  # fmt: skip
    values = {name: texts[name] for name in binding.method.input_type.fields_by_name if name in texts}
    if binding.method.name == "ImportApp":
        values |= {"mode": "yaml-content", "yaml_content": APP_FILE}
    for name in binding.variables:
        values[name] = values.get(name) or _own_id(binding, name, party)
    return values


def _own_id(binding: Binding, name: str, party: Party) -> str:
    """Something of the caller's for a variable of the path; what would be deleted is nothing of theirs."""
    (field,) = (field for field in request_fields(binding) if field.path == name)
    kind = field.wire.resource
    if name in {"node_id", "block_type"}:
        return "llm"
    if binding.verb == "DELETE" or kind not in MAKERS or kind == "task":
        return str(uuid.UUID(int=7))
    return party.kept(mode_of(binding), {kind, *INSIDE.get(kind, ())})[kind]


_FIELDS = [
    (binding, field)
    for binding in BINDINGS
    for field in request_fields(binding)
    if field.path.partition(".")[0] not in binding.variables and not binding.uploads
]


def _send(binding: Binding, party: Party, values: Mapping[str, Any]) -> httpx.Response:
    verb, path, sent = rest(binding, values)
    if "params" in sent:
        sent["params"] = {name: _as_query(value) for name, value in sent["params"].items()}
    if "json" in sent:
        # As a client may write it: lone surrogates, big numbers and all.
        sent = {**sent, "content": json.dumps(sent.pop("json")), "headers": {"content-type": "application/json"}}
    return _client(binding, party).request(verb, path, **sent)


def _as_query(value: Any) -> str:
    """Text for a query; longer ones are refused by the client itself."""
    return (value if isinstance(value, str) else json.dumps(value))[:30_000]


@pytest.mark.parametrize(
    ("binding", "field"), _FIELDS,
    ids=[f"{binding.method.name}-{binding.verb}-{field.path}" for binding, field in _FIELDS],
)  # fmt: skip
def test_odd_value_in_a_field_is_told_or_taken(binding: Binding, field: Field, party: Party) -> None:
    values = _sound_values(binding, party)
    for value in ODD.values():
        assert_sound(_send(binding, party, with_value(values, field, value)))


# Bodies of any shape

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_BODIES = [binding for binding in BINDINGS if binding.body and not binding.uploads]
_CONFIG_KEYS = [*sorted(to_console({})), "unknown"]


def _body_of(binding: Binding) -> st.SearchStrategy[tuple[Binding, Any]]:
    """A body that knows the names of the fields, or none at all."""
    names = st.sampled_from([field.path for field in request_fields(binding) if "." not in field.path] or ["a"])
    shaped = st.dictionaries(names, JSON, max_size=5)
    return st.tuples(st.just(binding), shaped | JSON)


@FUZZ
@given(sent=st.sampled_from(_BODIES).flatmap(_body_of))
def test_random_body_is_told_or_taken(sent: tuple[Binding, Any], party: Party) -> None:
    binding, body = sent
    verb, path, _ = rest(binding, _sound_values(binding, party))
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    assert_sound(
        _client(binding, party).request(verb, path, content=content, headers={"content-type": "application/json"})
    )


@FUZZ
@given(document=JSON, key=st.sampled_from(_CONFIG_KEYS), mode=st.sampled_from(["chat", "completion"]))
def test_random_configuration_is_told_or_taken(document: Any, key: str, mode: str, party: Party) -> None:
    """A configuration is free-form for the contract: every key of it is checked by us."""
    console, app = party.place.workspace.console, party.apps[mode]
    path = f"/console/api/apps/{app.id}/model-config"
    before = console.get(f"/console/api/apps/{app.id}").json()["model_config"]
    content = json.dumps({**before, key: document}).encode("utf-8", "surrogatepass")
    saved = console.post(path, content=content, headers={"content-type": "application/json"})
    assert_sound(saved)
    if saved.is_success:
        assert_sound(app.http.get("/v1/parameters"))
        route = "completion-messages" if mode == "completion" else "chat-messages"
        assert_sound(app.http.post(f"/v1/{route}", json={"inputs": {}, "query": "x", "user": "u"}))
        party.place.workspace.ok(console.post(path, json=before))


_CHAT = b'{"inputs": {}, "query": "hi", "user": "u"}'


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b"[1]", b'"text"', b"5", b"true", b"{", b"}", b"{nope", b'{"a": }', b'{"a": 1,}',
        b"{'inputs': {}}", b"\xff\xfe{}", b"\xef\xbb\xbf" + _CHAT, b"\x00", _CHAT[:-3], _CHAT + b"x", _CHAT * 2,
        b'{"query": "\xff\xfe"}', b'{"query": "\xed\xa0\x80", "user": "u", "inputs": {}}',
        b'{"query": "\\ud800", "user": "u", "inputs": {}}', b'{"query": "\\u0000", "user": "\\u0000", "inputs": {}}',
        b'{"inputs": {"a": NaN}, "query": "x", "user": "u"}', b'{"inputs": {"a": Infinity}, "query": "x", "user": "u"}',
        b'{"inputs": {"a": 1' + b"0" * 400 + b'}, "query": "x", "user": "u"}',
        b'{"inputs": {"a": 1e999}, "query": "x", "user": "u"}', b'{"inputs": {"a": 0.' + b"1" * 5000 + b'}, "user": "u"}',
        b'{"query": "a", "query": "b", "user": "u", "inputs": {}}', b'{"user": "u", "inputs": ' + b"[" * 20_000,
        b'{"user": "u", "query": "x", "inputs": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
        b'{"user": "u", "query": "x", "inputs": ' + b'{"a":' * 90 + b"1" + b"}" * 90 + b"}",
        b'{"' + b"k" * 100_000 + b'": 1}', b'{"user": "' + b"u" * 100_000 + b'", "query": "x", "inputs": {}}',
        b'{"user": {"$gt": ""}, "query": "x", "inputs": {}}', b'{"__proto__": {"a": 1}, "constructor": 5}',
    ],
    ids=lambda body: repr(body[:30]) + f"-{len(body)}",
)  # fmt: skip
@pytest.mark.parametrize("mode", ["", "streaming"])
def test_broken_json_is_told(body: bytes, mode: str, party: Party) -> None:
    app = party.apps["chat"]
    if mode:
        body = body.replace(b'{"', b'{"response_mode": "streaming", "', 1)
    reply = app.http.post("/v1/chat-messages", content=body, headers={"content-type": "application/json"})
    assert_sound(reply)


@pytest.mark.parametrize(
    "kind",
    [
        None, "", "text/plain", "application/json; charset=utf-16", "APPLICATION/JSON", "application/json;",
        "application/jsonx", "application/vnd.api+json", "application/x-www-form-urlencoded", "multipart/form-data",
        "multipart/form-data; boundary=", 'multipart/form-data; boundary="', "a/b/c", ";", "\xe9", "x" * 5000,
        "application/json, text/plain", "application/octet-stream",
    ],
)  # fmt: skip
def test_odd_content_type_is_told_or_taken(kind: str | None, party: Party) -> None:
    headers = {} if kind is None else {b"content-type": kind.encode("latin-1")}
    for path in ("/v1/chat-messages", "/v1/files/upload"):
        request = party.apps["chat"].http.build_request("POST", path, content=_CHAT)
        request.headers.pop("content-type", None)
        request.headers = httpx.Headers([*request.headers.raw, *headers.items()])
        reply = party.apps["chat"].http.send(request)
        assert_sound(reply)
        if path == "/v1/chat-messages" and kind is None:
            assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages/%00/feedbacks", "/v1/messages/%FF%FE/feedbacks", "/v1/messages/../conversations", "/v1//info",
        "/v1/conversations/%2F%2F/variables?user=u", "/v1/conversations/" + "a" * 9000 + "/variables",
        "/v1/conversations/%E4%BD%A0/variables?user=u", "/v1/messages?conversation_id=%00&user=%00",
        "/v1/messages?user=%FF&conversation_id=%ED%A0%80", "/v1/conversations?limit=&user=u",
        "/v1/conversations?limit=1&limit=2&user=u", "/v1/conversations?user[]=u&user[a]=b", "/v1/conversations?=&&&=%",
        "/v1/conversations?user=" + "u" * 15_000, "/v1/info?" + "&".join(f"a{at}=1" for at in range(2000)),
        "/v1/end-users/%0d%0aX-Injected:%201", "/v1/parameters;a=b", "/V1/info", "/v1/info/", "/v1/info?user=%",
        "/files/%00/file-preview?timestamp=1&nonce=a&sign=b", "/console/api/apps/%00", "/v1/chat-messages/%25/events",
        "/v1/conversations?sort_by=%00&user=u", "/v1/app/feedbacks?page=2147483647&limit=101", "*", "/v1/%",
    ],
)  # fmt: skip
def test_odd_path_or_query_is_told_or_taken(path: str, party: Party, product: Product) -> None:
    for verb in ("GET", "DELETE", "POST"):
        status, headers, body = _raw(product, party.apps["chat"], verb, path.encode("latin-1"))
        assert status < 500, (status, body)
        assert "x-injected" not in headers
        if status >= 400 and body:
            assert json.loads(body)["status"] == status


def _raw(product: Product, app: App, verb: str, path: bytes, head: bytes = b"", body: bytes = b"") -> tuple[int, str, bytes]:
    """A request as bytes, since clients mend what is odd; (status, head, body) of the reply."""
    with _open(product) as sock:
        sock.sendall(
            verb.encode() + b" " + path + b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer "
            + app.key.encode() + b"\r\n" + head + b"\r\n" + body
        )  # fmt: skip
        reply = http.client.HTTPResponse(sock, method=verb)
        reply.begin()
        return reply.status, str(reply.headers).lower(), reply.read()


def _open(product: Product) -> socket.socket:
    host, port = product.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


# Uploads

_BOUNDARY = b"----b"
_PART = (
    b'------b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
    b"hello\r\n"
)
_END = b"------b--\r\n"
_FORM = b"content-type: multipart/form-data; boundary=----b\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", _END, _PART, _PART[:30], _PART + _END[:5], _END + _PART, _PART * 2 + _END, _PART * 300 + _END,
        b"------b\r\n\r\nhello\r\n" + _END, b"------b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + _END,
        _PART.replace(b'filename="a.txt"', b'filename=""') + _END, _PART.replace(b"a.txt", b"a/../b.txt") + _END,
        _PART.replace(b"a.txt", b"\xff\xfe\x00.txt") + _END, _PART.replace(b"a.txt", b"n" * 20_000) + _END,
        _PART.replace(b"a.txt", b"a.b.c." + b"x" * 500) + _END, _PART.replace(b"text/plain", b"\x01\x02") + _END,
        _PART.replace(b"text/plain", b"t" * 20_000) + _END, _PART.replace(b"\r\n", b"\n") + _END,
        _PART.replace(b'name="file"', b'name="other"') + _END, _PART.replace(b"hello", b"") + _END,
        _PART.replace(b"Content-Disposition", b"X-Other") + _END, _PART.replace(b": ", b" ") + _END,
        b'------b\r\nContent-Disposition: form-data; name="user"\r\n\r\n' + b"u" * 70_000 + b"\r\n" + _PART + _END,
        b'------b\r\nContent-Disposition: form-data; name="user"\r\n\r\n\xff\x00\xed\xa0\x80\r\n' + _PART + _END,
        b'------b\r\nContent-Disposition: form-data; name="file"\r\n\r\nnot a file\r\n' + _END, b"\x00" * 100_000,
        _PART.replace(b'filename="a.txt"', b"filename*=UTF-8''%ff%00%zz") + _END,
    ],
    ids=lambda body: repr(body[-40:]) + f"-{len(body)}",
)  # fmt: skip
def test_broken_upload_is_told_or_taken(body: bytes, party: Party, product: Product) -> None:
    app = party.apps["chat"]
    length = f"content-length: {len(body)}\r\n".encode()
    chunked = b"transfer-encoding: chunked\r\n"
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7000]), body[at : at + 7000]) for at in range(0, len(body), 7000))
    for head, sent in ((length, body), (chunked, pieces + b"0\r\n\r\n")):
        status, _, shown = _raw(product, app, "POST", b"/v1/files/upload", _FORM + head, sent)
        assert status < 500, shown
        if status >= 400:
            assert set(json.loads(shown)) == {"code", "message", "status"}
        else:
            assert json.loads(shown)["id"]


@pytest.mark.parametrize("path", [b"/v1/files/upload", b"/v1/chat-messages"])
@pytest.mark.parametrize("sent", [0, 1, len(_PART) // 2, len(_PART)])
def test_client_that_leaves_in_the_middle_harms_nobody(path: bytes, sent: int, party: Party, product: Product) -> None:
    app = party.apps["chat"]
    kind = _FORM if b"upload" in path else b"content-type: application/json\r\n"
    with _open(product) as sock:
        sock.sendall(
            b"POST " + path + b" HTTP/1.1\r\nhost: a\r\nauthorization: Bearer " + app.key.encode() + b"\r\n" + kind
            + b"content-length: 100000\r\n\r\n" + _PART[:sent]
        )  # fmt: skip
    assert app.http.get("/v1/info").status_code == 200
    upload = app.http.post("/v1/files/upload", files={"file": ("a.txt", b"hi", "text/plain")})
    assert upload.status_code == 201


@pytest.mark.parametrize(
    "head",
    [
        b"content-encoding: gzip\r\ncontent-type: application/json\r\n", b"accept: text/html\r\n", b"accept-encoding: br\r\n",
        b"grpc-timeout: 1n\r\n", b"grpc-encoding: gzip\r\n", b"grpc-status: 13\r\n", b"x-bin: 1\r\na-bin: \xff\r\n",
        b"te: trailers\r\n", b"x-http-status: 500\r\nx-error-body: {}\r\n", b"x-envoy-original-path: /v1/site\r\n",
        b"x-envoy-upstream-rq-timeout-ms: 1\r\n", b"x-envoy-max-retries: 99\r\n", b"last-event-id: \xff\r\n",
        b"cookie: " + b"a=b; " * 2000 + b"\r\n", b"".join(b"x-%d: 1\r\n" % at for at in range(120)), b"expect: 200-ok\r\n",
        b"upgrade: websocket\r\n", b"x-request-id: " + b"r" * 5000 + b"\r\n", b"host: b\r\n", b"x: \x01\r\n", b" folded\r\n",
        b"content-length: -1\r\n", b"content-length: 5\r\ncontent-length: 6\r\n", b"transfer-encoding: nonsense\r\n",
        b"authorization: Bearer " + b"x" * 8000 + b"\r\n", b"authorization: Bearer \xff\r\n",
    ],
    ids=lambda head: repr(head[:40]),
)  # fmt: skip
def test_odd_headers_are_told_or_taken(head: bytes, party: Party, product: Product) -> None:
    status, _, body = _raw(product, party.apps["chat"], "GET", b"/v1/info", head)
    # An unknown transfer coding is 501 by RFC 9112 section 6.1.
    assert status < 500 or (status == 501 and b"nonsense" in head), (status, body)


# Native calls

def _varint(number: int) -> bytes:
    return bytes([number & 127]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)


_UNARY = [binding for binding in BINDINGS if not (binding.streams or binding.uploads)]
_NESTED = b""
for _ in range(300):
    _NESTED = b"\x0a" + _varint(len(_NESTED)) + _NESTED
_MESSAGES = {
    "empty": b"", "a byte": b"\xff", "cut": b"\x0a\x05ab", "bad utf-8": b"\x0a\x02\xff\xfe", "nul": b"\x0a\x03a\x00b",
    "wrong wire type": b"\x0d\x01\x02\x03\x04", "unknown field": b"\xfa\x3f\x01a", "group": b"\x0b\x0b\x0c", "deep": _NESTED,
    "huge length": b"\x0a\xff\xff\xff\xff\x07", "field 0": b"\x00\x00",
}  # fmt: skip
_OURS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE}


@pytest.mark.parametrize("binding", _UNARY, ids=lambda binding: binding.method.name)
def test_odd_bytes_over_grpc_are_told_or_taken(binding: Binding, party: Party, product: Product) -> None:
    client = _client(binding, party)
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    names = ("authorization", "x-csrf-token")
    metadata = [(name, client.headers[name]) for name in names if name in client.headers] + [("cookie", cookies)]
    with grpc.insecure_channel(product.url.removeprefix("http://")) as channel:
        for message in _MESSAGES.values():
            try:
                channel.unary_unary(binding.rpc)(message, timeout=30, metadata=metadata)
            except grpc.RpcError as error:
                assert error.code() not in _OURS, error  # type: ignore[attr-defined]
