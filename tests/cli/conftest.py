"""The command line against a real product by URL: two servers, a worker, Envoy, a loopback model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.harness.product import SECRET, Product, Workspace
from tests.harness.stores import DataStores


@dataclass(frozen=True)
class Instance:
    """What the commands are pointed at; calling it runs `transom` with these words."""

    postgres_url: str = ""
    redis_url: str = ""
    folder: Path = Path()
    settings: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: str | bytes | None = None, **settings: str | None) -> Result:
        """Run a command; ``settings`` are TRANSOM_ settings, None takes one away."""
        given: dict[str, str | None] = {
            "database_url": self.postgres_url, "redis_url": self.redis_url, "secret_key": SECRET,
            "data_dir": str(self.folder), "google_api_key": None, **self.settings, **settings,
        }
        environment = {f"TRANSOM_{name.upper()}": value for name, value in given.items()} | {"GOOGLE_API_KEY": None}
        return CliRunner().invoke(main, words, input=stdin, env=environment, prog_name="transom")

    def ok(self, *words: str, stdin: str | bytes | None = None, **settings: str | None) -> str:
        """Standard output of a command that must succeed."""
        done = self(*words, stdin=stdin, **settings)
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture(scope="session")
def cli_product(stores: DataStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with a worker, for the tests of this folder alone."""
    folder = tmp_path_factory.mktemp("cli")
    with Product(stores.postgres_url(), stores.redis_url(), folder, servers=2, worker=True) as running:
        yield running


@pytest.fixture(scope="session")
def cli_workspace(cli_product: Product, model_url: str) -> Workspace:
    """A console session on it, with the loopback model as default."""
    return Workspace(cli_product, model_url)


@pytest.fixture
def transom(cli_product: Product, cli_workspace: Workspace) -> Instance:
    """`transom`, pointed at the running product."""
    return Instance(
        cli_product.postgres_url, cli_product.redis_url, cli_product.folder, {"public_url": cli_product.url}
    )


@pytest.fixture
def nowhere(tmp_path: Path) -> Instance:
    """`transom` on a machine where nothing runs."""
    return Instance(folder=tmp_path, settings={"database_url": "", "redis_url": "", "secret_key": ""})
