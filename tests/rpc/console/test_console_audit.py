"""The edge and the audit log when callers leave, and when the log cannot be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from server.audit.model import Entry
from server.audit.writer import AuditWriter
from server.edge.interceptor import Edge
from server.edge.rules import rules_of
from server.kit.caller import Caller
from server.kit.ids import new_id
from tests.harness.nobody import NoPassports
from transom.console.v1 import app_service_pb2 as pb
from transom.console.v1 import app_service_pb2_grpc as rpc

APP = new_id()


class Member:
    """Sessions that are always the same member's."""

    caller = Caller(tenant_id=new_id(), account_id=new_id(), role="editor")

    async def require_setup(self) -> None: ...

    async def authenticate(self, *_: object, **__: object) -> Caller:
        return self.caller


class Log:
    """Keeps lines."""

    def __init__(self) -> None:
        self.lines: list[Entry] = []
        self.written = asyncio.Event()

    async def write(self, entry: Entry) -> None:
        self.lines.append(entry)
        self.written.set()


class SlowApps(rpc.AppServiceServicer):
    """Deletes an app when it is told to."""

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def DeleteApp(self, request: pb.DeleteAppRequest, context: Any) -> Empty:
        self.begun.set()
        await self.go_on.wait()
        return Empty()


@asynccontextmanager
async def serving(apps: SlowApps, audit: Any) -> AsyncIterator[rpc.AppServiceStub]:
    rules = rules_of([pb.DESCRIPTOR.services_by_name["AppService"]])
    edge = Edge(rules, None, Member(), NoPassports(), audit=audit)  # type: ignore[arg-type]
    server = grpc.aio.server(interceptors=(edge,))
    rpc.add_AppServiceServicer_to_server(apps, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield rpc.AppServiceStub(channel)
    finally:
        await server.stop(None)


async def test_caller_who_leaves_does_not_keep_an_act_out_of_the_log() -> None:
    apps, log = SlowApps(), Log()
    async with serving(apps, log) as stub:
        call = stub.DeleteApp(pb.DeleteAppRequest(app_id=APP))
        await asyncio.wait_for(apps.begun.wait(), 5)
        call.cancel()
        await asyncio.wait_for(log.written.wait(), 5)
    (line,) = log.lines
    assert (line.account_id, line.action, line.resource_id, line.outcome) == (
        Member.caller.account_id, "DeleteApp", APP, "client_left",
    )  # fmt: skip


async def test_act_is_answered_when_its_line_cannot_be_written(caplog: pytest.LogCaptureFixture) -> None:
    async def away(*_: object) -> None:
        raise OSError("no database")

    apps = SlowApps()
    apps.go_on.set()
    async with serving(apps, AuditWriter(away, Unreached())) as stub:  # type: ignore[arg-type]
        await stub.DeleteApp(pb.DeleteAppRequest(app_id=APP))
    (record,) = (record for record in caplog.records if record.name == "transom.audit")
    assert "DeleteApp" in record.getMessage() and APP in record.getMessage()


class Unreached:
    """A log that is never reached."""

    def add(self, entry: Entry) -> None:
        raise AssertionError("the database is away")
