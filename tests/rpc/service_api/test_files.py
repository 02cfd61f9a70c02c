"""Uploads, previews and signed links (service-api.md section 9)."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from server.db.tables import upload_files
from server.file.links import FileLinks
from server.kit.ids import new_id
from tests.rpc.service_api import recorded
from tests.rpc.service_api.backend import PUBLIC, SECRET, Backend, Client, Reply, until
from tests.rpc.service_api.world import App, World

MULTIPART = "multipart/form-data; boundary=XyZ"
MIB = 1024 * 1024
NOT_FOUND = (404, "file_not_found", "File not found in message context")


def part(name: str, data: bytes, filename: str | None = None, kind: str | None = None) -> bytes:
    """One part of a multipart body."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    head = f"Content-Disposition: {disposition}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
    return b"--XyZ\r\n" + head.encode() + b"\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A whole body."""
    return b"".join(parts) + b"--XyZ--\r\n"


def file_part(data: bytes, filename: str = "dot.png", kind: str = "image/png") -> bytes:
    """The part ``file``."""
    return part("file", data, filename, kind)


async def send(client: Client, *parts: bytes) -> Reply:
    """Upload a form in one piece."""
    return await client.upload(MULTIPART, [form(*parts)])


async def refused(client: Client, *parts: bytes) -> tuple[int, str, str]:
    """Upload a form that must be refused."""
    reply = await send(client, *parts)
    assert reply.status >= 400, reply
    return reply.status, reply.body["code"], reply.body["message"]


async def stored(client: Client, data: bytes = b"pixels", **named: str) -> str:
    """Upload a file of cap-user; its id."""
    reply = await send(client, file_part(data, **named), part("user", b"cap-user"))
    assert reply.status == 201, reply
    return str(reply.body["id"])


def left_behind(backend: Backend) -> list[Path]:
    """Files in the store, drafts among them."""
    return [path for path in backend.files.rglob("*") if path.is_file()]


def rows(world: World, app: App) -> int:
    """How many uploads of the workspace are recorded."""
    return len(world.rows(upload_files, upload_files.c.tenant_id == app.tenant_id))


# Uploads


async def test_upload_replies_as_recorded_and_stores_the_bytes(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    before = int(time.time())
    reply = await send(client, file_part(b"p" * 67), part("user", b"cap-user"))
    assert reply.status == 201
    wanted = recorded.body("upload png")
    body = reply.body
    assert list(body) == [*wanted, "reference"]
    same = (
        "name", "size", "extension", "mime_type", "preview_url", "original_url", "user_id", "conversation_id",
        "file_key",
    )  # fmt: skip
    assert [body[name] for name in same] == [wanted[name] for name in same]
    assert (body["tenant_id"], body["created_by"], body["reference"]) == (app.tenant_id, world.end_user(app), None)
    assert before <= body["created_at"] <= time.time() + 1
    theirs, ours = urlsplit(wanted["source_url"]), urlsplit(body["source_url"])
    assert ours.path == theirs.path.replace(wanted["id"], body["id"])
    assert {name: len(value[0]) for name, value in parse_qs(ours.query).items()} == {
        name: len(value[0]) for name, value in parse_qs(theirs.query).items()
    }
    row = world.rows(upload_files, upload_files.c.id == body["id"])[0]
    assert (row.hash, row.size, row.app_id) == (hashlib.sha256(b"p" * 67).hexdigest(), 67, app.app_id)
    assert (backend.files / row.key).read_bytes() == b"p" * 67


async def test_upload_without_user_belongs_to_the_default_user(client: Client, world: World, app: App) -> None:
    for parts in ((file_part(b"x"),), (file_part(b"x"), part("user", b""))):
        reply = await send(client, *parts)
        assert reply.body["created_by"] == world.end_user(app, "DEFAULT-USER")


async def test_upload_with_the_user_before_the_file_belongs_to_them(client: Client, world: World, app: App) -> None:
    reply = await send(client, part("user", "Ünal".encode()), part("other", b"ignored"), file_part(b"x"))
    assert reply.body["created_by"] == world.end_user(app, "Ünal")


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_upload_cut_anywhere_arrives_whole(client: Client, backend: Backend, world: World, size: int) -> None:
    data = bytes(range(256)) * 5 + b"\r\n--Xy\r\n--Xy"
    body = form(file_part(data, "a.bin", "application/octet-stream"), part("user", b"u"))
    reply = await client.upload(MULTIPART, [body[at : at + size] for at in range(0, len(body), size)])
    assert reply.status == 201
    row = world.rows(upload_files, upload_files.c.id == reply.body["id"])[0]
    assert (backend.files / row.key).read_bytes() == data


async def test_upload_of_an_empty_file_is_a_file(client: Client) -> None:
    reply = await send(client, file_part(b"", "a.txt", "text/plain"))
    assert (reply.status, reply.body["size"]) == (201, 0)


@pytest.mark.parametrize(
    ("filename", "name", "extension"),
    [
        ("run.EXE", "run.EXE", "exe"), ("日本 語.txt", "日本 語.txt", "txt"), ("noext", "noext", ""),
        ("a.tar.gz", "a.tar.gz", "gz"), (".env", ".env", ""), ("a" * 250 + ".b.pdf", "a" * 200 + ".pdf", "pdf"),
        ("a" * 250, "a" * 200, ""), ('q\\"x.md', 'q"x.md', "md"), ("..", "..", ""), ("a\x01b.txt", "a\x01b.txt", "txt"),
        ("a:*?<>|b.txt", "a:*?<>|b.txt", "txt"),
    ],
)  # fmt: skip
async def test_upload_keeps_the_name_and_reads_the_extension(
    client: Client, filename: str, name: str, extension: str
) -> None:
    reply = await send(client, file_part(b"x", filename, "application/octet-stream"))
    assert (reply.status, reply.body["name"], reply.body["extension"]) == (201, name, extension)


async def test_upload_named_the_old_way_keeps_its_name(client: Client) -> None:
    head = b"--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''%E6%97%A5.txt\r\n"
    reply = await client.upload(MULTIPART, [head + b"Content-Type: text/plain\r\n\r\nx\r\n--XyZ--\r\n"])
    assert (reply.status, reply.body["name"]) == (201, "日.txt")


async def test_upload_type_is_stored_without_parameters(client: Client) -> None:
    reply = await send(client, file_part(b"x", "a.txt", "Text/Plain; charset=utf-8"))
    assert reply.body["mime_type"] == "text/plain"


async def test_upload_checks_come_in_the_documented_order(client: Client, backend: Backend) -> None:
    no_type, no_name = part("file", b"x", ""), file_part(b"x", "")
    slash, blocked = file_part(b"x", "a/b.bat"), file_part(b"x", "a.BAT")
    second = part("file2", b"x", "b.txt", "text/plain")
    none = (400, "no_file_uploaded", "Please upload your file.")
    many = (400, "too_many_files", "Only one file is allowed.")
    assert await refused(client, part("user", b"u")) == none
    assert await refused(client, part("file", b"not a file")) == none
    assert await refused(client, second, second) == none
    assert await refused(client, no_type, second) == many
    assert await refused(client, second, no_name) == many
    assert await refused(client, file_part(b"x"), file_part(b"x")) == many
    assert await refused(client, no_type) == (415, "unsupported_file_type", "File type not allowed.")
    assert await refused(client, no_name) == (
        400, "filename_not_exists_error", "The specified filename does not exist.",
    )  # fmt: skip
    assert await refused(client, slash) == (400, "invalid_param", "Filename contains invalid characters")
    assert await refused(client, file_part(b"x", "a\\b.png")) == (
        400, "invalid_param", "Filename contains invalid characters",
    )  # fmt: skip
    assert await refused(client, blocked) == (
        400, "invalid_param", "File extension '.bat' is not allowed for security reasons",
    )  # fmt: skip
    await until(lambda: not left_behind(backend), "no draft is left behind")


async def test_upload_that_is_no_form_is_refused_as_recorded(client: Client) -> None:
    wanted = recorded.error("upload: json")
    for kind in ("application/json", "multipart/form-data", "", "multipart/mixed; boundary=XyZ"):
        reply = await client.upload(kind, [b'{"user": "cap-user"}'])
        assert (reply.status, reply.body["code"], reply.body["message"]) == wanted
    reply = await client.upload(MULTIPART, [b""])
    assert (reply.status, reply.body["code"]) == (400, "no_file_uploaded")


@pytest.mark.parametrize(
    "body",
    [
        form(file_part(b"x" * 5000))[:-10], file_part(b"x"), b"--XyZ\r\nContent-Disp", b"garbage", b"--XyZ",
        b"--XyZ\r\nno colon\r\n\r\n", b"--XyZ\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)  # fmt: skip
async def test_upload_that_is_cut_or_broken_is_refused_and_leaves_nothing(
    client: Client, backend: Backend, world: World, app: App, body: bytes
) -> None:
    reply = await client.upload(MULTIPART, [body])
    assert (reply.status, reply.body["code"]) == (400, "bad_request")
    await until(lambda: not left_behind(backend), "no draft is left behind")
    assert rows(world, app) == 0


@pytest.mark.parametrize(("filename", "mebibytes"), [("a.png", 10), ("a.bin", 15), ("a.mp3", 50)])
async def test_upload_is_limited_by_its_extension(
    client: Client, backend: Backend, world: World, app: App, filename: str, mebibytes: int
) -> None:
    head, tail = file_part(b"", filename, "application/octet-stream")[:-2], b"\r\n--XyZ--\r\n"
    whole = [head, *[bytes(MIB)] * mebibytes, tail]
    assert (await client.upload(MULTIPART, whole)).status == 201
    reply = await client.upload(MULTIPART, [head, *[bytes(MIB)] * mebibytes, b"x", tail])
    assert (reply.status, reply.body) == (413, {"code": "file_too_large", "message": "", "status": 413})
    await until(lambda: len(left_behind(backend)) == 1, "no draft is left behind")
    assert rows(world, app) == 1


async def test_upload_too_large_is_refused_before_the_rest_arrives(client: Client, backend: Backend) -> None:
    call = client.open_upload()
    await call.write(HttpBody(content_type=MULTIPART, data=file_part(b"")[:-2]).SerializeToString())
    for _ in range(11):
        await call.write(HttpBody(data=bytes(MIB)).SerializeToString())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert dict(caught.value.trailing_metadata())["x-http-status"] == "413"
    await until(lambda: not left_behind(backend), "no draft is left behind")


async def test_upload_cancelled_by_the_client_leaves_nothing(
    client: Client, backend: Backend, world: World, app: App
) -> None:
    call = client.open_upload()
    await call.write(HttpBody(content_type=MULTIPART, data=file_part(bytes(2 * MIB))[:-2]).SerializeToString())
    await until(lambda: left_behind(backend), "a draft is there")
    call.cancel()
    await until(lambda: not left_behind(backend), "no draft is left behind")
    assert rows(world, app) == 0


async def test_upload_whose_row_is_refused_leaves_nothing(client: Client, backend: Backend, world: World) -> None:
    # The database refuses a session id that its index cannot hold.
    reply = await send(client, file_part(b"x"), part("user", "".join(map(chr, range(0x4E00, 0x6E00))).encode()))
    assert reply.status >= 400
    await until(lambda: not left_behind(backend), "no file is left behind")


# Previews


async def attached(client: Client, world: World, file_id: str, user: str = "cap-user") -> str:
    """Put an upload into a message of the client's app; the conversation."""
    conversation_id = world.conversation(client.app, user)
    message_id = world.message(client.app, conversation_id, user)
    world.message_file(client.app, message_id, upload_file_id=file_id)
    return conversation_id


async def test_preview_gives_the_bytes_in_pieces_with_their_headers(client: Client, world: World) -> None:
    data = bytes(range(256)) * 3000
    file_id = await stored(client, data)
    await attached(client, world, file_id)
    reply = await client.call("PreviewFile", file_id=file_id)
    assert (reply.status, reply.data == data) == (200, True)
    shown = ("content-type", "x-content-length", "cache-control", "content-disposition", "accept-ranges")
    assert [reply.headers.get(name) for name in shown] == [
        "image/png", str(len(data)), "public, max-age=3600", None, None,
    ]  # fmt: skip


async def test_preview_as_attachment_is_a_download_with_its_name(client: Client, world: World) -> None:
    file_id = await stored(client, filename='日 "本".mp3', kind="audio/mpeg")
    await attached(client, world, file_id)
    reply = await client.call("PreviewFile", file_id=file_id, as_attachment=True)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%97%A5%20")
    assert reply.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("filename", "kind"),
    [("a.html", "text/plain"), ("a.txt", "text/html"), ("a.HTM", "application/x"), ("a", "application/xhtml+xml")],
)
async def test_preview_of_html_is_always_a_download(
    client: Client, world: World, filename: str, kind: str
) -> None:
    file_id = await stored(client, filename=filename, kind=kind)
    await attached(client, world, file_id)
    reply = await client.call("PreviewFile", file_id=file_id)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment; ")


async def test_preview_of_an_empty_file_is_empty(client: Client, world: World) -> None:
    file_id = await stored(client, b"", filename="a.txt", kind="text/plain")
    await attached(client, world, file_id)
    reply = await client.call("PreviewFile", file_id=file_id)
    assert (reply.status, reply.data, reply.headers["content-type"]) == (200, b"", "text/plain")


async def test_preview_of_a_file_that_no_message_carries_is_not_found_as_recorded(client: Client) -> None:
    assert recorded.error("preview unknown") == NOT_FOUND
    for file_id in (await stored(client), new_id(), "not-a-uuid"):
        assert await client.refused("PreviewFile", file_id=file_id) == NOT_FOUND


async def test_preview_is_for_the_user_of_the_message_or_for_the_app(
    client: Client, neighbour: Client, stranger: Client, world: World
) -> None:
    file_id = await stored(client)
    await attached(client, world, file_id)
    assert (await client.call("PreviewFile", file_id=file_id)).status == 200
    assert (await client.call("PreviewFile", file_id=file_id, user="")).status == 200
    for caller, user in (
        (client, "someone-else"), (neighbour, "cap-user"), (neighbour, ""), (stranger, "cap-user"), (stranger, ""),
    ):  # fmt: skip
        assert await caller.refused("PreviewFile", file_id=file_id, user=user) == NOT_FOUND


async def test_preview_of_a_foreign_file_in_an_own_message_is_not_found(
    client: Client, stranger: Client, world: World
) -> None:
    file_id = await stored(stranger)
    await attached(client, world, file_id)
    assert await client.refused("PreviewFile", file_id=file_id) == NOT_FOUND


async def test_preview_after_the_conversation_was_deleted_is_not_found(client: Client, world: World) -> None:
    file_id = await stored(client)
    conversation_id = await attached(client, world, file_id)
    await client.call("DeleteConversation", conversation_id=conversation_id)
    assert await client.refused("PreviewFile", file_id=file_id) == NOT_FOUND


async def test_preview_of_a_file_whose_bytes_are_gone_is_not_found(
    client: Client, world: World, backend: Backend
) -> None:
    file_id = await stored(client)
    await attached(client, world, file_id)
    for path in left_behind(backend):
        path.unlink()
    status, code, _ = await client.refused("PreviewFile", file_id=file_id)
    assert (status, code) == (404, "file_not_found")


# Signed links


def query_of(link: str) -> dict[str, str]:
    """The query of a link, decoded."""
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


async def test_signed_link_works_without_a_key_until_it_is_old(client: Client, backend: Backend) -> None:
    file_id = await stored(client, b"data")
    keyless = Client(backend, App("", "", None, "app-unknown"))
    reply = await keyless.call("ReadSignedFile", query_of(backend.links.link(file_id)), file_id=file_id)
    assert (reply.status, reply.data) == (200, b"data")
    for age, status in ((299, 200), (302, 404), (-3600, 404)):
        link = FileLinks(SECRET, PUBLIC, 300, lambda age=age: time.time() - age).link(file_id)
        assert (await keyless.call("ReadSignedFile", query_of(link), file_id=file_id)).status == status


async def test_signed_link_that_was_changed_is_not_found(client: Client, backend: Backend) -> None:
    file_id, other = await stored(client), await stored(client)
    good = query_of(backend.links.link(file_id))
    foreign = query_of(FileLinks("another secret of thirty-two characters", PUBLIC, 300).link(file_id))
    changed = [
        {**good, "timestamp": str(int(good["timestamp"]) + 1)}, {**good, "timestamp": "x"}, {**good, "timestamp": "١"},
        {**good, "nonce": "0" * 32}, {**good, "sign": good["sign"][:-2]}, {**good, "sign": "é"}, {}, foreign,
    ]  # fmt: skip
    for query in changed:
        status, code, _ = await client.refused("ReadSignedFile", query, file_id=file_id)
        assert (status, code) == (404, "not_found")
    for wrong in (other, new_id(), "nonsense"):
        status, code, _ = await client.refused("ReadSignedFile", good, file_id=wrong)
        assert (status, code) == (404, "not_found")
    gone = new_id()
    status, code, _ = await client.refused("ReadSignedFile", query_of(backend.links.link(gone)), file_id=gone)
    assert (status, code) == (404, "not_found")
