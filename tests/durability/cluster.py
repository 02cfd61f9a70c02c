"""A product whose parts may be killed, and end users who watch their answers meanwhile."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import httpx
import psycopg2
import psycopg2.extras

from server.kit.ids import new_id
from tests.harness.product import App, Product, Workspace
from tests.harness.stores import DataStores, wait_until
from tests.rest.sse import event, frames
from transom.chat.v1 import chat_pb2, chat_service_pb2_grpc
from transom.run.v1.event_pb2 import RunEvent

# The promise of architecture.md section 3, point 6.
SWEPT_WITHIN = 30.0
_OWNER = re.compile(r"serving on \S+ as (\S+)")


class Cluster:
    """A product on data stores, with a workspace; parts that a test killed are started again by ``mend``."""

    def __init__(self, product: Product, stores: DataStores, model_url: str) -> None:
        self.product = product
        self.stores = stores
        self.model_url = model_url
        self.workspace = Workspace(product, model_url)

    def mend(self) -> None:
        """Start again what does not run, and wait until all is healthy."""
        for name in ("postgres", "redis"):
            if name not in self.stores._children:
                getattr(self.stores, f"start_{name}")()
        missing = [name for name in self.product.parts if name not in self.product._children]
        for name in missing:
            self.product.start(name)
        for name in missing:
            if name.startswith("server-"):
                # The gateway may not have noticed yet that it was gone, so its opinion is not enough.
                wait_until(lambda name=name: _listens(self.port(name)), f"{name} listens", seconds=60, every=0.05)  # type: ignore[misc]
        self.product.wait_healthy()

    def port(self, name: str) -> int:
        """Where a server process listens."""
        return self.product.ports[int(name.removeprefix("server-")) - 1]

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        with contextlib.closing(psycopg2.connect(self.product.postgres_url)) as connection:
            cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
            cursor.execute(statement, values)
            return [dict(row) for row in cursor.fetchall()]

    def change(self, statement: str) -> None:
        """Change what the database holds."""
        with contextlib.closing(psycopg2.connect(self.product.postgres_url)) as connection, connection:
            connection.cursor().execute(statement)

    def server_of(self, task_id: str) -> str:
        """The server process that works on a run, by name."""
        (row,) = self.rows("SELECT owner FROM runs WHERE task_id = %s", task_id)
        for at in range(self.product.servers):
            name = f"server-{at + 1}"
            if _OWNER.findall(self.product.log(name))[-1:] == [row["owner"]]:
                return name
        raise AssertionError(f"no server says that it is {row['owner']}")

    def other_than(self, name: str) -> str:
        """Another server process."""
        return next(f"server-{at + 1}" for at in range(self.product.servers) if f"server-{at + 1}" != name)

    @contextlib.contextmanager
    def channel(self, name: str) -> Iterator[grpc.Channel]:
        """A gRPC channel straight to one server process, past the gateway."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port(name)}") as channel:
            yield channel

    def resume(self, name: str, app: App, task_id: str, user: str, after: int) -> list[RunEvent]:
        """The rest of a run as one process tells it over gRPC."""
        with self.channel(name) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            request = chat_pb2.ResumeMessageRequest(task_id=task_id, user=user, after_sequence=after)
            events = stub.ResumeChatMessage(request, metadata=_key(app), timeout=SWEPT_WITHIN * 2)
            return [event for event in events if event.WhichOneof("body") != "ping"]

    def stop(self, name: str, app: App, task_id: str, user: str) -> None:
        """Ask one process to stop a run."""
        with self.channel(name) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            stub.StopChatMessage(chat_pb2.StopMessageRequest(task_id=task_id, user=user), metadata=_key(app), timeout=10)

    def model_calls(self, model: str) -> list[dict[str, Any]]:
        """The calls of a model that its double has seen; the first is the test call when it was added."""
        calls = httpx.get(f"{self.model_url}/_double/calls").json()["data"]
        return [call for call in calls if call["model"] == model]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _key(app: App) -> Sequence[tuple[str, str]]:
    return (("authorization", f"Bearer {app.key}"),)


class Viewer:
    """One end user's question, streamed in the background with event ids until the stream ends, well or not."""

    def __init__(self, app: App, query: str = "hello", *, user: str = "", **fields: Any) -> None:
        self.app = app
        self.user = user or f"viewer-{new_id()}"
        self.events: list[dict[str, Any]] = []
        self.status = 0
        self.body: Any = None
        self.error: Exception | None = None
        self._fields = {"query": query, **fields}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        try:
            with (
                httpx.Client(base_url=self.app.http.base_url, timeout=90) as client,
                client.stream(
                    "POST", "/v1/chat-messages",
                    json={"inputs": {}, "user": self.user, "response_mode": "streaming", **self._fields},
                    headers={"Authorization": f"Bearer {self.app.key}", "Last-Event-ID": "0"},
                ) as reply,
            ):
                self.status = reply.status_code
                if not reply.headers["content-type"].startswith("text/event-stream"):
                    self.body = json.loads(reply.read())
                    return
                for frame in frames(reply.iter_text()):
                    self._see(event(frame))
        except Exception as error:
            # Whatever ends a stream is looked at by the test.
            self.error = error

    def _see(self, item: dict[str, Any]) -> None:
        if item["event"] != "ping":
            self.events.append(item)

    @property
    def task_id(self) -> str:
        return str(self.events[0]["task_id"])

    @property
    def conversation_id(self) -> str:
        return str(self.events[0]["conversation_id"])

    @property
    def last(self) -> int:
        """Number of the last event that was seen."""
        return int(self.events[-1]["_id"]) if self.events else 0

    @property
    def has_ended(self) -> bool:
        """The stream had its last event."""
        return bool(self.events) and self.events[-1]["event"] in {"message_end", "error"}

    def wait_events(self, count: int) -> None:
        """Until so many events were seen."""
        wait_until(
            lambda: len(self.events) >= count or not self._thread.is_alive(), f"{count} events of {self.user}", seconds=40
        )
        assert len(self.events) >= count, (self.status, self.error, self.events[-1:])

    def join(self, seconds: float = 60) -> list[dict[str, Any]]:
        """Wait for the end of the stream; its events."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"the stream of {self.user} goes on"
        return self.events

    def rejoin(self, seconds: float = SWEPT_WITHIN * 2) -> list[dict[str, Any]]:
        """Continue after the last event, as often as it takes to see the last one; all events."""
        deadline = time.monotonic() + seconds
        while not self.has_ended:
            assert time.monotonic() < deadline, f"no end within {seconds} s: {self.error!r}"
            try:
                with self.app.http.stream(
                    "GET", f"/v1/chat-messages/{self.task_id}/events", params={"user": self.user},
                    headers={"Last-Event-ID": str(self.last)},
                ) as reply:
                    if reply.status_code == 200:
                        for frame in frames(reply.iter_text()):
                            self._see(event(frame))
                    else:
                        assert reply.status_code == 503, reply.read()
                        time.sleep(0.1)
            except (httpx.HTTPError, AssertionError) as error:
                if isinstance(error, AssertionError) and "ended inside a frame" not in str(error):
                    raise
                self.error = error
                time.sleep(0.1)
        return self.events

    def find(self) -> bool:
        """Whether the user has a conversation; then its message stands for the first event that was not seen."""
        reply = self.app.http.get("/v1/conversations", params={"user": self.user})
        assert reply.status_code == 200, reply.text
        return len(reply.json()["data"]) == 1

    def messages(self) -> list[dict[str, Any]]:
        """The user's messages in the conversation, by the API."""
        reply = self.app.http.get(
            "/v1/messages", params={"user": self.user, "conversation_id": self.conversation_id}
        )
        assert reply.status_code == 200, reply.text
        return list(reply.json()["data"])

    def message(self) -> dict[str, Any]:
        """The only one."""
        (only,) = self.messages()
        return only


def numbers(events: Sequence[dict[str, Any]]) -> list[int]:
    """The ids of events."""
    return [item["_id"] for item in events]


def words(count: int, start: int = 0) -> str:
    """What the model double says: ``tok0 tok1 ...``."""
    return "".join(f"tok{at} " for at in range(start, count))


@contextlib.contextmanager
def cluster(
    stores: DataStores, folder: Path, model_url: str, *, servers: int = 2, worker: bool = False, **settings: str
) -> Iterator[Cluster]:
    """A product of its own databases."""
    product = Product(
        stores.postgres_url(), stores.redis_url(), folder, servers=servers, worker=worker, settings=settings
    )
    with product:
        yield Cluster(product, stores, model_url)


def polled(read: Callable[[], Any], wanted: Any, what: str, *, seconds: float = 20.0) -> None:
    """Poll until ``read`` gives what is wanted."""
    seen: list[Any] = [None]

    def holds() -> bool:
        seen[0] = read()
        return bool(seen[0] == wanted)

    wait_until(holds, f"{what}: {wanted}", seconds=seconds, every=0.05)
