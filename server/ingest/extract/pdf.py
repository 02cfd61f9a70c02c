"""PDF: one part for each page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium

from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.part import Part


def read(path: Path, limits: Limits) -> Iterator[Part]:
    """The text layer of each page; pages that are pictures have none."""
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise ExtractError("The PDF is protected by a password.") from None
        raise
    if len(document) > limits.pages:
        raise ExtractError(f"The PDF has {len(document):,} pages; at most {limits.pages:,} are read.")
    for number in range(1, len(document) + 1):
        try:
            yield Part(_text(document[number - 1]), {"page": number})
        except pdfium.PdfiumError:
            raise ExtractError(f"Page {number} of the PDF is damaged.") from None


def _text(page: pdfium.PdfPage) -> str:
    text = page.get_textpage()
    found: str = text.get_text_range()
    text.close()
    page.close()
    return found.replace("\r\n", "\n").replace("\r", "\n")
