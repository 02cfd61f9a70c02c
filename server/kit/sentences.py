"""Cuts text into sentences, for voices: what is spoken is made sentence by sentence."""

from __future__ import annotations

import re

# The end of a sentence: a mark and what closes behind it. A full stop counts only before a blank that no small letter
# follows, so that neither "3.14" nor "e.g. this" is cut.
_END = re.compile(r"""[!?…]+["'”’»)\]]*(?=\s)|\.["'”’»)\]]*(?=\s+[^\sa-z])|[。！？]+[”’」』）]*|\n+""")
_PAUSE = re.compile(r"[,;:、，；：—]\s*|\s+")


def sentences(text: str, most: int = 400) -> tuple[list[str], str]:
    """The whole sentences at the beginning of a text, and the rest of it.

    None is longer than ``most`` characters: longer ones are cut at a pause, or else anywhere.
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        found += _cut(text[start : end.end()], most)
        start = end.end()
    rest = text[start:]
    while len(rest) > most:
        first, *others = _cut(rest, most)
        found.append(first)
        rest = "".join(others)
    return found, rest


def all_sentences(text: str, most: int = 400) -> list[str]:
    """The sentences of a text, its end being one too."""
    found, rest = sentences(text, most)
    return [*found, rest] if rest.strip() else found


def grouped(text: str, most: int) -> list[str]:
    """A text in pieces of whole sentences, each as long as may be."""
    pieces: list[str] = []
    for sentence in all_sentences(text, most):
        if pieces and len(pieces[-1]) + len(sentence) <= most:
            pieces[-1] += sentence
        else:
            pieces.append(sentence)
    return pieces


def _cut(sentence: str, most: int) -> list[str]:
    pieces = []
    while len(sentence) > most:
        pauses = [pause.end() for pause in _PAUSE.finditer(sentence, most // 2, most)]
        at = pauses[-1] if pauses else most
        pieces.append(sentence[:at])
        sentence = sentence[at:]
    return [piece for piece in (*pieces, sentence) if piece.strip()]
