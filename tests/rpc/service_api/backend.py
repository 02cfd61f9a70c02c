"""The Service API's reading half behind the real edge, and a REST caller of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.json_format import ParseDict
from redis.asyncio import Redis
from sqlalchemy import event

from server.access.service import AccessService
from server.annotation.replies import AnnotationReplies
from server.app_info.service import AppInfoService
from server.app_info.servicer import AppInfoServicer
from server.bus import Bus
from server.chat.parameters import UploadLimits
from server.conversation.asking import Asking
from server.conversation.message_servicer import MessageServicer
from server.conversation.messages import MessageService
from server.conversation.service import ConversationService
from server.conversation.servicer import ConversationServicer
from server.conversation.wire import MessagePrinter
from server.db.bridge import Database
from server.db.direct import Direct
from server.db.engine import make_engine, uow_factory
from server.edge.interceptor import Edge
from server.edge.rules import rules_of
from server.file.links import FileLinks
from server.file.model import Limits
from server.file.service import FileService
from server.file.servicer import FileServicer
from server.file.storage import LocalStorage
from server.file.threads import FileThreads
from server.file.upload import Uploads
from server.kit.crypto import Sealer
from server.kit.errors import AppError, Reason
from server.llm.port import ChatModel, ChatRequest, Chunk, ModelCard, ModelFault, PromptMessage
from server.workflow.library import WorkflowLibrary
from tests.harness.nobody import NoPassports
from tests.rpc.service_api.world import App, World
from transom.app.v1 import app_info_service_pb2, app_info_service_pb2_grpc
from transom.conversation.v1 import (
    conversation_service_pb2,
    conversation_service_pb2_grpc,
    message_service_pb2,
    message_service_pb2_grpc,
)
from transom.file.v1 import file_http_service_pb2, file_http_service_pb2_grpc

SECRET = "a secret key of these tests, long enough"
PUBLIC = "http://transom.example"
_FILES = (app_info_service_pb2, conversation_service_pb2, message_service_pb2, file_http_service_pb2)
_SERVICES = [service for file in _FILES for service in file.DESCRIPTOR.services_by_name.values()]
_METHODS = {method.name: method for service in _SERVICES for method in service.methods}


class ScriptedModel:
    """A model that replies with ``reply``, or fails with it; remembers what it was asked."""

    def __init__(self, reply: str | Exception) -> None:
        self.card = ModelCard(model="scripted", model_type="llm")
        self.reply = reply
        self.requests: list[ChatRequest] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[Chunk]:
        """The reply in two chunks."""
        self.requests.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        half = len(self.reply) // 2
        yield Chunk(text=self.reply[:half])
        yield Chunk(text=self.reply[half:], finish_reason="stop")

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        """A token a word."""
        return sum(len(message.text.split()) for message in messages)


@dataclass
class ScriptedModels:
    """Hands out one model; without it, no provider is configured."""

    model: ScriptedModel | None = None

    async def default_llm(self, tenant_id: str) -> ChatModel:
        """The model."""
        if self.model is None:
            raise AppError(Reason.PROVIDER_NOT_INITIALIZE)
        return self.model

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """The same model."""
        return await self.default_llm(tenant_id)

    def reply(self, text: str) -> ScriptedModel:
        """From now on the model says ``text``."""
        self.model = ScriptedModel(text)
        return self.model

    def fail(self) -> None:
        """From now on the model fails."""
        self.model = ScriptedModel(ModelFault("unavailable", "away"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a REST caller sees."""

    status: int
    body: Any
    headers: Mapping[str, str]
    data: bytes = b""


class _NoEmbedder:
    """Nobody asks questions here."""

    async def query(self, *_: Any) -> Any:
        """Fails."""
        raise AssertionError("a question was embedded")


@dataclass
class Backend:
    """A running server and what it was built from."""

    world: World
    models: ScriptedModels
    asking: Asking
    links: FileLinks
    channel: grpc.aio.Channel
    files: Path
    # Statements that were sent to PostgreSQL.
    statements: list[str] = field(default_factory=list)

    def client(self, app: App) -> Client:
        """A caller with the app's key."""
        return Client(self, app)


@asynccontextmanager
async def running(postgres_url: str, redis_url: str, files: Path, limits: Limits) -> AsyncIterator[Backend]:
    """A server on a database that others may use too."""
    async with AsyncExitStack() as stack:
        engine = make_engine(postgres_url, pool_size=8)
        stack.callback(engine.dispose)
        direct = Direct(engine, size=2, queue_limit=100)
        uow, db = uow_factory(engine), Database(8, 100, direct)
        stack.callback(db.close)
        redis = Redis.from_url(redis_url)
        stack.push_async_callback(redis.aclose)
        access = AccessService(db, uow, Bus(redis))
        links = FileLinks(SECRET, PUBLIC, 300)
        storage = LocalStorage(files)
        threads = FileThreads(storage)
        stack.callback(threads.close)
        models = ScriptedModels()
        conversations = ConversationService(uow)
        asking = Asking(db, conversations, models)
        printer = MessagePrinter(links.link, links.renewed)

        replies = AnnotationReplies(db, uow, _NoEmbedder(), Bus(redis))
        server = grpc.aio.server(interceptors=(Edge(rules_of(_SERVICES), access, NoSessions(), NoPassports()),))
        conversation_service_pb2_grpc.add_ConversationServiceServicer_to_server(
            ConversationServicer(db, conversations, asking), server
        )
        message_service_pb2_grpc.add_MessageServiceServicer_to_server(
            MessageServicer(db, MessageService(db, uow), asking, printer), server
        )
        workflows = WorkflowLibrary(db, uow, Sealer("x" * 32), Bus(redis))
        app_info_service_pb2_grpc.add_AppInfoServiceServicer_to_server(
            AppInfoServicer(
                db, AppInfoService(uow), workflows, UploadLimits(), links.link, "1.2.3", replies.shown
            ),
            server,
        )
        file_http_service_pb2_grpc.add_FileServiceServicer_to_server(
            FileServicer(db, FileService(uow, links), Uploads(storage, threads, limits), threads, links, access),
            server,
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, None)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        backend = Backend(World(uow), models, asking, links, channel, files)
        event.listen(engine, "before_cursor_execute", lambda *args: backend.statements.append(args[2]))
        sql = direct._compiler.sql

        def noted(statement: Any) -> Any:
            backend.statements.append(str(statement))
            return sql(statement)

        direct._compiler.sql = noted  # type: ignore[method-assign]
        yield backend


class NoSessions:
    """No console here."""

    async def require_setup(self) -> None:
        """Nothing to set up."""

    async def authenticate(self, *_: object, **__: object) -> Any:
        """Nobody logs in."""
        raise AppError(Reason.UNAUTHORIZED)


@dataclass
class Client:
    """A REST caller as the gateway presents it."""

    backend: Backend
    app: App

    async def call(self, rpc: str, body: Mapping[str, Any] | None = None, **fields: Any) -> Reply:
        """Call an RPC by its name; ``user`` is cap-user unless given."""
        method = _METHODS[rpc]
        user = {"user": "cap-user"} if "user" in method.input_type.fields_by_name else {}
        values = {**user, **(body or {}), **fields}
        request = ParseDict(values, method.input_type._concrete_class()).SerializeToString()
        path = f"/{method.containing_service.full_name}/{method.name}"
        if method.server_streaming:
            return await _received(self.backend.channel.unary_stream(path)(request, metadata=self._metadata()))
        return await _received(self.backend.channel.unary_unary(path)(request, metadata=self._metadata()))

    async def ok(self, rpc: str, body: Mapping[str, Any] | None = None, **fields: Any) -> Any:
        """Call an RPC that must succeed; its body."""
        reply = await self.call(rpc, body, **fields)
        assert reply.status < 300, reply
        return reply.body

    async def refused(self, rpc: str, body: Mapping[str, Any] | None = None, **fields: Any) -> tuple[int, str, str]:
        """Call an RPC that must fail; status, code and message."""
        reply = await self.call(rpc, body, **fields)
        assert reply.status >= 400, reply
        assert reply.body["status"] == reply.status
        return reply.status, reply.body["code"], reply.body["message"]

    async def upload(self, content_type: str, pieces: Sequence[bytes]) -> Reply:
        """Send a body in pieces, the content type with the first, as the gateway does."""
        bodies = [HttpBody(content_type="" if at else content_type, data=data) for at, data in enumerate(pieces)]
        call = self.backend.channel.stream_unary("/transom.file.v1.FileService/UploadFile")(
            (body.SerializeToString() for body in bodies), metadata=self._metadata()
        )
        return await _received(call)

    def open_upload(self) -> grpc.aio.StreamUnaryCall:
        """An upload that the test writes itself."""
        path = "/transom.file.v1.FileService/UploadFile"
        return self.backend.channel.stream_unary(path)(metadata=self._metadata())

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (
            ("x-envoy-original-path", "/v1/x"), ("x-rest-content-type", "application/json"),
            ("authorization", f"Bearer {self.app.key}"),
        )  # fmt: skip


async def _received(call: Any) -> Reply:
    kind, data = "", b""
    try:
        if isinstance(call, grpc.aio.UnaryStreamCall):
            async for piece in call:
                body = HttpBody.FromString(piece)
                kind, data = kind or body.content_type, data + body.data
        else:
            body = HttpBody.FromString(await call)
            kind, data = body.content_type, body.data
        headers = {**dict(await call.initial_metadata()), "content-type": kind}
    except grpc.aio.AioRpcError as error:
        trailing = dict(error.trailing_metadata())
        assert "x-http-status" in trailing, error
        return Reply(int(trailing["x-http-status"]), json.loads(trailing["x-error-body"]), trailing)
    shown = json.loads(data) if kind == "application/json" and data else None
    return Reply(int(headers.get("x-http-status", 200)), shown, headers, data)


async def until(condition: Any, what: str, *, seconds: float = 10.0) -> None:
    """Return as soon as ``condition()`` holds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)
            return
    raise AssertionError(f"not within {seconds} s: {what}")
