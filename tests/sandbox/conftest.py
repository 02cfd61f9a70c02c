from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from server.engine.ports import CodeFaultError
from server.sandbox.model import Limits
from server.sandbox.runner import Sandbox

LIMITS = Limits(seconds=20.0, cpu_seconds=1, memory_mib=128, output_bytes=512 * 1024, parallel=4)


class Runner:
    """What tests say in one line."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def python(self, code: str, **inputs: Any) -> Any:
        return await self.sandbox.run("python3", code, inputs)

    async def body(self, *lines: str, **inputs: Any) -> Any:
        """``main`` with these lines, its inputs by their names."""
        head = f"def main({', '.join(inputs)}):"
        return await self.python("\n".join([head, *(f"    {line}" for line in lines)]), **inputs)

    async def fault(self, *lines: str, **inputs: Any) -> CodeFaultError:
        with pytest.raises(CodeFaultError) as caught:
            await self.body(*lines, **inputs)
        return caught.value


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def jail() -> AsyncIterator[Runner]:
    """A real jail: tests of confinement prove nothing anywhere else, so they fail where there is none."""
    sandbox = Sandbox(LIMITS, "jail")
    await sandbox.check()
    yield Runner(sandbox)
    await sandbox.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def monty() -> AsyncIterator[Runner]:
    """Where there is no jail."""
    sandbox = Sandbox(LIMITS, "monty")
    await sandbox.check()
    yield Runner(sandbox)
    await sandbox.close()
