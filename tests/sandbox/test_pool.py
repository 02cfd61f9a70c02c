"""The jail under load, under cancellation, and when parts of it are killed."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import psutil
import pytest

from server.engine.ports import CodeFaultError
from server.sandbox.places import JailPlace
from server.sandbox.runner import Sandbox
from tests.sandbox.conftest import LIMITS, Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")
_SLEEP = ("import time", "time.sleep(seconds)", "return {'slept': seconds}")


def _place(jail: Runner) -> JailPlace:
    place = jail.sandbox._place
    assert isinstance(place, JailPlace)
    return place


def _inside(jail: Runner) -> list[psutil.Process]:
    """Bubblewrap's first process, the warden, then the jobs."""
    return psutil.Process(_place(jail).pid).children(recursive=True)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _jobs(jail: Runner, count: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [process for process in _inside(jail)[2:] if _runs(process)]
        if len(found) == count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {count} jobs in {_inside(jail)}")


async def test_many_at_once_wait_for_each_other_and_none_fails(jail: Runner) -> None:
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(_inside(jail)) - 2)
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    found = await asyncio.gather(*(jail.body("return {'n': n}", n=n) for n in range(80)))
    watching.cancel()
    assert found == [{"n": n} for n in range(80)]
    assert 1 <= most <= LIMITS.parallel


async def test_cancelled_run_ends_its_process_and_gives_back_its_place(jail: Runner) -> None:
    tasks = [asyncio.create_task(jail.body(*_SLEEP, seconds=19)) for _ in range(LIMITS.parallel)]
    jobs = await _jobs(jail, LIMITS.parallel)
    began = time.monotonic()
    for task in tasks:
        task.cancel()
    for task in tasks:
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await jail.body("return {'a': 1}") == {"a": 1}
    gone, alive = await asyncio.to_thread(psutil.wait_procs, jobs, 10)
    assert not alive and len(gone) == LIMITS.parallel
    assert time.monotonic() - began < 15


async def test_one_that_waits_in_the_queue_may_be_cancelled_too(jail: Runner) -> None:
    busy = [asyncio.create_task(jail.body(*_SLEEP, seconds=1.0)) for _ in range(LIMITS.parallel)]
    await _jobs(jail, LIMITS.parallel)
    waiting = asyncio.create_task(jail.body("return {}"))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.gather(*busy) == [{"slept": 1.0}] * LIMITS.parallel


async def test_killed_job_fails_alone(jail: Runner) -> None:
    one = asyncio.create_task(jail.body(*_SLEEP, seconds=19))
    (job,) = await _jobs(jail, 1)
    other = asyncio.create_task(jail.body(*_SLEEP, seconds=0.5))
    job.kill()
    with pytest.raises(CodeFaultError, match="The system ended the code"):
        await one
    assert await other == {"slept": 0.5}


@pytest.mark.parametrize("part", ["the process that holds it", "its first process", "the warden"])
async def test_jail_that_is_killed_is_made_anew_and_its_jobs_are_begun_again(jail: Runner, part: str) -> None:
    tasks = [asyncio.create_task(jail.body(*_SLEEP, seconds=1.0)) for _ in range(LIMITS.parallel + 2)]
    await _jobs(jail, LIMITS.parallel)
    before = _place(jail).pid
    holder = psutil.Process(before)
    family = [holder, *holder.children(recursive=True)]
    victim = {"the process that holds it": 0, "its first process": 1, "the warden": 2}[part]
    family[victim].kill()
    assert await asyncio.gather(*tasks) == [{"slept": 1.0}] * (LIMITS.parallel + 2)
    assert _place(jail).pid != before
    with suppress(psutil.NoSuchProcess):
        holder.wait(0)
    _, alive = await asyncio.to_thread(psutil.wait_procs, family[1:], 10)
    assert not alive


async def test_run_that_takes_too_long_is_ended() -> None:
    from dataclasses import replace

    sandbox = Sandbox(replace(LIMITS, seconds=1.0), "jail")
    await sandbox.check()
    with pytest.raises(CodeFaultError, match="The code ran longer than 1 seconds"):
        await sandbox.run("python3", "import time\ndef main():\n    time.sleep(60)", {})
    place = sandbox._place
    assert isinstance(place, JailPlace)
    family = psutil.Process(place.pid).children(recursive=True)
    await sandbox.close()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, 10)
    assert not alive
    with pytest.raises(CodeFaultError, match="This server cannot run code: it is shutting down"):
        await sandbox.run("python3", "def main(): return {}", {})


async def test_jail_that_does_not_hold_is_refused_and_so_is_one_that_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from server.sandbox import launch

    walls = launch._walls
    monkeypatch.setattr(launch, "_walls", lambda: [*walls()[:-1], "--ro-bind", "/etc", "/etc", "--"])
    sandbox = Sandbox(LIMITS, "jail")
    with pytest.raises(CodeFaultError, match="it does not hold: code could read the list of users"):
        await sandbox.run("python3", "def main(): return {}", {})
    monkeypatch.setattr(launch, "_walls", lambda: [*walls()[:-1], "--no-such-option", "--"])
    sandbox = Sandbox(LIMITS, "jail")
    with pytest.raises(CodeFaultError, match=r"This server cannot run code: the jail cannot be started: bwrap: .*no-such"):
        await sandbox.run("python3", "def main(): return {}", {})
    fallen = Sandbox(LIMITS, "auto")
    assert "by Monty" in await fallen.check()
    assert await fallen.run("python3", "def main(a): return {'a': a}", {"a": 1}) == {"a": 1}
    await fallen.close()


async def test_where_there_was_a_jail_nothing_less_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from server.sandbox import launch

    sandbox = Sandbox(LIMITS, "auto")
    assert "in a jail" in await sandbox.check()
    monkeypatch.setattr(launch, "_walls", lambda: ["/bin/false"])
    place = sandbox._place
    assert isinstance(place, JailPlace)
    psutil.Process(place.pid).kill()
    with pytest.raises(CodeFaultError, match="This server cannot run code: the jail cannot be started"):
        await sandbox.run("python3", "import time\ndef main(): time.sleep(9)", {})
    monkeypatch.undo()
    sandbox._refused_at -= 60
    assert await sandbox.run("python3", "def main(): return {'a': 1}", {}) == {"a": 1}
    await sandbox.close()
