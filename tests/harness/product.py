"""The product as it is scaled out: server processes and an Envoy, by URL, on data stores of a test."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from server.embedded import envoy
from server.embedded.child import Command, spawn
from server.embedded.envoy import EnvoyPlace
from server.embedded.state import free_ports

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the tests, long enough"
PASSWORD = "Passw0rd1"
COMPATIBLE = "langgenius/openai_api_compatible/openai_api_compatible"


@dataclass
class Product:
    """``servers`` server processes behind one Envoy; ``url`` is the public address.

    ``settings`` are ``TRANSOM_`` settings without the prefix. Parts: ``server-1`` ..., ``envoy``,
    ``worker`` (only with ``worker=True``).
    """

    postgres_url: str
    redis_url: str
    folder: Path
    servers: int = 1
    worker: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        port, admin, *ports = free_ports(2 * self.servers + 2)
        self.url = f"http://127.0.0.1:{port}"
        self.ports, self.admin_ports = tuple(ports[: self.servers]), tuple(ports[self.servers :])
        self.place = EnvoyPlace(
            port=port, admin_port=admin, config=self.folder / "envoy.yaml", access_log=self.folder / "access.log",
            server_ports=self.ports, collector=self.settings.get("otlp_endpoint", ""),
        )
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(envoy.render_command(self.place).argv, cwd=ROOT, env=self._environment(), check=True)
        try:
            for name in self.parts:
                self.start(name)
            self.wait_healthy()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def parts(self) -> list[str]:
        """Names of all parts."""
        return [*(f"server-{at + 1}" for at in range(self.servers)), *(["worker"] if self.worker else []), "envoy"]

    def _environment(self, **own: str) -> dict[str, str]:
        settings = {
            "database_url": self.postgres_url, "redis_url": self.redis_url, "secret_key": SECRET,
            "data_dir": str(self.folder), "public_url": self.url, "server_host": "127.0.0.1", "demo": "false",
            **self.settings, **own,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRANSOM_")}
        kept.pop("GOOGLE_API_KEY", None)
        return {
            **kept, "PYTHONUNBUFFERED": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}",
            **{f"TRANSOM_{name.upper()}": value for name, value in settings.items()},
        }

    def _command(self, name: str) -> Command:
        if name == "envoy":
            return envoy.command(self.place)
        if name == "worker":
            argv: tuple[str, ...] = (sys.executable, "-m", "server", "worker")
            return Command(argv=argv, env=self._environment(), cwd=ROOT)
        at = int(name.removeprefix("server-")) - 1
        argv = (sys.executable, "-m", "server", "serve")
        own = self._environment(server_port=str(self.ports[at]), admin_port=str(self.admin_ports[at]))
        return Command(argv=argv, env=own, cwd=ROOT)

    def start(self, name: str) -> None:
        """Start a part; it may not be ready yet."""
        assert name not in self._children, f"{name} runs already"
        self._children[name] = spawn(self._command(name), self.folder / f"{name}.log")

    def kill(self, name: str) -> None:
        """SIGKILL a part."""
        child = self._children.pop(name)
        # One that ended by itself is dead already.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def terminate(self, name: str, seconds: float = 30) -> int:
        """SIGTERM a part and wait for its end; its exit status."""
        child = self._children.pop(name)
        child.terminate()
        return child.wait(seconds)

    def log(self, name: str) -> str:
        """What a part wrote."""
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def is_healthy(self) -> bool:
        """GET /health answers 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def wait_healthy(self, seconds: float = 120) -> None:
        """Until the gateway and all its servers answer."""
        deadline = time.monotonic() + seconds
        while not (self.is_healthy() and self.healthy_servers() == self.servers):
            for name, child in self._children.items():
                assert child.poll() is None, f"{name} ended with {child.returncode}:\n{self.log(name)}"
            logs = "\n".join(f"--- {name}\n{self.log(name)[-3000:]}" for name in self.parts)
            assert time.monotonic() < deadline, f"not healthy within {seconds} s\n{logs}"
            time.sleep(0.05)

    def healthy_servers(self) -> int:
        """Server processes that the gateway sends calls to."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.place.admin_port}/clusters", timeout=2
            ) as reply:
                text = reply.read().decode()
        except (OSError, urllib.error.URLError):
            return 0
        return sum(line.startswith("grpc::") and line.endswith("::health_flags::healthy") for line in text.splitlines())

    def close(self) -> None:
        """Stop everything at once."""
        for name in reversed(list(self._children)):
            self.kill(name)


class Workspace:
    """A console session on a product, with a model and apps to call."""

    def __init__(self, product: Product, model_url: str, *, model: str = "gpt-4o-mini") -> None:
        self.product = product
        self.console = httpx.Client(base_url=product.url, timeout=60)
        self.model = model
        self._model_url = model_url
        self._set_up()
        self.add_model(model)
        self.use_default(model)

    def _set_up(self) -> None:
        login = {"email": "owner@example.com", "password": base64.b64encode(PASSWORD.encode()).decode()}
        made = self.console.post(
            "/console/api/setup", json={"email": "owner@example.com", "name": "owner", "password": PASSWORD}
        )
        assert made.status_code in {201, 403}, made.text
        done = self.console.post("/console/api/login", json=login)
        assert done.status_code == 200, done.text
        self.console.headers["X-CSRF-Token"] = self.console.cookies["csrf_token"]

    def add_model(self, model: str, model_type: str = "llm") -> None:
        """Add a custom model of the loopback double; its name may carry a script after ``@``."""
        chat = {"mode": "chat", "context_size": "8192", "vision_support": "support"}
        self.ok(
            self.console.post(
                f"/console/api/workspaces/current/model-providers/{COMPATIBLE}/models/credentials",
                json={
                    "model": model, "model_type": model_type,
                    "credentials": {
                        "endpoint_url": f"{self._model_url}/v1", "api_key": "sk-test-key",
                        **(chat if model_type == "llm" else {"context_size": "8192"}),
                    },
                },
            )
        )

    def use_default(self, model: str, model_type: str = "llm") -> None:
        """Make a model the workspace's default of its type."""
        self.ok(
            self.console.post(
                "/console/api/workspaces/current/default-model",
                json={"model_settings": [{"model_type": model_type, "provider": COMPATIBLE, "model": model}]},
            )
        )

    @staticmethod
    def ok(reply: httpx.Response) -> Any:
        """The JSON of a good reply."""
        assert reply.is_success, f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def app(self, mode: str = "chat", *, model: str = "", **config: Any) -> App:
        """A new app; ``config`` replaces keys of its configuration."""
        made = self.ok(self.console.post("/console/api/apps", json={"name": f"a {mode}", "mode": mode}))
        if model and model != self.model:
            self.add_model(model)
        if model or config:
            chosen = {"provider": COMPATIBLE, "name": model or self.model, "mode": "chat", "completion_params": {}}
            document = {**made["model_config"], "model": chosen, **config}
            self.ok(self.console.post(f"/console/api/apps/{made['id']}/model-config", json=document))
        key = self.ok(self.console.post(f"/console/api/apps/{made['id']}/api-keys"))
        return App(self.product.url, made["id"], key["token"])


class App:
    """A client of one app."""

    def __init__(self, url: str, app_id: str, key: str) -> None:
        self.id = app_id
        self.key = key
        self.http = httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {key}"})

    def send(self, query: str = "hello", **fields: Any) -> httpx.Response:
        """A chat message, blocking unless ``response_mode`` says otherwise."""
        return self.http.post("/v1/chat-messages", json={"inputs": {}, "query": query, "user": "u", **fields})

    def stream(self, query: str = "hello", headers: Mapping[str, str] | None = None, **fields: Any) -> Any:
        """A streamed chat message; a context manager of the response."""
        body = {"inputs": {}, "query": query, "user": "u", "response_mode": "streaming", **fields}
        return self.http.stream("POST", "/v1/chat-messages", json=body, headers=dict(headers or {}))
