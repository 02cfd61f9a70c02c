"""A sandbox service that speaks dify-sandbox's API; its double runs what it gets as the real one does, without a jail."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from server.engine.ports import CodeFaultError
from server.sandbox.model import SandboxError
from server.sandbox.remote import Service
from server.sandbox.runner import Sandbox
from tests.sandbox.conftest import LIMITS

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Double:
    """The service; ``answer`` is sent instead of what came of the code, when it is set."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.answer: tuple[int, Any] | None = None
        self.url = ""

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response("ok", status=200 if request.headers.get("X-Api-Key") == "key" else 401)

    async def run(self, request: web.Request) -> web.Response:
        order = await request.json()
        self.orders.append(order)
        if self.answer is not None:
            return web.json_response(self.answer[1], status=self.answer[0])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", order["code"], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        return web.json_response({"code": 0, "message": "success", "data": {"stdout": out.decode(), "error": err.decode()}})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def double() -> AsyncIterator[Double]:
    double = Double()
    app = web.Application()
    app.add_routes([web.get("/health", double.health), web.post("/v1/sandbox/run", double.run)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield double
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def remote(double: Double) -> AsyncIterator[Sandbox]:
    double.answer = None
    sandbox = Sandbox(LIMITS, service=Service(double.url, "key"))
    yield sandbox
    await sandbox.close()


async def test_service_runs_python_and_templates(remote: Sandbox, double: Double) -> None:
    assert f"by the sandbox service at {double.url}" in await remote.check()
    code = "def main(text):\n    print('beside <<it>>', end='')\n    return {'text': text + '海'}  # done"
    assert await remote.run("python3", code, {"text": "'\"\\n"}) == {"text": "'\"\\n海"}
    assert await remote.render("{% set x = a ~ '}' %}{{ x }}{{ none }}", {"a": "{é", "none": None}) == "{é}None"
    assert {order["language"] for order in double.orders} == {"python3"}
    assert not any(order["enable_network"] for order in double.orders)
    with pytest.raises(CodeFaultError, match=r"ZeroDivisionError: division by zero$"):
        await remote.run("python3", "def main(): return 1 / 0", {})
    with pytest.raises(CodeFaultError, match="no result tag found in response"):
        await remote.run("python3", "import os\ndef main(): os._exit(0)", {})
    with pytest.raises(CodeFaultError, match="The result is larger than 512 KiB"):
        await remote.run("python3", "def main(): return {'a': 'x' * 600_000}", {})


async def test_javascript_is_sent_as_nodejs(remote: Sandbox, double: Double) -> None:
    double.answer = (200, {"code": 0, "message": "success", "data": {"stdout": "", "error": "ReferenceError: x"}})
    with pytest.raises(CodeFaultError, match="ReferenceError: x"):
        await remote.run("javascript", "function main({a}) { return x }", {"a": 1})
    assert double.orders[-1]["language"] == "nodejs"
    assert "function main({a}) { return x }\n" in double.orders[-1]["code"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, {"code": -503, "message": "Too many requests", "data": None}), "refused: it answers 503"),
        ((200, {"code": -400, "message": "operation not permitted", "data": {"stdout": "", "error": ""}}), "not permitted"),
        ((200, "what"), "it answers 200"),
    ],
)  # fmt: skip
async def test_refusals_are_told(remote: Sandbox, double: Double, answer: tuple[int, Any], said: str) -> None:
    double.answer = answer
    with pytest.raises(CodeFaultError, match=said):
        await remote.run("python3", "def main(): return {}", {})


async def test_service_that_does_not_answer_is_named(double: Double) -> None:
    for service, said in (
        (Service("http://127.0.0.1:1", "key"), "does not answer"), (Service(double.url, "wrong"), "answers 401"),
    ):  # fmt: skip
        sandbox = Sandbox(LIMITS, service=service)
        with pytest.raises(SandboxError, match=f"the sandbox service at {service.url} {said}"):
            await sandbox.check()
