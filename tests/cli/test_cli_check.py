"""`transom check`: a product that is well, and each dependency that is not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli.probes import Probe
from server.embedded import postgres
from server.kit.ids import new_id
from server.settings import Settings
from tests.cli.conftest import Instance
from tests.doubles.collector import Collector
from tests.doubles.gemini_server import GeminiServer
from tests.doubles.loopback import in_thread
from tests.harness.product import ROOT, SECRET, Product
from tests.harness.stores import DataStores

DEPENDENCIES = (
    "secret key", "PostgreSQL", "vectors", "Redis", "worker", "jobs", "files", "code", "local model", "Gemini",
    "collector", "gateway",
)  # fmt: skip


@pytest.fixture(scope="module")
def gemini_url() -> Iterator[str]:
    """A loopback Gemini; a key with ``invalid`` in it is refused."""
    with in_thread(GeminiServer()) as server:
        yield server.url


def _marks(text: str) -> dict[str, tuple[str, str]]:
    """Dependency -> (mark, what is said)."""
    lines = text.partition("\nDependencies\n")[2].splitlines()
    found = {}
    for line in lines:
        name = next(name for name in DEPENDENCIES if f"  {name} " in line)
        mark, _, said = line.partition(f"  {name} ")
        found[name] = (mark.strip(), said.strip())
    return found


def test_product_that_is_well_gives_status_0(transom: Instance, gemini_url: str) -> None:
    with Collector() as collector:
        done = transom(
            "check", google_api_key="a-good-key", google_base_url=gemini_url, otlp_endpoint=collector.endpoint
        )
    assert done.exit_code == 0, done.output
    marks = _marks(done.stdout)
    assert {name: mark for name, (mark, _) in marks.items()} == dict.fromkeys(DEPENDENCIES, "ok") | {"local model": "-"}
    assert marks["PostgreSQL"][1].startswith("version 18")
    assert marks["vectors"][1].startswith("pgvector ")
    assert marks["gateway"][1].endswith("/health answers")


def test_settings_are_all_printed_with_their_meaning_and_secrets_masked(transom: Instance) -> None:
    done = transom("check", "--settings-only", admin_api_key="another secret", local_model_key="")
    assert done.exit_code == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert set(lines) == {f"TRANSOM_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert SECRET not in done.stdout
    assert "another secret" not in done.stdout
    assert "********" in lines["TRANSOM_SECRET_KEY"]
    assert '""' in lines["TRANSOM_LOCAL_MODEL_KEY"]
    assert lines["TRANSOM_PORT"].endswith("port of the gateway")
    assert "Dependencies" not in done.stdout


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("database_url", "postgresql://user:geheim@127.0.0.1:1/db"),
        ("database_url", "postgresql://127.0.0.1:1/db?user=user&password=geheim&sslmode=disable"),
        ("redis_url", "redis://:geheim@127.0.0.1:1/0"),
    ],
)
def test_password_in_a_url_is_masked(nowhere: Instance, name: str, url: str) -> None:
    shown = nowhere.ok("check", "--settings-only", **{name: url})
    assert "geheim" not in shown
    assert "***" in shown
    assert "127.0.0.1:1" in shown


@pytest.mark.parametrize(
    ("dependency", "settings", "said"),
    [
        ("secret key", {"secret_key": "short"}, "has 5 characters; 32 characters are needed"),
        ("PostgreSQL", {"database_url": "postgresql://127.0.0.1:1/none"}, "Connection refused"),
        ("vectors", {"vector_store": "milvus", "milvus_uri": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ("Redis", {"redis_url": "redis://127.0.0.1:1"}, "127.0.0.1:1"),
        ("worker", {"broker_url": "redis://127.0.0.1:1"}, "start `transom worker`"),
        ("local model", {"local_model_url": "http://127.0.0.1:1/v1"}, "does not answer"),
        ("collector", {"otlp_endpoint": "http://127.0.0.1:1"}, "http://127.0.0.1:1 takes no spans: unavailable"),
        ("gateway", {"public_url": "http://127.0.0.1:1"}, "http://127.0.0.1:1/health does not answer"),
        ("gateway", {"public_url": "localhost"}, "not an http or https address"),
    ],
)  # fmt: skip
def test_dependency_that_fails_is_named_and_gives_status_1(
    transom: Instance, dependency: str, settings: dict[str, str], said: str
) -> None:
    done = transom("check", **settings)
    assert done.exit_code == 1
    marks = _marks(done.stdout)
    assert marks[dependency][0] == "FAILED"
    assert said in marks[dependency][1]
    # What is asked of the same server fails with it.
    with_it = {"Redis": {"worker"}, "PostgreSQL": {"vectors", "jobs"}}.get(dependency, set())
    assert {name for name, (mark, _) in marks.items() if mark == "FAILED"} == {dependency, *with_it}


async def test_dependency_that_never_answers_is_named() -> None:
    silent = Probe("vectors", lambda: asyncio.sleep(60), seconds=0.01, where="http://milvus:19530")
    assert (await silent.find()).text == "no answer from http://milvus:19530 within 0.01 s"


def test_refused_gemini_key_fails(transom: Instance, gemini_url: str) -> None:
    done = transom("check", google_api_key="invalid", google_base_url=gemini_url)
    assert done.exit_code == 1
    assert _marks(done.stdout)["Gemini"] == ("FAILED", "Incorrect API key provided")


def test_broker_without_a_worker_fails(transom: Instance, stores: DataStores) -> None:
    done = transom("check", redis_url=stores.redis_url())
    assert done.exit_code == 1
    assert _marks(done.stdout)["worker"] == (
        "FAILED", "no worker answers through the broker: start `transom worker`"
    )


def test_folder_of_uploads_that_is_a_file_fails(transom: Instance, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    done = transom("check", files_dir=str(tmp_path / "files"))
    assert done.exit_code == 1
    assert _marks(done.stdout)["files"][0] == "FAILED"
    assert str(tmp_path / "files") in done.stdout


def test_folder_of_uploads_that_is_not_there_yet_is_well_and_not_made(transom: Instance, tmp_path: Path) -> None:
    done = transom("check", files_dir=str(tmp_path / "new" / "files"))
    assert done.exit_code == 0, done.output
    assert "(not made yet)" in _marks(done.stdout)["files"][1]
    assert not (tmp_path / "new").exists()


def test_other_gateway_address_can_be_asked(transom: Instance, cli_product: Product) -> None:
    done = transom("check", "--gateway", cli_product.url, public_url="http://nowhere.invalid")
    assert done.exit_code == 0, done.output


@pytest.fixture
def empty_database(stores: DataStores) -> str:
    """URL of a database without a schema."""
    name = f"empty_{new_id()}"
    postgres.ensure_database(stores.postgres, name, template="template0")
    return stores.postgres.url(name)


def test_database_is_refused_before_migrate_and_well_after_it(transom: Instance, empty_database: str) -> None:
    before = transom("check", database_url=empty_database)
    assert before.exit_code == 1
    assert "the schema is at nothing" in _marks(before.stdout)["PostgreSQL"][1]
    assert "run `transom migrate`" in _marks(before.stdout)["vectors"][1]
    listed = transom("app", "list", database_url=empty_database)
    assert listed.exit_code == 1
    assert "run `transom migrate`" in listed.stderr

    assert transom.ok("migrate", database_url=empty_database, redis_url="", secret_key="").startswith("migrated to ")
    assert transom.ok("migrate", database_url=empty_database).startswith("nothing to do: the schema is at ")
    assert transom("check", database_url=empty_database).exit_code == 0


def test_of_two_migrations_at_once_one_applies_and_the_other_finds_nothing_to_do(empty_database: str) -> None:
    # The schema alone: the table of vectors is made after it, by whoever comes first.
    settings = {"DATABASE_URL": empty_database, "VECTOR_STORE": "milvus", "MILVUS_URI": "http://127.0.0.1:1"}
    environment = {**os.environ, **{f"TRANSOM_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "server", "migrate"]
    both = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = sorted(each.communicate(timeout=60)[0].split()[0] for each in both)
    assert said == ["migrated", "nothing"]
    assert [each.returncode for each in both] == [0, 0]


def test_migrate_for_milvus_leaves_out_what_needs_pgvector(transom: Instance, empty_database: str) -> None:
    milvus = {"vector_store": "milvus", "milvus_uri": "http://127.0.0.1:1"}
    transom.ok("migrate", database_url=empty_database, **milvus)
    done = transom("check", database_url=empty_database)
    assert "the extension vector is not in this database" in _marks(done.stdout)["vectors"][1]


def test_worker_ping_tells_whether_one_answers(transom: Instance, stores: DataStores) -> None:
    assert transom("worker", "--ping").exit_code == 0
    assert transom("worker", "--ping", redis_url=stores.redis_url()).exit_code == 1
    assert transom("worker", "--ping", redis_url="redis://127.0.0.1:1").exit_code == 1


def test_where_nothing_runs_every_need_is_named(nowhere: Instance) -> None:
    done = nowhere("check")
    assert done.exit_code == 1
    assert {name: mark for name, (mark, _) in _marks(done.stdout).items() if mark != "FAILED"} == {
        "files": "ok", "code": "ok", "local model": "-", "Gemini": "-", "collector": "-",
    }  # fmt: skip
    assert "TRANSOM_DATABASE_URL is not set, and no `transom up` runs on" in done.stdout
