"""Whoever starts the server: another user than the suite's, and one that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
_NOBODY = 65534
_PROGRAM = """
import asyncio, sys, psutil, time
from server.sandbox.runner import Sandbox

async def main():
    sandbox = Sandbox(kind="jail")
    found = await sandbox.run("python3", "import os\\ndef main(a): return {'a': a, 'uid': os.getuid()}", {"a": 1})
    family = psutil.Process(sandbox._place.pid)
    print(found["a"], found["uid"], family.pid, *(each.pid for each in family.children(recursive=True)), flush=True)
    if "stay" in sys.argv:
        await sandbox.run("python3", "import time\\ndef main(): time.sleep(60)", {})
    await sandbox.close()

asyncio.run(main())
"""


def _start(python: str, *args: str, **more: object) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT), *(each for each in sys.path if each.endswith("site-packages"))])
    return subprocess.Popen(
        [python, "-c", _PROGRAM, *args], env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,  # type: ignore[call-overload]
    )


def _usable_by_nobody() -> str | None:
    """An interpreter like ours that any user can start."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (str(Path(sys.base_prefix) / "bin" / name), f"/usr/bin/{name}"):
        tried = subprocess.run([python, "-c", "import server"], env={"PYTHONPATH": str(ROOT)}, cwd="/", user=_NOBODY,
                               capture_output=True, check=False) if _exists(python) else None
        if tried is not None and tried.returncode == 0:
            return python
    return None


def _exists(python: str) -> bool:
    """Whether nobody can get to it; a path below a private folder is as good as none."""
    return subprocess.run(["test", "-x", python], user=_NOBODY, check=False).returncode == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user; then the whole suite is this test")
def test_without_root_the_jail_holds_too() -> None:
    python = _usable_by_nobody()
    if python is None:
        pytest.skip("no interpreter that another user could start")
    process = _start(python, user=_NOBODY, group=_NOBODY, extra_groups=[])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.split()[:2] == ["1", "65534"]


def test_server_that_is_killed_leaves_no_process_behind() -> None:
    process = _start(sys.executable, "stay")
    assert process.stdout is not None
    # Bubblewrap, its first process inside, the warden; the job may be gone by now.
    family = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()[2:5]]
    assert len(family) == 3
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, 15)
    assert not alive
