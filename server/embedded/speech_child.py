"""A speech process: ``voice`` makes sound of sentences, ``ear`` writes down what is said in a file.

Requests come on standard input as ``SIZE`` and bytes: a sentence in UTF-8, a file. Answers go to standard output as
frames of ``HEAD`` and bytes: DATA, then END, or ERROR with a text for whoever sent the request. The library is loaded
before the first request is read. What a file does to FFmpeg stays in this process, which has no secrets in its
environment, writes no files and has bounded memory.
"""

from __future__ import annotations

import io
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

SIZE = struct.Struct("<I")
HEAD = struct.Struct("<cI")
"""Kind, bytes that follow."""
DATA, END, ERROR, MISSING = b"D", b"E", b"X", b"M"
LONGEST_SECONDS = 600
"""Longest recording that the ear takes."""

_EAR_RATE = 16_000
_SAMPLE_BYTES = 2
_STRETCH_BYTES = 30 * _EAR_RATE * _SAMPLE_BYTES
# The quietest fifth of a second of the last ten.
_SEARCHED_SAMPLES = 10 * _EAR_RATE
_QUIET_SAMPLES = _EAR_RATE // 5
# Frames, of 30 ms, with a voice in them, below which nobody speaks.
_LEAST_FRAMES = 4
_MEMORY_BYTES = 1536 * 1024 * 1024
_UNREADABLE = "The audio cannot be read: it is damaged, or of a format that is not known."
_TOO_LONG = f"The recording is longer than {LONGEST_SECONDS // 60} minutes."

Work = Callable[[bytes], Iterator[bytes]]


class RequestError(Exception):
    """A request that cannot be done; the text is for its sender."""


def main() -> None:
    """Serve until standard input closes."""
    make = {"voice": _voice, "ear": _ear}[sys.argv[1]]
    try:
        work = make()
    except ImportError as error:
        _send(MISSING, str(error).encode())
        return
    _restrict()
    while head := sys.stdin.buffer.read(SIZE.size):
        request = sys.stdin.buffer.read(SIZE.unpack(head)[0])
        try:
            for piece in work(request):
                _send(DATA, piece)
        except RequestError as error:
            _send(ERROR, str(error).encode())
        else:
            _send(END)


def _voice() -> Work:
    """Samples of a sentence: 16-bit little-endian, 24,000 a second."""
    import numpy as np
    from hibari import Hibari

    hibari = Hibari()

    def speak(request: bytes) -> Iterator[bytes]:
        # With a seed the same text sounds the same.
        for samples in hibari.stream(request.decode("utf-8", "replace"), seed=0):
            yield (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()

    return speak


def _ear() -> Work:
    """The text of a file, half a minute of it a piece."""
    import av
    import pocketsphinx

    # Levels are taken from each stretch alone: what was heard before, of whomever, changes nothing.
    decoder = pocketsphinx.Decoder(loglevel="FATAL", cmn="batch")

    def is_speech(samples: bytes) -> bool:
        ear = pocketsphinx.Vad(sample_rate=_EAR_RATE)
        frames = (samples[at : at + ear.frame_bytes] for at in range(0, len(samples), ear.frame_bytes))
        spoken = (len(frame) == ear.frame_bytes and ear.is_speech(frame) for frame in frames)
        return sum(islice(filter(None, spoken), _LEAST_FRAMES)) == _LEAST_FRAMES

    def hear(request: bytes) -> Iterator[bytes]:
        try:
            for stretch in _stretches(_Samples(request)):
                if is_speech(stretch):
                    decoder.start_utt()
                    decoder.process_raw(stretch, full_utt=True)
                    decoder.end_utt()
                    said = decoder.hyp()
                    if said is not None and said.hypstr:
                        yield said.hypstr.encode()
        except av.FFmpegError as error:
            raise RequestError(_UNREADABLE) from error

    return hear


def _stretches(samples: _Samples) -> Iterator[bytes]:
    """A recording in stretches of up to half a minute, cut where it is quietest."""
    import numpy as np

    rest = b""
    while more := samples.read(_STRETCH_BYTES - len(rest)):
        stretch = rest + more
        if len(stretch) < _STRETCH_BYTES:
            yield stretch
            return
        last = np.frombuffer(stretch, "<i2")[-_SEARCHED_SAMPLES:].astype(np.float32)
        loudness = np.square(last).reshape(-1, _QUIET_SAMPLES).sum(axis=1)
        behind = (len(loudness) - int(loudness.argmin())) * _QUIET_SAMPLES - _QUIET_SAMPLES // 2
        cut = len(stretch) - behind * _SAMPLE_BYTES
        yield stretch[:cut]
        rest = stretch[cut:]
    if rest:
        yield rest


class _Samples:
    """A file of any format as samples for the ear, decoded as they are read."""

    def __init__(self, data: bytes) -> None:
        self._pieces = _decoded(data)
        self._ready = bytearray()
        self._left = LONGEST_SECONDS * _EAR_RATE * _SAMPLE_BYTES

    def read(self, size: int) -> bytes:
        """The next samples, fewer at the end."""
        while len(self._ready) < size and (piece := next(self._pieces, None)) is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise RequestError(_TOO_LONG)
            self._ready += piece
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken


def _decoded(data: bytes) -> Iterator[bytes]:
    import av

    with av.open(io.BytesIO(data), "r", metadata_errors="ignore") as file:
        if not file.streams.audio:
            raise RequestError(_UNREADABLE)
        resampler: Any = av.AudioResampler("s16", "mono", _EAR_RATE)
        for frame in file.decode(audio=0):
            yield from _bytes(resampler.resample(frame))
        yield from _bytes(resampler.resample(None))


def _bytes(frames: Any) -> Iterator[bytes]:
    for frame in frames:
        yield bytes(frame.planes[0])[: frame.samples * _SAMPLE_BYTES]


def _restrict() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY_BYTES, used + _MEMORY_BYTES))


def _send(kind: bytes, data: bytes = b"") -> None:
    with memoryview(HEAD.pack(kind, len(data)) + data) as view:
        sent = 0
        while sent < len(view):
            sent += os.write(1, view[sent:])


if __name__ == "__main__":
    main()
