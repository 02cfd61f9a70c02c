"""CSV: one part for each row, every value with the name of its column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from server.ingest.extract.encoding import decode
from server.ingest.extract.limits import Limits
from server.ingest.part import Part

_LONGEST_FIELD = 1 << 30


def read(path: Path, _: Limits) -> Iterator[Part]:
    """``col: value;col2: value2``. Rows with more fields than the header are malformed and left out."""
    csv.field_size_limit(_LONGEST_FIELD)
    rows = csv.reader(io.StringIO(decode(path.read_bytes()).replace("\x00", ""), newline=""))
    names = _names(next((row for row in rows if row), []))
    number = 0
    for row in rows:
        if not row or len(row) > len(names):
            continue
        number += 1
        if any(value.strip() for value in row):
            values = [value.strip() for value in row] + [""] * (len(names) - len(row))
            yield Part(";".join(f"{name}: {value}" for name, value in zip(names, values, strict=True)), {"row": number})


def _names(header: list[str]) -> list[str]:
    """Column names; those that are empty or come again get a number."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for index, cell in enumerate(header):
        name = cell.strip() or f"Unnamed: {index}"
        count = seen.get(name, 0)
        seen[name] = count + 1
        names.append(f"{name}.{count}" if count else name)
    return names
