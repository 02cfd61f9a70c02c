"""``tests/ROWS.md``: every row of the API document and of its errors is there, with a test that is there.

The documents themselves are not part of the checkout; where they lie beside it, the rows are compared with them.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from server.kit.errors import Reason
from tests.arch.rows import ERRORS, NAMED, NOT_PRODUCED, ROWS, SECTIONS, Row
from tests.arch.sources import ROOT

_DOCUMENTS = ROOT.parent / "shared" / "reference"


@cache
def _module(file: str) -> ast.Module:
    return ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))


@cache
def _named(file: str) -> dict[str, ast.AST]:
    """What a test file gives a name to."""
    named: dict[str, ast.AST] = {}
    for node in _module(file).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            named[node.name] = node
        for target in node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]:
            if isinstance(target, ast.Name):
                named[target.id] = node
    return named


def _words(file: str, test: str) -> set[str]:
    """The texts of a test and of what it names in its file; those that f-strings consist of too."""
    words, seen, rest = set(), {test}, [test]
    while rest:
        for node in ast.walk(_named(file)[rest.pop()]):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            elif isinstance(node, ast.Name) and node.id in _named(file) and node.id not in seen:
                seen.add(node.id)
                rest.append(node.id)
    return words


def _longest(text: str) -> str:
    """The longest part of a text that is the same in each answer."""
    return max(re.split(r"<\.\.\.>|'", text), key=len).strip()


def test_every_section_has_as_many_rows_as_its_heading_says() -> None:
    assert {section.number: len(section.rows) for section in SECTIONS} == {
        section.number: section.count for section in SECTIONS
    }
    assert len({section.number for section in SECTIONS}) == len(SECTIONS)
    for section in SECTIONS:
        assert len({row.cells for row in section.rows}) == section.count, f"a row twice in {section.number}"


@pytest.mark.parametrize("file", sorted({row.file for row in ROWS}))
def test_every_test_that_is_named_exists(file: str) -> None:
    assert {row.test for row in ROWS if row.file == file} <= {name for name in _named(file) if name.startswith("test_")}


def test_rows_of_the_api_are_shown_through_the_gateway() -> None:
    assert {row.file.split("/")[0] for row in ROWS if not row.section.startswith("E")} == {"rest", "cli"}


def test_every_route_is_in_the_openapi_document() -> None:
    document = json.loads((ROOT / "generated" / "openapi.json").read_text(encoding="utf-8"))
    served = {
        (verb.upper(), re.sub(r"\{\w+\}", "{}", path)) for path, verbs in document["paths"].items() for verb in verbs
    }
    named = {(verb, re.sub(r"\{\w+\}", "{}", path)) for section in SECTIONS for verb, path in section.routes}
    assert len(named) == sum(len(section.routes) for section in SECTIONS)
    assert named <= served


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: "-".join(row.cells[:2]).strip("`"))
def test_test_of_an_error_says_its_code_and_text(row: Row) -> None:
    words = _words(row.file, row.test)
    assert row.code in words
    for text in re.findall(r'"([^"]+)"', row.cells[2]):
        assert any(_longest(text) in word for word in words), text


def test_every_reason_of_the_contract_is_in_a_table() -> None:
    codes = {row.code for row in ERRORS}
    assert not codes & NOT_PRODUCED
    missing = set(Reason) - codes - NOT_PRODUCED
    assert not missing, "add a row with its test to tests/ROWS.md"


# Against the documents


def _document(name: str) -> str:
    file = Path(_DOCUMENTS / name)
    if not file.exists():
        pytest.skip(f"{name} does not lie beside this checkout")
    return file.read_text(encoding="utf-8")


def _rows_of_a_document(part: str) -> set[str]:
    """Names in the first column of the tables of a part, and those of the answers that it shows."""
    tables = re.findall(r"^\| (`?[\w ]+`?) \|", part, re.MULTILINE)
    names = {name.strip("`") for name in tables} - {"参数", "状态码", "错误码", "资源类型"}
    for shown in re.findall(r"```json\n(\{.*?\})\n```", part, re.DOTALL):
        names |= set(re.findall(r'"(\w+)":', shown)) - {"segments"}
    return names | set(re.findall(r"^- `(action)`:", part, re.MULTILINE))


def test_every_route_and_row_of_the_api_document_is_here() -> None:
    text = _document("seed-api.md")
    parts = re.split(r"^#{3,4} (?=\d\.\d)", text, flags=re.MULTILINE)[1:]
    wanted, rows = {}, {}
    for part in parts:
        number = part.split()[0]
        wanted[number] = {(verb, path) for verb, path in re.findall(r"```http\n(\w+) (/\S+)", part)}
        rows[number] = _rows_of_a_document(part)
    routes = {number: found for number, found in wanted.items() if found}
    assert {one.number: one.routes for one in SECTIONS if one.routes} == routes
    here = {
        one.number: {name for row in one.rows for name in NAMED.findall(row.cells[0]) or [row.cells[0]]}
        for one in SECTIONS
    }
    missing = {number: sorted(names - here.get(number, set())) for number, names in rows.items()}
    assert {number: names for number, names in missing.items() if names} == {}


def test_every_code_of_the_errors_document_is_here() -> None:
    part = _document("errors.md").partition("## 2.")[2].partition("## 7.")[0]
    codes = {code for line in re.findall(r"^\| \d{3} \| (`.*?) \|", part, re.MULTILINE) for code in NAMED.findall(line)}
    here = {row.code for row in ERRORS} | NOT_PRODUCED
    assert codes - here == set()
    said = {text for row in ERRORS for text in re.findall(r'"([^"]+)"', row.cells[2])}
    assert len(said) > 80
