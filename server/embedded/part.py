"""One supervised part: started, waited for, restarted when it dies, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from server.embedded.child import Command
from server.embedded.logs import LogFile, Screen, follow
from server.embedded.state import StartError

_POLL_SECONDS = 0.02
_START_SECONDS = 120.0
# A part that stays up this long has recovered: its next death is a first one again.
_STEADY_SECONDS = 30.0
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0
# Deaths before a part was ever ready; then the start as a whole has failed.
_TRIES_AT_START = 3
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a part is.

    ``prepare`` runs before each start and may block (it gets a thread). ``ready`` is asked until it
    says yes. ``needs`` are parts that must be ready before the first start. ``stop_seconds`` is how
    long the part may take to finish before it is killed. Lines with an ``unsaid`` text go to the
    part's file alone.
    """

    name: str
    command: Command
    ready: Callable[[], Awaitable[bool]]
    prepare: Callable[[], str | None] | None = None
    needs: tuple[str, ...] = ()
    note: str = ""
    stop_seconds: float = 10.0
    unsaid: tuple[bytes, ...] = ()


def next_delay(failures: int) -> float:
    """Seconds to wait before a restart after ``failures`` deaths in a row."""
    return min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** max(0, failures - 1))


class Part:
    """The life of one part."""

    def __init__(self, plan: Plan, screen: Screen, log_folder: Path) -> None:
        self.plan = plan
        self.ready = asyncio.Event()
        self._screen = screen
        self._log = LogFile(log_folder / f"{plan.name}.log")
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        # Whether the present life of the process has been ready.
        self._was_ready = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    def start(self, others: dict[str, Part]) -> asyncio.Task[None]:
        """Begin; the task fails with StartError when the part never becomes ready."""
        self._keeper = asyncio.create_task(self._keep(others), name=self.plan.name)
        return self._keeper

    async def stop(self) -> None:
        """Ask it to finish, kill it when it takes too long. Safe at any time, also twice."""
        self._stopping.set()
        process = self._process
        if process is not None and process.returncode is None:
            _signal(process.pid, self.plan.command.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.plan.stop_seconds)
            except TimeoutError:
                self._screen.say(self.plan.name, f"did not stop within {self.plan.stop_seconds:g} s: killed")
                self.kill()
        if self._keeper is not None:
            await asyncio.wait([self._keeper], timeout=2)
            self._keeper.cancel()

    def kill(self) -> None:
        """End it now."""
        self._stopping.set()
        if (pid := self.pid) is not None:
            _signal(pid, signal.SIGKILL)

    async def _keep(self, others: dict[str, Part]) -> None:
        for name in self.plan.needs:
            await self._unless_stopping(others[name].ready.wait())
        failures = 0
        ever_ready = False
        while not self._stopping.is_set():
            began = time.monotonic()
            self._was_ready = False
            if await self._prepared():
                await self._run(began)
            if self._stopping.is_set():
                return
            ever_ready = ever_ready or self._was_ready
            failures = 1 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
            if not ever_ready and failures >= _TRIES_AT_START:
                raise StartError(f"{self.plan.name} does not start:\n{self._log.tail(_TAIL_LINES)}")
            delay = next_delay(failures)
            self._screen.say(self.plan.name, f"{self._end()}; starting again in {delay:.1f} s")
            await self._unless_stopping(asyncio.sleep(delay))

    async def _prepared(self) -> bool:
        """Run ``prepare``; False when it failed, which counts as a death."""
        if self.plan.prepare is None:
            return True
        try:
            note = await asyncio.to_thread(self.plan.prepare)
        except Exception as error:
            self._log.write(f"{error}\n".encode())
            return False
        if note:
            self._screen.say(self.plan.name, note)
        return True

    async def _run(self, began: float) -> None:
        """One life: spawn, wait until ready, wait for the end."""
        command = self.plan.command
        self._process = process = await asyncio.create_subprocess_exec(
            *command.argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, **command.options()
        )
        if self._stopping.is_set():  # stop() came while the process was being made
            _signal(process.pid, command.stop_signal)
        assert process.stdout is not None
        reader = asyncio.create_task(follow(self.plan.name, process.stdout, self._screen, self._log, self.plan.unsaid))
        waiting = asyncio.create_task(self._wait_ready(process, began))
        try:
            await process.wait()
        finally:
            self.ready.clear()
            waiting.cancel()
            # A grandchild may hold the pipe open; what the part itself wrote is there at once.
            await asyncio.wait([reader], timeout=0.5)
            reader.cancel()

    async def _wait_ready(self, process: asyncio.subprocess.Process, began: float) -> None:
        while not await self.plan.ready():
            if time.monotonic() - began > _START_SECONDS:
                self._screen.say(self.plan.name, f"not ready within {_START_SECONDS:g} s: killed")
                _signal(process.pid, signal.SIGKILL)
                return
            await asyncio.sleep(_POLL_SECONDS)
        if process.returncode is None and not self._stopping.is_set():
            self._was_ready = True
            self.ready.set()
            self._screen.say(self.plan.name, f"ready after {time.monotonic() - began:.1f} s  {self.plan.note}".rstrip())

    def _end(self) -> str:
        code = self._process.returncode if self._process is not None else None
        if code is None:
            return "could not be started"
        return f"killed by signal {-code} ({_signal_name(-code)})" if code < 0 else f"ended with status {code}"

    async def _unless_stopping(self, wanted: Awaitable[object]) -> None:
        """Wait for ``wanted`` or for the order to stop, whichever is first."""
        tasks = [asyncio.ensure_future(wanted), asyncio.create_task(self._stopping.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
