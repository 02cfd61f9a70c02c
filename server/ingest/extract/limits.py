"""What reading one file may cost, and the error that says it cost more."""

from __future__ import annotations

from dataclasses import dataclass


class ExtractError(Exception):
    """A file that cannot be read. The text says why, in words for the owner of the document."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file.

    ``memory_mib``: address space that reading may add (kept on Linux only; macOS does not enforce it).
    ``cpu_seconds``: processor time. ``wall_seconds``: time spent waiting for the reader, without the time
    in which the caller works on what it got. ``unpacked_mib``: what an archive (docx, xlsx, pptx, epub) may
    say it unpacks to. ``pages``: of a PDF. ``characters``: of text in all. ``pictures``: how many are given
    along, none without somebody who keeps them; ``picture_mib``: larger ones are left out.
    """

    memory_mib: int = 1024
    cpu_seconds: int = 60
    wall_seconds: int = 120
    unpacked_mib: int = 512
    pages: int = 10_000
    characters: int = 50_000_000
    pictures: int = 1_000
    picture_mib: int = 10
