"""HTML: the text of the whole page, and the blocks of pages inside books and mails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from server.ingest.extract.encoding import decode
from server.ingest.extract.limits import Limits
from server.ingest.part import Part

_DECLARED = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9._-]+)""", re.IGNORECASE)
_HIDDEN = ["script", "style", "template"]
_TITLES = "h1,h2,h3,h4,h5,h6"
_BLOCKS = (
    "address,article,aside,blockquote,br,caption,dd,div,dl,dt,fieldset,figcaption,figure,footer,form,"
    f"{_TITLES},header,hr,li,main,nav,ol,p,pre,section,table,tr,ul,title"
)
_BREAK, _TITLE, _VERBATIM = "\x1e", "\x1d", "\x1c"


def read(path: Path, _: Limits) -> Iterator[Part]:
    """One part: all text, nothing added between elements, no comments, scripts or styles."""
    tree = _parsed(page_text(path.read_bytes()))
    yield Part(tree.root.text().strip() if tree.root else "")


def page_text(data: bytes) -> str:
    """The source of a page, line breaks as newlines."""
    found = _DECLARED.search(data[:4096])
    return decode(data, found[1].decode() if found else "").replace("\r\n", "\n").replace("\r", "\n")


def blocks(source: str) -> Iterator[tuple[bool, str]]:
    """(is a heading, text) of each block of a page, spaces folded except in ``pre``."""
    tree = _parsed(re.sub("[\x1c-\x1e]", " ", source))
    for node in tree.css(_BLOCKS):
        node.insert_before(_BREAK)
        node.insert_after(_BREAK)
    for mark, selector in ((_TITLE, _TITLES), (_VERBATIM, "pre")):
        for node in tree.css(selector):
            node.insert_before(mark)
    for cell in tree.css("td,th"):
        cell.insert_after(" ")
    for block in (tree.root.text() if tree.root else "").split(_BREAK):
        text = block.lstrip(_TITLE + _VERBATIM)
        text = text.strip("\n") if block.startswith(_VERBATIM) else " ".join(text.split())
        if text:
            yield block.startswith(_TITLE), text


def _parsed(source: str) -> LexborHTMLParser:
    tree = LexborHTMLParser(source)
    tree.strip_tags(_HIDDEN)
    return tree
