"""Word documents: one part, paragraphs and tables in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docx import Document
from docx.opc.exceptions import PackageNotFoundError

from server.ingest.extract import archive
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.extract.xml_tree import Element
from server.ingest.part import Part

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PARAGRAPH, _TABLE, _ROW, _CELL = f"{_W}p", f"{_W}tbl", f"{_W}tr", f"{_W}tc"
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_LEFT_OUT = frozenset({
    f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}instrText", f"{_W}sectPr", f"{_W}tblPr",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
})  # fmt: skip


def read(path: Path, limits: Limits) -> Iterator[Part]:
    """Tables become markdown tables, their first row the header; links become ``[text](url)``.

    Text that a tracked change deleted is left out, what it inserted is there.
    """
    archive.check(path, limits)
    try:
        document = Document(str(path))
    except (PackageNotFoundError, KeyError):
        raise ExtractError("The file is damaged or is not a Word document (docx).") from None
    addresses = {name: relation.target_ref for name, relation in document.part.rels.items() if relation.is_external}
    yield Part("\n".join(_blocks(document.element.body, addresses)))


def _blocks(container: Element, addresses: dict[str, str]) -> Iterator[str]:
    """The text of each paragraph and table, also of those inside content controls."""
    for element in container:
        if element.tag == _PARAGRAPH:
            yield _text(element, addresses)
        elif element.tag == _TABLE:
            yield _table(element, addresses)
        elif element.tag not in _LEFT_OUT:
            yield from _blocks(element, addresses)


def _text(element: Element, addresses: dict[str, str]) -> str:
    return "".join(_pieces(element, addresses))


def _pieces(element: Element, addresses: dict[str, str]) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag == f"{_W}hyperlink":
            text = _text(child, addresses)
            address = addresses.get(child.get(f"{_R}id", ""))
            yield f"[{text}]({address})" if address and text else text
        elif child.tag == _PARAGRAPH:  # of a text box
            yield _text(child, addresses) + "\n"
        elif child.tag not in _LEFT_OUT:
            yield from _pieces(child, addresses)


def _table(table: Element, addresses: dict[str, str]) -> str:
    rows = [_cells(row, addresses) for row in table.iter(_ROW) if next(row.iterancestors(_TABLE)) is table]
    width = max(map(len, rows), default=0)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([*lines[:1], "| " + " | ".join(["---"] * width) + " |", *lines[1:]]) if lines else ""


def _cells(row: Element, addresses: dict[str, str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(_CELL):
        if next(cell.iterancestors(_ROW)) is not row:
            continue  # of a table inside a cell, whose text is in that cell
        text = " ".join(" ".join(_blocks(cell, addresses)).split())
        cells.append(text.replace("|", "\\|"))
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        width = int(span.get(f"{_W}val", "1")) if span is not None else 1
        cells.extend([""] * (min(width, 64) - 1))
    return cells
