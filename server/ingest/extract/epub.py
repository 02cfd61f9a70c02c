"""EPUB books: parts that begin at headings, in reading order."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from server.ingest.extract import archive
from server.ingest.extract.html import blocks, page_text
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.extract.titles import by_title
from server.ingest.extract.xml_tree import parsed
from server.ingest.part import Part

_PAGES = ("application/xhtml+xml", "text/html")


def read(path: Path, limits: Limits) -> Iterator[Part]:
    """The text of the book's pages, without the tags of their source (Dify keeps them): nobody searches by those."""
    archive.check(path, limits)
    with zipfile.ZipFile(path) as book:
        names = set(book.namelist())
        if "META-INF/encryption.xml" in names and "META-INF/rights.xml" in names:
            raise ExtractError("The book is protected against copying.")
        for page in _reading_order(book):
            if page in names:
                yield from by_title(blocks(page_text(book.read(page))))


def _reading_order(book: zipfile.ZipFile) -> Iterator[str]:
    """Paths of the spine's pages."""
    container = parsed(book.read("META-INF/container.xml"))
    root = next((file.get("full-path", "") for file in container.iter("{*}rootfile")), "")
    package = parsed(book.read(root))
    pages = {
        item.get("id"): posixpath.normpath(posixpath.join(posixpath.dirname(root), unquote(item.get("href", ""))))
        for item in package.iter("{*}item")
        if item.get("media-type") in _PAGES
    }
    for reference in package.iter("{*}itemref"):
        if reference.get("idref") in pages:
            yield pages[reference.get("idref")]
