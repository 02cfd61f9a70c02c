"""Tables as Markdown, one part a sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from server.ingest.extract.encoding import decode
from server.ingest.extract.limits import Limits
from server.ingest.part import Part

_LONGEST_FIELD = 1 << 30


def read(path: Path, limits: Limits) -> Iterator[Part]:
    """The first row of each sheet is its header; rows without any value are left out. CSV is one sheet."""
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"PK" or head == b"\xd0\xcf\x11\xe0":
        yield from _sheets(path, limits)
    else:
        csv.field_size_limit(_LONGEST_FIELD)
        rows = csv.reader(io.StringIO(decode(path.read_bytes()).replace("\x00", ""), newline=""))
        yield from _parts(rows, "")


def _sheets(path: Path, limits: Limits) -> Iterator[Part]:
    from python_calamine import CalamineWorkbook

    from server.ingest.extract import archive
    from server.ingest.extract.sheets import shown

    with path.open("rb") as file:
        if file.read(2) == b"PK":
            archive.check(path, limits)
    book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    for name in book.sheet_names:
        rows = ([shown(value) for value in row] for row in book.get_sheet_by_name(name).iter_rows())
        yield from _parts(rows, name)


def _parts(rows: Iterable[Sequence[str]], name: str) -> Iterator[Part]:
    lines: list[str] = []
    width = 0
    for row in rows:
        if not any(value.strip() for value in row):
            continue
        if not lines:
            width = len(row)
            lines += [_line(row), _line(["---"] * width)]
        else:
            lines.append(_line([*row, *[""] * (width - len(row))]))
    if lines:
        yield Part("\n".join(lines), {"sheet": name} if name else {})


def _line(cells: Sequence[str]) -> str:
    shown = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(shown)} |"
