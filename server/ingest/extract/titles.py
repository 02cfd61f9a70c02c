"""Parts of at most 4,000 characters that begin at titles, for types without pages or rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from server.ingest.part import Part

LONGEST = 4000


def by_title(
    elements: Iterable[tuple[bool, str]], *, joint: str = "\n\n", metadata: Mapping[str, str | int] | None = None
) -> Iterator[Part]:
    """Collect (is a title, text) until the next title or until no more fits; titles in a row stay together.

    Longer elements are cut.
    """
    known = dict(metadata or {})
    held: list[str] = []
    length = 0
    has_body = False
    for is_title, element in elements:
        for start in range(0, len(element), LONGEST):
            text = element[start : start + LONGEST]
            if held and ((is_title and has_body) or length + len(joint) + len(text) > LONGEST):
                yield Part(joint.join(held), known)
                held, length, has_body = [], 0, False
            length += len(text) + (len(joint) if held else 0)
            held.append(text)
            has_body = has_body or not is_title
    if held:
        yield Part(joint.join(held), known)
