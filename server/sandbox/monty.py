"""Python by Monty, where the kernel gives us no jail: an interpreter of a subset that has no way to the machine.

It knows no module but a few of the standard library, no ``yield`` and no third-party packages; its worker processes
are limited and replaced by its own pool.
"""

from __future__ import annotations

import asyncio
from typing import Any

from server.sandbox.model import Limits, SandboxError
from server.sandbox.process import Outcome

# `main` has a line of its own, so that a comment in the last line of the code does not swallow it.
_CALL = "\nimport json as __json\n__json.dumps(main(**__inputs))\n"
_MIB = 1024 * 1024


class MontyPython:
    """A pool of Monty's workers. Closed by ``close``."""

    def __init__(self, limits: Limits, pool: Any) -> None:
        self._limits = limits
        self._pool = pool

    @classmethod
    async def start(cls, limits: Limits) -> MontyPython:
        """Raises SandboxError when Monty is not there."""
        try:
            from pydantic_monty import AsyncMonty

            pool = AsyncMonty(max_processes=limits.parallel, request_timeout=limits.seconds)
            await pool.__aenter__()
        except (ImportError, OSError, RuntimeError) as error:
            raise SandboxError(f"Monty cannot be started: {error}") from None
        return cls(limits, pool)

    async def run(self, code: str, inputs: dict[str, Any]) -> Outcome:
        """What came of ``main(**inputs)``. Raises TimeoutError."""
        from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

        session = self._pool.checkout(limits={
            "max_feed_duration_secs": float(self._limits.cpu_seconds), "max_memory": self._limits.memory_mib * _MIB,
            "max_total_sleep_secs": self._limits.seconds,
        })
        try:
            async with asyncio.timeout(self._limits.seconds), session as worker:
                text = await worker.feed_run(code + _CALL, inputs={"__inputs": inputs}, print_callback=_forget)
        except MontyCrashedError as error:
            return Outcome(b"E", f"the interpreter ended: {error}".encode())
        except (MontyRuntimeError, MontySyntaxError) as error:
            return Outcome(b"E", error.display().encode())
        except MontyError as error:
            return Outcome(b"E", str(error).encode())
        data = text.encode()
        return Outcome(b"R", data) if len(data) <= self._limits.output_bytes else Outcome(b"T")

    async def close(self) -> None:
        """End the workers."""
        await self._pool.__aexit__(None, None, None)


def _forget(_stream: str, _text: str) -> None:
    """What user code prints is heard by nobody."""
