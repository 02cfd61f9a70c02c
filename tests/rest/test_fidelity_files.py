"""Files as clients send and get them, through Envoy (service-api.md section 9)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import httpx
import pytest

from tests.harness.product import App, Workspace

MIB = 1 << 20
ANY = {
    "enabled": True, "allowed_file_types": ["image", "document", "audio", "video", "custom"],
    "allowed_file_extensions": [".bin"], "allowed_file_upload_methods": ["local_file", "remote_url"], "number_limits": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    return workspace.app(file_upload=ANY)


def _upload(app: App, name: str, content: bytes, kind: str, user: str | None = "filer") -> httpx.Response:
    data = {} if user is None else {"user": user}
    return app.http.post("/v1/files/upload", files={"file": (name, content, kind)}, data=data)


def _used(app: App, name: str, content: bytes, kind: str, declared: str) -> dict[str, Any]:
    """An upload that a message carries."""
    made: dict[str, Any] = _upload(app, name, content, kind).json()
    entry = {"type": declared, "transfer_method": "local_file", "upload_file_id": made["id"]}
    sent = app.send(user="filer", files=[entry])
    assert sent.status_code == 200, sent.text
    return {**made, "conversation_id": sent.json()["conversation_id"]}


def test_upload_is_described_by_what_was_sent(app: App) -> None:
    reply = _upload(app, "Ünï côdé.tar.GZ", b"x" * 1000, "application/gzip; charset=binary")
    assert reply.status_code == 201, reply.text
    body = reply.json()
    assert (body["name"], body["extension"], body["size"]) == ("Ünï côdé.tar.GZ", "gz", 1000)
    assert body["mime_type"] == "application/gzip"
    assert [name for name, value in body.items() if value is None] == [
        "preview_url", "original_url", "user_id", "conversation_id", "file_key", "reference",
    ]  # fmt: skip


def test_long_name_is_cut_before_its_first_dot(app: App) -> None:
    body = _upload(app, "n" * 250 + ".a.txt", b"x", "text/plain").json()
    assert body["name"] == "n" * 200 + ".txt"


@pytest.mark.parametrize(
    ("name", "kind", "limit"),
    [("a.PNG", "image/png", 10), ("a.txt", "text/plain", 15), ("a", "application/octet-stream", 15),
     ("a.mp3", "audio/mpeg", 50)],
)  # fmt: skip
def test_size_limit_goes_by_the_class_of_the_extension(app: App, name: str, kind: str, limit: int) -> None:
    assert _upload(app, name, bytes(limit * MIB), kind).status_code == 201
    refused = _upload(app, name, bytes(limit * MIB + 1), kind)
    assert (refused.status_code, refused.json()) == (413, {"code": "file_too_large", "message": "", "status": 413})


@pytest.mark.parametrize(
    ("name", "kind", "declared", "shown_type", "extra"),
    [
        ("a.png", "image/png", "image", "image/png", {}),
        ("a.mp3", "audio/mpeg", "audio", "audio/mpeg", {"accept-ranges": "bytes"}),
        ("a.mp4", "video/mp4", "video", "video/mp4", {"accept-ranges": "bytes"}),
        ("a.html", "text/html", "document", "application/octet-stream",
         {"content-disposition": "attachment; filename*=UTF-8''a.html"}),
        ("a.svg", "image/svg+xml", "image", "image/svg+xml", {"content-security-policy": "sandbox"}),
    ],
)  # fmt: skip
def test_preview_sends_the_bytes_with_the_documented_headers(
    app: App, name: str, kind: str, declared: str, shown_type: str, extra: dict[str, str]
) -> None:
    content = hashlib.sha256(name.encode()).digest() * 9000  # several pieces
    made = _used(app, name, content, kind, declared)
    # A drawing is text and would be compressed.
    plain = {"Accept-Encoding": "identity"}
    reply = app.http.get(f"/v1/files/{made['id']}/preview", params={"user": "filer"}, headers=plain)
    assert (reply.status_code, reply.content == content) == (200, True)
    assert reply.headers["content-type"] == shown_type
    assert reply.headers["content-length"] == str(len(content))
    assert reply.headers["cache-control"] == "public, max-age=3600"
    for header in ("accept-ranges", "content-disposition", "content-security-policy"):
        assert reply.headers.get(header) == extra.get(header)


def test_preview_as_attachment_is_a_download(app: App) -> None:
    made = _used(app, "Bericht ü.pdf", b"%PDF-1.4", "application/pdf", "document")
    for flag in ("true", "1", "True"):
        reply = app.http.get(f"/v1/files/{made['id']}/preview", params={"user": "filer", "as_attachment": flag})
        assert reply.status_code == 200, flag
        assert reply.headers["content-type"] == "application/octet-stream"
        assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''Bericht%20%C3%BC.pdf"


def test_preview_ends_with_the_conversation(app: App) -> None:
    made = _used(app, "a.txt", b"gone soon", "text/plain", "document")
    path = f"/v1/files/{made['id']}/preview"
    assert app.http.get(path, params={"user": "filer"}).status_code == 200
    gone = app.http.request("DELETE", f"/v1/conversations/{made['conversation_id']}", json={"user": "filer"})
    assert gone.status_code == 204
    assert app.http.get(path, params={"user": "filer"}).json()["code"] == "file_not_found"


def test_links_in_messages_are_fresh_and_need_no_key(app: App) -> None:
    made = _used(app, "a.png", b"\x89PNG and more", "image/png", "image")
    query = {"user": "filer", "conversation_id": made["conversation_id"]}
    (message,) = app.http.get("/v1/messages", params=query).json()["data"]
    (file,) = message["message_files"]
    assert list(file) == [
        "id", "filename", "type", "url", "mime_type", "size", "transfer_method", "belongs_to", "upload_file_id",
    ]  # fmt: skip
    assert (file["filename"], file["type"], file["size"], file["belongs_to"]) == ("a.png", "image", 13, "user")
    assert httpx.get(file["url"]).content == b"\x89PNG and more"
    for change in (lambda url: url.replace("sign=", "sign=A"), lambda url: re.sub(r"timestamp=\d+", "timestamp=1", url),
                   lambda url: re.sub(r"nonce=\w", "nonce=z", url)):  # fmt: skip
        refused = httpx.get(change(file["url"]))
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_remote_file_is_kept_by_its_address(app: App) -> None:
    entry = {"type": "document", "transfer_method": "remote_url", "url": "https://example.com/a/paper%201.txt?x=1"}
    sent = app.send(user="remote", files=[entry])
    assert sent.status_code == 200, sent.text
    query = {"user": "remote", "conversation_id": sent.json()["conversation_id"]}
    (message,) = app.http.get("/v1/messages", params=query).json()["data"]
    (file,) = message["message_files"]
    assert (file["filename"], file["transfer_method"], file["url"], file["upload_file_id"]) == (
        "paper 1.txt", "remote_url", entry["url"], None,
    )  # fmt: skip


@pytest.mark.parametrize("entry", [{"url": "http://a/b"}, {"type": "image"}, {"transfer_method": "remote_url"}, {}])
def test_incomplete_entry_of_the_list_is_dropped(app: App, entry: dict[str, str]) -> None:
    assert app.send(user="dropper", files=[entry]).status_code == 200


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"transfer_method": "remote_url", "url": "ftp://a/b"}, "Invalid file url"),
        ({"transfer_method": "remote_url", "url": "not a url"}, "Invalid file url"),
        ({"transfer_method": "remote_url", "url": 5}, "Invalid file url"),
        ({"transfer_method": "local_file"}, "Invalid upload file id"),
        ({"transfer_method": "local_file", "upload_file_id": 5}, "Invalid upload file id format"),
        ({"transfer_method": "by_pigeon"}, "transfer_method"),
        ({"transfer_method": "local_file", "type": "song", "upload_file_id": "x"}, "type"),
    ],
)
def test_wrong_entry_of_the_list_is_told(app: App, entry: dict[str, Any], message: str) -> None:
    reply = app.send(user="wrong", files=[entry])
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
    assert message in reply.json()["message"]
