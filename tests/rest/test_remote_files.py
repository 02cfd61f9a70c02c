"""Remote files of messages: their addresses are asked by HEAD before a turn is stored (service-api.md 9.4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from tests.harness.product import App, Workspace
from tests.rest.knowledge import Knowledge

UPLOADS = {
    "enabled": True, "allowed_file_types": ["image", "document", "custom"], "allowed_file_extensions": [".bin"],
    "allowed_file_upload_methods": ["local_file", "remote_url"], "number_limits": 5,
}  # fmt: skip


class _Files(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_HEAD(self) -> None:
        self.asked.append((self.command, self.path))
        if self.path == "/slow":
            time.sleep(8)
        self.send_response({"/gone.png": 404, "/moved": 302}.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "/download?id=7")
        self.send_header("Content-Disposition", "attachment; filename*=UTF-8''Bericht%20%C3%BC.pdf")
        self.send_header("Content-Type", "application/pdf")
        self.send_header("Content-Length", "4711")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def app(indexed: Knowledge) -> App:
    return indexed.workspace.app(file_upload=UPLOADS)


def _stored(app: App, *urls: str) -> list[tuple[str, str, int | None]]:
    entries = [{"type": "document", "transfer_method": "remote_url", "url": url} for url in urls]
    sent = Workspace.ok(app.send(user="remote", files=entries))
    query = {"user": "remote", "conversation_id": sent["conversation_id"]}
    (message,) = Workspace.ok(app.http.get("/v1/messages", params=query))["data"]
    assert sorted(file["url"] for file in message["message_files"]) == sorted(urls)
    by_url = {file["url"]: (file["filename"], file["mime_type"], file["size"]) for file in message["message_files"]}
    return [by_url[url] for url in urls]


@pytest.mark.parametrize("path", ["/download?id=7", "/moved"])
def test_file_is_what_its_address_says(app: App, files: str, path: str) -> None:
    _Files.asked.clear()
    assert _stored(app, files + path) == [("Bericht ü.pdf", "application/pdf", 4711)]
    assert {method for method, _ in _Files.asked} == {"HEAD"}, "its body is nobody's business yet"


def test_address_that_is_slow_away_or_not_allowed_costs_two_seconds_at_most_and_no_message(
    app: App, files: str
) -> None:
    began = time.monotonic()
    told = _stored(app, f"{files}/slow", "http://127.0.0.1:9/a%20b.txt", f"{files}/gone.png", "http://10.0.0.1/x.md")
    assert told == [
        ("slow", "application/octet-stream", None), ("a b.txt", "text/plain", None), ("gone.png", "image/png", None),
        ("x.md", "text/markdown", None),
    ]
    assert time.monotonic() - began < 7


def test_rules_of_the_app_see_the_name_that_the_address_tells(indexed: Knowledge, files: str) -> None:
    only_text = {**UPLOADS, "allowed_file_types": ["custom"], "allowed_file_extensions": [".txt"]}
    refused = indexed.workspace.app(file_upload=only_text).send(
        files=[{"type": "document", "transfer_method": "remote_url", "url": f"{files}/a.txt"}]
    )
    assert (refused.status_code, refused.json()["message"]) == (400, "File validation failed for file: Bericht ü.pdf")


def test_app_that_takes_no_remote_files_asks_nobody(indexed: Knowledge, files: str) -> None:
    _Files.asked.clear()
    here_only = {**UPLOADS, "allowed_file_upload_methods": ["local_file"]}
    refused = indexed.workspace.app(file_upload=here_only).send(
        files=[{"type": "document", "transfer_method": "remote_url", "url": f"{files}/a.pdf"}]
    )
    assert (refused.status_code, _Files.asked) == (400, [])
