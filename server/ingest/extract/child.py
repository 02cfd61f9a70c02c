"""The parser process: waits for files, and reads each in a fork of itself.

A fork costs milliseconds, has the readers loaded already, and takes all that a file did to the
process away when it ends. Requests come as JSON lines on standard input; frames go to standard
output: parts and pictures, then END or ERROR. When a fork dies before its last frame, this process
ends too, and its exit status says how (``FAULT`` + the signal).
"""

from __future__ import annotations

import gc
import json
import math
import os
import resource
import select
import signal
import struct
import sys
from pathlib import Path
from typing import NoReturn

from server.ingest.extract.formats import Reader, described, reader_of
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.part import Part, Picture

HEAD = struct.Struct("<cII")
"""Kind, bytes of metadata (JSON), bytes of text (UTF-8)."""
PART, PICTURE, END, ERROR = b"P", b"I", b"E", b"X"
FAULT = 100
"""Exit status of this process when a fork ended by signal n: FAULT + n; by another fault: FAULT."""

_BLOCK = 1 << 18


def main() -> None:
    """Serve until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = _announce_ends()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            reader = reader_of(request["extension"])
        except ImportError as error:
            _Frames().last(ERROR, f"This server cannot read {described(request['extension'])}: {error}.")
            continue
        gc.freeze()  # a collection in the fork would copy the pages that it shares
        fork = os.fork()
        if not fork:
            signal.set_wakeup_fd(-1)
            _read(Path(request["path"]), request["extension"], reader, Limits(**request["limits"]))
        status = _wait(fork, ended)
        if os.WIFSIGNALED(status):
            os._exit(FAULT + os.WTERMSIG(status))
        if os.WEXITSTATUS(status):
            os._exit(FAULT)


def _announce_ends() -> int:
    """A pipe that becomes readable when a fork ends."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def _wait(fork: int, ended: int) -> int:
    """The fork's status. Should our caller be gone, the fork is ended: nobody reads what it finds."""
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(sys.stdin.fileno(), 0)  # reports its end only
    while True:
        events = dict(poll.poll())
        if ended in events:
            os.read(ended, 64)
            found, status = os.waitpid(fork, os.WNOHANG)
            if found:
                return status
        if sys.stdin.fileno() in events:
            os.kill(fork, signal.SIGKILL)
            os._exit(0)


def _read(path: Path, extension: str, reader: Reader, limits: Limits) -> NoReturn:
    """The life of a fork."""
    status = 1
    try:
        most = _restrict(limits)
        frames = _Frames()
        try:
            _send_parts(path, reader, limits, frames)
        except ExtractError as error:
            frames.last(ERROR, str(error))
        except RecursionError:
            frames.last(ERROR, "The file is nested too deeply.")
        except Exception as error:
            if isinstance(error, MemoryError) or _peak() > most:
                frames.last(ERROR, f"Reading the file needs more than {limits.memory_mib} MiB of memory.")
            else:
                frames.last(ERROR, f"The file is damaged or is not {described(extension)}. {_cause(error)}".rstrip())
        else:
            frames.last(END)
        status = 0
    finally:
        os._exit(status)


def _send_parts(path: Path, reader: Reader, limits: Limits, frames: _Frames) -> None:
    left = limits.characters
    for part in reader(path, limits):
        if isinstance(part, Picture):
            frames.picture(part)
            continue
        left -= len(part.text)
        if left < 0:
            raise ExtractError(f"The file holds more than {limits.characters:,} characters of text.")
        if part.text and not part.text.isspace():
            frames.part(part)


def _restrict(limits: Limits) -> float:
    """From here on: no core files, no files written, bounded memory and time.

    Gives the address space, in bytes, beyond which a parser's odd error means: no memory left (libxml2
    has no other word for it).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    if sys.platform != "linux":
        return math.inf
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    allowed = limits.memory_mib * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (used + allowed, used + allowed))
    return used + allowed * 0.8


def _peak() -> int:
    """The most address space this process has had, in bytes; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmPeak:")[2].split()[0]) * 1024


def _cause(error: Exception) -> str:
    """One short line of a library's words, without the path of our storage."""
    text = " ".join(str(error).split())
    return f"({text[:200]})" if text and "/" not in text else ""


class _Frames:
    """Writes frames to standard output, several small ones at once."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def part(self, part: Part) -> None:
        # NUL and lone surrogates fit no database and no JSON.
        text = part.text.replace("\x00", "").encode("utf-8", "ignore")
        self._add(PART, json.dumps(dict(part.metadata)).encode(), text)

    def picture(self, picture: Picture) -> None:
        about = {"name": picture.name, "extension": picture.extension}
        self._add(PICTURE, json.dumps(about).encode(), picture.data)

    def last(self, kind: bytes, text: str = "") -> None:
        self._add(kind, b"", text.encode("utf-8", "replace"))
        self._flush()

    def _add(self, kind: bytes, metadata: bytes, text: bytes) -> None:
        self._buffer += HEAD.pack(kind, len(metadata), len(text)) + metadata
        if len(text) < _BLOCK:
            self._buffer += text
            text = b""
        if text or len(self._buffer) >= _BLOCK:
            self._flush()
            _write(text)

    def _flush(self) -> None:
        _write(self._buffer)
        self._buffer = bytearray()


def _write(data: bytes | bytearray) -> None:
    with memoryview(data) as view:
        sent = 0
        while sent < len(view):
            sent += os.write(1, view[sent : sent + _BLOCK])


if __name__ == "__main__":
    main()
