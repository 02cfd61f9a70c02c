"""PowerPoint presentations: one part for each slide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.exc import PackageNotFoundError
from pptx.shapes.group import GroupShape

from server.ingest.extract import archive
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.part import Part


def read(path: Path, limits: Limits) -> Iterator[Part]:
    """Paragraphs, table rows and the speaker's notes, joined by line breaks."""
    archive.check(path, limits)
    try:
        presentation = Presentation(str(path))
    except (PackageNotFoundError, KeyError):
        raise ExtractError("The file is damaged or is not a PowerPoint presentation (pptx).") from None
    for number, slide in enumerate(presentation.slides, 1):
        lines = list(_lines(slide.shapes))
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines += _paragraphs(slide.notes_slide.notes_text_frame)
        yield Part("\n".join(lines), {"slide": number})


def _lines(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if isinstance(shape, GroupShape):
            yield from _lines(shape.shapes)
        elif shape.has_text_frame:
            yield from _paragraphs(shape.text_frame)
        elif shape.has_table:
            for row in shape.table.rows:
                yield " | ".join(" ".join(cell.text.split()) for cell in row.cells)


def _paragraphs(frame: Any) -> list[str]:
    """Non-empty paragraphs; a soft break inside one is a line break."""
    return [text for paragraph in frame.paragraphs if (text := paragraph.text.replace("\v", "\n").strip())]
