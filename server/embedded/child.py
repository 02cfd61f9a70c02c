"""How a child process is described and started; its parent's death ends it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.02
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program to run.

    ``stop_signal`` asks it to finish; ``orphan_signal`` reaches it when its parent dies
    (Linux). ``user`` and ``group`` are numbers to drop to, or None to stay.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL

    def options(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess.Popen`` and ``asyncio.create_subprocess_exec``.

        The child leads its own process group, so that Ctrl-C in a terminal reaches only the
        parent, which then stops its children in the right order.
        """
        drop: dict[str, Any] = {}
        if self.user is not None:
            drop = {"user": self.user, "group": self.group, "extra_groups": []}
        return {
            "env": dict(self.env), "cwd": self.cwd, "stdin": subprocess.DEVNULL, "process_group": 0,
            "preexec_fn": _die_with_parent(self.orphan_signal), **drop,
        }


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """For between fork and exec: ask the kernel for ``number`` when the parent is gone."""
    if _libc is None:
        return None
    parent = os.getpid()
    prctl = _libc.prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


def spawn(command: Command, log: Path) -> subprocess.Popen[bytes]:
    """Start ``command`` with its output appended to ``log``; for callers without an event loop."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(command.argv, stdout=output, stderr=subprocess.STDOUT, **command.options())


def end_leftover(pid: int, word: Path, number: signal.Signals, seconds: float) -> None:
    """End a process that an earlier, killed parent left; nothing when ``pid`` is another program by now.

    It is ours when ``word`` stands in its command line. ``number`` asks it to finish; after
    ``seconds`` it is killed.
    """
    if not alive(pid) or not _has_word(pid, word):
        return
    deadline = time.monotonic() + seconds
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def _has_word(pid: int, word: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(word) in words


def alive(pid: int) -> bool:
    """Whether ``pid`` runs; a zombie, which nobody may ever reap, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return sys.platform != "linux"
    return state != "Z"
