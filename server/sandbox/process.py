"""One jail, from outside: start it, hand it jobs, read what comes, kill what must end."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from server.sandbox import launch
from server.sandbox.model import JailGoneError, Limits, SandboxError

_HEAD = struct.Struct("!cI")
_LENGTH = struct.Struct("!I")
_MESSAGE_BYTES = 4096
_BLOCK = 1 << 20
# A jail that starts on a busy machine.
_START_SECONDS = 30.0
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """``kind`` as guest.py writes it; empty when the job ended with ``status`` and said nothing."""

    kind: bytes
    data: bytes = b""
    status: int = 0


class Jail:
    """A warden with its forks. ``alive`` turns false when it is gone, and every job in it fails with JailGoneError."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, limits: Limits) -> None:
        self._process = process
        self._control = control
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._ready: asyncio.Future[list[str]] = self._loop.create_future()
        self._loop.add_reader(control.fileno(), self._hear)
        self.alive = True
        self.languages: list[str] = []

    @classmethod
    async def start(cls, limits: Limits, *, jailed: bool) -> Jail:
        """A jail that takes jobs. Raises SandboxError with what bubblewrap or the kernel said."""
        try:
            process, control = launch.start(limits, jailed=jailed)
        except OSError as error:
            raise SandboxError(f"the jail cannot be started: {error}") from None
        jail = cls(process, control, limits)
        try:
            async with asyncio.timeout(_START_SECONDS):
                jail.languages = await asyncio.shield(jail._ready)
        except (JailGoneError, TimeoutError):
            raise SandboxError(f"the jail cannot be started: {await asyncio.to_thread(jail._last_words)}") from None
        except BaseException:
            await jail.close()
            raise
        return jail

    @property
    def pid(self) -> int:
        """The process that holds the jail."""
        return self._process.pid

    async def run(self, language: str, job: bytes) -> tuple[Outcome, asyncio.Future[int]]:
        """What came of a job within the time of the limits, and when its process will have ended.

        It is killed when this is cancelled or the time is over (TimeoutError). Raises JailGoneError.
        """
        if not self.alive:
            raise JailGoneError
        number = next(self._numbers)
        ended = self._ended[number] = self._loop.create_future()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                message = json.dumps({"start": number, "language": language}).encode()
                socket.send_fds(self._control, [message], [theirs.fileno()])
            return await self._talk(ours, job, ended), ended
        except TimeoutError:
            raise
        except OSError as error:
            raise JailGoneError from error
        finally:
            ours.close()
            if not ended.done():
                self._send({"kill": number})

    async def _talk(self, ours: socket.socket, job: bytes, ended: asyncio.Future[int]) -> Outcome:
        async with asyncio.timeout(self._limits.seconds):
            with suppress(BrokenPipeError, ConnectionResetError):  # it died early: the reading tells how
                await self._loop.sock_sendall(ours, _LENGTH.pack(len(job)) + job)
            head = await self._read(ours, _HEAD.size)
            if len(head) == _HEAD.size:
                kind, size = _HEAD.unpack(head)
                if size > self._limits.output_bytes:
                    return Outcome(b"T")
                data = await self._read(ours, size)
                if len(data) == size:
                    return Outcome(kind, data)
            async with asyncio.timeout(_END_SECONDS):
                return Outcome(b"", status=await asyncio.shield(ended))

    async def _read(self, ours: socket.socket, size: int) -> bytes:
        """So many bytes, or fewer when the job ends before."""
        data = bytearray()
        while len(data) < size:
            try:
                block = await self._loop.sock_recv(ours, min(size - len(data), _BLOCK))
            except ConnectionResetError:
                break
            if not block:
                break
            data += block
        return bytes(data)

    async def close(self) -> None:
        """End it and all that runs in it."""
        self._gone()
        await asyncio.to_thread(self._last_words)

    def _hear(self) -> None:
        while self.alive:
            try:
                data = self._control.recv(_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._gone()
                return
            self._heard(json.loads(data))

    def _heard(self, message: dict[str, Any]) -> None:
        if "ended" in message:
            ended = self._ended.pop(message["ended"], None)
            if ended is not None and not ended.done():
                ended.set_result(message["status"])
        elif "ready" in message and not self._ready.done():
            self._ready.set_result(message["ready"])

    def _gone(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        waiting: list[asyncio.Future[Any]] = [self._ready, *self._ended.values()]
        self._ended.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(JailGoneError())
                future.exception()  # nobody may be waiting

    def _send(self, message: dict[str, Any]) -> None:
        if self.alive:
            with suppress(OSError):
                self._control.send(json.dumps(message).encode())

    def _last_words(self) -> str:
        """Kill what is left; what it said to standard error. Blocks for a moment."""
        self._process.kill()
        try:
            said = self._process.communicate(timeout=_END_SECONDS)[1]
        except subprocess.TimeoutExpired:
            return "it does not end"
        return said.decode("utf-8", "replace").strip()[-1000:] or f"it ended with status {self._process.returncode}"
