"""Takes in one recording: parsed on a file thread while it arrives, kept on disk until it is whole."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from typing import IO

from server.audio.model import RecordingRules
from server.file.multipart import UploadReader, boundary_of
from server.file.threads import PIECE_BYTES, FileThreads
from server.kit.errors import AppError, Reason
from server.llm.port import Recording

# A recording up to this size never touches the disk.
_IN_MEMORY = 512 * 1024
_REASONS = {
    Reason.NO_FILE_UPLOADED: Reason.NO_AUDIO_UPLOADED,
    Reason.FILE_TOO_LARGE: Reason.AUDIO_TOO_LARGE,
}


class Arrived:
    """A recording that arrived whole. Close it."""

    def __init__(self, threads: FileThreads, file: IO[bytes], mime_type: str) -> None:
        self._threads = threads
        self._file = file
        self._mime_type = mime_type

    async def recording(self) -> Recording:
        """All of it, in memory."""
        return Recording(await self._threads(self._read), self._mime_type)

    def close(self) -> None:
        """Give its place back."""
        self._threads.later(self._file.close)

    def _read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()


async def receive(threads: FileThreads, content_type: str, body: AsyncIterator[bytes]) -> Arrived:
    """Read a multipart body. Raises no_audio_uploaded, too_many_files, unsupported_audio_type, audio_too_large."""
    boundary = boundary_of(content_type)
    if boundary is None:
        raise AppError(Reason.NO_AUDIO_UPLOADED)
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - ``Arrived`` closes it
    try:
        reader = UploadReader(boundary, RecordingRules(), lambda piece: _write(file, piece), ())
        waiting = bytearray()
        async for data in body:
            waiting += data
            if len(waiting) >= PIECE_BYTES:
                await threads(reader.feed, bytes(waiting))
                waiting.clear()
        await threads(reader.feed, bytes(waiting))
        received = reader.finish()
    except AppError as error:
        threads.later(file.close)
        raise (AppError(_REASONS[error.reason]) if error.reason in _REASONS else error) from None
    except BaseException:
        threads.later(file.close)
        raise
    return Arrived(threads, file, received.head.mime_type)


def _write(file: IO[bytes], piece: bytes) -> None:
    file.write(piece)
