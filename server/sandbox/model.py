"""What code may take, and how jobs end."""

from __future__ import annotations

from dataclasses import dataclass

from server.settings import Settings

MOST_CHARACTERS = 400_000
"""Of one text that a node gives (workflow-engine.md 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one job; ``parallel`` jobs run at once in this process, others wait."""

    seconds: float = 15.0
    cpu_seconds: int = 5
    memory_mib: int = 256
    output_bytes: int = 4 * 1024 * 1024
    parallel: int = 8


def limits_of(settings: Settings) -> Limits:
    """What the operator lets code take."""
    return Limits(
        seconds=settings.code_seconds, cpu_seconds=settings.code_cpu_seconds, memory_mib=settings.code_memory_mib,
        output_bytes=settings.code_output_kib * 1024, parallel=settings.code_parallel,
    )


class SandboxError(Exception):
    """There is no safe place to run code here; the text says why and what to do."""


class JailGoneError(Exception):
    """The jail ended under a job, for no fault of the job that is known."""


class TemplateFaultError(Exception):
    """A template is wrong; the text is Jinja's."""


class TooLongError(Exception):
    """More came out than a node may give."""
