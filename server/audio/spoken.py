"""What of an answer is spoken: pieces of whole sentences as the text comes, without thoughts and marks."""

from __future__ import annotations

import re

from server.kit.sentences import sentences

# Sentences of the first piece, and of the later ones (feature-semantics.md 3.3).
_FIRST, _MOST = 2, 7
# What is left out: thoughts, blocks of code. By the mark that opens it, the mark that closes it.
_MUTED = {"<think>": "</think>", "```": "```"}

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_MARKS = re.compile(r"(?<!\w)[*_~]+(?=\w)|(?<=[\w.,;:!?)])[*_~]+(?!\w)|`")
_LINE = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\|[ \t]*)|[ \t]*\|[ \t]*$", re.MULTILINE)
_RULES = re.compile(r"^[ \t|:=_*-]{3,}$", re.MULTILINE)


def plain(text: str) -> str:
    """A text in Markdown as it is spoken: addresses and marks are left out."""
    text = _LINE.sub("", _RULES.sub("", _LINK.sub(r"\1", text)))
    return _MARKS.sub("", text).replace("|", ",").strip()


class Spoken:
    """Takes the text as it comes, gives what is ready to be spoken."""

    def __init__(self) -> None:
        self._raw = ""
        self._text = ""
        # The mark that ends what is left out now.
        self._until = ""
        self._sentences: list[str] = []
        self._wanted = _FIRST

    def add(self, text: str) -> list[str]:
        """The pieces that this text completes."""
        self._raw += text
        self._take_raw()
        found, self._text = sentences(self._text)
        self._sentences += found
        pieces = []
        while len(self._sentences) >= self._wanted:
            pieces.append("".join(self._sentences[: self._wanted]))
            del self._sentences[: self._wanted]
            self._wanted = min(self._wanted + 1, _MOST)
        return _said(pieces)

    def finish(self) -> list[str]:
        """The rest."""
        rest = "".join(self._sentences) + self._text + ("" if self._until else self._raw)
        self._raw = self._text = ""
        self._sentences = []
        return _said([rest])

    def _take_raw(self) -> None:
        """Move what is certainly spoken, and no half of a mark, to the text."""
        while True:
            marks = [self._until] if self._until else list(_MUTED)
            found = min(((self._raw.find(mark), mark) for mark in marks if mark in self._raw), default=None)
            at = found[0] if found else len(self._raw) - max(_half(self._raw, mark) for mark in marks)
            if not self._until:
                self._text += self._raw[:at]
            self._raw = self._raw[at:]
            if found is None:
                return
            self._raw = self._raw[len(found[1]) :]
            self._until = "" if self._until else _MUTED[found[1]]


def _half(text: str, mark: str) -> int:
    """How many characters at the end may be the beginning of a mark."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)


def _said(pieces: list[str]) -> list[str]:
    """Those in which there is something to say."""
    return [said for piece in pieces if any(map(str.isalnum, said := plain(piece)))]
