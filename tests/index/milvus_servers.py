"""Real Milvus servers for tests: Milvus Lite's one owner process, and the standalone server of PyPI's ``milvus``."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Protocol

from server.embedded.state import free_ports
from tests.harness.stores import wait_until

STANDALONE_VERSION = "2.3.5"


class MilvusServer(Protocol):
    """A server process that a test may take away."""

    uri: str

    def start(self) -> None:
        """Start (again) on the same files and wait until it answers."""

    def kill(self) -> None:
        """SIGKILL."""


class LiteServer:
    """``milvus-lite server``: one process owns the files, everybody else speaks to it (components.md 3)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self._port,) = free_ports(1)
        self.uri = f"http://127.0.0.1:{self._port}"
        self._child: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str | None:
        """Why it cannot run here; None when it can."""
        return None if importlib.util.find_spec("milvus_lite") else "milvus-lite is not installed"

    def start(self) -> None:
        """Start on the same port and files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._child = _spawn(
            [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(self._folder / "data"),
             "--host", "127.0.0.1", "--port", str(self._port)],
            self._folder / "log",
        )
        wait_until(lambda: _answers(self.uri, self._child), "Milvus Lite answers", seconds=60)

    def kill(self) -> None:
        """SIGKILL the process and what it started."""
        _kill(self._child)
        self._child = None


# Else the etcd inside takes its usual ports, which another Milvus of this machine may have.
_ETCD = """
name: default
listen-client-urls: http://127.0.0.1:{etcd_client}
advertise-client-urls: http://127.0.0.1:{etcd_client}
listen-peer-urls: http://127.0.0.1:{etcd_peer}
initial-advertise-peer-urls: http://127.0.0.1:{etcd_peer}
initial-cluster: default=http://127.0.0.1:{etcd_peer}
"""


class StandaloneServer:
    """The Milvus 2.3.5 binary that PyPI's ``milvus`` carries, with its own etcd and message queue inside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._etcd = folder / "etcd.yaml"
        self._ports: dict[str, int] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self.uri = ""

    @staticmethod
    def missing() -> str | None:
        """Why it cannot run here; None when it can."""
        if sys.platform != "linux" or os.uname().machine != "x86_64":
            return f"PyPI has no milvus {STANDALONE_VERSION} for this machine"
        return None if importlib.util.find_spec("milvus") else "milvus is not installed"

    def start(self) -> None:
        """Unpack the binary the first time, choose ports the first time, start, wait until healthy."""
        import milvus

        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._ports:
            config = milvus.MilvusServerConfig(data_dir=str(self._folder))
            names = [name for name in config.configurable_items if name.endswith("_port")]
            ours = [*names, "metrics", "etcd_client", "etcd_peer"]
            self._ports = dict(zip(ours, free_ports(len(ours)), strict=True))
            self.uri = f"http://127.0.0.1:{self._ports['proxy_port']}"
            config.update(**{name: self._ports[name] for name in names})
            config.resolve()
            milvus._initialize_data_files(str(self._folder))
            self._etcd.write_text(_ETCD.format(**self._ports))
        run = self._folder / "run"
        self._child = _spawn(
            [str(self._folder / "bin" / "milvus"), "run", "standalone"], self._folder / "log", cwd=self._folder,
            env={
                **os.environ, "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(self._ports["metrics"]),
                "MILVUS_RUN_DIR": str(run), "ETCD_CONFIG_PATH": str(self._etcd),
                "LD_LIBRARY_PATH": str(self._folder / "bin"),
            },
        )
        wait_until(self._healthy, "Milvus is healthy", seconds=120, every=0.1)

    def _healthy(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, "Milvus ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports['metrics']}/healthz", timeout=5) as reply:
                return b"OK" in reply.read() and _answers(self.uri, self._child)
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """SIGKILL the server."""
        _kill(self._child)
        self._child = None


def _spawn(
    argv: list[str], log: Path, *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(argv, stdout=out, stderr=out, cwd=cwd, env=env, start_new_session=True)


def _kill(child: subprocess.Popen[bytes] | None) -> None:
    if child is not None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _answers(uri: str, child: subprocess.Popen[bytes] | None) -> bool:
    from pymilvus import MilvusClient, MilvusException

    assert child is not None
    assert child.poll() is None, "the server ended"
    try:
        client = MilvusClient(uri=uri, timeout=5)
        try:
            client.list_collections(timeout=5)
        finally:
            client.close()
    except MilvusException:
        return False
    return True

