"""The readable text of a web page: its title and what it is about, without menus, scripts and footers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NOISE = (
    "script, style, noscript, template, svg, canvas, iframe, form, nav, footer, aside, header nav, button, "
    "[hidden], [aria-hidden=true], [role=navigation], [role=banner], [role=contentinfo], [role=complementary]"
)
_BLOCKS = frozenset({
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
})  # fmt: skip
_BODIES = ("article", "main", "[role=main]", "#content", "body")
# A candidate that holds less than this share of the page's text is a teaser, not the page.
_ENOUGH = 0.4
_MOST = 50


def page(html: str) -> tuple[str, str, str]:
    """(title, author, text) of a page."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    author = tree.css_first("meta[name=author]")
    for node in tree.css(_NOISE):
        node.decompose()
    whole = _text(tree.body) if tree.body is not None else ""
    text = whole
    for selector in _BODIES:
        found = max((_text(node) for node in tree.css(selector)[:_MOST]), key=len, default="")
        if len(found) > _ENOUGH * len(whole):
            text = found
            break
    return (
        _squeezed(title.text()) if title is not None else "",
        (author.attributes.get("content") or "").strip() if author is not None else "",
        text,
    )


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _text(node: Any) -> str:
    """Text of a node, one line a block."""
    lines = (_squeezed(line) for line in "".join(_pieces(node)).split("\x00"))
    return "\n".join(line for line in lines if line)


def _pieces(root: Any) -> Iterator[str]:
    """Texts in order, with a mark where a block begins or ends."""
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
            continue
        if node.tag == "-text":
            yield node.text_content or ""
            continue
        block = node.tag in _BLOCKS
        if block:
            yield "\x00"
            waiting.append("\x00")
        waiting.extend(reversed(list(node.iter(include_text=True))))
