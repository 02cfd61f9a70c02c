"""The packaged voice (Hibari) and ear (PocketSphinx), each in a process of its own (speech_child.py).

A process is started by the first request for it and ended when nobody needed it for a while, so that its memory
(some 200 MiB, 150 MiB) is there only for those who speak. It does one thing at a time: sentences of several texts
take turns, recordings wait for each other, and what would wait behind too many is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from server.embedded.replies import RefusedError
from server.embedded.speech_child import DATA, ERROR, HEAD, LONGEST_SECONDS, MISSING, SIZE
from server.kit.sentences import all_sentences

log = logging.getLogger("transom.model")

EAR = "pocketsphinx-en-us"
VOICE = "hibari"
VOICES = ("heart",)
RATE = 24_000
"""Samples a second of the voice."""

_ROOT = Path(__file__).resolve().parents[2]
_IDLE_SECONDS = 300.0
_MOST_WAITING = 16
_SENTENCE_SECONDS = 60.0
# A recording takes a fifth of its own time on a core of 2026; this is for much slower ones.
_RECORDING_SECONDS = float(LONGEST_SECONDS)
_SENTENCE = 400
_ENGLISH = (
    "The packaged voice speaks English only: choose another model of the type tts in the workspace's model settings."
)
_MISSING = (
    "The packaged model for speech is not installed for this version of Python and this kind of machine: choose "
    "another one in the workspace's model settings."
)


class _Child:
    """One running process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, kind: str) -> _Child:
        # Nothing of ours that is secret, and one thread: other cores have other work.
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(_ROOT)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server.embedded.speech_child", kind, cwd=_ROOT, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        return cls(process)

    async def ask(self, request: bytes) -> list[bytes]:
        """The pieces of the answer. Raises RefusedError; EOFError when the process is gone."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with contextlib.suppress(ConnectionError):
            stdin.write(SIZE.pack(len(request)))
            stdin.write(request)
            await stdin.drain()
        pieces: list[bytes] = []
        while True:
            kind, size = HEAD.unpack(await stdout.readexactly(HEAD.size))
            data = await stdout.readexactly(size)
            if kind == DATA:
                pieces.append(data)
            elif kind == ERROR:
                raise RefusedError(400, data.decode())
            elif kind == MISSING:
                log.error("a packaged speech model is not installed: %s", data.decode())
                raise RefusedError(501, _MISSING)
            else:
                return pieces

    async def kill(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class _Lane:
    """The process of one kind, and who waits for it."""

    def __init__(self, kind: str, seconds: float) -> None:
        self._kind = kind
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._child: _Child | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def ask(self, request: bytes) -> list[bytes]:
        """Send a request when it is its turn. Raises RefusedError. Whoever is cancelled ends the process."""
        if self._waiting >= _MOST_WAITING:
            raise RefusedError(429, "Too many wait for the packaged speech models. Please try again later.")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask(request)
        finally:
            self._waiting -= 1

    async def _ask(self, request: bytes) -> list[bytes]:
        if self._idle is not None:
            self._idle.cancel()
        whole = False
        try:
            async with asyncio.timeout(self._seconds):
                if self._child is None:
                    self._child = await _Child.start(self._kind)
                answer = await self._child.ask(request)
            whole = True
        except RefusedError as refused:
            whole = refused.status == 400
            raise
        except TimeoutError:
            raise RefusedError(504, "The packaged speech model took too long.") from None
        except EOFError:
            log.warning("the process of the packaged %s ended in the middle of a request", self._kind)
            raise RefusedError(400, "The packaged speech model could not work on this request.") from None
        finally:
            if not whole:
                self.end()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.end)
        return answer

    def end(self) -> None:
        """End the process; the next request starts another."""
        if self._child is not None:
            task = asyncio.create_task(self._child.kill())
            self._child = None
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the process, now."""
        if self._idle is not None:
            self._idle.cancel()
        self.end()
        await asyncio.gather(*self._ending)


class Speech:
    """Speaks and listens."""

    def __init__(self) -> None:
        self._voice = _Lane("voice", _SENTENCE_SECONDS)
        self._ear = _Lane("ear", _RECORDING_SECONDS)
        self._started: set[asyncio.Task[list[bytes]]] = set()

    async def hear(self, file: bytes) -> str:
        """What is said in a file, in small letters, without marks. Raises RefusedError."""
        return b" ".join(await self._ear.ask(file)).decode()

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """Samples of an English text, sentence by sentence. Raises RefusedError."""
        if not _is_latin(text):
            raise RefusedError(400, _ENGLISH)
        for sentence in all_sentences(text, _SENTENCE):
            # A sentence that was begun is finished whoever leaves: it takes less than another start.
            task = asyncio.create_task(self._voice.ask(sentence.strip().encode("utf-8", "replace")))
            self._started.add(task)
            task.add_done_callback(self._forget)
            if samples := b"".join(await asyncio.shield(task)):
                yield samples

    def _forget(self, task: asyncio.Task[list[bytes]]) -> None:
        self._started.discard(task)
        if not task.cancelled():
            # Its error was for somebody who may have left.
            task.exception()

    async def close(self) -> None:
        """End both processes."""
        await asyncio.gather(self._voice.close(), self._ear.close())


def _is_latin(text: str) -> bool:
    """Whether most letters of a text are Latin ones; also without any letter."""
    letters = [letter for letter in text if letter.isalpha()]
    return 2 * sum(letter < "\u0250" for letter in letters) >= len(letters)
