"""Sound as bytes: what models give as samples becomes MP3 or WAV, piece by piece.

Samples are 16-bit little-endian, one channel (``pcm``). Encoding is FFmpeg's, through PyAV, which is imported when
a model first speaks; call it in a thread.
"""

from __future__ import annotations

import struct
from typing import Any, Literal, Protocol

Form = Literal["mp3", "wav"]
MIME_TYPES: dict[Form, str] = {"mp3": "audio/mpeg", "wav": "audio/wav"}

_BITS = 64_000
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_SAMPLE_BYTES = 2
# Length of what is not known to end: players take what comes.
_ENDLESS = 0xFFFFFFFF


class Encoder(Protocol):
    """Turns samples into a file, piece by piece."""

    def encode(self, pcm: bytes) -> bytes:
        """The bytes that these samples complete; may be none."""
        ...

    def finish(self) -> bytes:
        """The rest."""
        ...


def encoder(form: Form, rate: int) -> Encoder:
    """An encoder of samples of that rate."""
    return Mp3Encoder(rate) if form == "mp3" else WavEncoder(rate)


class Mp3Encoder:
    """MP3 of one channel, 64 kbit/s."""

    def __init__(self, rate: int) -> None:
        import av

        self._av: Any = av
        self._codec: Any = av.CodecContext.create("libmp3lame", "w")
        self._codec.sample_rate = rate
        self._codec.layout = "mono"
        self._codec.format = "s16p"
        self._codec.bit_rate = _BITS
        self._codec.open()
        self._size = self._codec.frame_size * _SAMPLE_BYTES
        self._rest = b""

    def encode(self, pcm: bytes) -> bytes:
        pcm = self._rest + pcm
        whole = len(pcm) // self._size * self._size
        self._rest = pcm[whole:]
        frames = (pcm[at : at + self._size] for at in range(0, whole, self._size))
        return b"".join(self._frame(frame) for frame in frames)

    def finish(self) -> bytes:
        last = self._frame(self._rest + bytes(self._size - len(self._rest))) if self._rest else b""
        self._rest = b""
        return last + b"".join(bytes(packet) for packet in self._codec.encode(None))

    def _frame(self, pcm: bytes) -> bytes:
        frame = self._av.AudioFrame(format="s16p", layout="mono", samples=len(pcm) // _SAMPLE_BYTES)
        frame.planes[0].update(pcm)
        frame.sample_rate = self._codec.sample_rate
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class WavEncoder:
    """WAV whose header says that it goes on for ever."""

    def __init__(self, rate: int) -> None:
        self._head = wav_header(rate)

    def encode(self, pcm: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + pcm

    def finish(self) -> bytes:
        return self.encode(b"")


def wav_header(rate: int, size: int | None = None) -> bytes:
    """The header of samples; ``size`` is their bytes, None when nobody knows yet."""
    return _HEADER.pack(
        b"RIFF", _ENDLESS if size is None else size + _HEADER.size - 8, b"WAVE", b"fmt ", 16, 1, 1, rate,
        rate * _SAMPLE_BYTES, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES, b"data", _ENDLESS if size is None else size,
    )  # fmt: skip


def with_length(wav: bytes) -> bytes:
    """The same WAV, complete, with a header that says so. What has another header is left alone."""
    if len(wav) < _HEADER.size or wav[36:40] != b"data":
        return wav
    rest = len(wav) - _HEADER.size
    return wav[:4] + struct.pack("<I", rest + _HEADER.size - 8) + wav[8:40] + struct.pack("<I", rest) + wav[44:]


def samples_of(wav: bytes) -> int | None:
    """Where the samples of a WAV begin; None while its header is not whole. Raises ValueError when it is none."""
    if len(wav) < 12:
        return None
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise ValueError("no WAV")
    at = 12
    while len(wav) >= at + 8:
        name, size = struct.unpack_from("<4sI", wav, at)
        at += 8
        if name == b"data":
            return at
        at += size + size % 2
    return None
