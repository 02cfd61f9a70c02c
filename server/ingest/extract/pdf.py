"""PDF: one part for each page, its pictures at the end."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.extract.pictures import Pictures
from server.ingest.part import Part, Picture

# Smaller ones are lines, bullets and shadows; larger ones are not unpacked.
_SMALLEST, _MOST_PIXELS = 16, 40_000_000


def read(path: Path, limits: Limits) -> Iterator[Part | Picture]:
    """The text layer of each page, and its pictures; pages that are pictures have no text."""
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise ExtractError("The PDF is protected by a password.") from None
        raise
    if len(document) > limits.pages:
        raise ExtractError(f"The PDF has {len(document):,} pages; at most {limits.pages:,} are read.")
    pictures = Pictures(limits)
    for number in range(1, len(document) + 1):
        try:
            page = document[number - 1]
            text = "\n".join([_text(page), *_pictures(page, pictures)])
            page.close()
            yield from pictures.new()
            yield Part(text, {"page": number})
        except pdfium.PdfiumError:
            raise ExtractError(f"Page {number} of the PDF is damaged.") from None


def _text(page: pdfium.PdfPage) -> str:
    text = page.get_textpage()
    found: str = text.get_text_range()
    text.close()
    return found.replace("\r\n", "\n").replace("\r", "\n")


def _pictures(page: pdfium.PdfPage, pictures: Pictures) -> Iterator[str]:
    """Marks of the pictures on a page. One that cannot be read is left out."""
    if not pictures.wanted:
        return
    for found in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        try:
            width, height = found.get_px_size()
            if min(width, height) < _SMALLEST or width * height > _MOST_PIXELS:
                continue
            mark = pictures.mark(_encoded(found))
        except (pdfium.PdfiumError, ValueError, OSError):
            continue
        if mark:
            yield mark


def _encoded(picture: pdfium.PdfImage) -> bytes:
    """As it is stored when that is a JPEG, else as PNG."""
    if picture.get_filters() == ["DCTDecode"]:
        return bytes(picture.get_data())
    bitmap = picture.get_bitmap()
    out = BytesIO()
    bitmap.to_pil().save(out, "PNG")
    bitmap.close()
    return out.getvalue()
