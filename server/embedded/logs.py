"""One stream of lines from many parts: a prefix each on the terminal, a file each on disk."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

_CHUNK = 65536
_FILE_BYTES = 20 * 1024 * 1024
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_NAME_WIDTH = 10


class LogFile:
    """Lines of one part; at 20 MiB the file moves to ``.1`` and begins anew."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("ab")

    def write(self, data: bytes) -> None:
        """Append and pass on to the system at once."""
        if self._file.tell() > _FILE_BYTES:
            self._file.close()
            self.path.replace(self.path.with_suffix(self.path.suffix + ".1"))
            self._file = self.path.open("ab")
        self._file.write(data)
        self._file.flush()

    def tail(self, lines: int) -> str:
        """The last lines, for an error message."""
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-lines:])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Screen:
    """The terminal: progress lines and log lines with a coloured (or, off a terminal, plain) prefix."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._coloured = self._out.isatty()
        self._names: dict[str, int] = {}

    def say(self, name: str, text: str) -> None:
        """Print one line of the supervisor about a part."""
        bold = f"\033[1m{text}\033[0m" if self._coloured else text
        self.write(f"{self._prefix(name)}{bold}\n")

    def lines(self, name: str, data: bytes) -> None:
        """Print whole lines of a part."""
        prefix = self._prefix(name)
        self.write("".join(f"{prefix}{line}\n" for line in data.decode(errors="replace").splitlines()))

    def write(self, text: str) -> None:
        """Print as it is. A closed terminal is not an error: the files have everything."""
        try:
            self._out.write(text)
            self._out.flush()
        except (BrokenPipeError, ValueError):
            return

    def _prefix(self, name: str) -> str:
        shown = f"{name:<{_NAME_WIDTH}} | "
        if not self._coloured:
            return shown
        colour = self._names.setdefault(name, _COLOURS[len(self._names) % len(_COLOURS)])
        return f"\033[{colour}m{shown}\033[0m"


async def follow(
    name: str, stream: asyncio.StreamReader, screen: Screen, file: LogFile, unsaid: Sequence[bytes] = ()
) -> None:
    """Pass everything a child writes to its file and, line by line, to the screen. Ends with the child.

    Lines with one of the ``unsaid`` texts, and empty ones, stay off the screen.
    """
    rest = b""
    while chunk := await stream.read(_CHUNK):
        file.write(chunk)
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            screen.lines(name, _without(whole, unsaid))
        elif len(rest) > _CHUNK:
            screen.lines(name, rest)
            rest = b""
    if rest:
        screen.lines(name, rest)


def _without(lines: bytes, unsaid: Sequence[bytes]) -> bytes:
    shown = (line for line in lines.split(b"\n") if line.strip())
    return b"\n".join(line for line in shown if not any(text in line for text in unsaid))
