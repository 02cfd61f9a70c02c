"""What only the gateway and the server's edge together can promise, through the whole product."""

from __future__ import annotations

import http.client
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from google.protobuf import struct_pb2

from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until
from transom.chat.v1 import chat_pb2
from transom.common.v1 import options_pb2
from transom.console.v1 import model_provider_service_pb2, model_provider_service_pb2_grpc

NESTED = '{"a":'


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> App:
    return workspace.app()


def refused(reply: httpx.Response, status: int, code: str) -> str:
    """Check the envelope of an error; its message."""
    assert reply.headers["content-type"] == "application/json", reply.text
    body = reply.json()
    assert list(body) == ["code", "message", "status"], body
    assert (reply.status_code, body["code"], body["status"]) == (status, code, status), reply.text
    return body["message"]


def sent(app: App, body: str | bytes, kind: str | None = "application/json") -> httpx.Response:
    """POST a chat message as it is."""
    return app.http.post("/v1/chat-messages", content=body, headers={} if kind is None else {"content-type": kind})


def document(**fields: str) -> str:
    """A chat message whose fields are given as JSON text."""
    every = {"inputs": "{}", "query": '"x"', "user": '"u"'} | fields
    return "{" + ",".join(f'"{name}":{value}' for name, value in every.items()) + "}"


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
@pytest.mark.parametrize(
    "body",
    [
        "null",
        "[]",
        "5",
        '"x"',
        "{",
        "nonsense",
        b"\xff\xfe{}",
        '{"query": "\\ud800"}',
        b'{"query": "\xff"}',
        document(inputs=f"{NESTED * 200}1{'}' * 200}"),
        document(inputs=f"{NESTED * 90}1{'}' * 90}"),
        document(inputs=f"{NESTED * 50}1{'}' * 50}"),
        document(inputs='{"a":' + "[" * 90 + "]" * 90 + "}"),
        document(inputs='{"n": 1e400}'),
        document(inputs='{"n": NaN}'),
    ],
)
def test_body_that_cannot_be_read_is_a_bad_request(chat: App, body: str | bytes, mode: str) -> None:
    if isinstance(body, str) and body.endswith("}"):
        body = body[:-1] + f',"response_mode":"{mode}"' + "}"
    refused(sent(chat, body), 400, "bad_request")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"query": "5"}, "query"),
        ({"query": "{}"}, "query"),
        ({"user": "{}"}, "user"),
        ({"user": '["u"]'}, "user"),
        ({"inputs": "5"}, "inputs"),
        ({"files": "5"}, "files"),
        ({"auto_generate_name": '"perhaps"'}, "auto_generate_name"),
        ({"auto_generate_name": "1e400"}, ""),
        ({"conversation_id": "5"}, "conversation_id"),
    ],
)
def test_field_of_a_wrong_type_is_named(chat: App, fields: dict[str, str], name: str) -> None:
    reply = sent(chat, document(**fields))
    assert name in refused(reply, 400, "invalid_param" if name else "bad_request")


@pytest.mark.parametrize(
    ("sent_user", "user"), [("4711", "4711"), ("-7.5", "-7.5"), ("true", "True"), ("1e3", "1000"), ('" 漢"', " 漢")]
)
def test_user_of_any_plain_type_is_the_user_of_that_text(chat: App, sent_user: str, user: str) -> None:
    reply = sent(chat, document(user=sent_user))
    assert reply.status_code == 200, reply.text
    conversation = reply.json()["conversation_id"]
    listed = chat.http.get("/v1/conversations", params={"user": user}).json()["data"]
    assert conversation in [each["id"] for each in listed]
    path, kind = f"/v1/conversations/{conversation}", {"content-type": "application/json"}
    renamed = chat.http.post(f"{path}/name", content=f'{{"user":{sent_user},"name":"mine"}}', headers=kind)
    assert (renamed.status_code, renamed.json()["name"]) == (200, "mine")
    gone = chat.http.request("DELETE", path, content=f'{{"user":{sent_user}}}', headers=kind)
    assert gone.status_code == 204, gone.text


@pytest.mark.parametrize("user", ["null", '""', "0", "0.0", "false"])
def test_user_that_says_nothing_is_missing(chat: App, user: str) -> None:
    assert refused(sent(chat, document(user=user)), 400, "invalid_param") == "Arg user must be provided."


def test_user_of_a_native_call_is_a_text_alone(product: Product, chat: App) -> None:
    # What only the REST view has is nothing that a native caller may send.
    forged = struct_pb2.Value(string_value="someone").SerializeToString()
    field = bytes([*_varint(options_pb2.REST_FIELD_USER << 3 | 2), len(forged)]) + forged
    message = chat_pb2.SendChatMessageRequest(query="x").SerializeToString() + field
    with grpc.insecure_channel(urlsplit(product.url).netloc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/transom.chat.v1.ChatService/SendChatMessage")(
            message, metadata=[("authorization", f"Bearer {chat.key}")], timeout=20
        )
    assert caught.value.details() == "Arg user must be provided."


def _varint(number: int) -> Iterator[int]:
    while number > 127:
        yield number & 127 | 128
        number >>= 7
    yield number


def test_huge_number_in_a_free_form_field_is_taken(chat: App) -> None:
    assert sent(chat, document(inputs='{"n": 123456789012345678901234567890}')).status_code == 200


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "1.5", "1e400", "%ff"])
def test_page_size_that_is_no_such_number_is_named(chat: App, number: str) -> None:
    for path in ("/v1/conversations", "/v1/messages"):
        reply = chat.http.get(f"{path}?user=u&conversation_id={uuid.uuid4()}&limit={number}")
        assert "limit" in refused(reply, 400, "invalid_param")


def test_query_that_is_no_text_is_a_bad_request(chat: App) -> None:
    refused(chat.http.get("/v1/conversations?user=%ff"), 400, "bad_request")


def test_path_that_is_no_text_is_refused(chat: App) -> None:
    refused(chat.http.delete("/v1/conversations/%ff%fe"), 400, "bad_request")


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
def test_json_of_another_content_type_is_unsupported(chat: App, kind: str | None) -> None:
    assert "Content-Type" in refused(sent(chat, document(), kind), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", "a/b+json"]
)
def test_json_content_type_is_taken(chat: App, kind: str) -> None:
    assert sent(chat, document(), kind).status_code == 200


def test_key_comes_before_everything_else(product: Product) -> None:
    for body in (document(), document(user='""'), document(query="null"), ""):
        reply = httpx.post(f"{product.url}/v1/chat-messages", content=body, headers={"content-type": "text/plain"})
        refused(reply, 401, "unauthorized")


def test_body_beyond_the_limit_is_413(chat: App) -> None:
    reply = sent(chat, document(query='"' + "x" * 16_000_000 + '"'))
    refused(reply, 413, "request_entity_too_large")


@contextmanager
def connection(product: Product) -> Iterator[socket.socket]:
    """A plain connection to the gateway."""
    port = urlsplit(product.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        yield opened


def form(content: bytes, *, end: bool = True) -> bytes:
    """A multipart body with one file."""
    head = b'--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n'
    return head + content + (b"\r\n--xyz--\r\n" if end else b"")


def test_upload_whose_body_is_cut_short_is_refused(chat: App) -> None:
    headers = {"content-type": "multipart/form-data; boundary=xyz"}
    reply = chat.http.post("/v1/files/upload", content=form(b"text", end=False), headers=headers)
    refused(reply, 400, "bad_request")


def test_upload_that_breaks_off_leaves_nothing_behind(product: Product, chat: App) -> None:
    stored = product.folder / "files"
    before = files_below(stored)
    with connection(product) as opened:
        head = (
            "POST /v1/files/upload HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=xyz\r\n"
            f"authorization: Bearer {chat.key}\r\ncontent-length: 4000000\r\n\r\n"
        )
        opened.sendall(head.encode() + form(b"x" * 2_000_000, end=False))
        wait_until(lambda: len(files_below(stored)) > len(before), "the upload has begun")
    wait_until(lambda: files_below(stored) == before, "the draft is removed")


def files_below(folder: Path) -> set[Path]:
    """Every file there is now."""
    return {path for path in folder.rglob("*") if path.is_file()}


def test_download_whose_file_is_cut_short_cannot_be_taken_for_whole(product: Product, workspace: Workspace) -> None:
    upload = {
        "enabled": True,
        "allowed_file_types": ["document"],
        "allowed_file_upload_methods": ["local_file"],
        "number_limits": 1,
    }
    app = workspace.app(file_upload=upload)
    before = files_below(product.folder / "files")
    reply = app.http.post(
        "/v1/files/upload",
        content=form(b"x" * 3_000_000),
        headers={"content-type": "multipart/form-data; boundary=xyz"},
    )
    made = Workspace.ok(reply)
    (stored,) = files_below(product.folder / "files") - before
    with stored.open("r+b") as file:
        file.truncate(1_500_000)
    where = urlsplit(made["source_url"])
    client = http.client.HTTPConnection("127.0.0.1", where.port or 0, timeout=20)
    client.request("GET", f"{where.path}?{where.query}")
    response = client.getresponse()
    assert (response.status, response.getheader("content-length")) == (200, "3000000")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        response.read()
    client.close()


@pytest.mark.parametrize("letter", ["x", "漢", "😀"])
def test_long_error_message_reaches_every_kind_of_caller(product: Product, workspace: Workspace, letter: str) -> None:
    # Echoed by the error. Too large a trailer would end the connection that the gateway shares among all callers.
    name = letter * 5_000
    path = "/console/api/workspaces/current/default-model"
    body = {"model_settings": [{"model_type": "llm", "provider": name, "model": "m"}]}
    reply = workspace.console.post(path, json=body)
    assert letter in refused(reply, 400, "invalid_param")
    stub = model_provider_service_pb2_grpc.ModelProviderServiceStub
    request = model_provider_service_pb2.SetDefaultModelsRequest(
        model_settings=[{"model_type": "llm", "provider": name, "model": "m"}]
    )
    with grpc.insecure_channel(urlsplit(product.url).netloc) as channel, pytest.raises(grpc.RpcError) as caught:
        metadata = [("authorization", f"Bearer {workspace.console.cookies['access_token']}")]
        stub(channel).SetDefaultModels(request, metadata=metadata, timeout=20)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert letter in caught.value.details()
