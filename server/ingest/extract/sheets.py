"""Excel workbooks: one part for each data row of each sheet.

Values come from calamine, which is fast, keeps to the cells that are there, and reads both formats; where
links go is only in the package itself (sheet_links.py).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError

from server.ingest.extract import archive
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.extract.sheet_links import links_by_sheet
from server.ingest.part import Part

_HEADER_SEARCH = 10

Links = Mapping[tuple[int, int], str]


def read(path: Path, limits: Limits) -> Iterator[Part]:
    """``"Col":"value";"Col2":"value2"``, quotes escaped; rows without any value are left out.

    xlsx: the header is the first of the first ten rows with two filled cells, else the fullest; empty
    cells stay as "" and links become ``[value](url)``. xls: the header is the first row, empty cells are
    left out.
    """
    with path.open("rb") as file:
        modern = file.read(2) == b"PK"
    if modern:
        archive.check(path, limits)
    try:
        # Not by its path: then the name would decide the format.
        book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    except PasswordError:
        raise ExtractError("The workbook is protected by a password.") from None
    links = links_by_sheet(path) if modern else {}
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if modern:
            yield from _modern_rows(sheet, links.get(name, {}))
        else:
            yield from _old_rows(sheet)


def _modern_rows(sheet: CalamineSheet, links: Links) -> Iterator[Part]:
    rows = _rows(sheet)
    top = list(islice(rows, _HEADER_SEARCH))
    header = _header(top)
    if header is None:
        return
    columns = {column: _escaped(shown(value)) for column, value in enumerate(top[header][1]) if shown(value)}
    for number, row in chain(top[header + 1 :], rows):
        values = {column: shown(row[column]) for column in columns}
        if any(shown(value) for value in row):
            for column, value in values.items():
                if url := links.get((number, column)):
                    values[column] = f"[{value}]({url})"
            yield _part(sheet, number, [(columns[column], value) for column, value in values.items()])


def _old_rows(sheet: CalamineSheet) -> Iterator[Part]:
    rows = (row for row in _rows(sheet) if any(shown(value) for value in row[1]))
    _, header = next(rows, (0, []))
    names = [_escaped(shown(value) or f"Unnamed: {column}") for column, value in enumerate(header)]
    for number, row in rows:
        cells = zip(names, map(shown, row), strict=False)
        yield _part(sheet, number, [(name, text) for name, text in cells if text])


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """(row number from 0, values from column 0)."""
    if sheet.start is None:
        return
    margin = [""] * sheet.start[1]
    for number, row in enumerate(sheet.iter_rows()):
        yield number, margin + row


def _header(top: list[tuple[int, list[Any]]]) -> int | None:
    filled = [sum(bool(shown(value)) for value in row) for _, row in top]
    if not any(filled):
        return None
    return next((index for index, count in enumerate(filled) if count >= 2), filled.index(max(filled)))


def _part(sheet: CalamineSheet, number: int, cells: list[tuple[str, str]]) -> Part:
    text = ";".join(f'"{name}":"{_escaped(value)}"' for name, value in cells)
    return Part(text, {"sheet": sheet.name, "row": number + 1})


def shown(value: object) -> str:
    """A cell as text; whole numbers without a fraction, as Excel shows them."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _escaped(text: str) -> str:
    return text.replace('"', '\\"')
