"""Speaking with MCP servers by both transports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.engine.ports import ToolMessage
from server.kit.outbound import Outbound, allowing
from server.tools.mcp import McpAuthError, McpError, Server, messages, session
from tests.doubles.loopback import http_chunk
from tests.doubles.mcp_server import McpServer
from tests.doubles.web_server import WebServer

WAYS = [("/mcp", False), ("/mcp", True), ("/sse", False)]


@pytest.fixture
async def client() -> AsyncIterator[Outbound]:
    outbound = Outbound(allowing("127.0.0.0/8"))
    yield outbound
    await outbound.close()


@pytest.fixture
async def mcp() -> AsyncIterator[McpServer]:
    async with McpServer() as server:
        yield server


@pytest.mark.parametrize(("path", "streams"), WAYS)
async def test_tools_are_listed_and_called(client: Outbound, mcp: McpServer, path: str, streams: bool) -> None:
    mcp.streams = streams
    async with session(client, Server(mcp.url + path)) as opened:
        assert [tool["name"] for tool in await opened.tools()] == ["echo", "add", "picture", "fail"]
        said = messages(await opened.call("echo", {"text": "hé"}))
        assert said == [ToolMessage("text", "hé")]
        added = messages(await opened.call("add", {"a": 1, "b": 2}))
        assert added == [ToolMessage("json", value={"sum": 3}), ToolMessage("variable", value=3, name="sum")]
        (picture,) = messages(await opened.call("picture", {}))
        assert (picture.kind, picture.text, picture.value, picture.name) == ("image", "image/png", b"\x89PNG", "file.png")
        with pytest.raises(McpError, match="it broke"):
            await opened.call("fail", {})
        with pytest.raises(McpError, match="Unknown tool"):
            await opened.call("nothing", {})
    assert mcp.told[0]["method"] == "notifications/initialized"
    assert ({"jsonrpc": "2.0", "id": "p", "result": {}} in mcp.told) == streams
    assert mcp.ended == (path == "/mcp")


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
async def test_key_is_asked_for(client: Outbound, mcp: McpServer, path: str) -> None:
    mcp.key = "k"
    with pytest.raises(McpAuthError):
        async with session(client, Server(mcp.url + path)):
            pass
    async with session(client, Server(mcp.url + path, {"Authorization": "Bearer k"})) as opened:
        assert len(await opened.tools()) == 4


async def test_what_is_no_mcp_server_is_refused(client: Outbound) -> None:
    async with WebServer() as site:
        site.pages["/page"] = (200, {"Content-Type": "text/html"}, b"<p>")
        for path, text in (("/page", "no JSON"), ("/none", "status 404"), ("/echo", "no message"), ("/slow", "within 0.3")):
            with pytest.raises(McpError, match=text):
                async with session(client, Server(site.url + path, timeout=0.3, read=0.3)):
                    pass


async def test_server_that_only_keeps_the_line_open_is_given_up(client: Outbound) -> None:
    class Keeper(WebServer):
        async def handle(self, call, reply) -> None:
            reply.stream()
            while True:
                await reply.write(http_chunk(b": still here\n\n"))
                await asyncio.sleep(0.02)

    async with Keeper() as keeper:
        with pytest.raises(McpError, match=r"did not answer within 0\.3 seconds"):
            async with session(client, Server(f"{keeper.url}/mcp", timeout=5, read=0.3)):
                pass
        await keeper.wait_for(lambda: keeper.calls[0].disconnected_at)


async def test_answer_without_end_is_cut_off(client: Outbound) -> None:
    async with WebServer() as site:
        with pytest.raises(McpError, match="too much"):
            async with session(client, Server(f"{site.url}/drip")):
                pass


async def test_messages_are_sent_to_no_other_host(client: Outbound) -> None:
    async with WebServer() as site:
        stream = b"event: endpoint\ndata: http://127.0.0.1:1/messages\n\n"
        site.pages["/sse"] = (200, {"Content-Type": "text/event-stream"}, stream)

        async def handle(call, reply, plain=site.handle) -> None:
            reply.json(405, {}) if call.method == "POST" else await plain(call, reply)

        site.handle = handle  # type: ignore[method-assign]
        with pytest.raises(McpError, match="another host"):
            async with session(client, Server(f"{site.url}/sse", timeout=1)):
                pass


async def test_private_server_is_not_reached(mcp: McpServer) -> None:
    outbound = Outbound()
    with pytest.raises(McpError, match="not on the public internet"):
        async with session(outbound, Server(f"{mcp.url}/mcp")):
            pass
    assert not mcp.calls
    await outbound.close()
