"""`transom up` as a user starts it: a process, its screen, its parts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from server.embedded.child import Command, spawn
from server.embedded.state import free_ports
from tests.harness.product import ROOT
from tests.harness.stores import wait_until

# Words in the command line of each part; the first that fits names it.
_PARTS = {
    "postgres": "bin/postgres", "valkey": "valkey-server", "envoy": "_bin/envoy", "worker": "worker", "model": "model",
    "server": "serve",
}
# Generous: what is documented is asserted where it is meant.
_SECONDS = 100.0
_HEALTHY = re.compile(r"healthy after ([0-9.]+) s")


def environment(**settings: object) -> dict[str, str]:
    """The caller's environment with these TRANSOM_ settings alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRANSOM_")}
    kept.pop("GOOGLE_API_KEY", None)
    return {
        **kept, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}", "PYTHONUNBUFFERED": "1",
        **{f"TRANSOM_{name.upper()}": str(value) for name, value in settings.items()},
    }


class Embedded:
    """One data folder and the `transom up` on it; ``start`` and ``stop`` as often as needed."""

    def __init__(self, **settings: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="transom-up-"))
        # PostgreSQL runs as nobody when the tests run as root, and must be able to pass.
        self.folder.chmod(0o711)
        self.data = self.folder / "data"
        (self.port,) = free_ports(1)
        self.url = f"http://localhost:{self.port}"
        self.settings = {"server_processes": 1, **settings, "port": self.port, "data_dir": self.data}
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()
            self.wait_ended(self.processes())
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def screen(self) -> str:
        """Everything that the starts on this folder printed."""
        return (self.folder / "screen").read_text(errors="replace")

    @property
    def started(self) -> bool:
        """Whether there ever was a start on this folder."""
        return (self.folder / "screen").exists()

    @property
    def pid(self) -> int:
        """The supervisor."""
        assert self._child is not None
        return self._child.pid

    def launch(self) -> None:
        """Begin a start, without waiting. It dies with the tests, however they end."""
        command = Command(argv=tuple(self.argv("up")), env=environment(**self.settings), cwd=ROOT)
        self._child = spawn(command, self.folder / "screen")

    def start(self) -> float:
        """Start and wait until it says that it is healthy; the seconds that it says."""
        before = len(_HEALTHY.findall(self.screen)) if self.started else 0
        self.launch()
        child = self._child
        assert child is not None

        def told() -> bool:
            assert child.poll() is None, f"ended with {child.returncode}:\n{self.screen}"
            return len(_HEALTHY.findall(self.screen)) > before and "Ctrl-C" in self.screen.rpartition("healthy")[2]

        wait_until(told, "healthy", seconds=_SECONDS)
        return float(_HEALTHY.findall(self.screen)[-1])

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C, and wait for the end; its exit status."""
        child = self._child
        assert child is not None
        child.send_signal(number)
        return child.wait(_SECONDS)

    def run(self, *words: str, python_path: str = "", **settings: object) -> subprocess.CompletedProcess[str]:
        """Another `transom` command that knows only the data folder."""
        given = environment(data_dir=self.data, **settings)
        given["PYTHONPATH"] = os.pathsep.join(filter(None, (python_path, given["PYTHONPATH"])))
        # Not in the checkout: its packages would come before those of python_path.
        return subprocess.run(
            self.argv(*words), env=given, cwd=self.folder, text=True, capture_output=True, timeout=_SECONDS, check=False
        )

    @staticmethod
    def argv(*words: str) -> list[str]:
        """A command line of ours."""
        return [sys.executable, "-m", "server", *words]

    def demo(self) -> dict[str, str]:
        """What demo.json remembers."""
        kept: dict[str, str] = json.loads((self.data / "demo.json").read_text())
        return kept

    def is_healthy(self) -> bool:
        """GET /health answers 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_healthy(self) -> None:
        """Until it is."""
        wait_until(self.is_healthy, "healthy again", seconds=_SECONDS, every=0.05)

    def chat(self, query: str = "Say hello.") -> str:
        """The streamed answer of the demo's chat app; the packaged model speaks."""
        events = self.events(query)
        assert events[-1]["event"] == "message_end", events[-1]
        return "".join(event["answer"] for event in events if event["event"] == "message")

    def events(self, query: str) -> list[dict[str, Any]]:
        """The events of a streamed chat."""
        headers = {"Authorization": f"Bearer {self.demo()['chat_app_key']}"}
        body = {"inputs": {}, "query": query, "user": "me", "response_mode": "streaming"}
        with httpx.stream("POST", f"{self.url}/v1/chat-messages", json=body, headers=headers, timeout=_SECONDS) as reply:
            assert reply.status_code == 200, reply.read()
            return [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: ")]

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        if self._child is None or self._child.poll() is not None:
            return []
        try:
            supervisor = psutil.Process(self.pid)
            return [supervisor, *supervisor.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def parts(self) -> dict[str, int]:
        """Process ids of the supervisor's children, by part."""
        found: dict[str, int] = {}
        for child in psutil.Process(self.pid).children():
            try:
                words = child.cmdline()
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
            for name, word in _PARTS.items():
                if any(word == each or each.endswith(word) for each in words):
                    found.setdefault(name, child.pid)
                    break
        return found

    @staticmethod
    def wait_ended(processes: list[psutil.Process], seconds: float = 15.0) -> None:
        """Until none of them runs. A zombie whose parent is gone may stay for whoever reaps."""

        def over() -> bool:
            return not any(_runs(process) for process in processes)

        deadline = time.monotonic() + seconds
        while not over():
            left = [process for process in processes if _runs(process)]
            assert time.monotonic() < deadline, f"still running: {left}"
            time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
