"""The caller's side of the parser processes: start, ask, read frames, end what misbehaves."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import server
from server.ingest.extract import child
from server.ingest.extract.formats import normal, reader_name
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.part import Part, Picture

log = logging.getLogger("transom.ingest")

Keep = Callable[[Picture], str]
_BLOCK = 1 << 20
_MARK = re.compile("\ufdd0([0-9a-f]{64})\ufdd1")
_MOST_IDLE = 6
_ROOT = str(Path(server.__file__).parent.parent)
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from server.ingest.extract.child import main; main()"


def extract(path: Path, extension: str, limits: Limits | None = None, keep: Keep | None = None) -> Iterator[Part]:
    """The parts of a file, in document order, none of them blank, as the reader finds them.

    Pictures are handed to ``keep``, each once, and its answer stands in their place; without it they are left out.

    The type is decided by ``extension`` alone; one without a reader is read as plain text. Blocks while the
    reader works, so call it in a worker's thread; any number of threads may. Closing the iterator early
    ends the reader. Raises ExtractError when the file cannot be read within ``limits``, also after parts
    were given, and FileNotFoundError when there is none.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    extension = normal(extension)
    limits = limits or Limits()
    limits = limits if keep is not None else replace(limits, pictures=0)
    try:
        yield from _read(_pool.take(reader_name(extension)), path.absolute(), extension, limits, keep)
    except _Gone:  # killed while it waited for a file, which we cannot see in time
        yield from _read(_Process(reader_name(extension)), path.absolute(), extension, limits, keep)


def _read(process: _Process, path: Path, extension: str, limits: Limits, keep: Keep | None) -> Iterator[Part]:
    reusable = False
    kept: dict[str, str] = {}
    try:
        process.ask(path, extension, limits)
        for found in process.found(limits):
            if isinstance(found, Part):
                yield _linked(found, kept)
            elif keep is not None and found.name not in kept:
                kept[found.name] = keep(found)
        reusable = True
    except _FileRefused as refused:
        reusable = True
        raise ExtractError(str(refused)) from None
    finally:
        if reusable:
            _pool.give(process)
        else:
            process.end()


def _linked(part: Part, kept: Mapping[str, str]) -> Part:
    """The part with what was kept of its pictures in the place of their marks."""
    if _MARK.search(part.text) is None:
        return part
    return Part(_MARK.sub(lambda found: kept.get(found[1], ""), part.text), part.metadata)


class _FileRefused(ExtractError):
    """The reader ended in good order with an error."""


class _Gone(ExtractError):
    """The parser process, not its fork, was killed before it gave anything."""


class _Process:
    """One parser process (child.py), in a process group of its own, for the files of one reader.

    It loads no other reader: what it has loaded is what each fork has to copy.
    """

    def __init__(self, reader: str) -> None:
        self.reader = reader
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, _ROOT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            bufsize=0, cwd="/", env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, start_new_session=True,
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._stdin, self._stdout = self._popen.stdin, self._popen.stdout
        self._received = bytearray()
        self._has_answered = False

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def ask(self, path: Path, extension: str, limits: Limits) -> None:
        request = {"path": str(path), "extension": extension, "limits": asdict(limits)}
        try:
            self._stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            raise _Gone(_death(self._popen.wait(), limits)) from None
        self._has_answered = False

    def found(self, limits: Limits) -> Iterator[Part | Picture]:
        """Parts and pictures until the last frame; only the time spent waiting here counts as the reader's."""
        left = float(limits.wall_seconds)
        while True:
            while len(self._received) < self._wanted():
                before = time.monotonic()
                self._receive(left, limits)
                left -= time.monotonic() - before
            kind = bytes(self._received[:1])
            if kind == child.END:
                self._take()
                return
            if kind == child.ERROR:
                raise _FileRefused(self._take().text)
            # No name here holds the text while the caller works on it.
            yield self._take_picture() if kind == child.PICTURE else self._take()

    def end(self) -> None:
        """Kill the process and its fork."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._stdin.close()
        self._stdout.close()

    def _wanted(self) -> int:
        if len(self._received) < child.HEAD.size:
            return child.HEAD.size
        _, metadata, text = child.HEAD.unpack_from(self._received)
        return int(child.HEAD.size + metadata + text)

    def _take_picture(self) -> Picture:
        """The picture at the front."""
        _, metadata, size = child.HEAD.unpack_from(self._received)
        middle = child.HEAD.size + metadata
        about = json.loads(bytes(self._received[child.HEAD.size : middle]))
        data = bytes(self._received[middle : middle + size])
        del self._received[: middle + size]
        return Picture(str(about["name"]), str(about["extension"]), data)

    def _take(self) -> Part:
        """The frame at the front, which is complete."""
        _, metadata, text = child.HEAD.unpack_from(self._received)
        middle = child.HEAD.size + metadata
        with memoryview(self._received) as view:
            about = json.loads(bytes(view[child.HEAD.size : middle]) or b"{}")
            part = Part(str(view[middle : middle + text], "utf-8"), about)
        del self._received[: middle + text]
        return part

    def _receive(self, seconds: float, limits: Limits) -> None:
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        if not poll.poll(max(seconds, 0) * 1000):
            raise ExtractError(f"Reading the file took longer than {limits.wall_seconds} seconds.")
        block = os.read(self._stdout.fileno(), _BLOCK)
        if not block:
            status = self._popen.wait()
            log.warning("parser process for %s ended in a file: status %s", self.reader, status)
            raise (ExtractError if self._has_answered or status >= 0 else _Gone)(_death(status, limits))
        self._has_answered = True
        self._received += block


def _death(status: int, limits: Limits) -> str:
    """Why the process ended in the middle of a file."""
    if status == child.FAULT + signal.SIGXCPU:
        return f"Reading the file took more than {limits.cpu_seconds} seconds of processor time."
    if status == child.FAULT + signal.SIGKILL or status == -signal.SIGKILL:
        return "Reading the file was ended by the system: it needed too much memory or processor time."
    return "Reading the file crashed its parser: the file is damaged or too large to hold in memory."


class _Pool:
    """Processes that wait for a file. A process made before a fork of ours is left to our parent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._owner = os.getpid()

    def take(self, reader: str) -> _Process:
        """A process for that reader, to be given back or ended."""
        with self._lock:
            self._check_owner()
            for process in reversed([process for process in self._idle if process.reader == reader]):
                self._idle.remove(process)
                if process.alive:
                    return process
                process.end()
        return _Process(reader)

    def give(self, process: _Process) -> None:
        """Keep it for the next file; the one that waits longest goes when there are too many."""
        with self._lock:
            self._check_owner()
            self._idle.append(process)
            surplus = self._idle[:-_MOST_IDLE]
            del self._idle[:-_MOST_IDLE]
        for idle in surplus:
            idle.end()

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            self._check_owner()
            while self._idle:
                self._idle.pop().end()

    def _check_owner(self) -> None:
        if self._owner != os.getpid():
            self._owner = os.getpid()
            self._idle = []


_pool = _Pool()
atexit.register(_pool.close)
