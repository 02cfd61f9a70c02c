"""The run machinery of one server process, without gRPC, so that a test can hold each of its steps.

Two nodes on one database and one Redis are two processes; ``crash`` leaves behind what SIGKILL would.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Self

import psycopg2
import psycopg2.extras
from redis.asyncio import Redis

from server.bootstrap import redis_client
from server.bootstrap_extension import shown
from server.bus import Bus
from server.chat.answer import Answers
from server.chat.ports import Parts
from server.chat.service import ChatService
from server.chat.storing import Endings
from server.chat.turn import Question
from server.db.bridge import Database
from server.db.direct import Direct
from server.db.engine import make_engine, uow_factory
from server.kit.caller import AppContext, Caller, EndUser
from server.kit.ids import new_id
from server.kit.tasks import end
from server.llm.port import ChatRequest, Chunk, ModelCard, PromptMessage, Usage
from server.runs.keeper import Keeper
from server.runs.log import EventLog
from server.runs.registry import Runs
from server.runs.run import Run
from server.settings import Settings
from transom.run.v1.event_pb2 import RunEvent

Script = Callable[["Pen"], AsyncGenerator[Chunk, None]]


class Pen:
    """What a scripted model writes with: pieces that the test hands it, one by one."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()
        self.closed = asyncio.Event()

    def write(self, *pieces: str) -> None:
        """Say these pieces next."""
        for piece in pieces:
            self._pieces.put_nowait(Chunk(text=piece))

    def end(self, usage: Usage | None = None) -> None:
        """Finish as a model does."""
        self._pieces.put_nowait(Chunk(usage=usage or Usage(7, 3, 10), finish_reason="stop"))
        self._pieces.put_nowait(None)

    def fail(self, error: Exception) -> None:
        """Break down."""
        self._pieces.put_nowait(error)

    async def stream(self) -> AsyncGenerator[Chunk, None]:
        """The model's side."""
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed.set()


class PenModel:
    """A chat model that says what its pen is told to. Port: ``ChatModel``."""

    def __init__(self, pen: Pen) -> None:
        self.card = ModelCard(model="pen", model_type="llm")
        self._pen = pen

    def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        """The pen's pieces."""
        return self._pen.stream()

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        """A token a word."""
        return sum(len(message.text.split()) for message in messages)


class _Models:
    def __init__(self) -> None:
        self.pen = Pen()

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> PenModel:
        return PenModel(self.pen)


class _NoUploads:
    async def read(self, key: str) -> bytes:
        raise FileNotFoundError(key)


async def _unnamed(tenant_id: str, conversation_id: str, query: str) -> None:
    """No conversation gets a name here."""


def some_caller() -> Caller:
    """An end user of an app that nobody else knows."""
    tenant_id = new_id()
    document = {"model": {"provider": "openai", "name": "pen", "mode": "chat", "completion_params": {}}}
    app = AppContext(
        app_id=new_id(), tenant_id=tenant_id, key_id=new_id(), name="app", description="", mode="chat",
        status="normal", enable_api=True, tenant_status="normal", has_owner=True, app_config_id=new_id(),
        document=document, workflow_id=None, max_active_requests=0, created_by=None,
    )
    return Caller(tenant_id=tenant_id, app=app, end_user=EndUser(new_id(), "u"))


class Node:
    """``async with Node(postgres_url, redis_url) as node``; settings by name."""

    def __init__(self, postgres_url: str, redis_url: str, **settings: Any) -> None:
        self.postgres_url = postgres_url
        self.settings = Settings(
            database_url=postgres_url, redis_url=redis_url, secret_key="s" * 32,
            **{"lease_seconds": 1.5, "heartbeat_seconds": 0.3, "answer_flush_seconds": 0.1, **settings},
        )
        self.models = _Models()
        self.crashed = False

    async def __aenter__(self) -> Self:
        settings = self.settings
        self.engine = make_engine(settings.database_url, pool_size=6)
        self.uow = uow_factory(self.engine)
        self.db = Database(4, 100, Direct(self.engine, size=2, queue_limit=100))
        self.own_db = Database(2, 100)
        self.redis = redis_client(settings.redis_url, connections=16)
        self.blocking = redis_client(settings.redis_url, connections=16)
        self.bus = Bus(self.redis)
        self.log = EventLog(self.redis, self.blocking, settings.event_log_seconds)
        self.runs = Runs(self.db, self.uow, self.log, self.bus, settings)
        self.keeper = Keeper(self.runs, self.log, self.own_db, self.uow, settings, self._no_housekeeping)
        parts = Parts(self.models, _NoUploads())  # type: ignore[arg-type]
        self.endings = Endings(self.db, self.uow, self.runs, _unnamed, shown)
        answers = Answers(self.runs, parts, self.endings, settings)
        self.chat = ChatService(self.db, self.uow, self.runs, parts, answers, settings)
        self.bus.start()
        await self.keeper.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.crashed:
            await self.runs.close()
            await self.keeper.stop()
            await self.bus.stop()
        for redis in (self.redis, self.blocking):
            await redis.aclose()
        for db in (self.db, self.own_db):
            db.close()
        self.engine.dispose()

    @staticmethod
    async def _no_housekeeping() -> None:
        return

    async def start(self, caller: Caller) -> tuple[Run, Pen]:
        """A run of the caller, and the pen of its model."""
        self.models.pen = pen = Pen()
        run = await self.chat.start(caller, Question(inputs={}, query="hello"))
        return run, pen

    async def crash(self) -> None:
        """End as by SIGKILL: nothing is written any more, the lease is left to run out."""
        self.crashed = True
        await self.freeze()
        await self.bus.stop()
        await end([*self.runs._tasks, *self.runs._background])

    async def freeze(self) -> None:
        """Stop the keeper alone: no heartbeat, no log, as in a process that hangs."""
        await end(self.keeper._tasks)
        self.keeper._tasks = []

    def row(self, run: Run) -> dict[str, Any]:
        """The run and its message as they are stored."""
        with contextlib.closing(psycopg2.connect(self.postgres_url)) as connection:
            cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
            cursor.execute(
                "SELECT runs.status, runs.error, runs.last_sequence, messages.answer, messages.status AS message_status,"
                " messages.error AS message_error, messages.answer_tokens, messages.message_tokens, messages.metadata"
                " FROM runs JOIN messages ON messages.id = runs.message_id WHERE runs.task_id = %s",
                (run.key.task_id,),
            )
            row = cursor.fetchone()
        assert row is not None, "the run is not stored"
        return dict(row)


def plain_redis(url: str) -> Redis:
    """A client for what a test does to the log itself."""
    return Redis.from_url(url)


async def eventually(condition: Callable[[], Any], what: str, *, seconds: float = 20.0) -> None:
    """Poll until ``condition`` holds; AssertionError that names ``what`` after ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.01)


async def all_of(batches: Any, *, seconds: float = 20.0) -> list[RunEvent]:
    """Everything a reader gives until it ends, without pings."""
    async with asyncio.timeout(seconds):
        return [event async for batch in batches for event in batch if event.WhichOneof("body") != "ping"]


def told(events: Sequence[RunEvent]) -> str:
    """The text that a reader shows."""
    text = ""
    for event in events:
        if event.WhichOneof("body") == "message_replace":
            text = event.message_replace.answer
        elif event.WhichOneof("body") == "message":
            text += event.message.answer
    return text
