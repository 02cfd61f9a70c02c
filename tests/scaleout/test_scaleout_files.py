"""What docker-compose.yaml and the Dockerfiles say, held against the settings and commands that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from server.cli import main
from server.embedded import binaries
from server.settings import PREFIX, Settings, load
from tests.harness.product import ROOT
from tests.scaleout.declared import (
    SECRETS,
    UnsetError,
    compose,
    copied,
    dockerfile,
    image_tree,
    is_sent,
    service_environment,
)

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "transom-server"}
LASTING = {name: service for name, service in SERVICES.items() if name != "migrate"}
DOCKERFILES = ("server/Dockerfile", "envoy/Dockerfile")


def _context(words: list[str]) -> click.Context:
    """A command line of ours, parsed and not run. Raises UsageError."""
    context = click.Context(main, info_name="transom", **main.context_settings)
    name, command, rest = main.resolve_command(context, words)
    assert command is not None
    return command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("name", SECRETS)
def test_compose_without_a_secret_refuses_to_start(name: str) -> None:
    with pytest.raises(UnsetError, match=name):
        compose({key: value for key, value in SECRETS.items() if key != name})


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    named = re.findall(r"^\s+(\w*(?:PASSWORD|SECRET|KEY)\w*): (.*)$", text, re.MULTILINE)
    assert len(named) >= 6
    assert all(value.startswith("${") or name.endswith("_KEY_ID") for name, value in named), named


@pytest.mark.parametrize("name", OURS)
def test_every_transom_variable_is_a_setting_and_parses(name: str) -> None:
    environment = service_environment(OURS[name])
    settings = {key for key in environment if key.startswith(PREFIX)}
    assert settings == set(environment)
    assert settings <= {PREFIX + field.upper() for field in Settings.__dataclass_fields__}
    loaded = load(environment)
    assert loaded.database_url
    assert loaded.redis_url
    assert len(loaded.secret_key) >= 32
    assert "_____" not in str(loaded), "a variable was left"


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_exists(name: str) -> None:
    assert _context(OURS[name]["command"]).info_name == OURS[name]["command"][0]


@pytest.mark.parametrize("name", ["server", "worker"])
def test_every_health_check_of_ours_is_a_command_that_exists(name: str) -> None:
    kind, program, *words = OURS[name]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "transom")
    assert _context(words).params["ping"] is True


def test_parsing_refuses_a_command_that_does_not_exist() -> None:
    with pytest.raises(click.UsageError):
        _context(["worker", "--poool", "prefork"])


def test_layout_is_two_servers_and_prefork_workers_behind_one_envoy() -> None:
    assert set(SERVICES) == {
        "envoy", "server", "worker", "migrate", "postgres", "redis", "milvus", "etcd", "minio",
    }  # fmt: skip
    assert SERVICES["server"]["deploy"]["replicas"] == 2
    assert SERVICES["worker"]["deploy"]["replicas"] >= 2
    assert _context(SERVICES["worker"]["command"]).params["pool"] == "prefork"


def test_nothing_is_published_but_the_gateways_port() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"envoy"}
    assert SERVICES["envoy"]["ports"] == ["8080:8080"]
    assert compose({**SECRETS, "PORT": "9000"})["services"]["envoy"]["ports"] == ["9000:8080"]


def test_stores_are_reached_from_inside_alone() -> None:
    assert compose()["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis", "milvus", "etcd", "minio"):
        assert SERVICES[name]["networks"] == ["inside"]


@pytest.mark.parametrize("name", LASTING)
def test_lasting_service_is_watched_and_started_again(name: str) -> None:
    assert LASTING[name]["restart"] == "unless-stopped"
    check = LASTING[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)


def test_schema_is_migrated_once_before_servers_and_workers() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("server", "worker"):
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_exists(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert needed in SERVICES
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[needed]


def test_uploads_are_one_volume_of_servers_and_workers() -> None:
    for name in ("server", "worker"):
        assert OURS[name]["volumes"] == ["files:/data/files"]
        assert load(service_environment(OURS[name])).files_path == Path("/data/files")
    made = next(step.text for step in dockerfile("server/Dockerfile") if "groupadd" in step.text)
    assert "/data/files" in made, "a new volume takes its owner from the image"


def test_every_store_keeps_its_data_in_a_named_volume() -> None:
    named = set(compose()["volumes"])
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == named
    for name in ("postgres", "redis", "milvus", "etcd", "minio"):
        assert [volume.partition(":")[0] for volume in SERVICES[name]["volumes"]] == [name]


def test_addresses_in_the_settings_are_services() -> None:
    settings = load(service_environment(OURS["server"]))
    hosts = {re.sub(r".*@|.*//", "", url).partition(":")[0]
             for url in (settings.database_url, settings.redis_url, settings.milvus_uri)}
    assert hosts == {"postgres", "redis", "milvus"}
    assert settings.redis_url.count(SECRETS["REDIS_PASSWORD"]) == 1
    assert settings.database_url.count(SECRETS["POSTGRES_PASSWORD"]) == 1


def test_redis_forgets_nothing_and_keeps_what_it_has() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command
    assert '--requirepass "$REDIS_PASSWORD"' in command


@pytest.mark.parametrize("name", SERVICES)
def test_image_of_others_is_pinned_and_ours_is_built_here(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert service["build"]["context"] == "."
        assert service["build"]["dockerfile"] in DOCKERFILES
    else:
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d+\.\d+|\d{4}-\d{2}-\d{2}", tag), f"{service['image']} is not pinned"


@pytest.mark.parametrize("path", DOCKERFILES)
def test_image_installs_nothing_but_the_lock_with_its_hashes(path: str) -> None:
    installs = [step.text for step in dockerfile(path) if step.word == "RUN" and "pip install" in step.text]
    locked = [text for text in installs if "-r " in text]
    assert len(locked) == 1
    words = shlex.split(locked[0])
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(words)
    lock = words[words.index("-r") + 1]
    sources = {f"{target}{Path(source).name}": source for given, target in copied(dockerfile(path)) for source in given}
    assert sources[lock] == "requirements/milvus.txt"
    for text in installs:
        if text not in locked:
            assert "--no-deps --no-build-isolation --editable /app" in text


def test_both_images_share_the_stage_with_the_packages() -> None:
    first, second = ([step for step in dockerfile(path) if step.stage == 1] for path in DOCKERFILES)
    assert first == second


def test_lock_of_the_images_has_what_the_lock_of_a_run_has() -> None:
    def pinned(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / name).read_text()
        return dict(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[^]]*])?==(\S+)", text, re.MULTILINE))

    run, image = pinned("run.txt"), pinned("milvus.txt")
    assert len(run) > 50
    assert {name: image.get(name) for name in run} == run


@pytest.mark.parametrize("path", DOCKERFILES)
def test_what_an_image_copies_exists_and_is_sent_to_the_builder(path: str) -> None:
    for sources, _ in copied(dockerfile(path)):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert is_sent(source), f".dockerignore leaves {source} out"


@pytest.mark.parametrize("path", [".git/config", ".env", ".data/secrets.json", ".venv/bin/python", "tests/conftest.py",
                                  "server/__pycache__/bus.cpython-311.pyc"])  # fmt: skip
def test_what_no_image_needs_is_not_sent_to_the_builder(path: str) -> None:
    assert not is_sent(path)


@pytest.mark.parametrize("path", DOCKERFILES)
def test_image_runs_without_root_rights(path: str) -> None:
    steps = dockerfile(path)
    users = [step for step in steps if step.word == "USER"]
    assert len(users) == 1
    assert users[0].stage == steps[-1].stage
    assert users[0].text != "root"


def test_server_image_listens_where_its_gateway_calls() -> None:
    steps = dockerfile("server/Dockerfile")
    given = dict(re.findall(r"(TRANSOM_\w+)=(\S+)", " ".join(step.text for step in steps if step.word == "ENV")))
    settings = load({**given, **service_environment(OURS["server"])})
    assert settings.server_host == "0.0.0.0"
    assert SERVICES["envoy"]["build"]["args"]["SERVER"] == f"server:{settings.server_port}"
    assert [step.text for step in steps if step.word == "EXPOSE"] == [str(settings.server_port)]
    assert [step.text for step in steps if step.word == "ENTRYPOINT"] == ['["transom"]']


def test_grace_of_a_stopped_server_is_longer_than_the_servers_own() -> None:
    grace = int(OURS["server"]["stop_grace_period"].removesuffix("s"))
    assert grace > load(service_environment(OURS["server"])).shutdown_grace_seconds


def test_configuration_that_the_gateways_image_renders_is_the_one_in_the_repository(tmp_path: Path) -> None:
    image_tree("envoy/Dockerfile", tmp_path)
    text = next(step.text for step in dockerfile("envoy/Dockerfile") if "gateway render" in step.text)
    for name, value in SERVICES["envoy"]["build"]["args"].items():
        text = text.replace(f"${{{name}}}", value)
    command = next(part for part in text.split("&&") if "gateway render" in part)
    words = [sys.executable, *shlex.split(command)[1:]]
    out = tmp_path / "etc" / "envoy" / "envoy.yaml"
    words[words.index("--out") + 1] = str(out)
    app = tmp_path / "app"
    subprocess.run(words, cwd=app, env={"PYTHONPATH": f"{app}:{app / 'generated'}"}, check=True)
    assert out.read_text() == (ROOT / "envoy" / "envoy.yaml").read_text()

    here = out.read_text().replace("/etc/envoy/", f"{out.parent}/")
    out.write_text(here)
    done = subprocess.run(
        [str(binaries.envoy()), "--mode", "validate", "--config-path", str(out)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
