"""CPU time and memory of the parts that run, read from the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """Processes that are counted together; children of each are counted too when ``family``."""

    name: str
    pids: tuple[int, ...]
    family: bool = False

    def _processes(self) -> list[psutil.Process]:
        found = []
        for pid in self.pids:
            process = psutil.Process(pid)
            found.append(process)
            if self.family:
                found += process.children(recursive=True)
        return found

    def cpu(self) -> float:
        """Seconds of CPU since the start; those of children that ended are in their parent's account."""
        total = 0.0
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
                if self.family:
                    total += times.children_user + times.children_system
        return total

    def memory(self) -> int:
        """Bytes of resident memory now."""
        total = 0
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total

    def peak(self) -> int:
        """The most bytes of resident memory that the parts ever had, each at its own time."""
        return sum(_peak(process.pid) for process in self._processes())


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class Meter:
    """CPU seconds by part since it was made."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts
        self._start = {name: part.cpu() for name, part in parts.items()}

    def read(self) -> dict[str, float]:
        """Seconds used so far, by part."""
        return {name: part.cpu() - self._start[name] for name, part in self._parts.items()}
