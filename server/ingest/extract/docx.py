"""Word documents: one part, paragraphs and tables in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docx import Document
from docx.opc.exceptions import PackageNotFoundError

from server.ingest.extract import archive
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.extract.pictures import Pictures
from server.ingest.extract.xml_tree import Element
from server.ingest.part import Part, Picture

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PARAGRAPH, _TABLE, _ROW, _CELL = f"{_W}p", f"{_W}tbl", f"{_W}tr", f"{_W}tc"
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_PICTURES = {
    "{http://schemas.openxmlformats.org/drawingml/2006/main}blip": f"{_R}embed",
    "{urn:schemas-microsoft-com:vml}imagedata": f"{_R}id",
}
_LEFT_OUT = frozenset({
    f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}instrText", f"{_W}sectPr", f"{_W}tblPr",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
})  # fmt: skip


def read(path: Path, limits: Limits) -> Iterator[Part | Picture]:
    """Tables become markdown tables, their first row the header; links become ``[text](url)``.

    Pictures stand where they are. Text that a tracked change deleted is left out, what it inserted is there.
    """
    archive.check(path, limits)
    try:
        document = Document(str(path))
    except (PackageNotFoundError, KeyError):
        raise ExtractError("The file is damaged or is not a Word document (docx).") from None
    relations = _Relations(document.part.rels, Pictures(limits))
    text = "\n".join(_blocks(document.element.body, relations))
    yield from relations.pictures.new()
    yield Part(text)


class _Relations:
    """What the text points to."""

    def __init__(self, relations: Mapping[str, Any], pictures: Pictures) -> None:
        self._relations = relations
        self.pictures = pictures

    def address(self, name: str) -> str | None:
        """Where a link leads outside of the document."""
        relation = self._relations.get(name)
        return str(relation.target_ref) if relation is not None and relation.is_external else None

    def mark(self, name: str) -> str:
        """What stands for a picture."""
        relation = self._relations.get(name)
        if relation is None or relation.is_external or not self.pictures.wanted:
            return ""
        return self.pictures.mark(relation.target_part.blob)


def _blocks(container: Element, relations: _Relations) -> Iterator[str]:
    """The text of each paragraph and table, also of those inside content controls."""
    for element in container:
        if element.tag == _PARAGRAPH:
            yield _text(element, relations)
        elif element.tag == _TABLE:
            yield _table(element, relations)
        elif element.tag not in _LEFT_OUT:
            yield from _blocks(element, relations)


def _text(element: Element, relations: _Relations) -> str:
    return "".join(_pieces(element, relations))


def _pieces(element: Element, relations: _Relations) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag == f"{_W}hyperlink":
            text = _text(child, relations)
            address = relations.address(child.get(f"{_R}id", ""))
            yield f"[{text}]({address})" if address and text else text
        elif child.tag in _PICTURES:
            yield relations.mark(child.get(_PICTURES[child.tag], ""))
        elif child.tag == _PARAGRAPH:  # of a text box
            yield _text(child, relations) + "\n"
        elif child.tag not in _LEFT_OUT:
            yield from _pieces(child, relations)


def _table(table: Element, relations: _Relations) -> str:
    rows = [_cells(row, relations) for row in table.iter(_ROW) if next(row.iterancestors(_TABLE)) is table]
    width = max(map(len, rows), default=0)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([*lines[:1], "| " + " | ".join(["---"] * width) + " |", *lines[1:]]) if lines else ""


def _cells(row: Element, relations: _Relations) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(_CELL):
        if next(cell.iterancestors(_ROW)) is not row:
            continue  # of a table inside a cell, whose text is in that cell
        text = " ".join(" ".join(_blocks(cell, relations)).split())
        cells.append(text.replace("|", "\\|"))
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        width = int(span.get(f"{_W}val", "1")) if span is not None else 1
        cells.extend([""] * (min(width, 64) - 1))
    return cells
