"""What runs while the bench measures: data stores, a model, the product, the bare reference."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg2

from bench import bare
from bench.load import Order, http, run
from bench.meter import Part
from server.embedded.child import Command
from server.embedded.state import free_ports
from tests.harness.product import ROOT, Product, Workspace
from tests.harness.stores import DataStores, wait_until
from tests.rest import flows

TURNS = 25
_PARAMETERS = "/transom.app.v1.AppInfoService/GetParameters"
_MESSAGES = "/transom.conversation.v1.MessageService/ListMessages"
_WORKFLOW = "/transom.workflow.v1.WorkflowRunService/RunWorkflow"
_STREAM = "/transom.chat.v1.ChatStreamService/StreamChatMessage"
_HELD_STREAM = "/transom.chat.v1.CompletionStreamService/StreamCompletionMessage"
_JSON = "application/json"
_SSE = "text/event-stream"


class Bare(Product):
    """The same Envoy and as many server processes as the product has, but servers that only answer."""

    @property
    def replies(self) -> Path:
        """Where the servers read what to answer."""
        return self.folder / "replies.json"

    def _command(self, name: str) -> Command:
        if not name.startswith("server-"):
            return super()._command(name)
        port = str(self.ports[int(name.removeprefix("server-")) - 1])
        argv = (sys.executable, "-m", "bench.bare", "--port", port, "--replies", str(self.replies))
        return Command(argv=argv, env=self._environment(), cwd=ROOT)


@dataclass(frozen=True, slots=True)
class Target:
    """Something to send load to, and its parts in the order in which they are shown."""

    name: str
    port: int
    parts: dict[str, Part]


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _parts(product: Product) -> dict[str, Part]:
    pids = {name: child.pid for name, child in product._children.items()}
    servers = tuple(pid for name, pid in pids.items() if name.startswith("server-"))
    return {"server": Part("server", servers), "envoy": Part("envoy", (pids["envoy"],))}


@dataclass
class App:
    """One chat app of the bench, whose model follows ``script``."""

    app_id: str
    key: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str) -> str:
        """A GET of the Service API."""
        return http("GET", path, headers=self.headers)

    def post(self, path: str, body: object) -> str:
        """A POST of JSON."""
        return http("POST", path, body, self.headers)

    def chat(self, user: str, *, streaming: bool = True, **fields: object) -> str:
        """A chat message."""
        mode = "streaming" if streaming else "blocking"
        return self.post(
            "/v1/chat-messages",
            {"inputs": {}, "query": "How are you today?", "user": user, "response_mode": mode, **fields},
        )

    def chats(self, count: int) -> list[str]:
        """Streamed chat messages of ``count`` end users."""
        return [self.chat(f"user-{at}") for at in range(count)]


class World:
    """Everything that the cases share. ``servers`` processes stand behind each Envoy."""

    def __init__(self, servers: int) -> None:
        self.servers = servers
        self._stack = ExitStack()
        self._apps: dict[str, App] = {}

    def __enter__(self) -> Self:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        enter = self._stack.enter_context
        self.folder = Path(enter(tempfile.TemporaryDirectory(prefix="transom-bench-")))
        self.stores = enter(DataStores(durable=True))
        self.model_port = self._start_model()
        self.model_url = f"http://127.0.0.1:{self.model_port}"
        self.database_url = self.stores.postgres_url()
        self.product = enter(self._product("product", self.database_url))
        self.workspace = Workspace(self.product, self.model_url, model="bench@tokens=10")
        self.conversation = self._converse()
        self._answers = self._replies()
        self.bare = enter(self.fresh_bare("bare"))

    def _product(self, name: str, database_url: str) -> Product:
        return Product(
            database_url, self.stores.redis_url(), self.folder / name, servers=self.servers,
            settings={"log_level": "WARNING"},
        )

    def fresh(self, name: str) -> Product:
        """Another product on an empty database, not started: for cases that look at memory."""
        return self._product(name, self.stores.postgres_url())

    def fresh_bare(self, name: str) -> Bare:
        """Another reference, not started."""
        made = Bare(self.database_url, "", self.folder / name, servers=self.servers)
        made.folder.mkdir()
        bare.prepare(made.replies, self._answers)
        return made

    def _start_model(self) -> int:
        (port,) = free_ports(1)
        child = subprocess.Popen([sys.executable, "-m", "bench.model", "--port", str(port)], cwd=ROOT)
        self._stack.callback(child.wait)
        self._stack.callback(child.kill)
        self._model_pid = child.pid

        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/constant?size=1").is_success
            except httpx.HTTPError:
                return False

        wait_until(answers, "the model answers")
        return port

    @cached_property
    def product_target(self) -> Target:
        """The product."""
        pids = {name: child.pid for name, child in self.stores._children.items()}
        return Target(
            "product", _port(self.product.url),
            {
                **_parts(self.product),
                "postgres": Part("postgres", (pids["postgres"],), family=True),
                "redis": Part("redis", (pids["redis"],)),
            },
        )

    @cached_property
    def bare_target(self) -> Target:
        """The reference."""
        return Target("bare", _port(self.bare.url), _parts(self.bare))

    @cached_property
    def model_target(self) -> Target:
        """The model, asked without anything between."""
        return Target("model", self.model_port, {"model": Part("model", (self._model_pid,))})

    def app(self, script: str, workspace: Workspace | None = None, *, mode: str = "chat", **config: object) -> App:
        """An app whose model follows ``script`` (bench/model.py); ``config`` replaces keys of its configuration."""
        where = workspace or self.workspace
        key = f"{where.product.url} {mode} {script} {config}"
        if key not in self._apps:
            made = where.app(mode, model=f"bench@{script}", **config)
            self._apps[key] = App(made.id, made.key)
        return self._apps[key]

    def flow(self, name: str, graph: flows.Graph, mode: str = "workflow") -> App:
        """An app that runs a graph; the same one for the same name."""
        if name not in self._apps:
            made = flows.flow(self.workspace, graph, mode)
            self._apps[name] = App(made.id, made.key)
        return self._apps[name]

    def ask_model(self, script: str) -> str:
        """The request that the product sends to its model."""
        return http(
            "POST", "/v1/chat/completions",
            {"model": f"bench@{script}", "messages": [{"role": "user", "content": "Hi"}], "stream": True},
        )

    def dataset_key(self) -> dict[str, str]:
        """Headers with a key of the knowledge API."""
        made = self.workspace.ok(self.workspace.console.post("/console/api/datasets/api-keys"))
        return {"Authorization": f"Bearer {made['token']}"}

    def constant(self, size: int) -> str:
        """A request that the model's process answers with ``size`` bytes, without any work."""
        return http("GET", f"/constant?size={size}")

    def finished(self, app: App) -> dict[str, Any]:
        """A blocking answer of a chat app, and its ``user``."""
        return {**self._sent(app), "user": "reader"}

    def uploaded(self, app: App, data: str) -> str:
        """Id of an uploaded picture of the end user ``reader`` that a message uses."""
        reply = httpx.post(
            f"{self.product.url}/v1/files/upload", headers=app.headers, data={"user": "reader"},
            files={"file": ("dot.png", data.encode("latin-1"), "image/png")},
        )
        assert reply.is_success, reply.text
        file_id: str = reply.json()["id"]
        file = {"type": "image", "transfer_method": "local_file", "upload_file_id": file_id}
        self._sent(app, files=[file])
        return file_id

    # What the reference answers is taken from the product

    def _converse(self) -> str:
        """Fill one conversation with ``TURNS`` messages; its id."""
        app = self.app("tokens=100")
        first = self._sent(app, conversation_id="")
        for _ in range(TURNS - 1):
            self._sent(app, conversation_id=first["conversation_id"])
        conversation_id: str = first["conversation_id"]
        return conversation_id

    def _sent(self, app: App, **fields: object) -> dict[str, Any]:
        body = {"inputs": {}, "query": "Tell me something of a hundred words, please.", "user": "reader", **fields}
        reply = httpx.post(f"{self.product.url}/v1/chat-messages", json=body, headers=app.headers, timeout=60)
        assert reply.is_success, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    @property
    def messages_path(self) -> str:
        """A page of the conversation."""
        return f"/v1/messages?conversation_id={self.conversation}&user=reader&limit=20"

    def _replies(self) -> dict[str, tuple[str, Sequence[bytes]]]:
        reader = self.app("tokens=100")
        get = httpx.Client(base_url=self.product.url, headers=reader.headers, timeout=60).get
        page = get(self.messages_path).content
        parameters = get("/v1/parameters").content
        talker = self.app("tokens=200")
        body = {"inputs": {}, "query": "hello", "user": "u", "response_mode": "streaming"}
        url = f"{self.product.url}/v1/chat-messages"
        text = httpx.post(url, json=body, headers=talker.headers, timeout=60).content
        events = [event + b"\n\n" for event in text.split(b"\n\n") if event]
        ran = httpx.post(
            f"{self.product.url}/v1/workflows/run", json={"inputs": {"name": "bo"}, "user": "u"},
            headers=self.flow("pass", flows.PASS).headers, timeout=60,
        )
        assert ran.is_success, ran.text
        return {
            _WORKFLOW: (_JSON, [ran.content]), _PARAMETERS: (_JSON, [parameters]), _MESSAGES: (_JSON, [page]),
            _STREAM: (_SSE, events),
            # A completion of the reference stays open.
            _HELD_STREAM: (_SSE, [events[0], b""]),
        }

    # Looks into PostgreSQL

    def sql(self, statement: str, url: str = "") -> list[tuple[Any, ...]]:
        """Rows of one statement, on a connection of its own."""
        connection = psycopg2.connect(url or self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


def warm(target: Target, requests: Sequence[str], clients: int) -> None:
    """A short run that opens connections, fills caches and is not measured."""
    run(Order(port=target.port, requests=requests, clients=clients, seconds=0.5))
