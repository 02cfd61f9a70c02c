"""``tests/ROWS.md``, read: rows of the API document and of its errors, with their tests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.arch.sources import ROOT

_TEXT = (ROOT / "tests" / "ROWS.md").read_text(encoding="utf-8")
_HEADING = re.compile(r"## (?P<number>[\dE.]+) (?P<title>.+) \((?P<count>\d+)\)")
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S+?)(?=`|$|\s)")
NAMED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Row:
    """A row: its cells but the last, which names the test."""

    section: str
    cells: tuple[str, ...]
    file: str
    test: str

    @property
    def code(self) -> str:
        """The code of a row about an error."""
        return self.cells[1].strip("`")


@dataclass(frozen=True)
class Section:
    """A table and what its heading says."""

    number: str
    title: str
    count: int
    rows: tuple[Row, ...]

    @property
    def routes(self) -> set[tuple[str, str]]:
        """Verbs and paths of its heading."""
        return set(_ROUTE.findall(self.title))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _section(block: str) -> Section:
    heading, *lines = block.splitlines()
    found = _HEADING.fullmatch(f"## {heading}")
    assert found, heading
    rows = []
    for line in lines:
        *cells, test = _cells(line) if line.startswith("| ") else ["", ""]
        if not cells[0] or cells[0] in {"row", "HTTP"}:
            continue
        named = _TEST.fullmatch(test)
        assert named, f"no test: {line}"
        rows.append(Row(found["number"], tuple(cells), named[1], named[2]))
    return Section(found["number"], found["title"], int(found["count"]), tuple(rows))


_BLOCKS = re.split(r"^## ", _TEXT.partition("\n# Not produced")[0], flags=re.MULTILINE)[1:]
SECTIONS = [_section(block.split("\n# ")[0]) for block in _BLOCKS]
ROWS = [row for section in SECTIONS for row in section.rows]
ERRORS = [row for row in ROWS if row.section.startswith("E")]
# Codes that no test produces; each has its reason beside it.
NOT_PRODUCED = {
    code for code, _ in re.findall(r"^\| `(\w+)` \| (.+) \|$", _TEXT.partition("\n# Not produced")[2], re.MULTILINE)
}
