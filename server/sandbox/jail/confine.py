"""What a fork gives up before it looks at its job."""

from __future__ import annotations

import resource
from typing import Any

from .seccomp import Kernel

_MIB = 1024 * 1024
# Address space beside what a job writes: the interpreter, its libraries, room that threads reserve.
_MAPPED_MIB = 256


def restrict(limits: dict[str, Any], kernel: Kernel | None) -> None:
    """Bounded memory and processor time, no files written, no core; then the system calls."""
    memory, cpu = int(limits["memory_mib"]), int(limits["cpu_seconds"])
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_NOFILE", 64)
    # Counts the jail's tasks together; each fork may make threads, none a process.
    _limit("RLIMIT_NPROC", 512)
    _limit("RLIMIT_MEMLOCK", 0)
    _limit("RLIMIT_MSGQUEUE", 0)
    _limit("RLIMIT_CPU", cpu, cpu + 1)
    _limit("RLIMIT_DATA", memory * _MIB)
    _limit("RLIMIT_AS", (memory + _MAPPED_MIB) * _MIB)
    if kernel is not None:
        kernel.filter()


def _limit(name: str, value: int, hard: int | None = None) -> None:
    number = getattr(resource, name, None)
    if number is not None:
        resource.setrlimit(number, (value, value if hard is None else hard))
