"""The console's services behind the real edge, on a real server in this process, and clients of it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from redis.asyncio import Redis

from server.access.service import AccessService
from server.account import servicer as account_servicers
from server.account.members import MemberService
from server.account.passwords import Passwords
from server.account.service import AccountService
from server.account.session import Sessions
from server.account.tokens import Cookies, Tokens
from server.app import servicer as app_servicers
from server.app.importing import Importer, ImportService
from server.app.keys import KeyService
from server.app.models import stored_models
from server.app.service import AppService
from server.app.wire import AppPrinter
from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory, make_engine, uow_factory
from server.edge.interceptor import Edge
from server.edge.rules import rules_of
from server.kit.crypto import Sealer
from server.kit.outbound import Address, Outbound
from server.llm import registry
from server.llm.calls import Timings
from server.provider.resolve import Resolver, SystemModels
from server.provider.service import ProviderService
from server.settings import Settings
from server.workflow.service import WorkflowService
from tests.harness.nobody import NoPassports
from transom.console.v1 import (
    app_service_pb2,
    app_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
)

OWNER = {"email": "owner@example.com", "name": "Olga Owner", "password": "correct horse 7"}
SECRET = "a secret key of these tests, long enough"
_FILES = (session_service_pb2, app_service_pb2)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a REST caller sees."""

    status: int
    body: Any
    cookies: Mapping[str, str]
    set_cookie: tuple[str, ...]


@dataclass
class Backend:
    """A running server and what it was built from."""

    address: str
    uow: UowFactory
    accounts: AccountService
    apps: AppService
    keys: KeyService
    providers: ProviderService
    access: AccessService
    sessions: Sessions
    settings: Settings
    channel: grpc.aio.Channel


@asynccontextmanager
async def running(
    postgres_url: str, redis_url: str, *, allow: Any = None, **settings: Any
) -> AsyncIterator[Backend]:
    """A server with an empty instance behind it."""
    effective = Settings(secret_key=SECRET, database_url=postgres_url, redis_url=redis_url, **settings)
    async with AsyncExitStack() as stack:
        engine = make_engine(postgres_url, pool_size=8)
        stack.callback(engine.dispose)
        uow, db = uow_factory(engine), Database(8, 100)
        stack.callback(db.close)
        redis = Redis.from_url(redis_url)
        stack.push_async_callback(redis.aclose)
        bus = Bus(redis)
        passwords = Passwords()
        stack.callback(passwords.close)

        accounts = AccountService(uow, refresh_days=effective.refresh_token_days)
        tokens = Tokens(effective.secret_key, effective.access_token_minutes)
        cookies = Cookies(effective.public_url)
        sessions = Sessions(db, accounts, MemberService(uow), passwords, tokens, cookies, effective, bus)
        sealer = Sealer(effective.secret_key)
        providers = ProviderService(uow, sealer)
        resolver = Resolver(registry.build(Timings()), SystemModels(local_model=True))
        look = stored_models(providers, resolver)
        apps = AppService(uow, look, lambda _: ())
        workflows = WorkflowService(uow, sealer)
        imports = ImportService(uow, apps, look, workflows)
        keys = KeyService(uow, sealer)
        outbound = Outbound(allow) if allow else Outbound()
        importer = Importer(db, imports, outbound)
        printer = AppPrinter(effective.public_url, _file_link)
        access = AccessService(db, uow, bus)

        server = grpc.aio.server(interceptors=(Edge(rules_of(_services()), access, sessions, NoPassports()),))
        for servicer in (
            account_servicers.SetupServicer(db, accounts, sessions, passwords),
            account_servicers.SessionServicer(sessions),
            account_servicers.AccountServicer(db, accounts, sessions, passwords, bus, _file_link),
            account_servicers.WorkspaceServicer(db, accounts, sessions, bus),
            app_servicers.AppServicer(db, apps, imports, importer, printer, bus),
            app_servicers.ApiKeyServicer(db, keys, bus),
        ):
            _adder(servicer)(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, None)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        address = f"127.0.0.1:{port}"
        yield Backend(address, uow, accounts, apps, keys, providers, access, sessions, effective, channel)


def _file_link(file_id: str) -> str:
    return f"/files/{file_id}/file-preview"


def _services() -> list[ServiceDescriptor]:
    return [service for file in _FILES for service in file.DESCRIPTOR.services_by_name.values()]


def _adder(servicer: object) -> Any:
    base = next(kind for kind in type(servicer).__mro__ if kind.__module__.endswith("_pb2_grpc"))
    module = session_service_pb2_grpc if base.__module__ == session_service_pb2_grpc.__name__ else app_service_pb2_grpc
    return getattr(module, f"add_{base.__name__}_to_server")


_METHODS = {method.name: method for service in _services() for method in service.methods}


@dataclass
class Client:
    """A REST caller as the gateway presents it: keeps cookies, sends the CSRF header by itself."""

    backend: Backend
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    sends_csrf: bool = True
    path: str = "/console/api/x"

    async def call(self, rpc: str, body: Mapping[str, Any] | Message | None = None, **headers: str) -> Reply:
        """Call an RPC by its name."""
        method = _METHODS[rpc]
        request = body if isinstance(body, Message) else ParseDict(body or {}, method.input_type._concrete_class())
        metadata = {
            "x-envoy-original-path": self.path, "x-rest-content-type": "application/json", **self.headers,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        if self.cookies:
            metadata.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        csrf = self.cookies.get("csrf_token") or self.cookies.get("__Host-csrf_token")
        if self.sends_csrf and csrf:
            metadata.setdefault("x-csrf-token", csrf)
        path = f"/{method.containing_service.full_name}/{method.name}"
        call = self.backend.channel.unary_unary(path)(request.SerializeToString(), metadata=tuple(metadata.items()))
        try:
            body_bytes = HttpBody.FromString(await call).data
            received = list(await call.initial_metadata())
            status = int(dict(received).get("x-http-status", 200))
        except grpc.aio.AioRpcError as error:
            received = list(error.trailing_metadata())
            status, body_bytes = int(dict(received)["x-http-status"]), dict(received)["x-error-body"]
        set_cookie = tuple(value for key, value in received if key == "set-cookie")
        fresh = dict(value.partition(";")[0].split("=", 1) for value in set_cookie)
        self.cookies.update(fresh)
        return Reply(status, json.loads(body_bytes or "null"), fresh, set_cookie)

    async def login(self, email: str = OWNER["email"], password: str = OWNER["password"]) -> Reply:
        """Log in with the password as browsers send it."""
        return await self.call("Login", {"email": email, "password": encoded(password)})

    def enter(self, account_id: str) -> None:
        """Become a logged-in account without the cost of a password."""
        session = self.backend.accounts.begin_session(account_id, None)
        for _, value in self.backend.sessions.cookies_of(session):
            name, _, token = value.partition(";")[0].partition("=")
            self.cookies[name] = token

    async def refused(
        self, rpc: str, body: Mapping[str, Any] | Message | None = None, **headers: str
    ) -> tuple[int, str]:
        """Call an RPC that must fail; its status and code."""
        reply = await self.call(rpc, body, **headers)
        assert reply.status >= 400, reply
        return reply.status, reply.body["code"]

    async def done(self, rpc: str, body: Mapping[str, Any] | Message | None = None, **headers: str) -> Any:
        """Call an RPC that must succeed; its body."""
        reply = await self.call(rpc, body, **headers)
        assert reply.status < 300, reply
        return reply.body


def encoded(password: str) -> str:
    """A password as login takes it."""
    return base64.b64encode(password.encode()).decode()


def everywhere(_: Address) -> bool:
    """Lets an outbound fetch reach loopback."""
    return True
