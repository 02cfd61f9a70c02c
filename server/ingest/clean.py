"""Cleaning of a part before it is split (rag-engine.md section 3).

Every expression here takes time linear in the text, whatever the text.
"""

from __future__ import annotations

import re

from server.ingest.rules import ProcessRule

# Dify's set also has U+00EF, U+00BF and U+00BE, by mistake: "naïve" would lose its letter.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile("[\t\f\r \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]{2,}")
# The look-behind lets a match begin only where a run of such letters begins: a long run is read once.
_EMAIL = re.compile(r"(?<![a-zA-Z0-9_.+-])[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+")
_IMAGE = re.compile(r"!\[[^\]\n]{0,1000}(?=\]\(https?://[^)\s]+\))")
_URL = re.compile(r"(\]\(https?://[^)\s]+\))|https?://\S+")


def clean(text: str, rule: ProcessRule) -> str:
    """The text without control characters and template marks, then as the rule's switches say."""
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
