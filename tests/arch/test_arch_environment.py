"""Settings come from one place, and the README says what they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields

import pytest

from server.settings import PREFIX, Settings
from tests.arch.sources import ROOT, Source, dotted, sources

# Modules that touch the environment, besides server/settings.py, and why.
ALLOWED: Mapping[str, str] = {
    "server/cli/__init__.py": "options of the command line become settings of the processes it starts",
    "server/cli/environment.py": "a command takes what a running `transom up` uses, and above it its own environment",
    "server/embedded/embedder.py": "OpenMP reads its settings there when it is loaded",
    "server/embedded/envoy.py": "programs that it starts need PATH",
    "server/embedded/postgres.py": "programs that it starts need PATH and TMPDIR",
    "server/embedded/supervisor.py": "processes that it starts inherit the environment",
    "server/embedded/valkey.py": "programs that it starts need PATH",
}
_ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)


def _reads(source: Source) -> Iterator[int]:
    """Lines that read or change the environment."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.environb", "os.getenv", "os.putenv"}:
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in {"environ", "getenv", "putenv"})


def test_only_settings_read_the_environment() -> None:
    reading = {source.path: list(_reads(source)) for source in sources("server", "gateway")}
    outside = {path for path, lines in reading.items() if lines} - {"server/settings.py"}
    assert outside == set(ALLOWED)


@pytest.mark.parametrize("text", ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"])
def test_reading_the_environment_is_seen(text: str) -> None:
    assert list(_reads(Source("a.py", ast.parse(text))))


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_says_what_it_is_and_how_far_it_goes(setting: object) -> None:
    metadata = setting.metadata  # type: ignore[attr-defined]
    assert metadata["doc"]
    if isinstance(setting.default, (int, float)) and not isinstance(setting.default, bool):  # type: ignore[attr-defined]
        assert metadata["low"] is not None, "a number without a least value"


def _readme_rows() -> list[tuple[str, str]]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    return [(row["name"], row["default"].strip()) for row in _ROW.finditer(chapter)]


def test_readme_lists_settings() -> None:
    assert len(_readme_rows()) >= 5


@pytest.mark.parametrize(("name", "shown"), _readme_rows())
def test_setting_in_the_readme_exists_with_that_default(name: str, shown: str) -> None:
    known = {PREFIX + setting.name.upper(): setting.default for setting in fields(Settings)}
    # The name that every Gemini client reads.
    known["GOOGLE_API_KEY"] = Settings().google_api_key
    assert name in known, f"{name} is no setting"
    if re.fullmatch(r"`[^`]*[:0-9][^`]*`", shown) or shown.isdigit():
        assert shown.strip("`") == str(known[name])
    else:
        # Words for what happens when nothing is set.
        assert not known[name], f"the default is {known[name]!r}, the README says {shown}"
