"""The node ``http-request`` against a loopback server (workflow-engine.md 8.15)."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from server.engine.node import NodeDataError, NodeError, Result
from server.engine.nodes.http_request import HttpRequestNode
from server.engine.values import File
from server.kit.outbound import Outbound, allowing
from server.tools.http import GuardedHttp
from tests.doubles.web_server import WebServer
from tests.tools.context import Context, Ports


@pytest.fixture
async def site() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def ctx() -> AsyncIterator[Context]:
    outbound = Outbound(allowing("127.0.0.0/8"))
    yield Context(ports=Ports(http=GuardedHttp(outbound)))
    await outbound.close()


def data(site: WebServer, path: str = "/echo", **changes: Any) -> dict[str, Any]:
    return {
        "method": "get", "url": site.url + path, "headers": "", "params": "", "authorization": {"type": "no-auth"},
        "body": {"type": "none", "data": []}, **changes,
    }  # fmt: skip


async def run(ctx: Any, given: Mapping[str, Any]) -> Result:
    return await HttpRequestNode.parse(given, "n").run(ctx)


async def failure(ctx: Any, given: Mapping[str, Any]) -> tuple[str, str]:
    with pytest.raises(NodeError) as failed:
        await run(ctx, given)
    return str(failed.value), failed.value.error_type


async def echoed(ctx: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads((await run(ctx, given)).outputs["body"])


async def test_parts_are_templates_and_repeated_params_are_kept(site: WebServer, ctx: Context) -> None:
    ctx.variables = {"s.host": site.url, "s.v": "a b"}
    given = data(site, url="{{#s.host#}}/echo?z=0", params="k:{{#s.v#}}\nk: 2\n\n:no key\n", headers="X-A: {{#s.v#}}\nX-B:")
    seen = await echoed(ctx, given)
    assert seen["headers"]["x-a"] == "a b" and seen["headers"]["x-b"] == ""
    log = (await run(ctx, given)).process_data["request"]
    assert log.startswith("GET /echo?z=0&k=a+b&k=2 HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_outputs_are_status_body_headers_and_files(site: WebServer, ctx: Context) -> None:
    site.pages["/text"] = (201, {"Content-Type": "text/plain; charset=gbk", "X-Two": "1"}, "你好".encode("gbk"))
    outputs = (await run(ctx, data(site, "/text", method="POST"))).outputs
    assert (outputs["status_code"], outputs["body"], outputs["files"]) == (201, "你好", [])
    assert outputs["headers"]["x-two"] == "1"


@pytest.mark.parametrize(("headers", "body", "kept"), [
    ({"Content-Type": "image/png"}, b"\x89PNG", ("file.png", "image/png")),
    ({"Content-Type": "application/json", "Content-Disposition": 'attachment; filename="a.json"'}, b"{}", ("a.json", "application/json")),
    ({"Content-Type": "text/csv"}, b"a,b", ("file.csv", "text/csv")),
    ({"Content-Type": "application/octet-stream"}, b"\xff\xfe\x00", ("file.bin", "application/octet-stream")),
    ({"Content-Type": "application/octet-stream"}, b'{"a": 1}', None),
    ({"Content-Type": "application/xml"}, b"<a/>", None),
    ({"Content-Type": "text/html"}, b"<p>", None),
])  # fmt: skip
async def test_files_are_told_from_text(
    site: WebServer, ctx: Context, headers: dict[str, str], body: bytes, kept: tuple[str, str] | None
) -> None:
    site.pages["/file"] = (200, headers, body)
    outputs = (await run(ctx, data(site, "/file"))).outputs
    found = [(name, kind) for _, name, kind in ctx.ports.files.kept]
    if kept is None:
        assert (outputs["body"], outputs["files"], found) == (body.decode(), [], [])
    else:
        assert outputs["body"] == "" and len(outputs["files"]) == 1
        assert found[0][1] == kept[1] and found[0][0].endswith(kept[0].removeprefix("file"))


@pytest.mark.parametrize(("config", "name", "value"), [
    ({"type": "bearer", "api_key": "k", "header": ""}, "authorization", "Bearer k"),
    ({"type": "basic", "api_key": "u:p", "header": ""}, "authorization", f"Basic {base64.b64encode(b'u:p').decode()}"),
    ({"type": "basic", "api_key": "ready"}, "authorization", "Basic ready"),
    ({"type": "custom", "api_key": "{{#env.k#}}", "header": "X-Key"}, "x-key", "secret"),
])  # fmt: skip
async def test_key_is_sent_and_not_recorded(
    site: WebServer, ctx: Context, config: dict[str, str], name: str, value: str
) -> None:
    ctx.variables = {"env.k": "secret"}
    given = data(site, authorization={"type": "api-key", "config": config}, headers=f"{name}: other")
    assert (await echoed(ctx, given))["headers"][name] == value
    log = (await run(ctx, given)).process_data["request"]
    assert value not in log and f": {'*' * len(value)}\r\n" in log


async def test_empty_key_fails(site: WebServer, ctx: Context) -> None:
    given = data(site, authorization={"type": "api-key", "config": {"type": "bearer", "api_key": " "}})
    assert await failure(ctx, given) == (
        "API key is required for authorization but was empty. Please provide a valid API key.", "AuthorizationConfigError",
    )  # fmt: skip


@pytest.mark.parametrize(("body", "sent", "kind"), [
    ({"type": "json", "data": [{"type": "text", "value": '{"a": {{#s.n#}}, "b": [1,], }'}]}, '{"a":5,"b":[1]}', "application/json"),
    ({"type": "json", "data": '{"a": "line\nbreak"}'}, '{"a":"line\\nbreak"}', "application/json"),
    ({"type": "raw-text", "data": "n={{#s.n#}}"}, "n=5", "text/plain"),
    ({"type": "x-www-form-urlencoded", "data": [{"key": "k", "type": "text", "value": "{{#s.n#}} é"}]}, "k=5+%C3%A9", "application/x-www-form-urlencoded"),
    ({"type": "x-www-form-urlencoded", "data": "a: 1\nb: 2"}, "a=1&b=2", "application/x-www-form-urlencoded"),
    ({"type": "none", "data": []}, "", None),
])  # fmt: skip
async def test_body_is_sent_as_it_is_meant(
    site: WebServer, ctx: Context, body: dict[str, Any], sent: str, kind: str | None
) -> None:
    ctx.variables = {"s.n": 5}
    seen = await echoed(ctx, data(site, method="post", body=body))
    assert (seen["body"], seen["headers"].get("content-type")) == (sent, kind)


async def test_form_carries_texts_and_files(site: WebServer, ctx: Context) -> None:
    ctx.ports.files.contents = {"f": b"\x00bytes"}
    file = File("document", "local_file", name='a".bin', mime_type="x/y", id="f")
    ctx.variables = {"s.files": [file, file]}
    items = [{"key": "t", "type": "text", "value": "v"}, {"key": "f", "type": "file", "file": ["s", "files"]}]
    given = data(site, method="post", body={"type": "form-data", "data": items}, headers="Content-Type: wrong")
    result = await run(ctx, given)
    call = site.calls[0]
    assert call.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert call.body.count(b'name="f"; filename="a%22.bin"\r\nContent-Type: x/y\r\n\r\n\x00bytes\r\n') == 2
    assert b'name="t"\r\n\r\nv\r\n' in call.body
    log = result.process_data["request"]
    assert "\x00bytes" not in log and "size=6 bytes" in log


async def test_binary_body_is_the_file(site: WebServer, ctx: Context) -> None:
    ctx.ports.files.contents = {"f": b"\xff\x00"}
    ctx.variables = {"s.file": File("document", "local_file", id="f")}
    body = {"type": "binary", "data": [{"type": "file", "file": ["s", "file"]}]}
    await run(ctx, data(site, method="post", body=body))
    assert site.calls[0].body == b"\xff\x00"
    ctx.variables = {}
    assert (await failure(ctx, data(site, method="post", body=body)))[1] == "FileFetchError"


@pytest.mark.parametrize("kind", ["json", "raw-text", "binary"])
async def test_body_of_two_items_fails(site: WebServer, ctx: Context, kind: str) -> None:
    two = [{"type": "text", "value": "1"}, {"type": "text", "value": "2"}]
    message, error = await failure(ctx, data(site, body={"type": kind, "data": two}))
    assert (message, error) == (f"{kind} body type should have exactly one item", "RequestBodyError")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_status_that_is_tried_again_fails_the_node(site: WebServer, ctx: Context, status: int) -> None:
    site.pages["/down"] = (status, {}, b"x")
    given = data(site, "/down")
    assert await failure(ctx, given) == (f"Reached maximum retries (0) for URL {site.url}/down", "HttpRequestNodeError")


async def test_other_status_succeeds_unless_errors_are_handled(site: WebServer, ctx: Context) -> None:
    assert (await run(ctx, data(site, "/none"))).outputs["status_code"] == 404
    for strict in ({"retry_config": {"retry_enabled": True, "max_retries": 1}}, {"error_strategy": "fail-branch"}):
        with pytest.raises(NodeError) as failed:
            await run(ctx, data(site, "/none", **strict))
        assert str(failed.value) == "Request failed with status code 404"
        assert failed.value.error_type == "HTTPResponseCodeError"
        assert failed.value.outputs is not None and failed.value.outputs["status_code"] == 404
        assert failed.value.process_data is not None and "GET /none" in failed.value.process_data["request"]


async def test_text_beyond_its_limit_fails(site: WebServer, ctx: Context) -> None:
    site.pages["/large"] = (200, {"Content-Type": "text/plain"}, b"a" * (1024 * 1024 + 512 * 1024))
    assert await failure(ctx, data(site, "/large")) == (
        "Text size is too large, max size is 1.00 MB, but current size is 1.50 MB.", "ResponseSizeError",
    )  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), [
    ({"url": "{{#s.empty#}}"}, "url is required"),
    ({"url": "ftp://x"}, "url should start with http:// or https://"),
    ({"method": "OPTIONS"}, "Invalid http method OPTIONS"),
])  # fmt: skip
async def test_request_that_makes_no_sense_fails(
    site: WebServer, ctx: Context, changes: dict[str, Any], message: str
) -> None:
    ctx.variables = {"s.empty": ""}
    assert (await failure(ctx, data(site, **changes)))[0] == message
    assert not site.calls


async def test_silent_server_fails_the_node_in_time(site: WebServer, ctx: Context) -> None:
    message, kind = await failure(ctx, data(site, "/slow", timeout={"connect": 1, "read": 0.2, "write": 1}))
    assert (message, kind) == ("The address did not answer within 0.2 seconds.", "HttpRequestNodeError")


async def test_node_that_is_stopped_leaves_the_server(site: WebServer, ctx: Context) -> None:
    task = asyncio.create_task(HttpRequestNode.parse(data(site, "/slow"), "n").run(ctx))
    await site.wait_for(lambda: site.calls)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await site.wait_for(lambda: site.calls[0].disconnected_at)


async def test_answer_that_breaks_off_fails_the_node(site: WebServer, ctx: Context) -> None:
    assert "cannot be reached" in (await failure(ctx, data(site, "/cut")))[0]


async def test_private_address_is_blocked(site: WebServer) -> None:
    outbound = Outbound()
    ctx = Context(ports=Ports(http=GuardedHttp(outbound)))
    message, _ = await failure(ctx, data(site))
    assert message == (
        f"Access to '{site.url}/echo' was blocked by SSRF protection. "
        "The URL may point to a private or local network address."
    )
    assert not site.calls
    await outbound.close()


@pytest.mark.parametrize("changes", [
    {"method": "trace"}, {"method": None}, {"body": {"type": "xml"}}, {"authorization": {"type": "api-key"}},
    {"authorization": {"type": "api-key", "config": {"type": "digest"}}}, {"timeout": {"read": "soon"}},
    {"body": {"type": "form-data", "data": [{"type": "other"}]}}, {"headers": 5},
])  # fmt: skip
def test_data_that_says_something_impossible_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NodeDataError):
        HttpRequestNode.parse({"method": "get", "url": "http://a", **changes}, "n")


def test_uses_names_what_templates_and_files_refer_to() -> None:
    node = HttpRequestNode.parse(
        {
            "method": "get", "url": "{{#a.b#}}{{#x-y.z#}}", "headers": "k:{{#env.k#}}",
            "body": {"type": "form-data", "data": [{"key": "f", "type": "file", "file": ["s", "f"]}]},
        },
        "n",
    )  # fmt: skip
    assert list(node.uses()) == [("a", "b"), ("env", "k"), ("s", "f")]
