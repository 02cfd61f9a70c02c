"""Every command explains itself, and says clearly what is wrong with how it was called."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from server.cli import main
from tests.cli.conftest import Instance
from tests.harness.product import ROOT


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group, **group.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(main))


def test_commands_are_those_that_the_readme_promises() -> None:
    names = {" ".join(path) for path in COMMANDS}
    assert names >= {
        "serve", "worker", "migrate", "check", "demo", "up", "model", "app import", "app export", "app list", "app publish",
        "key create", "key list", "key revoke",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_of_a_command_says_what_it_does_and_what_each_option_means(
    nowhere: Instance, path: tuple[str, ...], option: str
) -> None:
    command = COMMANDS[path]
    shown = " ".join(nowhere.ok(*path, option).split())
    assert shown.startswith(f"Usage: transom {' '.join(path)}")
    assert command.help
    assert " ".join(command.help.split()) in shown
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} says nothing"
            assert all(name in shown for name in parameter.opts)


def test_help_of_all_lists_every_command_with_a_line(nowhere: Instance) -> None:
    shown = nowhere.ok("--help")
    for path, command in COMMANDS.items():
        if len(path) == 1:
            line = next(line for line in shown.splitlines() if line.startswith(f"  {path[0]} "))
            assert len(line.split(None, 1)[1]) > 10, command.name


def test_program_without_words_shows_the_help() -> None:
    done = subprocess.run([sys.executable, "-m", "server"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Usage: transom" in done.stdout + done.stderr


def test_unknown_command_is_refused_with_status_2(nowhere: Instance) -> None:
    done = nowhere("aps")
    assert done.exit_code == 2
    assert "No such command 'aps'" in done.output


@pytest.mark.parametrize("words", [("app", "list"), ("key", "list"), ("demo",), ("migrate",)], ids=" ".join)
def test_command_where_nothing_runs_says_how_to_start(nowhere: Instance, words: tuple[str, ...]) -> None:
    done = nowhere(*words)
    assert done.exit_code == 1
    assert "TRANSOM_DATABASE_URL" in done.stderr
    assert "transom up" in done.stderr


@pytest.mark.parametrize("words", [("serve",), ("worker",)], ids=" ".join)
def test_server_process_without_its_settings_names_them(nowhere: Instance, words: tuple[str, ...]) -> None:
    done = nowhere(*words)
    assert done.exit_code == 1
    assert "TRANSOM_DATABASE_URL, TRANSOM_REDIS_URL, TRANSOM_SECRET_KEY not set" in done.stderr


def test_model_without_a_key_refuses_to_serve_everyone(nowhere: Instance) -> None:
    done = nowhere("model", "--port", "20000")
    assert done.exit_code == 1
    assert "TRANSOM_LOCAL_MODEL_KEY is not set" in done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("databse_url", "x", "unknown setting TRANSOM_DATABSE_URL"),
        ("db_pool_size", "many", "TRANSOM_DB_POOL_SIZE='many'"),
        ("db_pool_size", "0", "allowed is 1 to 200"),
        ("log_level", "LOUD", "allowed are DEBUG, INFO, WARNING, ERROR"),
    ],
)
def test_wrong_setting_stops_a_command_and_is_named(nowhere: Instance, setting: str, value: str, said: str) -> None:
    done = nowhere("app", "list", **{setting: value})
    assert done.exit_code == 1
    assert said in done.stderr


def test_command_whose_database_is_away_says_so_without_a_traceback(nowhere: Instance) -> None:
    done = nowhere(
        "app", "list", database_url="postgresql://127.0.0.1:1/none", redis_url="redis://127.0.0.1:1", secret_key="s" * 32
    )
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: PostgreSQL does not answer (")
    assert len(done.stderr.splitlines()) == 1
