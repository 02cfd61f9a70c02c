"""Cleaning of a part before it is split (rag-engine.md section 3).

Every expression here takes time linear in the text, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from server.ingest.rules import ProcessRule

# Dify's set also has U+00EF, U+00BF and U+00BE, by mistake: "naïve" would lose its letter.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile("[\t\f\r \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]{2,}")
# The look-behind lets a match begin only where a run of such letters begins: a long run is read once.
_EMAIL = re.compile(r"(?<![a-zA-Z0-9_.+-])[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+")
_IMAGE = re.compile(r"!\[[^\]\n]{0,1000}(?=\]\(https?://[^)\s]+\))")
_URL = re.compile(r"(\]\(https?://[^)\s]+\))|https?://\S+")


_LINE_START = re.compile(r"(?<=\n)(?=\w)")
_BLOCK = 1 << 20


def clean(text: str, rule: ProcessRule, *, block: int = _BLOCK) -> str:
    """The text without control characters and template marks, then as the rule's switches say.

    Done in blocks of about ``block`` characters, which bounds the memory for what the expressions find.
    """
    return "".join(_cleaned(piece, rule) for piece in _blocks(text, block))


def _blocks(text: str, size: int) -> Iterator[str]:
    """Cut where a line begins with a letter: nothing that is cleaned reaches over such a place."""
    start = 0
    while found := _LINE_START.search(text, start + size):
        yield text[start : found.start()]
        start = found.start()
    yield text[start:]


def _cleaned(text: str, rule: ProcessRule) -> str:
    text = _CONTROL.sub("", text.replace("<|", "<").replace("|>", ">"))
    if rule.removes_extra_spaces:
        text = _SPACES.sub(" ", _EMPTY_LINES.sub("\n\n", text))
    if rule.removes_urls_emails:
        text = _without_addresses(text)
    return text


def _without_addresses(text: str) -> str:
    """Delete e-mail addresses and URLs, except targets of markdown links and images."""
    if "@" in text:
        text = _EMAIL.sub("", text)
    if "http" in text:
        text = _IMAGE.sub("![image", text)
        text = _URL.sub(lambda found: found[1] or "", text)
    return text
