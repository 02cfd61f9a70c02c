"""What a start is made of, piece by piece."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded import child, valkey
from server.embedded.logs import LogFile, Screen, follow
from server.embedded.part import next_delay
from server.embedded.state import (
    StartError,
    free_ports,
    keep_environment,
    keep_targets,
    open_folder,
    running_environment,
)
from server.embedded.supervisor import Layout, layout, plans
from server.settings import Settings, load
from tests.harness.stores import wait_until

SECRETS = ("secret_key", "local_model_key")
_DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(1, flush=True)\ntime.sleep(60)"


def _process(word: Path, code: str = "print(1, flush=True)\nimport time\ntime.sleep(60)") -> subprocess.Popen[bytes]:
    started = subprocess.Popen([sys.executable, "-c", code, str(word)], stdout=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    return started


def test_leftover_with_our_word_is_ended(tmp_path: Path) -> None:
    with _process(tmp_path) as leftover:
        child.end_leftover(leftover.pid, tmp_path, signal.SIGTERM, 10)
        assert leftover.wait(5) == -signal.SIGTERM


def test_leftover_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    with _process(tmp_path, _DEAF) as leftover:
        child.end_leftover(leftover.pid, tmp_path, signal.SIGTERM, 0.2)
        assert leftover.wait(5) == -signal.SIGKILL


def test_other_program_that_got_the_pid_is_left_alone(tmp_path: Path) -> None:
    with _process(tmp_path / "other") as stranger:
        child.end_leftover(stranger.pid, tmp_path, signal.SIGTERM, 0.2)
        assert child.alive(stranger.pid)
        stranger.kill()


def test_leftover_valkey_is_gone_with_its_socket_before_the_next_starts(tmp_path: Path) -> None:
    place = valkey.place(tmp_path)
    running = child.spawn(valkey.command(place), tmp_path / "log")
    wait_until(lambda: valkey.accepts(place), "Valkey answers")
    valkey.end_leftover(place)
    assert running.wait(5) == 0
    assert not place.socket.exists()
    valkey.end_leftover(place)


async def test_unsaid_lines_go_to_the_file_alone(tmp_path: Path) -> None:
    out, stream = io.StringIO(), asyncio.StreamReader()
    stream.feed_data(b"one\na WARNING of no use\ntwo\nno end of line")
    stream.feed_eof()
    file = LogFile(tmp_path / "part.log")
    await follow("part", stream, Screen(out), file, (b"of no use",))
    file.close()
    assert out.getvalue() == "part       | one\npart       | two\npart       | no end of line\n"
    assert file.tail(4) == "one\na WARNING of no use\ntwo\nno end of line"


def test_log_file_of_20_mib_moves_aside(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "part.log")
    for _ in range(21):
        file.write(b"x" * 1024 * 1024)
    file.write(b"new\n")
    file.close()
    assert (tmp_path / "part.log").read_bytes() == b"new\n"
    assert (tmp_path / "part.log.1").stat().st_size == 21 * 1024 * 1024


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, 1)
    made = folder.secrets()
    assert folder.secrets() == made
    assert all(len(value) >= 32 for value in made.values())
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    folder.close()


def test_damaged_secrets_stop_the_start_and_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    folder = open_folder(tmp_path, 1)
    with pytest.raises(StartError, match="damaged"):
        folder.secrets()
    assert (tmp_path / "secrets.json").read_text() == "{"
    folder.close()


def test_folder_in_use_is_refused_until_it_is_closed(tmp_path: Path) -> None:
    first = open_folder(tmp_path, 8080)
    with pytest.raises(StartError, match="port 8080"):
        open_folder(tmp_path, 8081)
    first.close()
    open_folder(tmp_path, 8081).close()


def test_kept_environment_is_read_back_and_none_is_empty(tmp_path: Path) -> None:
    assert running_environment(tmp_path) == {}
    keep_environment(tmp_path, {"TRANSOM_PORT": "9000"})
    assert running_environment(tmp_path) == {"TRANSOM_PORT": "9000"}


def test_free_ports_are_different_and_not_the_taken_ones() -> None:
    found = free_ports(50, taken=range(15_000, 31_000))
    assert len(set(found)) == 50
    assert min(found) >= 31_000


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.1), (2, 0.2), (4, 0.8), (7, 5.0), (1000, 5.0)])
def test_restart_waits_longer_each_time_but_never_long(failures: int, seconds: float) -> None:
    assert next_delay(failures) == pytest.approx(seconds)


def _layout(folder: Path, **settings: str) -> Layout:
    chosen = Settings(port=free_ports(1)[0], server_processes=2, **settings)
    return layout(chosen, folder, dict.fromkeys(SECRETS, "x"))


def _parts(folder: Path, **settings: str) -> list[str]:
    return [plan.name for plan in plans(_layout(folder, **settings))]


def test_start_runs_every_part_and_ends_them_in_the_order_of_need(tmp_path: Path) -> None:
    assert _parts(tmp_path) == ["envoy", "server-1", "server-2", "worker", "model", "valkey", "postgres"]


def test_what_is_set_by_url_is_used_and_not_started(tmp_path: Path) -> None:
    urls = {"database_url": "postgresql://db/x", "redis_url": "redis://r", "local_model_url": "http://m/v1"}
    assert _parts(tmp_path, **urls) == ["envoy", "server-1", "server-2", "worker"]
    assert list(tmp_path.iterdir()) == []


def test_kept_environment_gives_other_commands_the_settings_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSOM_FILE_SIZE_LIMIT", "7")
    at = _layout(tmp_path, google_api_key="from GOOGLE_API_KEY", database_url="postgresql://db/x")
    again = load(at.kept())
    assert (again.file_size_limit, again.google_api_key) == (7, "from GOOGLE_API_KEY")
    assert (again.database_url, again.port, again.secret_key) == ("postgresql://db/x", at.settings.port, "x")
    assert again.redis_url == f"unix://{tmp_path}/valkey/valkey.sock"


def test_each_server_has_an_admin_port_that_prometheus_finds(tmp_path: Path) -> None:
    found = _layout(tmp_path)
    assert len({*found.admin_ports, *found.server_ports, found.model_port, found.gateway.admin_port}) == 6
    chosen = _layout(tmp_path, admin_port=9090)
    assert chosen.admin_ports == (9090, 9091)
    keep_targets(tmp_path, "127.0.0.1", chosen.admin_ports)
    assert json.loads((tmp_path / "metrics.json").read_text())[0]["targets"] == ["127.0.0.1:9090", "127.0.0.1:9091"]
    servers = [plan.command.env for plan in plans(chosen) if plan.name.startswith("server-")]
    assert [env["TRANSOM_ADMIN_PORT"] for env in servers] == ["9090", "9091"]
