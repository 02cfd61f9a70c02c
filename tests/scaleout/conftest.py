"""The layout of docker-compose.yaml without containers: its environment, its commands, the files of its images.

PostgreSQL and Valkey are servers by URL over TCP, with passwords; two server processes and a prefork
worker run from the tree that the server image is made of, with the packages that it does not have
blocked; Envoy stands before them. What is changed: host names become ports of this machine, vectors are
in PostgreSQL (there is no Milvus), and folders are the test's own.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Self

import psycopg2
import pytest
import redis
from psycopg2 import sql

from server.embedded import postgres, valkey
from server.embedded.child import Command
from server.embedded.state import free_ports
from tests.harness.product import Product, Workspace
from tests.harness.stores import DataStores, wait_until
from tests.scaleout.declared import SECRETS, compose, dockerfile, image_tree, service_environment


class TcpStores(DataStores):
    """PostgreSQL and Valkey as an operator runs them: a TCP port and a password each, an empty database."""

    def __enter__(self) -> Self:
        super().__enter__()
        for name in list(self._children):
            self.kill(name)
        self._give_passwords()
        self.postgres_port, self.redis_port = free_ports(2)
        server = postgres.command(self.postgres, connections=300, durable=False)
        self._start("postgres", _with(server, {"-h": "127.0.0.1", "-p": str(self.postgres_port)}))
        cache = _with(valkey.command(self.valkey, durable=False), {"--port": str(self.redis_port)})
        password = ("--bind", "127.0.0.1", "--requirepass", SECRETS["REDIS_PASSWORD"])
        self._start("redis", replace(cache, argv=(*cache.argv, *password)))
        wait_until(lambda: postgres.accepts(self.database_url), "PostgreSQL answers over TCP")
        wait_until(self._pings, "Valkey answers over TCP")
        return self

    @property
    def database_url(self) -> str:
        """With the user, password and database of compose."""
        return f"postgresql://transom:{SECRETS['POSTGRES_PASSWORD']}@127.0.0.1:{self.postgres_port}/transom"

    def _give_passwords(self) -> None:
        self.start_postgres()
        connection = psycopg2.connect(self.postgres.url("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            password = sql.Literal(SECRETS["POSTGRES_PASSWORD"])
            cursor.execute(sql.SQL("ALTER ROLE transom PASSWORD {}").format(password))
            cursor.execute("CREATE DATABASE transom TEMPLATE template0")
        connection.close()
        with (self.postgres.data / "pg_hba.conf").open("a") as file:
            file.write("host all all 127.0.0.1/32 scram-sha-256\n")
        self.kill("postgres")
        postgres.end_leftover(self.postgres)

    def _pings(self) -> bool:
        try:
            with redis.Redis(port=self.redis_port, password=SECRETS["REDIS_PASSWORD"]) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def _with(command: Command, options: dict[str, str]) -> Command:
    words = list(command.argv)
    for option, value in options.items():
        words[words.index(option) + 1] = value
    return replace(command, argv=tuple(words))


@dataclass
class Composed(Product):
    """The product as docker-compose.yaml declares it."""

    stores: TcpStores | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.image = self.folder / "image"
        self.data = self.folder / "data"
        self.declared: dict[str, Any] = compose()["services"]

    def prepare(self) -> str:
        """Make the image's tree and run the one-shot service; what it says."""
        self.data.mkdir(parents=True)
        image_tree("server/Dockerfile", self.image)
        _block_what_the_image_lacks(self.folder / "lacking")
        return self.run("migrate", self.declared["migrate"]["command"]).stdout

    def run(self, service: str, words: list[str], **own: str) -> subprocess.CompletedProcess[str]:
        """Run a `transom` command in a container of a service, as it were."""
        return subprocess.run(
            [sys.executable, "-m", "server", *words], env=self._container(service, **own), cwd=self.data, text=True,
            capture_output=True, timeout=60, check=False,
        )

    def _container(self, service: str, **own: str) -> dict[str, str]:
        assert self.stores is not None
        image = [step.text for step in dockerfile("server/Dockerfile") if step.word == "ENV"][-1]
        given = dict(pair.split("=", 1) for pair in shlex.split(image) if not pair.startswith("PATH="))
        declared = {**given, **service_environment(self.declared[service])}
        ports = {"@postgres:5432/": self.stores.postgres_port, "@redis:6379/": self.stores.redis_port}
        for host, port in ports.items():
            found = [name for name, value in declared.items() if host in value]
            assert found, host
            declared |= {name: declared[name].replace(host, f"@127.0.0.1:{port}/") for name in found}
        here = {
            "data_dir": str(self.data), "files_dir": str(self.data / "files"), "public_url": self.url,
            "vector_store": "pgvector", "milvus_uri": "", **self.settings, **own,
        }
        changed = {f"TRANSOM_{name.upper()}": value for name, value in here.items()}
        app = self.image / "app"
        path = os.pathsep.join(map(str, (self.folder / "lacking", app, app / "generated")))
        return {"PATH": os.environ["PATH"], "PYTHONPATH": path, **declared, **changed}

    def _command(self, name: str) -> Command:
        if name == "envoy":
            return super()._command(name)
        service = "worker" if name == "worker" else "server"
        own = {} if name == "worker" else {"server_port": str(self.port_of(name))}
        argv = (sys.executable, "-m", "server", *self.declared[service]["command"])
        return Command(argv=argv, env=self._container(service, **own), cwd=self.data)

    def port_of(self, name: str) -> int:
        """gRPC port of ``server-1`` or ``server-2``."""
        return self.ports[int(name.removeprefix("server-")) - 1]

    def health_check(self, name: str) -> int:
        """Exit status of the health check that compose declares for a part."""
        service = "worker" if name == "worker" else "server"
        own = {} if name == "worker" else {"server_port": str(self.port_of(name))}
        return self.run(service, self.declared[service]["healthcheck"]["test"][2:], **own).returncode


def _block_what_the_image_lacks(folder: Path) -> None:
    """Modules of the packages that the server image takes away cannot be imported."""
    text = next(step.text for step in dockerfile("server/Dockerfile") if "pip uninstall" in step.text)
    gone = set(shlex.split(text)) - {"/venv/bin/pip", "uninstall", "--yes"}
    modules = [module for module, owners in packages_distributions().items() if gone & set(owners)]
    assert len(modules) >= len(gone)
    folder.mkdir()
    for module in modules:
        (folder / f"{module}.py").write_text(f"raise ModuleNotFoundError('the image has no {module}')\n")


@pytest.fixture(scope="session")
def tcp_stores() -> Iterator[TcpStores]:
    """PostgreSQL and Valkey by URL, for the tests of this folder."""
    with TcpStores() as running:
        yield running


@pytest.fixture(scope="module")
def composed(tcp_stores: TcpStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Two servers, a worker, Envoy, after the migration."""
    product = Composed(
        postgres_url="", redis_url="", folder=tmp_path_factory.mktemp("composed"), servers=2, worker=True,
        stores=tcp_stores,
    )
    said = product.prepare()
    assert said.startswith("migrated to "), said
    with product as running:
        yield running


@pytest.fixture(scope="module")
def workspace(composed: Composed, model_url: str) -> Workspace:
    """A console session on it, with the loopback model as default."""
    return Workspace(composed, model_url)
