"""The node ``http-request`` (workflow-engine.md 8.15)."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from server.engine.node import Context, NodeError, Result
from server.engine.nodes import http_data, http_files
from server.engine.nodes.http_data import HttpData
from server.engine.ports import HttpFaultError, HttpRequest, HttpResponse
from server.engine.template import references
from server.engine.values import File, Selector

CONTENT_TYPES = {
    "json": "application/json", "x-www-form-urlencoded": "application/x-www-form-urlencoded", "raw-text": "text/plain",
}
# Statuses that the client would have tried again: they fail the node, whatever it says about errors.
_RETRIED = frozenset({429, 500, 502, 503, 504})
_LARGE = 64 * 1024


@dataclass(slots=True)
class _Body:
    """``sent`` goes out, ``shown`` is recorded. A form has a boundary that goes into its content type."""

    sent: bytes | None = None
    shown: str = ""
    boundary: str = ""


@dataclass(slots=True)
class _Prepared:
    """A request with its templates filled in."""

    url: str
    params: list[tuple[str, str]]
    headers: dict[str, str]
    body: _Body = field(default_factory=_Body)
    # The header that holds a key, in lower case.
    secret: str = ""


class HttpRequestNode:
    """Sends one request; what is answered is text or a file."""

    def __init__(self, data: HttpData) -> None:
        self._data = data

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        return cls(http_data.parse(data))

    def uses(self) -> Sequence[Selector]:
        """What its templates and files refer to."""
        data = self._data
        texts = [data.url, data.headers, data.params, data.auth.api_key if data.auth else ""]
        texts += [text for item in data.items for text in (item.key, item.value)]
        found = [selector for text in texts for selector in references(text)]
        return [*found, *(item.file for item in data.items if item.kind == "file" and len(item.file) > 1)]

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError, with what was sent as far as it was known."""
        prepared = await self._prepare(ctx)
        process = {"request": _log(self._data.method, prepared)}
        if self._data.method.lower() == "options":
            raise _failed(f"Invalid http method {self._data.method}", "InvalidHttpMethodError", process)
        data = self._data
        request = HttpRequest(
            method=data.method.upper(), url=prepared.url, headers=list(prepared.headers.items()),
            params=prepared.params, body=prepared.body.sent, timeout=data.timeout, verify_tls=data.verify_tls,
        )
        try:
            response = await ctx.ports.http.send(request)
        except HttpFaultError as fault:
            raise _failed(str(fault), fault.kind, process) from fault
        if response.status in _RETRIED:
            raise _failed(f"Reached maximum retries (0) for URL {prepared.url}", "HttpRequestNodeError", process)
        outputs = await self._outputs(ctx, response)
        if self._data.strict and not 200 <= response.status < 300:
            raise NodeError(
                f"Request failed with status code {response.status}", "HTTPResponseCodeError",
                process_data=process, outputs=outputs,
            )
        return Result(outputs=outputs, process_data=process, files=outputs["files"])

    async def _outputs(self, ctx: Context, response: HttpResponse) -> dict[str, Any]:
        files: list[File] = []
        text = ""
        if http_files.holds_file(response.headers, response.body):
            name, kind = http_files.named(response.headers, response.url)
            files = [await ctx.ports.files.save(ctx.run, response.body, name, kind)]
        else:
            text = http_files.text_of(response.headers, response.body)
        headers: dict[str, str] = {}
        for name, value in response.headers:
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        return {"status_code": response.status, "body": text, "headers": headers, "files": files}

    async def _prepare(self, ctx: Context) -> _Prepared:
        data = self._data
        url = ctx.render(data.url)
        if not url:
            raise NodeError("url is required", "InvalidURLError")
        if not url.startswith(("http://", "https://")):
            raise NodeError("url should start with http:// or https://", "InvalidURLError")
        params = [(ctx.render(key), ctx.render(value)) for key, value in http_data.pairs(data.params)]
        headers = {ctx.render(key): ctx.render(value).strip() for key, value in http_data.pairs(data.headers)}
        body = await self._body(ctx)
        lower = {name.lower() for name in headers}
        if body.boundary:
            headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            headers["Content-Type"] = f"multipart/form-data; boundary={body.boundary}"
        elif "content-type" not in lower and data.body_type in CONTENT_TYPES:
            headers["Content-Type"] = CONTENT_TYPES[data.body_type]
        prepared = _Prepared(url, params, headers, body)
        self._authorize(ctx, prepared)
        return prepared

    def _authorize(self, ctx: Context, prepared: _Prepared) -> None:
        auth = self._data.auth
        if auth is None:
            return
        key = ctx.render(auth.api_key)
        if not key.strip():
            raise NodeError(
                "API key is required for authorization but was empty. Please provide a valid API key.",
                "AuthorizationConfigError",
            )
        if auth.kind == "basic":
            key = f"Basic {base64.b64encode(key.encode()).decode() if ':' in key else key}"
        elif auth.kind == "bearer":
            key = f"Bearer {key}"
        prepared.secret = auth.header.lower()
        kept = {name: value for name, value in prepared.headers.items() if name.lower() != prepared.secret}
        prepared.headers = {**kept, auth.header: key}

    async def _body(self, ctx: Context) -> _Body:
        kind, items = self._data.body_type, self._data.items
        if kind in ("json", "raw-text", "binary") and len(items) != 1:
            raise NodeError(f"{kind} body type should have exactly one item", "RequestBodyError")
        if kind == "raw-text":
            text = ctx.render(items[0].value)
            return _Body(text.encode("utf-8", "replace"), text)
        if kind == "json":
            return await _json_body(ctx.render(items[0].value))
        if kind == "binary":
            return await self._binary(ctx, items[0].file)
        if kind == "x-www-form-urlencoded":
            encoded = urlencode({ctx.render(item.key): ctx.render(item.value) for item in items})
            return _Body(encoded.encode(), encoded)
        return await self._form(ctx) if kind == "form-data" else _Body()

    async def _binary(self, ctx: Context, selector: Selector) -> _Body:
        file = ctx.get(selector)
        if not isinstance(file, File):
            raise NodeError(f"cannot fetch file with selector {list(selector)}", "FileFetchError")
        content = await ctx.ports.files.read(ctx.run, file)
        return _Body(content, f"<binary_content: size={len(content)} bytes>")

    async def _form(self, ctx: Context) -> _Body:
        boundary = f"----TransomFormBoundary{secrets.token_hex(8)}"
        sent, shown = bytearray(), []
        for item in self._data.items:
            name = ctx.render(item.key)
            mark = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
            if item.kind == "text":
                value = ctx.render(item.value)
                sent += f"{mark}\r\n\r\n{value}\r\n".encode("utf-8", "replace")
                shown.append(f"{mark}\r\n\r\n{value}\r\n")
                continue
            for file in _files(ctx.get(item.file)):
                content = await ctx.ports.files.read(ctx.run, file)
                kind = file.mime_type or "application/octet-stream"
                head = f'{mark}; filename="{_quoted(file.name)}"\r\nContent-Type: {_quoted(kind)}\r\n\r\n'
                sent += head.encode("utf-8", "replace") + content + b"\r\n"
                size = f"type='{kind}', size={len(content)} bytes"
                shown.append(f"{mark}\r\n\r\n<file_content_binary: '{file.name or 'unknown'}', {size}>\r\n")
        end = f"--{boundary}--\r\n"
        return _Body(bytes(sent) + end.encode(), "".join(shown) + end, boundary)


async def _json_body(text: str) -> _Body:
    """JSON as it was meant: what is malformed is repaired."""
    try:
        value = await asyncio.to_thread(_meant, text) if len(text) > _LARGE else _meant(text)
        sent = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise NodeError(f"Failed to parse JSON: {text}", "RequestBodyError") from None
    return _Body(sent.encode("utf-8", "replace"), json.dumps(value, ensure_ascii=False))


def _meant(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError:
        from json_repair import repair_json

        return json.loads(str(repair_json(text)), strict=False)


def _files(value: Any) -> list[File]:
    found = value if isinstance(value, (list, tuple)) else [value]
    return [one for one in found if isinstance(one, File)]


def _quoted(text: str) -> str:
    """For a header of a form part, as browsers do."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _log(method: str, prepared: _Prepared) -> str:
    """The request as text, without the key and the bytes of files."""
    parts = urlsplit(prepared.url)
    query = "&".join(part for part in (parts.query, urlencode(prepared.params)) if part)
    lines = [f"{method.upper()} {parts.path or '/'}{f'?{query}' if query else ''} HTTP/1.1"]
    lines.append(f"Host: {parts.netloc.rpartition('@')[2]}")
    for name, value in prepared.headers.items():
        lines.append(f"{name}: {'*' * len(value) if name.lower() == prepared.secret else value}")
    if prepared.body.shown:
        lines.append(f"Content-Length: {len(prepared.body.sent or b'')}")
    return "\r\n".join(lines) + "\r\n\r\n" + prepared.body.shown


def _failed(message: str, kind: str, process: Mapping[str, Any]) -> NodeError:
    return NodeError(message, kind, process_data=process)
